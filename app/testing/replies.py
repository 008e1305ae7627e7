"""The testing API's answers: JSON, and errors as ``{"error": sentence}``."""

import json

from flask import Response
from werkzeug.exceptions import HTTPException

_IN_OUR_WORDS = {
    404: "there is no such page in the testing API",
    405: "the method is not one that this page takes",
    413: "the body is larger than the testing API takes",
    500: "a fault of ours",
}


def told(answer: object, status: int = 200) -> Response:
    """An answer."""
    return Response(json.dumps(answer) + "\n", status, content_type="application/json")


def failed(sentence: str, status: int, **more: object) -> Response:
    """A refusal, with what else there is to say."""
    return told({"error": sentence, **more}, status)


def answer_error(error: HTTPException) -> Response:
    """An HTTP error as JSON, with its own headers: our sentence, or that of the page that raised it."""
    status = error.code or 500
    ours = type(error).description != error.description
    sentence = (error.description if ours else _IN_OUR_WORDS.get(status)) or error.description or error.name
    response = failed(sentence, status)
    for name, value in error.get_headers():
        if name != "Content-Type":
            response.headers[name] = value
    return response
