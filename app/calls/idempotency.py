"""A request that is sent again gets the first answer: one row per key, which holds a claim first and the answer later.

The key is the header Idempotency-Key, or what a call is about for accounts that have a repeat window. The answer is
committed together with what it tells, so that a crash never leaves one without the other. Waits and claims go by
machine time; how long an answer is kept goes by business time.
"""

import hashlib
import json
import secrets
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

from app import clock
from app.calls import db
from app.calls.db import execute, marks, writing
from app.clock import Clock
from app.errors import BadField, ClaimLost, Crowded, StillRunning
from app.outside.shares import Shares

HEADER = "Idempotency-Key"
KEY_LENGTH = 255
KEPT_SECONDS = 24 * 3600
MAX_REPEAT_SECONDS = KEPT_SECONDS
"""The longest repeat window of an account."""
CLAIM_SECONDS = 45.0
"""A claim that was not renewed for so long is free: longer than probes and waits for the database take together."""
WAIT_SECONDS = 60.0
POLL_SECONDS = 0.05

_WHICH = "account_id = ? AND endpoint = ? AND key = ?"


@dataclass(frozen=True, slots=True)
class RequestKey:
    """What makes two requests the same. ``fingerprint`` tells bodies apart; the answer holds for ``seconds``."""

    account_id: int
    endpoint: str
    key: str
    fingerprint: str
    seconds: int = KEPT_SECONDS


def from_header(
    account_id: int, endpoint: str, key: str, fields: Mapping[str, str], file: BinaryIO | None
) -> RequestKey:
    """The key that a client has sent. Reads ``file`` and rewinds it. Raises BadField."""
    if not 1 <= len(key) <= KEY_LENGTH or not key.isascii() or not key.isprintable() or not key.strip():
        raise BadField(HEADER, f"must have 1 to {KEY_LENGTH} printable ASCII characters")
    return RequestKey(account_id, endpoint, key, _fingerprint(fields, file))


def from_call(account_id: int, number: str, message_reference: str, start_url: str, seconds: int) -> RequestKey:
    """The key of a call for accounts with a repeat window of ``seconds``: whatever else differs is the same request."""
    key = hashlib.sha256(json.dumps([number, message_reference, start_url]).encode()).hexdigest()
    return RequestKey(account_id, "repeat window", key, "", seconds)


def _fingerprint(fields: Mapping[str, str], file: BinaryIO | None) -> str:
    """A digest of what a body says, whatever its encoding. Without the PIN: a digest would help to guess it."""
    said = sorted((name, value) for name, value in fields.items() if name != "pin")
    digest = hashlib.sha256(json.dumps(said).encode())
    if file is not None:
        digest.update(b"file")
        while part := file.read(65_536):
            digest.update(part)
        file.seek(0)
    return digest.hexdigest()


class Claim:
    """The right to work on a request, or the kept ``answer`` of an earlier one. Without a key it does nothing."""

    def __init__(self, request_id: int = 0, owner: str = "", now: float = 0.0, answer: str = "") -> None:
        self._id = request_id
        self._owner = owner
        self._now = now
        self._parts = 0
        self.answer: dict[str, Any] | None = json.loads(answer) if answer else None

    def keep(self, answer: Mapping[str, object]) -> None:
        """Keep the answer; call it in the transaction that commits what it tells. Raises ClaimLost."""
        if self._id:
            kept = execute(
                "UPDATE idempotent_request SET answer = ?, kept_at = ? WHERE id = ? AND owner = ? AND kept_at IS NULL",
                *(json.dumps(answer), self._now, self._id, self._owner),
            )
            if not kept.rowcount:
                raise ClaimLost

    def add_part(self, text: bytes) -> None:
        """Keep a part of a long answer, and renew the claim. Raises ClaimLost."""
        if self._id:
            with writing():
                self.renew()
                body = zlib.compress(text, 1)
                values = (self._id, self._parts, body)
                execute("INSERT INTO answer_part (request_id, number, body) VALUES (?, ?, ?)", *values)
            self._parts += 1

    def renew(self) -> None:
        """Keep the claim for another CLAIM_SECONDS. Raises ClaimLost."""
        if self._id:
            with writing():
                renewed = execute(
                    "UPDATE idempotent_request SET alive_at = ? WHERE id = ? AND owner = ? AND kept_at IS NULL",
                    *(clock.machine(), self._id, self._owner),
                )
                if not renewed.rowcount:
                    raise ClaimLost

    def parts(self) -> Iterator[bytes]:
        """The parts of a kept answer, in their order."""
        number = 0
        while row := execute(
            "SELECT body FROM answer_part WHERE request_id = ? AND number = ?", self._id, number
        ).fetchone():
            yield zlib.decompress(row[0])
            number += 1

    def release(self) -> None:
        """Forget the request unless its answer is kept: only successes are."""
        if self._id and self.answer is None:
            with writing():
                values = (self._id, self._owner)
                gone = execute("DELETE FROM idempotent_request WHERE id = ? AND owner = ? AND kept_at IS NULL", *values)
                if gone.rowcount:
                    execute("DELETE FROM answer_part WHERE request_id = ?", self._id)


