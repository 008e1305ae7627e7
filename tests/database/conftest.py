"""What these tests share: a database with nothing in it, on each engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from needs import needs
from postgres import Server


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=needs("postgres"))])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database with nothing in it."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/ringback.db"
    else:
        server: Server = request.getfixturevalue("postgres_server")
        with server.empty() as url:
            yield url
