"""The pre-flight: start_url and result_url must answer 200 before a call is queued. It reads no form, writes no reply.

As documented by the vendor, both are fetched. Clients' scripts see a bare GET: no HEAD, no form fields.
"""

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from app.clock import elapsed
from app.errors import UrlNotUsable
from app.outside.answers import DEFAULT_LIMITS, Answer, Limits, NotFetched, Reason
from app.outside.fetch import Outside
from app.outside.urls import parse

OK = 200

log = logging.getLogger(__name__)

# One helper for every thread of a web worker (RINGBACK_THREADS); with more of them a thread may have to probe both.
_helpers = ThreadPoolExecutor(max_workers=32, thread_name_prefix="preflight")


def refuse_unless_answering(
    outside: Outside, urls: Mapping[str, str], limits: Limits = DEFAULT_LIMITS
) -> dict[str, Answer]:
    """The answers by field name; raises UrlNotUsable for the first field, in the order given, not answered with 200.

    The cause goes to the log, and to the client where ``_may_tell`` says so.
    """
    answers = {}
    for field, answer in probe(outside, urls, limits).items():
        if isinstance(answer, NotFetched) or answer.status != OK:
            cause = str(answer) if isinstance(answer, NotFetched) else f"it answered {answer.status}"
            log.info("preflight refused %s %s: %s", field, _place(urls[field]), cause)
            raise UrlNotUsable(field, urls[field], cause if _may_tell(outside, urls[field], answer) else "")
        answers[field] = answer
    return answers


def _may_tell(outside: Outside, url: str, answer: Answer | NotFetched) -> bool:
    """Whether the client may know why a URL can't be used.

    Under the public network it may not: even public addresses answer us otherwise than a stranger, from inside a
    firewall. Nor may it know that a name or a redirect leads to an address that is not called.
    """
    is_hidden = isinstance(answer, NotFetched) and answer.reason is Reason.ADDRESS and outside.may_call(url)
    return outside.may_call_private and not is_hidden


def probe(outside: Outside, urls: Mapping[str, str], limits: Limits = DEFAULT_LIMITS) -> dict[str, Answer | NotFetched]:
    """GET each distinct URL of ``urls`` (field name to URL) once, side by side, all within ``limits.total`` seconds."""
    began = elapsed()
    distinct = list(dict.fromkeys(urls.values()))
    helped = [(url, _helpers.submit(_get, outside, url, limits, began)) for url in distinct[1:]]
    answers = {url: _get(outside, url, limits, began) for url in distinct[:1]}
    for url, helper in helped:
        # A helper that never got round to it leaves the probe to us.
        answers[url] = _get(outside, url, limits, began) if helper.cancel() else helper.result()
    return {field: answers[url] for field, url in urls.items()}


def _get(outside: Outside, url: str, limits: Limits, began: float) -> Answer | NotFetched:
    left = limits.total - (elapsed() - began)
    if left <= 0:
        return NotFetched(Reason.TIME)
    try:
        return outside.get(url, replace(limits, total=left))
    except NotFetched as refused:
        return refused


def _place(url: str) -> str:
    """What of a URL may be logged: a malformed one may hold anything, passwords and line ends included."""
    try:
        return parse(url).place
    except NotFetched:
        return "(not a URL)"
