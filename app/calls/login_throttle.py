"""Counts wrong PINs by address in the database, for all web processes together, and says who may try another.

A guess is a row from before its PIN is checked: guesses at the same time count each other. The row of a right PIN is
removed again, and its address is known for that login from then on. What new addresses do to a login over a day is
counted in ``login_failures``. Logins are kept as digests: people type PINs there. All times are machine time in UNIX
seconds.

| an address is refused from so many wrong PINs within WINDOW on | for one login | for all logins together |
|---|---|---|
| an address with a good check of the login within KNOWN_SECONDS | 50 | 200 |
| another | 5 | 20 |
| the IPv6 /56 of one that is new to the login | 10 | 40 |
| the IPv6 /48 of one that is new to the login | 20 | 80 |
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from app.calls import db, login_failures
from app.calls.db import execute, writing
from app.client import wider_networks
from app.errors import LockedOut

WINDOW = 15 * 60.0
"""Seconds for which a wrong PIN counts."""
WRONG_PER_LOGIN = 5
WRONG_PER_ADDRESS = 20
KNOWN_FACTOR = 10
"""How many times as much a known address may be wrong."""
WIDER_FACTORS = (2, 4)
"""How many times as much the /56 and the /48 of an IPv6 address may be wrong."""
KNOWN_SECONDS = 24 * 3600.0
FAMILIAR_SECONDS = 30 * 24 * 3600.0
REFRESH_SECONDS = 3600.0
"""How old the mark of an address gets before a good check writes it anew."""
MAX_KNOWN = 1_000
"""Addresses of one login that are remembered; the newest stay."""
MAX_GUESSES = 20_000
"""Rows, whatever attackers do; beyond, the oldest go early."""
ABANDONED_SECONDS = 30.0
"""An unfinished check counts as wrong after so long: its process died."""

_EXCLUSIVE = "guesses"


class Familiarity(IntEnum):
    """How long ago an address had its last good check of a login."""

    NEW = 0  # never, or more than FAMILIAR_SECONDS
    FAMILIAR = 1
    KNOWN = 2  # less than KNOWN_SECONDS


@dataclass(frozen=True, slots=True)
class Guesser:
    """Who tries which login: the digest of the login, and the client's address as ``client_address`` gives it.

    ``networks`` are those around the address, the widest last; an IPv4 address has none.
    """

    login: str
    address: str
    networks: tuple[str, ...] = ()

    @classmethod
    def of(cls, login: str, address: str) -> "Guesser":
        return cls(_digest(login), address, wider_networks(address))

    @property
    def network(self) -> str:
        """The widest network that is taken for one client."""
        return (self.address, *self.networks)[-1]


@dataclass(frozen=True, slots=True)
class Guess:
    """A PIN that is being checked."""

    id: int
    at: float
    familiarity: Familiarity


def refuse_locked_out(guesser: Guesser, now: float, familiarity: Familiarity) -> None:
    """Raise LockedOut if the guesser has been wrong too often to try now. One indexed read, nothing written."""
    _has_room(guesser, now, familiarity)


def refuse_locked_address(address: str, now: float) -> None:
    """Raise LockedOut if no login at all can be tried from an address now; before it is read which one is wanted.

    One indexed read for most, nothing written. An address that is known for some login is refused only when that login
    would be.
    """
    guesser = Guesser("", address, wider_networks(address))
    try:
        _has_room(guesser, now, Familiarity.NEW)
    except LockedOut:
        (marked_at,) = execute("SELECT max(at) FROM known_address WHERE address = ?", address).fetchone()
        _has_room(guesser, now, _familiarity(marked_at, now))


def familiarity(guesser: Guesser, now: float) -> Familiarity:
    """How well the address is known for this login."""
    return _familiarity(_marked_at(guesser), now)


def begin(guesser: Guesser, now: float) -> Guess | None:
    """Count one more guess, before its PIN is checked. Raises LockedOut.

    None: so many are being checked at this moment that all of them wrong would be too many; ask again when they are
    done. What is too old goes, and the oldest of too many rows.
    """
    with writing():
        db.exclusive(_EXCLUSIVE)
        how_well = familiarity(guesser, now)
        if not _has_room(guesser, now, how_well):
            return None
        # Also what is far ahead: this machine's clock was set back.
        execute("DELETE FROM guess WHERE at <= ? OR at >= ?", now - WINDOW, now + WINDOW)
        (guess_id,) = execute(
            "INSERT INTO guess (login, address, network, at, wrong) VALUES (?, ?, ?, ?, ?) RETURNING id",
            guesser.login,
            guesser.address,
            guesser.network,
            now,
            False,
        ).fetchone()
        execute("DELETE FROM guess WHERE id <= ?", guess_id - MAX_GUESSES)
    return Guess(guess_id, now, how_well)


def was_wrong(guess: Guess, guesser: Guesser, account_id: int | None, now: float) -> None:
    """Let the guess count for the whole WINDOW, and against its login when it came from a new address."""
    with writing():
        db.exclusive(_EXCLUSIVE)
        execute("UPDATE guess SET wrong = ? WHERE id = ? AND at = ?", True, guess.id, guess.at)
        if guess.familiarity is Familiarity.NEW:
            login_failures.count(guesser.login, account_id, now)


def was_right(guess: Guess, guesser: Guesser, now: float) -> None:
    """Take the guess back, and know the address for this login from now on."""
    with writing():
        db.exclusive(_EXCLUSIVE)
        execute("DELETE FROM guess WHERE id = ? AND at = ?", guess.id, guess.at)
        marked = _marked_at(guesser)
        if marked is None or abs(now - marked) >= REFRESH_SECONDS:
            _mark(guesser, now)


def forgive(login: str) -> None:
    """Forget all wrong PINs for a login, for when it gets another; known addresses stay known."""
    with writing():
        db.exclusive(_EXCLUSIVE)
        execute("DELETE FROM guess WHERE login = ?", _digest(login))
        login_failures.forget(_digest(login))


def seconds_locked(wrong: Sequence[float], limit: int, now: float) -> float:
    """How long until fewer than ``limit`` of these wrong guesses, in order of time, are within WINDOW."""
    return wrong[-limit] + WINDOW - now if len(wrong) >= limit else 0.0


def _has_room(guesser: Guesser, now: float, how_well: Familiarity) -> bool:
    """Whether a guess may be checked now; False if it depends on those being checked. Raises LockedOut."""
    # What its neighbours do refuses an address only while it is new.
    is_new = how_well is Familiarity.NEW
    column, value = ("network", guesser.network) if is_new else ("address", guesser.address)
    guesses = execute(
        f"SELECT at, login, wrong, address FROM guess WHERE {column} = ? AND at > ? AND at < ? ORDER BY at, id",
        value,
        now - WINDOW,
        now + WINDOW,
    ).fetchall()
    factor = KNOWN_FACTOR if how_well is Familiarity.KNOWN else 1
    limits = [(factor, [each for each in guesses if each[3] == guesser.address])]
    if is_new:
        for network, wider in zip(guesser.networks, WIDER_FACTORS, strict=False):
            limits.append((wider, [each for each in guesses if network in wider_networks(each[3])]))
    locked, has_room = 0.0, True
    for factor, counted in limits:
        for limit, those in (
            (WRONG_PER_LOGIN * factor, [each for each in counted if each[1] == guesser.login]),
            (WRONG_PER_ADDRESS * factor, counted),
        ):
            wrong = [at for at, _, is_wrong, _ in those if is_wrong or at < now - ABANDONED_SECONDS]
            locked = max(locked, seconds_locked(wrong, limit, now))
            has_room = has_room and len(those) < limit
    if locked:
        raise LockedOut(locked)
    return has_room


def _familiarity(marked_at: float | None, now: float) -> Familiarity:
    if marked_at is None or abs(now - marked_at) >= FAMILIAR_SECONDS:
        return Familiarity.NEW
    return Familiarity.KNOWN if abs(now - marked_at) < KNOWN_SECONDS else Familiarity.FAMILIAR


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
    execute("DELETE FROM known_address WHERE at <= ? OR at >= ?", now - FAMILIAR_SECONDS, now + FAMILIAR_SECONDS)
    execute(
        """DELETE FROM known_address WHERE login = ? AND at <
        (SELECT at FROM known_address WHERE login = ? ORDER BY at DESC LIMIT 1 OFFSET ?)""",
        guesser.login,
        guesser.login,
        MAX_KNOWN - 1,
    )


def _digest(login: str) -> str:
    return hashlib.blake2b(login.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
