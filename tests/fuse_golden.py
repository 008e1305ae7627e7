"""Golden requests and answers of the Fuse API: ``NAME.http`` is a request, ``NAME.json.http`` and ``NAME.xml.http``
beside it are what it is answered with either Accept.

A request is a line with method and path, headers, a blank line and a body; it comes from the demo account unless it has
an Authorization or a ``User: e-mail:key`` header. A urlencoded body stands on several lines for the reader's sake; a
multipart body has LF here and CR LF on the wire. An answer is its status, the headers that a client looks at, and the
body to the byte.
"""

from base64 import b64encode
from datetime import datetime
from pathlib import Path

from flask.testing import FlaskClient

from app.calls import accounts, deployments, keys
from app.calls.accounts import AccountStatus
from app.calls.db import execute, writing
from app.calls.deployments import Right
from app.calls.models import Account

FOLDER = Path(__file__).parent / "data" / "fuse"
NAMES = sorted(path.stem for path in FOLDER.glob("*.http") if "." not in path.stem)
ACCEPTED = {"json": "application/json", "xml": "application/xml"}  # asked in this order
SHOWN = ("Content-Type", "Link", "Allow", "WWW-Authenticate", "Vary")
CALLS = 2  # in the house before anybody asks for anything


def furnish(web: FlaskClient, now: datetime) -> None:
    """Accounts of every kind, without a PIN, each with the key ``NAME-key``; deployments, some deleted; two calls.

    Deployment 1 of application 1 is demo's, 2 of 2 a stranger's; 3 of 1 is deleted, and application 3 with its 4.
    """
    names = ("reader", "stranger", "inactive", "deleted")
    made = {
        name: Account.create(login=name, email=f"{name}@example.com", pin_hash="", created_at=now) for name in names
    }
    for name, account in made.items():
        keys.add(account, "test", now, f"{name}-key")
    accounts.set_status("inactive", AccountStatus.INACTIVE)
    accounts.set_status("deleted", AccountStatus.DELETED)
    deployments.allow(1, "reader", Right.READ)
    deployments.add_application(made["stranger"], "stranger's", "", now)
    deployments.add_deployment(1, "old", "", now)
    deployments.add_application(accounts.named("demo"), "old", "", now)
    deployments.remove_deployment(3)
    deployments.remove_application(3)
    for path, name in (("1/1", "demo"), ("2/2", "stranger")):
        fields = {"phone_number": "6175550100;ani=8009957586", "metadata": '{"name": "José", "visits": [1, 2]}'}
        answer = web.post(f"/api/apps/{path}/queue", data=fields, auth=(f"{name}@example.com", f"{name}-key"))
        assert answer.status_code == 200, answer.text


def break_database() -> None:
    """Whatever asks for credentials finds no table of keys."""
    with writing():
        execute("ALTER TABLE developer_key RENAME TO gone")


def ask(web: FlaskClient, name: str, form: str) -> bytes:
    """Send a golden request for an answer in ``form``, "json" or "xml"."""
    head, _, body = (FOLDER / f"{name}.http").read_bytes().partition(b"\n\n")
    request_line, *lines = head.decode().split("\n")
    headers = dict(line.split(": ", 1) for line in lines)
    content_type = headers.get("Content-Type", "")
    if content_type.startswith("multipart/"):
        body = body.replace(b"\n", b"\r\n")
    elif content_type.endswith("urlencoded"):
        body = body.replace(b"\n", b"")
    credentials = headers.pop("User", "demo@example.com:demo-key")
    headers.setdefault("Authorization", "Basic " + b64encode(credentials.encode()).decode())
    headers["Accept"] = ACCEPTED[form]
    method, path = request_line.split()
    promised = {"CONTENT_LENGTH": headers["Content-Length"]} if "Content-Length" in headers else {}
    with web.open(path, method=method, data=body, headers=headers, environ_overrides=promised) as answer:
        shown = [f"{name}: {_in_order(name, answer.headers[name])}\n" for name in SHOWN if name in answer.headers]
        return f"{answer.status}\n{''.join(shown)}\n".encode() + answer.data


def _in_order(name: str, value: str) -> str:
    return ", ".join(sorted(value.split(", "))) if name == "Allow" else value
