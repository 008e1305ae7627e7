"""Golden requests and answers: ``NAME.form`` is a request, ``NAME.xml`` beside it the bytes of its answer.

A form is two header lines, a blank line and a body. A urlencoded body stands on several lines for the reader's sake; a
multipart body has LF here and CR LF on the wire. ``{customer}`` is the address of the test's customer.
"""

from pathlib import Path

from flask.testing import FlaskClient

FOLDER = Path(__file__).parent / "data" / "classic"
NAMES = sorted(path.stem for path in FOLDER.glob("*.form"))


def post(web: FlaskClient, name: str, customer: str) -> bytes:
    """Post a golden form; its answer with the customer's address taken out again."""
    head, _, body = (FOLDER / f"{name}.form").read_bytes().partition(b"\n\n")
    request_line, content_type = head.decode().split("\n")
    media_type = content_type.removeprefix("Content-Type: ")
    if media_type.startswith("multipart/"):
        body = body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    else:
        body = body.replace(b"\n", b"")
    body = body.replace(b"{customer}", customer.encode())
    with web.post(request_line.split()[1], data=body, content_type=media_type) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/xml; charset=UTF-8"
        return answer.data.replace(customer.encode(), b"{customer}")
