"""What a database engine must be able to do for ``db``: the protocol of ``sqlite`` and ``postgres``.

Statements come with ``?`` placeholders. Whatever fails is raised as peewee's errors.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import peewee

WAIT_SECONDS = 10.0
"""How long anybody waits for a lock, a turn or a connection before it is Busy."""


class Taken(Exception):
    """Somebody else holds the name."""


class Held(Protocol):
    """A name that this process holds until ``release``, or until it dies, however it dies."""

    def is_lost(self) -> bool:
        """Whether the name is free again although nobody released it: the connection that held it has ended."""

    def release(self) -> None: ...


class Watch(Protocol):
    """Tells whether others have changed anything; for one thread."""

    def seen(self) -> bool:
        """Whether there was something since the last look; so at the first look."""

    def close(self) -> None: ...


class Engine(Protocol):
    """One open database; ``db`` says what the methods of the same name promise."""

    database: peewee.Database
    place: str
    """Where it is, for people."""
    skip_locked: str
    for_update: str

    def execute(self, sql: str, values: Sequence[object]) -> Any: ...
    def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None: ...
    def load(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None: ...

    def writing(self) -> AbstractContextManager[object]:
        """An outermost write transaction."""

    def upgrading(self) -> AbstractContextManager[object]:
        """The right to change the schema, over all processes."""

    def exclusive(self, name: str) -> None: ...
    def ring(self) -> None: ...
    def watch(self) -> Watch: ...
    def hold(self, name: str) -> Held: ...
    def is_held(self, name: str) -> bool: ...
    def forget(self, name: str) -> None: ...

    def backup(self, path: Path) -> None:
        """Write a whole and consistent copy over an empty file. Raises Refusal when it can't."""

    def beside(self, ending: str) -> Path | None:
        """The path of the database with this ending, where it is a file of ours."""

    def must_erase(self) -> None:
        """In a transaction that overwrites what may not be kept: have ``erase`` remove its last traces."""

    def erase(self) -> bool:
        """Remove what ``must_erase`` asked for; False when others are in the way and it must be tried again."""

    def release(self) -> None: ...
    def close(self) -> None: ...
