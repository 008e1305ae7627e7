"""Fixtures of the tests of the door: servers on loopback, and doors of both policies."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from faults import Behaviour, Serve, Server, answer

from app.outside.addresses import Policy
from app.outside.fetch import Outside

HELLO = answer(b"hello")


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[Server] = []

    def start(behave: Behaviour = HELLO, **kwargs: object) -> Server:
        servers.append(Server(behave, **kwargs))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def outside() -> Outside:
    """A door that may call this machine; every name means 127.0.0.1."""
    return Outside(Policy("open"), user_agent="ringback-test", resolve=lambda host, port: ["127.0.0.1"])


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def authority_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("tls") / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)
