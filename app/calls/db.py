"""The database: opening it, upgrading its schema, reading and writing. The only front of its two engines.

``sqlite`` and ``postgres`` stand behind it, alike in all that is promised here. SQL is written once, in what both
understand, with ``?`` placeholders.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import peewee

from app.calls import backups
from app.calls import schema as schemas
from app.calls.engine import WAIT_SECONDS, Engine, Held, Taken, Watch
from app.calls.schema import Schema
from app.calls.sqlite import Sqlite
from app.errors import NoDatabase, NotInstalled, Refusal, SettingError

log = logging.getLogger(__name__)

__all__ = ["WAIT_SECONDS", "Held", "Taken"]

Unusable = peewee.DatabaseError
"""What any use of the database raises while it is locked, full, read-only, damaged or out of reach."""
Busy = peewee.OperationalError
"""The kind of Unusable that may pass by itself: locked, full, out of reach."""

LAST_ID = 2_147_483_647  # clients parse ids as signed 32-bit integers
UPGRADES = Path(__file__).parent / "upgrades"

database = peewee.DatabaseProxy()


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What ``upgrade`` did: the names of the upgrades, and where the copy from before is, if one was made."""

    names: tuple[str, ...]
    copy: Path | None


class _NotOpen:
    """Stands in for the engine until a database is open."""

    def __getattr__(self, name: str) -> Any:
        raise peewee.InterfaceError("no database is open")


_engine: Engine = _NotOpen()


def open_database(url: str, *, make: bool = True, schema: Literal["upgrade", "current", "any"] = "upgrade") -> bool:
    """Point every model at a database; whether this made it.

    ``url`` is sqlite:///FILE or postgresql://… as libpq reads it. ``schema`` says what happens to a database that lacks
    upgrades: it gets them (for servers), is refused, or stays as it is (which a newer one may be then, too). Raises
    SettingError; NoDatabase, having made nothing, when there is none and ``make`` is false; OldSchema; NewerSchema.
    """
    global _engine
    close_database()
    _engine = _opened(url, make)
    database.initialize(_engine.database)
    try:
        return _prepared(make, schema)
    except Unusable as wrong:
        close_database()
        raise SettingError(f"RINGBACK_DATABASE can't be used: {str(wrong).strip()}") from wrong
    except (Refusal, SettingError):
        close_database()
        raise


def _prepared(make: bool, wanted: str) -> bool:
    found = read_schema()
    if found.is_new:
        if not make:
            raise NoDatabase(place())
        return bool(upgrade().names)
    if wanted == "current":
        found.refuse_newer(place())
        found.refuse_old(place())
    elif wanted == "upgrade":
        upgrade()
    return False


def place() -> str:
    """Where the open database is, without passwords."""
    return _engine.place


def _opened(url: str, make: bool) -> Engine:
    scheme, separator, rest = url.partition("://")
    if scheme in ("postgresql", "postgres"):
        try:
            from app.calls.postgres import Postgres
        except ImportError as missing:
            raise NotInstalled("RINGBACK_DATABASE: PostgreSQL needs more than is installed", "postgres") from missing
        return Postgres(url)
    name = rest.removeprefix("/")
    if scheme != "sqlite" or not rest.startswith("/") or not name or name.startswith(":"):
        found = f", not {scheme}:…" if separator else ""  # the rest may have a password
        raise SettingError(f"RINGBACK_DATABASE must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME{found}")
    return Sqlite(name, make)


def close_database() -> None:
    """Close this thread's connection, or all of a pool, and forget the database."""
    global _engine
    if not isinstance(_engine, _NotOpen):
        _engine.close()
        _engine = _NotOpen()


def release() -> None:
    """Give this thread's connection back, if it has one, for others to use."""
    _engine.release()


def read_schema() -> Schema:
    """Which schema upgrades the database has had, and which not."""
    return schemas.read(_engine.database, UPGRADES)


def upgrade() -> Upgraded:
    """Apply the schema upgrades that the database lacks, one process at a time, after a copy of an SQLite database.

    Raises NewerSchema; Refusal when the copy can't be written: then nothing was upgraded.
    """
    found = read_schema()
    found.refuse_newer(place())
    if not found.pending:
        return Upgraded((), None)
    with _engine.upgrading():
        found = read_schema()  # another process may have done it
        if not found.pending:
            return Upgraded((), None)
        copy = None if found.is_new else _copy_before(found.pending[0])
        schemas.apply(_engine.database, UPGRADES)
    if not found.is_new:
        kept = f"; a copy from before is kept in {copy}" if copy else ""
        count, last = len(found.pending), found.pending[-1]
        log.info("the database has got %d schema upgrades, the last of them %s%s", count, last, kept)
    return Upgraded(found.pending, copy)


