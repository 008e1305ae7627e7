"""Which numbered schema upgrades a database has had, lacks, or has from a newer version; applying those it lacks."""

from dataclasses import dataclass
from pathlib import Path

import peewee
from playhouse.migrations import Runner

from app.errors import NewerSchema, OldSchema


@dataclass(frozen=True, slots=True)
class Schema:
    """The upgrades of a database by name, in order: those it has had, those it lacks, those that are not ours."""

    applied: tuple[str, ...]
    pending: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def is_new(self) -> bool:
        """Whether nothing of ours is in the database yet."""
        return not self.applied

    def refuse_newer(self, place: str) -> None:
        """Raises NewerSchema when a newer version upgraded the database."""
        if self.unknown:
            raise NewerSchema(place, self.unknown)

    def refuse_old(self, place: str) -> None:
        """Raises OldSchema when the database lacks upgrades."""
        if self.pending:
            raise OldSchema(place, self.pending)


def read(database: peewee.Database, upgrades: Path) -> Schema:
    """The upgrades of a database, compared with the files in a folder."""
    known = Runner(database, str(upgrades)).status()
    return Schema(
        applied=tuple(one.name for one in known if one.applied),
        pending=tuple(one.name for one in known if not one.applied),
        unknown=tuple(one.name for one in known if one.path is None),
    )


def apply(database: peewee.Database, upgrades: Path) -> None:
    """Apply the upgrades that the database lacks, each in a transaction of its own."""
    Runner(database, str(upgrades)).up()
