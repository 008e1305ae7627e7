"""What people read when something is not done: a page that says what happened and what to do about it."""

from flask import Response, g, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from app.console import console
from app.errors import NoSuchCall, NoSuchDeployment, Refusal, TryLater

_TITLES = {
    400: "This can't be done",
    401: "Who are you?",
    403: "This is not for you",
    404: "There is no such page",
    405: "This address does not take that",
    413: "Too large",
    421: "Another server's name",
    429: "Too much at once",
    500: "A fault of ours",
    503: "Not now",
}
_SENTENCES = {
    400: "The request can't be read.",
    403: "You may not see or do this. An administrator may.",
    404: "What you look for was removed, belongs to another account, or never was here.",
    405: "A form that was sent to this address belongs elsewhere: go back, reload the page and send it again.",
    413: "What you sent is larger than this server takes. Send a list in several parts.",
    500: "Something went wrong on the server, and its log says what. What you asked for was not done; try again, "
    "and tell whoever runs this server when it happens again.",
    503: "The database can't be used at the moment. Nothing was changed; try again in a moment.",
}


def answer(error: HTTPException) -> Response:
    """An HTTP error as a page, with the error's own headers: our sentence, or the one it was raised with."""
    status = error.code or 500
    if error.response is not None or status < 400:
        return make_response(error)
    ours = type(error).description != error.description
    sentence = (error.description if ours else _SENTENCES.get(status)) or error.description or error.name
    page = _page(status, sentence)
    page.headers.extend((name, value) for name, value in error.get_headers() if name != "Content-Type")
    return page


def status_of(problem: Refusal | None) -> tuple[int, dict[str, str]]:
    """Status and headers of a page that shows what is wrong beside its form, if anything is."""
    if isinstance(problem, TryLater):
        return 429, {"Retry-After": str(problem.retry_after)}
    return 400 if problem else 200, {}


@console.errorhandler(Refusal)
def refused(refusal: Refusal) -> Response:
    """What was asked for is not done: the sentence that says why. A page with a form shows it there instead."""
    status, headers = status_of(refusal)
    page = _page(404 if isinstance(refusal, NoSuchCall | NoSuchDeployment) else status, str(refusal))
    page.headers.extend(headers)
    return page


def _page(status: int, sentence: str) -> Response:
    if status >= 500 or status == 421:
        g.viewer = None  # who looks on stands in the database, and that is perhaps what fails
    title = _TITLES.get(status, "This can't be done")
    back = request.referrer if request.referrer and request.referrer.startswith(request.host_url) else None
    return make_response(render_template("problem.html", title=title, sentence=sentence, back=back), status)
