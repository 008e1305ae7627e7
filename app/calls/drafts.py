"""Lists that were tried and not yet queued: one an account, seen by it alone, thrown away after an hour.

They stand in the database, compressed, as the next request may reach another web server. A list is read and written
part by part and never held whole.
"""

import io
import json
import secrets
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from app import clock
from app.calls.db import execute, marks, writing
from app.errors import Refusal

KEPT_SECONDS = 3600
_PART = 256 * 1024  # bytes
_A_PART = "SELECT body FROM draft_part WHERE draft_id = ? AND number = ?"


class NoSuchDraft(Refusal):
    """The list is not there, or is another account's."""

    def __init__(self) -> None:
        super().__init__(
            "this list is no longer kept: it was queued, discarded or replaced by another one, or is more than an hour "
            "old; send it again"
        )


@dataclass(frozen=True, slots=True)
class Draft:
    """A list: the name of its file, the fields that were sent with it, and what trying it has shown."""

    id: str
    account_id: int
    name: str
    parts: int
    fields: dict[str, str]
    report: dict[str, Any]

    def opened(self) -> BinaryIO:
        """The list as it was sent. Reading raises NoSuchDraft when it is thrown away meanwhile."""
        return io.BufferedReader(_Parts(self.id, self.parts), _PART)


def keep(account_id: int, name: str, stream: BinaryIO) -> Draft:
    """Keep a list in place of the one that the account had."""
    remove_old()
    _remove("account_id = ?", account_id)
    draft_id, parts = secrets.token_urlsafe(16), 0
    with writing():
        execute(
            """INSERT INTO draft (id, account_id, made_at, name, parts, taken, fields, report)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
            *(draft_id, account_id, clock.machine(), name, 0, False, "{}", "{}"),
        )
    while part := stream.read(_PART):
        with writing():
            body = zlib.compress(part, 1)
            execute("INSERT INTO draft_part (draft_id, number, body) VALUES (?, ?, ?)", draft_id, parts, body)
        parts += 1
    with writing():
        execute("UPDATE draft SET parts = ? WHERE id = ?", parts, draft_id)
    return Draft(draft_id, account_id, name, parts, {}, {})


def describe(draft: Draft, fields: Mapping[str, str], report: Mapping[str, Any]) -> None:
    """Write down the fields that came with a list, and what trying it has shown."""
    with writing():
        execute(
            "UPDATE draft SET fields = ?, report = ? WHERE id = ?", json.dumps(fields), json.dumps(report), draft.id
        )


def find(draft_id: str, account_id: int) -> Draft:
    """A list of this account. Raises NoSuchDraft."""
    row = execute(
        "SELECT name, parts, fields, report FROM draft WHERE id = ? AND account_id = ? AND made_at > ?",
        draft_id,
        account_id,
        clock.machine() - KEPT_SECONDS,
    ).fetchone()
    if row is None:
        raise NoSuchDraft
    name, parts, fields, report = row
    return Draft(draft_id, account_id, name, parts, json.loads(fields), json.loads(report))


def take(draft: Draft) -> None:
    """Be the one who queues this list, so that a second click does not queue it again. Raises Refusal."""
    with writing():
        taken = execute("UPDATE draft SET taken = ? WHERE id = ? AND NOT taken", True, draft.id)
    if not taken.rowcount:
        find(draft.id, draft.account_id)
        raise Refusal("this list is being queued already: look at your campaigns in a moment")


def give_back(draft: Draft) -> None:
    """Let a list be taken again, because it was not queued."""
    with writing():
        execute("UPDATE draft SET taken = ? WHERE id = ?", False, draft.id)


def discard(draft: Draft) -> None:
    """Throw a list away."""
    _remove("id = ?", draft.id)


def remove_old() -> None:
    """Throw away the lists that are more than an hour old."""
    _remove("made_at <= ?", clock.machine() - KEPT_SECONDS)


def _remove(which: str, value: object) -> None:
    found = [draft_id for (draft_id,) in execute(f"SELECT id FROM draft WHERE {which}", value).fetchall()]
    if found:
        with writing():
            execute(f"DELETE FROM draft_part WHERE draft_id IN ({marks(len(found))})", *found)
            execute(f"DELETE FROM draft WHERE id IN ({marks(len(found))})", *found)


class _Parts(io.RawIOBase):
    """The parts of a list as one stream of bytes."""

    def __init__(self, draft_id: str, parts: int) -> None:
        self._draft_id, self._parts, self._next, self._rest = draft_id, parts, 0, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest and self._next < self._parts:
            self._rest = self._part(self._next)
            self._next += 1
        taken = self._rest[: len(buffer)]
        buffer[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        return len(taken)

    def _part(self, number: int) -> bytes:
        row = execute(
            "SELECT body FROM draft_part WHERE draft_id = ? AND number = ?", self._draft_id, number
        ).fetchone()
        if row is None:
            raise NoSuchDraft
        return zlib.decompress(row[0])
