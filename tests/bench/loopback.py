"""The other ends of the measured connections: a customer that answers after 1 ms, and clients that keep posting."""

import asyncio
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\ncompleted"
_PAGE = b'<vxml version="2.0"><form><block>Your appointment is tomorrow at ten.</block></form></vxml>'
PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%b" % (len(_PAGE), _PAGE)
DELAY = 0.001


async def _serve(port: int) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = head.lower().partition(b"content-length:")[2].partition(b"\r")[0]
                if length:
                    await reader.readexactly(int(length))
                await asyncio.sleep(DELAY)
                writer.write(PAGE if head.startswith(b"POST /start") else ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


def _run_customer(port: int) -> None:
    asyncio.run(_serve(port))


@contextmanager
def customer(port: int) -> Iterator[str]:
    """A customer in a process of its own; its address."""
    process = multiprocessing.get_context("spawn").Process(target=_run_customer, args=(port,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.join()


async def _post(port: int, request: bytes, until: float, marker: bytes) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    done = 0
    while time.monotonic() < until:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r")[0])
        body = await reader.readexactly(length)
        if marker not in body:
            raise RuntimeError(body.decode())
        done += 1
    writer.close()
    return done


async def _load(port: int, request: bytes, clients: int, seconds: float, marker: bytes) -> float:
    began = time.monotonic()
    counts = await asyncio.gather(*(_post(port, request, began + seconds, marker) for _ in range(clients)))
    return sum(counts) / (time.monotonic() - began)


def requests_per_second(port: int, request: bytes, clients: int, seconds: float, marker: bytes) -> float:
    """Post ``request`` over ``clients`` connections; every answer must contain ``marker``."""
    return asyncio.run(_load(port, request, clients, seconds, marker))
