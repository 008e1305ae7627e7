"""The schedulers that run, as rows: each beats, and its beat is the lease of every claim it has made.

Whether a scheduler is lost is judged by watching its beat stand still on one's own clock, never by comparing clocks:
neither a clock that jumps nor machines whose clocks differ end a living scheduler's claims.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app import clock
from app.calls.db import execute, writing

BEAT_SECONDS = 3.0
LEASE_SECONDS = 30.0
"""A beat that stands still for so long has lost its claims."""
LEASE_BEATS = 8
"""So often at least does a scheduler beat meanwhile that takes another for lost."""
DIAL_SECONDS = 20.0
"""A scheduler that could not beat for so long begins no dial: well before others take it for lost."""
SILENT_SECONDS = 15.0


def join(worker: str) -> None:
    """Say that a scheduler has started. What is suspended or stopped already, it obeys from the first claim on."""
    now = clock.machine()
    with writing():
        execute(
            """INSERT INTO scheduler (worker, started_at, seen_at, beat, obeyed)
            VALUES (?, ?, ?, 0, (SELECT version FROM switch WHERE id = 1))""",
            worker,
            now,
            now,
        )


def beat(worker: str, trouble: str = "") -> bool:
    """Renew the lease of all of a scheduler's claims; False when others took it for lost meanwhile.

    ``trouble`` is what keeps it from dialling, as a sentence; empty when nothing does.
    """
    with writing():
        renewed = execute(
            "UPDATE scheduler SET beat = beat + 1, seen_at = ?, trouble = ? WHERE worker = ?",
            clock.machine(),
            trouble,
            worker,
        )
    return bool(renewed.rowcount)


def leave(worker: str) -> None:
    """Say that a scheduler has stopped and written everything down."""
    with writing():
        execute("DELETE FROM scheduler WHERE worker = ?", worker)


def obey(worker: str, version: int) -> None:
    """Say that nothing is dialled any more that was claimed before this version of the switch."""
    execute("UPDATE scheduler SET obeyed = ? WHERE worker = ?", version, worker)


def others_with_claims(worker: str) -> list[str]:
    """The other schedulers that hold claims."""
    rows = execute(
        "SELECT DISTINCT worker FROM call WHERE status IN ('dialing', 'connected') AND worker <> ?", worker
    ).fetchall()
    return [other for (other,) in rows]


def beating() -> int:
    """How many schedulers have beaten lately."""
    (count,) = execute("SELECT count(*) FROM scheduler WHERE seen_at > ?", clock.machine() - SILENT_SECONDS).fetchone()
    return int(count)


def troubles() -> list[str]:
    """What keeps schedulers from dialling, a sentence each; none while one of them can."""
    rows = execute(
        "SELECT DISTINCT trouble FROM scheduler WHERE seen_at > ? ORDER BY trouble", clock.machine() - SILENT_SECONDS
    ).fetchall()
    troubles = [str(trouble) for (trouble,) in rows]
    return [] if "" in troubles else troubles


@dataclass(frozen=True, slots=True)
class Running:
    """A scheduler that has not left; the times are machine time."""

    worker: str
    started_at: datetime
    seen_at: datetime
    beats: bool
    trouble: str


def every() -> list[Running]:
    """All that have not said that they stopped, the one that beat last first."""
    rows = execute("SELECT worker, started_at, seen_at, trouble FROM scheduler ORDER BY seen_at DESC").fetchall()
    return [
        Running(worker, clock.instant(started), clock.instant(seen), seen > clock.machine() - SILENT_SECONDS, trouble)
        for worker, started, seen, trouble in rows
    ]


def has_beaten(worker: str, since: int) -> bool:
    """Whether a scheduler has beaten again, after the beat at which it was seen to stand still."""
    return execute("SELECT 1 FROM scheduler WHERE worker = ? AND beat > ?", worker, since).fetchone() is not None


def forget_silent() -> None:
    """Remove the rows of schedulers that have said nothing for a day and hold nothing."""
    execute(
        """DELETE FROM scheduler WHERE seen_at < ? AND worker NOT IN
            (SELECT worker FROM call WHERE status IN ('dialing', 'connected')
            UNION SELECT worker FROM result WHERE worker IS NOT NULL)""",
        clock.machine() - 86_400,
    )


class Watch:
    """Watches the beats of others, to tell which have stood still for a whole lease.

    Time counts only while we beat ourselves (``own_beats`` tells how often we have): when nobody can write, or all
    machines were asleep, nobody is lost for it.
    """

    def __init__(self, own_beats: Callable[[], int], elapsed: Callable[[], float] = clock.elapsed) -> None:
        self._own_beats = own_beats
        self._elapsed = elapsed
        self._seen: dict[str, tuple[int, float, int]] = {}

    def lost(self) -> dict[str, int]:
        """The schedulers that are lost, and those of running calls and results being posted that have no row at all.

        Each with the beat at which it stands still.
        """
        rows = execute(
            """SELECT worker, beat FROM scheduler UNION SELECT worker, -1 FROM
                (SELECT worker FROM call WHERE status IN ('dialing', 'connected')
                UNION SELECT worker FROM result WHERE worker IS NOT NULL) AS working
            WHERE worker NOT IN (SELECT worker FROM scheduler)"""
        ).fetchall()
        now, own = self._elapsed(), self._own_beats()
        before, self._seen = self._seen, {}
        for worker, beat in rows:
            seen = before.get(worker)
            self._seen[worker] = seen if seen is not None and seen[0] == beat else (beat, now, own)
        return {
            worker: beat
            for worker, (beat, since, beats) in self._seen.items()
            if now - since >= LEASE_SECONDS and own - beats >= LEASE_BEATS
        }
