"""The console with a million calls: how long its pages take while calls are dialled, and what its viewers cost."""

import asyncio
import html
import multiprocessing
import re
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import requests

from app.calls import db
from tests.bench import calls, loopback
from tests.bench.databases import SqliteFiles
from tests.bench.measure import Bench, show, tell
from tests.bench.queueing import CLIENTS, form
from tests.live import Live, free_port

CALLS, CAMPAIGNS, WAITING = 1_000_000, 10, 100_000
VIEWERS, LIVE_VIEWERS, POLL_SECONDS = 10, 100, 3.0
PAGE = 50
FILL = (("completed", "voice", "id % 10 < 6"), ("failed", "busy", "id % 10 >= 6"))
"""What has come of the calls that have ended."""


def pages(bench: Bench) -> None:
    """How long each page takes, with ten viewers who look on without a pause, while calls are dialled."""
    with _served(bench) as live:
        cookie, newest = _sign_in(live), _newest(bench)
        paths = {
            "overview": "/overview",
            "campaigns": "/campaigns",
            "a campaign of 100,000": "/campaigns/101",
            "calls": "/calls",
            "calls, filtered by status and type": "/calls?q=status:failed+type:busy",
            "calls, filtered by campaign": "/calls?q=campaign:103+status:failed",
            "calls, by a number": f"/calls?q=number:1617{2_000_000 + CALLS // 2}",
            "calls, by a reference that none has": "/calls?q=ref:nobody",
            "calls, the 500th page": f"/calls?before={newest - 500 * PAGE}",
            "a call": f"/calls/{newest - CALLS // 2}",
            "a call that waits": f"/calls/{newest}",
        }
        requests_of = {name: _get(live.port, path, cookie) for name, path in paths.items()}
        asyncio.run(_look(live.port, requests_of, 2))
        seconds = max(bench.seconds, 2)
        for name, took in asyncio.run(_look(live.port, requests_of, seconds)).items():
            hundredths = statistics.quantiles([1000 * each for each in took], n=100)
            bar = f"({len(took)} looks)"
            tell(f"console, {name}: half | 95 %", "ms", "| < 300", hundredths[49], hundredths[94], bar)


def beside_viewers(bench: Bench) -> None:
    """Queueing calls while a hundred viewers look at live pages, beside doing so alone."""
    with _served(bench) as live, loopback.customer(free_port()) as customer:
        request = form("/webservice/queuecall.php", live.port, customer)
        polled = ("/overview/figures", "/campaigns/table", "/campaigns/101/standing", f"/calls/{_newest(bench)}/story")
        cookie = _sign_in(live)
        looks = [_get(live.port, path, cookie) for path in polled]
        queued = lambda: loopback.requests_per_second(  # noqa: E731
            live.port, request, CLIENTS, bench.seconds, b'status="queued"'
        )
        queued()
        watched, alone = [], []
        for _ in range(bench.pairs):
            with _watched(live.port, looks):
                watched.append(queued())
            alone.append(queued())
        show(f"queuecall.php beside {LIVE_VIEWERS} live viewers | alone", "requests/s", ">= 0.8", watched, alone)


@contextmanager
def _served(bench: Bench) -> Iterator[Live]:
    """The programs on a million calls, of which some are due now; the same file for each row."""
    files = SqliteFiles(bench.folder)
    folder = bench.folder / "console"
    folder.mkdir(exist_ok=True)
    with loopback.customer(free_port()) as customer:
        if not files.path("console").exists():
            files.make("console", lambda: _fill(customer))
        with Live(folder, database=files.url("console")) as live:
            yield live


def _fill(customer: str) -> None:
    each = CALLS // CAMPAIGNS
    for number in range(CAMPAIGNS):
        with db.writing():
            db.execute(
                """INSERT INTO campaign (id, account_id, queue_id, name, status, is_default, created_at)
                VALUES (?, 1, 1, ?, 'started', ?, ?)""",
                *(101 + number, f"campaign {number}", False, time.time()),
            )
        calls.add(each, start_url=f"{customer}/start", result_url=f"{customer}/result", campaign_id=101 + number)
    with db.writing():
        (last,) = db.execute("SELECT max(id) FROM call").fetchone()
        for status, callee_type, which in FILL:
            db.execute(
                f"""UPDATE call SET status = ?, callee_type = ?, attempts = 1, finished_at = queued_at - id % 1000
                WHERE id <= ? AND {which}""",
                *(status, callee_type, last - WAITING),
            )


def _newest(bench: Bench) -> int:
    return int(SqliteFiles(bench.folder).number("console", "SELECT max(id) FROM call"))


def _sign_in(live: Live) -> str:
    """The cookie of somebody who has signed in."""
    with requests.Session() as session:
        token = re.search('name="csrf_token" value="([^"]+)"', session.get(f"{live.url}/login", timeout=10).text)
        if token is None:
            raise RuntimeError("the sign-in has no token")
        sent = {"csrf_token": html.unescape(token[1]), "login": "demo", "pin": "1234"}
        session.post(f"{live.url}/login", sent, timeout=10).raise_for_status()
        return "; ".join(f"{name}={value}" for name, value in session.cookies.items())


def _get(port: int, path: str, cookie: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n".encode()


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> None:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    if head.split()[1] not in (b"200", b"286"):
        raise RuntimeError(head.decode())
    await reader.readexactly(int(head.lower().partition(b"content-length:")[2].partition(b"\r")[0]))


async def _look(port: int, asked: dict[str, bytes], seconds: float) -> dict[str, list[float]]:
    """How long each answer took, for viewers who go from page to page without a pause."""
    took: dict[str, list[float]] = {name: [] for name in asked}
    until = time.monotonic() + seconds * len(asked) / 4

    async def view(place: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        names = [*asked][place % len(asked) :] + [*asked][: place % len(asked)]
        while time.monotonic() < until:
            for name in names:
                began = time.monotonic()
                await _ask(reader, writer, asked[name])
                took[name].append(time.monotonic() - began)
        writer.close()

    await asyncio.gather(*map(view, range(VIEWERS)))
    return took


@contextmanager
def _watched(port: int, looks: Sequence[bytes]) -> Iterator[None]:
    """Live viewers in a process of their own."""
    process = multiprocessing.get_context("spawn").Process(target=_watch, args=(port, looks), daemon=True)
    process.start()
    time.sleep(POLL_SECONDS)
    try:
        yield
        if process.exitcode is not None:
            raise RuntimeError("the viewers were not answered")
    finally:
        process.terminate()
        process.join()


def _watch(port: int, looks: Sequence[bytes]) -> None:
    asyncio.run(_poll(port, looks))


async def _poll(port: int, looks: Sequence[bytes]) -> None:
    async def view(place: int) -> None:
        await asyncio.sleep(POLL_SECONDS * place / LIVE_VIEWERS)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while True:
            began = time.monotonic()
            await _ask(reader, writer, looks[place % len(looks)])
            await asyncio.sleep(max(POLL_SECONDS - (time.monotonic() - began), 0))

    await asyncio.gather(*map(view, range(LIVE_VIEWERS)))
