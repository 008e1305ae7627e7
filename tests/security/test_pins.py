"""A PIN, right or wrong, is nowhere but in the echo of the answer, whatever the programs went through."""

import contextlib
import http.client
import re
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

import multipart
import pins
import psycopg
import pytest
from customer import Customer
from live import Live, until
from pins import Search
from psycopg import sql

RIGHT, CHANGED, WRONG, AS_LOGIN = "Zq7&x<9+vK%2wé", "8264759103", "kein?Zugang=5546", "7719038465"
PLACES = (
    "/",
    "/livez",
    "/readyz",
    "/metrics",
    "/queuecall.php",
    "/queuecalls.php",
    "/testing/calls",
    "/testing/callees",
)
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = multipart.CONTENT_TYPE


def _send(live: Live, path: str, body: bytes | None, media_type: str = URLENCODED) -> tuple[int, str]:
    request = urllib.request.Request(live.url + path, body, {"Content-Type": media_type})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def _cut_off(live: Live, body: bytes, media_type: str) -> None:
    """Promise more than is sent, and hang up."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", live.port, timeout=30)) as connection:
        connection.putrequest("POST", "/queuecall.php")
        connection.putheader("Content-Type", media_type)
        connection.putheader("Content-Length", str(len(body) + 100))
        connection.endheaders(body)


def _account(live: Live, verb: str, pin: str) -> None:
    command = [sys.executable, "-m", "app", "account", verb, "clinic", "--pin", pin]
    told = subprocess.run(command, cwd=live.folder, env=live.environment, check=True, capture_output=True, text=True)
    with (live.folder / "log of account").open("a") as log:
        log.write(told.stdout + told.stderr)


def _all_that_happens(live: Live, customer: Customer, search: Search) -> set[int]:
    """Requests good and bad, with the PINs in all sorts of places; the statuses that were answered."""
    statuses = set()

    def send(path: str, body: bytes | None, media_type: str = URLENCODED) -> str:
        status, text = _send(live, path, body, media_type)
        statuses.add(status)
        search.text(f"answer of {path} {body!r}", re.sub("<(pin|login)>[^<]*</", "<", text))
        return text

    def form(**more: str) -> dict[str, str]:
        good = {"login": "clinic", "pin": RIGHT, "phone_number": "6175550100"}
        return good | {"start_url": f"{customer.url}/start", "result_url": f"{customer.url}/result"} | more

    def call(**more: str) -> str:
        return send("/queuecall.php", urlencode(form(**more)).encode())

    assert 'status="queued"' in call()
    assert 'status="queued"' in send("/queuecalls.php", multipart.encode(form(), b"6175550101\n617\n"), MULTIPART)
    customer.wait_for("/result", 2)
    for more in ({"pin": WRONG}, {"login": "nobody"}, {"login": AS_LOGIN, "pin": WRONG}, {"pin": RIGHT + WRONG}):
        assert "not accepted" in call(**more)
    for broken in ({"phone_number": "911"}, {"start_url": "gopher:x"}, {"start_url": f"{customer.url}/nowhere"}):
        assert 'status="failed"' in call(**broken)
    assert 'status="failed"' in call(scheduled_time="when I say so", max_retries="11")
    send("/queuecall.php", urlencode(form()).encode() + b"&x=1" * 1001)
    send("/queuecall.php", multipart.encode(form(), b"6175550101")[:-30], MULTIPART)
    send("/queuecalls.php", multipart.encode(form(), b"\xff\xfe1\0"), MULTIPART)
    send("/queuecall.php", urlencode(form()).encode(), "text/plain")
    send(f"/queuecall.php?{urlencode(form())}", None)
    send(f"/nowhere.php?pin={AS_LOGIN}", urlencode(form()).encode())
    _cut_off(live, urlencode(form()).encode(), URLENCODED)
    _cut_off(live, multipart.encode(form(), b"6175550101")[:300], MULTIPART)
    for _ in range(60):
        call(pin=WRONG)
    _account(live, "pin", CHANGED)  # which lets us in again
    call(pin=RIGHT)
    assert 'status="queued"' in call(pin=CHANGED)
    # A fault inside: an account without a campaign of its own. Then a database that is not what it should be.
    _change(live, "UPDATE campaign SET is_default = (1 = 0)")
    call(pin=CHANGED)
    _change(live, "ALTER TABLE account RENAME TO lost")
    call(pin=CHANGED)
    for place in PLACES:
        send(place, None)
    return statuses


def _change(live: Live, statement: str) -> None:
    with contextlib.closing(live._connection()) as connection:
        connection.execute(statement)
        connection.commit()


def _rows(url: str, search: Search) -> None:
    """Look in every row of every table of a PostgreSQL database."""
    with psycopg.connect(url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            for (row,) in connection.execute(sql.SQL("SELECT t::text FROM {} AS t").format(sql.Identifier(table))):
                search.text(f"table {table}", row)


@pytest.mark.one_engine
@pytest.mark.timeout(180)
def test_pins_are_nowhere(tmp_path: Path, database_url: str, customer: Customer) -> None:
    """Not in logs of either kind, database files, metrics, pages, errors, nor in what the customer's server is sent."""
    log_format = "json" if database_url.startswith("postgresql:") else "text"
    search = Search((RIGHT, CHANGED, WRONG, AS_LOGIN))
    live = Live(tmp_path, log_format=log_format, database=database_url)
    live.database = tmp_path / "ringback.db"
    _account(live, "add", RIGHT)
    with live:
        assert _all_that_happens(live, customer, search) >= {200, 404, 429, 500, 503}
        until(lambda: "Traceback" in live.log.read_text(), 10, "the fault is told")
        search.files(tmp_path)  # with the -wal, which goes when the programs end
    search.files(tmp_path)
    for received in customer.received:
        search.text(f"customer {received.path}", f"{received.path} {received.headers} {received.body!r}")
    if database_url.startswith("postgresql:"):
        _rows(database_url, search)
    assert search.found == []
    assert search.looked_at > 50_000


@pytest.mark.parametrize("pin", [RIGHT, CHANGED])
@pytest.mark.parametrize("name", pins.spellings(RIGHT))
def test_the_search_finds_what_is_there(tmp_path: Path, pin: str, name: str) -> None:
    """A PIN among other bytes of a file, however it is written."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "log").write_bytes(b"\0\xffa line " + pins.spellings(pin)[name] + b" and more")
    search = Search((RIGHT, CHANGED))
    search.files(tmp_path)
    assert f"deep/log: {pin}, {name}" in search.found
    assert not [found for found in search.found if pin not in found]
