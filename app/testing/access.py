"""Who may use the testing API: whoever sits at this machine, others with the token, and no page of another site."""

import hmac
from collections.abc import Mapping

from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, Unauthorized

from app import cross_site, loopback


def refuse_strangers(method: str, headers: Mapping[str, str], *, private: bool, token: str) -> None:
    """Raise 403, or 401 for a token that is missing or wrong, unless this request may go on."""
    if cross_site.is_cross_site(method, headers):
        raise Forbidden("pages of other sites may not use the testing API")
    if loopback.holds(private, headers):
        return
    if not token:
        raise Forbidden(
            "the testing API is open to requests from this machine alone: ask http://127.0.0.1 or http://localhost, "
            "or set RINGBACK_TESTING_TOKEN and send it as Authorization: Bearer"
        )
    scheme, _, sent = headers.get("Authorization", "").partition(" ")
    sent_token = sent.strip().encode("latin-1", "replace")  # a WSGI header is its bytes as Latin-1
    if scheme.lower() != "bearer" or not hmac.compare_digest(sent_token, token.encode()):
        raise Unauthorized(
            "send RINGBACK_TESTING_TOKEN as Authorization: Bearer", www_authenticate=WWWAuthenticate("bearer")
        )
