"""What these tests share: rows that are there without anything having been dialled, and the command line."""

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from office import RECEIVED
from rows import Rows

from app.cli import main
from app.settings import Settings


@pytest.fixture
def rows(database: None) -> Rows:
    return Rows(RECEIVED)


@pytest.fixture
def ringback(settings: Settings, database: None) -> Callable[..., Result]:
    """The command line, on the test's database."""

    def run(*arguments: str, **more: str) -> Result:
        environment = {"RINGBACK_DATABASE": settings.database} | {f"RINGBACK_{k.upper()}": v for k, v in more.items()}
        return CliRunner().invoke(main, arguments, env=environment)

    return run
