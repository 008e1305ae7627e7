"""What a VoiceXML application fetches, through the door: the interpreter's requests and answers in the door's words."""

from app import clock
from app.outside.answers import Limits, NotFetched
from app.outside.fetch import Outside
from app.voicexml import resources
from app.voicexml.resources import MOST_BYTES, Answer, Fetch, Request

CONNECT_SECONDS = 5.0


def fetching(outside: Outside) -> Fetch:
    """How an application's pages are fetched; what it returns raises resources.NotFetched."""

    def fetch(request: Request) -> Answer:
        began = clock.elapsed()
        limits = Limits(min(CONNECT_SECONDS, request.seconds), request.seconds, MOST_BYTES)
        try:
            if request.body is None:
                answer = outside.get(request.url, limits)
            else:
                answer = outside.post(request.url, request.body, request.content_type, limits)
        except NotFetched as wrong:
            raise resources.NotFetched(str(wrong), clock.elapsed() - began) from wrong
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(answer.status, answer.url, headers, answer.body, answer.truncated, answer.seconds)

    return fetch
