"""The door of the web application: which hosts are answered under, and the headers that go with every answer."""

import ipaddress
import re
from contextlib import suppress
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import Forbidden, MisdirectedRequest
from werkzeug.routing import IntegerConverter, Map

from app import loopback
from app.calls.untrusted_proxies import UntrustedProxies
from app.client import untrusted_proxy
from app.errors import SettingError
from app.settings import Settings

# Load balancers ask by address, or by whatever name they like.
OPEN_TO_ALL = ("/livez", "/readyz")
# What has a token of its own to judge strangers by; everything else trusts a proxied request with nothing.
ASK_FOR_TOKENS = re.compile("/(?:metrics|testing)(?:/.*)?", re.DOTALL)

# No page has script or style in itself; what they load is ours.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # no-referrer would make a form's Origin "null"
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Id(IntegerConverter):
    """``<int:…>`` in a route: a number that an id can be; there is nothing at others."""

    def __init__(self, url_map: Map, **rules: Any) -> None:
        super().__init__(url_map, **{"max": 2**31 - 1} | rules)


def refuse_unsafe(settings: Settings) -> None:
    """Raise SettingError for settings that a web server which others reach must not run with."""
    if settings.public and not settings.secret_key:
        raise SettingError(
            f"{why_public(settings)}, and RINGBACK_SECRET_KEY is not set: set it, or RINGBACK_SECRET_KEY_FILE, to a "
            "long random text, the same for every web server (`openssl rand -hex 32` makes one)"
        )


def why_public(settings: Settings) -> str:
    """Which setting lets others in, for a sentence."""
    return "RINGBACK_HOSTS is set" if settings.loopback else "RINGBACK_BIND is not a loopback address"


def install(web: Flask, settings: Settings) -> None:
    """Put the door in front of every route of ``web``, those that do not exist included."""
    web.config |= {
        "SESSION_COOKIE_NAME": "ringback",
        "SESSION_COOKIE_SECURE": settings.public,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SEND_FILE_MAX_AGE_DEFAULT": 3600,
    }
    web.url_map.converters["int"] = Id
    admitted = _admitted(settings)
    untrusted = UntrustedProxies()

    @web.before_request
    def admit() -> None:
        if request.path not in OPEN_TO_ALL:
            _refuse_other_hosts(settings, admitted)
            proxy = untrusted_proxy(
                request.remote_addr, request.headers.get("X-Forwarded-For"), settings.trusted_proxies
            )
            if proxy is not None:
                untrusted.report(proxy)

    @web.after_request
    def furnish(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if request.endpoint != "static" or response.status_code >= 400:
            response.headers.setdefault("Cache-Control", "no-store")
        return response


def _admitted(settings: Settings) -> frozenset[str] | None:
    """The hosts that are answered under; None for any.

    A bind that others reach takes any while none is named, as old integrations know it by names of their own.
    """
    if not settings.loopback and not settings.hosts:
        return None
    bound = settings.bind[0].lower()
    with suppress(ValueError):  # a name
        bound = str(ipaddress.ip_address(bound))
    return loopback.OUR_NAMES | {bound, *settings.hosts}


def _refuse_other_hosts(settings: Settings, admitted: frozenset[str] | None) -> None:
    headers = dict(request.headers)
    host = loopback.host_of(headers)
    if host == "" or (admitted is not None and host is not None and host not in admitted):
        raise MisdirectedRequest(
            "this server does not answer under the host that was asked: whoever runs it can name it in RINGBACK_HOSTS"
        )
    if settings.public or ASK_FOR_TOKENS.fullmatch(request.path):
        return
    if loopback.is_forwarded(headers):
        raise Forbidden(
            "this came through a proxy, and this server is for its own machine alone: whoever runs it can let others "
            "in by naming the host in RINGBACK_HOSTS"
        )
