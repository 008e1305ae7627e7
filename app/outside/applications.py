"""What a VoiceXML application fetches, through the door: the interpreter's requests and answers in the door's words."""

from dataclasses import replace

from app import clock
from app.outside import answers
from app.outside.answers import Limits, NotFetched
from app.outside.cookies import Cookies
from app.outside.fetch import Outside
from app.outside.urls import follow, parse
from app.voicexml import resources
from app.voicexml.resources import MOST_BYTES, Answer, Fetch, Request

CONNECT_SECONDS = 5.0
SEE_OTHER = 303


def fetching(outside: Outside) -> Fetch:
    """How one conversation fetches its pages, with cookies of its own; what it returns raises resources.NotFetched."""
    cookies = Cookies()

    def fetch(request: Request) -> Answer:
        began = clock.elapsed()
        limits = Limits(min(CONNECT_SECONDS, request.seconds), request.seconds, MOST_BYTES, request.given_up)
        try:
            answer = _fetched(outside, request, limits, cookies)
        except NotFetched as wrong:
            raise resources.NotFetched(str(wrong), clock.elapsed() - began) from wrong
        headers = {name.lower(): value for name, value in answer.headers.items()}
        seconds = clock.elapsed() - began
        return Answer(answer.status, answer.url, headers, answer.body, answer.truncated, seconds)

    return fetch


def _fetched(outside: Outside, request: Request, limits: Limits, cookies: Cookies) -> answers.Answer:
    """The answer; after a submit that a 303 answers, the page that it leads to (RFC 9110 section 15.4.4)."""
    if request.body is None:
        return outside.get(request.url, limits, cookies=cookies)
    answer = outside.post(request.url, request.body, request.content_type, limits, cookies=cookies)
    location = answer.headers.get("Location")
    if answer.status != SEE_OTHER or not location:
        return answer
    left = replace(limits, total=max(0.0, limits.total - answer.seconds))
    return outside.get(follow(parse(answer.url), location).url, left, cookies=cookies)