def _copy_before(name: str) -> Path | None:
    """A copy of the database beside it, named after the upgrade that comes next; None where it has no files."""
    beside = _engine.beside(f".before-{name}")
    if beside is None:
        return None
    path = backups.unused(beside)
    try:
        backups.write(_engine, path)
    except (Refusal, Unusable) as wrong:
        raise Refusal(f"nothing was upgraded, because no copy of the database could be made before: {wrong}") from wrong
    return path


@contextmanager
def writing() -> Iterator[None]:
    """A write transaction: committed and synced when the block ends, rolled back when it raises.

    Inside another one of the same thread it joins that: then only the outer one commits, and an error must not be
    caught between the two. Raises Unusable when a turn or a lock does not come within about WAIT_SECONDS.
    """
    if _engine.database.in_transaction():
        yield
    else:
        with _engine.writing():
            yield


def exclusive(name: str) -> None:
    """Wait until nobody else is in a transaction that asked for this name, and have it until this one ends."""
    if not _engine.database.in_transaction():
        raise RuntimeError("exclusive is for write transactions")
    _engine.exclusive(name)


def skip_locked() -> str:
    """Ends a subselect of rows to claim, so that claimers take different ones instead of waiting for each other.

    Put that subselect into a WITH, not into IN: PostgreSQL may run the latter several times, and claim more.
    """
    return _engine.skip_locked


def for_update() -> str:
    """Ends a select of rows that nobody else may change until the transaction ends; on SQLite nobody can."""
    return _engine.for_update


def ring() -> None:
    """Tell schedulers, in other processes too, that there is work; in a transaction they hear it when it commits."""
    _engine.ring()


class Changes:
    """Tells whether other processes have rung or, where that is cheaper to see, committed anything. For one thread."""

    def __init__(self) -> None:
        self._watch: Watch = _engine.watch()

    def seen(self) -> bool:
        """Whether there was something since the last look; so at the first look. Costs microseconds."""
        return self._watch.seen()

    def close(self) -> None:
        self._watch.close()


def hold(name: str) -> Held:
    """Hold a name until it is released or this process dies. It never waits, so it may be called in a transaction.

    Raises Taken.
    """
    return _engine.hold(name)


def is_held(name: str) -> bool:
    """Whether a living process holds the name."""
    return _engine.is_held(name)


def forget(name: str) -> None:
    """Remove what a dead holder left of the name."""
    _engine.forget(name)


def backup(path: Path) -> None:
    """Write a copy, as of one moment, to a new file that only its owner may read; others may go on writing.

    The file appears when it is whole. SQLite's is a database to open, PostgreSQL's is for pg_restore. Raises Refusal.
    """
    backups.write(_engine, path)


def must_erase() -> None:
    """In a transaction that overwrites what may not be kept: let ``erase`` remove its last traces.

    PostgreSQL has no such promise: old versions of a row stay until the server vacuums, and its WAL as it is set up.
    """
    _engine.must_erase()


def erase() -> bool:
    """Remove the traces of what was overwritten; False when others are in the way and it must be tried again."""
    return _engine.erase()


def execute(sql: str, *values: object) -> Any:
    """Run one statement with ``?`` placeholders; the cursor."""
    return _engine.execute(sql, values)


def execute_many(sql: str, rows: Iterable[Sequence[object]]) -> None:
    """Run one statement for each row inside the current transaction."""
    _engine.execute_many(sql, rows)


def load(table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Insert many rows inside the current transaction, the fastest way there is."""
    _engine.load(table, columns, rows)


def take_ids(name: str, count: int = 1) -> int:
    """The first of ``count`` new ids in a row; call it in a write transaction. Raises Refusal when so few are left."""
    row = execute(
        "UPDATE counter SET last = last + ? WHERE name = ? AND last <= ? RETURNING last", count, name, LAST_ID - count
    ).fetchone()
    if row is None:
        raise Refusal(no_id(name))
    return int(row[0]) - count + 1


def no_id(name: str) -> str:
    """The sentence that says that no id of this name is left."""
    return f"no {name} is left: clients read it as a 32-bit number"


def ids_left(name: str) -> int:
    """How many ids of this name were never taken."""
    (last,) = execute("SELECT last FROM counter WHERE name = ?", name).fetchone()
    return LAST_ID - int(last)


def return_ids(name: str, first: int, count: int) -> bool:
    """Give back ids of which no row was kept, in a write transaction; False when others have been taken since."""
    returned = execute("UPDATE counter SET last = ? WHERE name = ? AND last = ?", first - 1, name, first + count - 1)
    return bool(returned.rowcount)


def marks(count: int) -> str:
    """``?, ?, ?``: placeholders for an IN list of ``count`` values; for none, a list that nothing is in."""
    return ", ".join("?" * count) or "NULL"
