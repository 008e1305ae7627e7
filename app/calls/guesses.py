"""Counts wrong PINs in the database, for all web processes together: who may try another, and who must wait.

A guess is a row from before its PIN is checked: guesses at the same time count each other. The row of a right PIN is
removed again, and its address is known for that login from then on. Logins are kept as digests: people type PINs there.
All times are machine time in UNIX seconds.

| wrong within WINDOW | by an address that is known for the login | by another |
|---|---|---|
| for one login | refused from 50 on | refused from 5 on |
| for all logins together | refused from 200 on | refused from 20 on |
| by all addresses for one login | nothing | slower and slower from 20 on, never refused |
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from app.calls import db
from app.calls.db import execute, writing
from app.errors import LockedOut

WINDOW = 15 * 60.0
"""Seconds for which a wrong PIN counts."""
WRONG_PER_LOGIN = 5
WRONG_PER_ADDRESS = 20
KNOWN_COUNTS_AS = 10
"""How many times as much a known address may be wrong."""
KNOWN_SECONDS = 24 * 3600.0
REFRESH_SECONDS = 3600.0
"""How old the mark of a known address gets before a good check writes it anew."""
KNOWN_AT_MOST = 100
"""Known addresses of one login; the newest stay."""

CALM_GUESSES = 20
"""Wrong PINs for one login, from whatever addresses, before strangers are slowed down."""
SLOWER_EACH, SLOWEST = 0.1, 2.0
"""Seconds that each wrong PIN beyond adds, and the most they come to."""

GUESSES_AT_MOST = 20_000
"""Rows, whatever attackers do; beyond, the oldest go early."""
ABANDONED_SECONDS = 30.0
"""After so long a guess of which nobody said how it ended was wrong: its process died."""

_EXCLUSIVE = "guesses"


@dataclass(frozen=True, slots=True)
class Guesser:
    """Who tries which login: the digest of the login, and the client's address."""

    login: str
    address: str

    @classmethod
    def of(cls, login: str, address: str) -> "Guesser":
        return cls(_digest(login), address)


@dataclass(frozen=True, slots=True)
class Guess:
    """A PIN that is being checked."""

    id: int
    at: float


def refuse_locked_out(guesser: Guesser, now: float, *, known: bool) -> None:
    """Raise LockedOut if the guesser has been wrong too often to try now. One indexed read, nothing written."""
    _has_room(guesser, now, known)


def is_known(guesser: Guesser, now: float) -> bool:
    """Whether the address had a good check for this login within KNOWN_SECONDS."""
    marked = _marked_at(guesser)
    return marked is not None and abs(now - marked) < KNOWN_SECONDS


def slow_down(guesser: Guesser, now: float) -> float:
    """Seconds that somebody at an address that is not known must wait before the next try of this login."""
    enough = CALM_GUESSES + int(SLOWEST / SLOWER_EACH)
    row = execute(
        """SELECT count(*) FROM
        (SELECT 1 FROM guess WHERE login = ? AND at > ? AND at < ? LIMIT ?) AS recent""",
        guesser.login,
        now - WINDOW,
        now + WINDOW,
        enough,
    ).fetchone()
    return min(max(int(row[0]) - CALM_GUESSES, 0) * SLOWER_EACH, SLOWEST)


def begin(guesser: Guesser, now: float) -> Guess | None:
    """Count one more guess, before its PIN is checked. Raises LockedOut.

    None: so many are being checked at this moment that all of them wrong would be too many; ask again when they are
    done. What is too old goes, and the oldest of too many rows.
    """
    with writing():
        db.exclusive(_EXCLUSIVE)
        if not _has_room(guesser, now, is_known(guesser, now)):
            return None
        # Also what is far ahead: this machine's clock was set back.
        execute("DELETE FROM guess WHERE at <= ? OR at >= ?", now - WINDOW, now + WINDOW)
        (guess_id,) = execute(
            "INSERT INTO guess (login, address, at, wrong) VALUES (?, ?, ?, ?) RETURNING id",
            guesser.login,
            guesser.address,
            now,
            False,
        ).fetchone()
        execute("DELETE FROM guess WHERE id <= ?", guess_id - GUESSES_AT_MOST)
    return Guess(guess_id, now)


def was_wrong(guess: Guess) -> None:
    """Let the guess count for the whole WINDOW."""
    with writing():
        db.exclusive(_EXCLUSIVE)
        execute("UPDATE guess SET wrong = ? WHERE id = ? AND at = ?", True, guess.id, guess.at)


def was_right(guess: Guess, guesser: Guesser, now: float) -> None:
    """Take the guess back, and know the address for this login from now on."""
    with writing():
        db.exclusive(_EXCLUSIVE)
        execute("DELETE FROM guess WHERE id = ? AND at = ?", guess.id, guess.at)
        marked = _marked_at(guesser)
        if marked is None or abs(now - marked) >= REFRESH_SECONDS:
            _mark(guesser, now)


def forgive(login: str) -> None:
    """Forget all wrong PINs for a login, for when it gets another; who is known stays known."""
    with writing():
        db.exclusive(_EXCLUSIVE)
        execute("DELETE FROM guess WHERE login = ?", _digest(login))


def seconds_locked(wrong: Sequence[float], most: int, now: float) -> float:
    """How long until fewer than ``most`` of these wrong guesses, in order of time, are within WINDOW; 0 if they are."""
    return wrong[-most] + WINDOW - now if len(wrong) >= most else 0.0


def _has_room(guesser: Guesser, now: float, known: bool) -> bool:
    """Whether a guess may be checked now; False if it depends on those being checked. Raises LockedOut."""
    guesses = execute(
        "SELECT at, login, wrong FROM guess WHERE address = ? AND at > ? AND at < ? ORDER BY at, id",
        guesser.address,
        now - WINDOW,
        now + WINDOW,
    ).fetchall()
    factor = KNOWN_COUNTS_AS if known else 1
    locked, has_room = 0.0, True
    for most, counted in (
        (WRONG_PER_LOGIN * factor, [each for each in guesses if each[1] == guesser.login]),
        (WRONG_PER_ADDRESS * factor, guesses),
    ):
        wrong = [at for at, _, is_wrong in counted if is_wrong or at < now - ABANDONED_SECONDS]
        locked = max(locked, seconds_locked(wrong, most, now))
        has_room = has_room and len(counted) < most
    if locked:
        raise LockedOut(locked)
    return has_room


def _marked_at(guesser: Guesser) -> float | None:
    row = execute(
        "SELECT at FROM known_address WHERE login = ? AND address = ?", guesser.login, guesser.address
    ).fetchone()
    return None if row is None else float(row[0])


def _mark(guesser: Guesser, now: float) -> None:
    execute(
        """INSERT INTO known_address (login, address, at) VALUES (?, ?, ?)
        ON CONFLICT (login, address) DO UPDATE SET at = excluded.at""",
        guesser.login,
        guesser.address,
        now,
    )
    execute("DELETE FROM known_address WHERE at <= ? OR at >= ?", now - KNOWN_SECONDS, now + KNOWN_SECONDS)
    execute(
        """DELETE FROM known_address WHERE login = ? AND at <
        (SELECT at FROM known_address WHERE login = ? ORDER BY at DESC LIMIT 1 OFFSET ?)""",
        guesser.login,
        guesser.login,
        KNOWN_AT_MOST - 1,
    )


def _digest(login: str) -> str:
    return hashlib.blake2b(login.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