@contextmanager
def claimed(key: RequestKey | None, business: Clock, waiting: Shares) -> Iterator[Claim]:
    """The claim on a request while it is worked on, once no equal one is.

    ``waiting`` has the places for those that wait for an equal request. Raises BadField for a key that came with
    another body, and StillRunning.
    """
    if key is None:
        yield Claim()
        return
    claim = _take(key, business.now()) or _wait(key, business, waiting)
    try:
        yield claim
    except BaseException:
        with suppress(db.Unusable):  # it is free after CLAIM_SECONDS
            claim.release()
        raise


def _wait(key: RequestKey, business: Clock, waiting: Shares) -> Claim:
    until = clock.elapsed() + WAIT_SECONDS
    try:
        with waiting.place(key.account_id):
            while clock.elapsed() < until:
                if not _is_running(key) and (claim := _take(key, business.now())):
                    return claim
                clock.pause(POLL_SECONDS)
    except Crowded:
        raise StillRunning from None
    raise StillRunning


def _is_running(key: RequestKey) -> bool:
    row = execute(
        f"SELECT 1 FROM idempotent_request WHERE {_WHICH} AND kept_at IS NULL AND alive_at > ?",
        *(key.account_id, key.endpoint, key.key, clock.machine() - CLAIM_SECONDS),
    ).fetchone()
    return row is not None


def _take(key: RequestKey, now: datetime) -> Claim | None:
    """The kept answer, or a new claim; None while an equal request is being worked on."""
    which = (key.account_id, key.endpoint, key.key)
    seconds, machine = now.timestamp(), clock.machine()
    with writing():
        db.exclusive(f"idempotency {which}")
        row = execute(
            f"SELECT id, fingerprint, alive_at, answer, kept_at FROM idempotent_request WHERE {_WHICH}", *which
        ).fetchone()
        if row is not None:
            request_id, fingerprint, alive_at, answer, kept_at = row
            holds = alive_at > machine - CLAIM_SECONDS if kept_at is None else seconds - kept_at < key.seconds
            if holds and fingerprint != key.fingerprint:
                raise BadField(HEADER, "came with another body before: a new request needs a new key")
            if holds:
                return None if kept_at is None else Claim(request_id, now=seconds, answer=answer)
            _remove([request_id])
        owner = secrets.token_hex(8)
        (request_id,) = execute(
            """INSERT INTO idempotent_request (account_id, endpoint, key, fingerprint, owner, alive_at, answer)
            VALUES (?, ?, ?, ?, ?, ?, '') RETURNING id""",
            *(*which, key.fingerprint, owner, machine),
        ).fetchone()
    return Claim(request_id, owner, seconds)


def remove_old(now: datetime, most: int) -> int:
    """Forget answers that are older than a day, and claims of processes that died; how many, at most ``most``."""
    old = [
        request_id
        for (request_id,) in execute(
            """SELECT id FROM idempotent_request
            WHERE kept_at <= ? OR (kept_at IS NULL AND alive_at <= ?) LIMIT ?""",
            *(now.timestamp() - KEPT_SECONDS, clock.machine() - KEPT_SECONDS, most),
        ).fetchall()
    ]
    if old:
        with writing():
            _remove(old)
    return len(old)


def _remove(request_ids: list[int]) -> None:
    execute(f"DELETE FROM answer_part WHERE request_id IN ({marks(len(request_ids))})", *request_ids)
    execute(f"DELETE FROM idempotent_request WHERE id IN ({marks(len(request_ids))})", *request_ids)
