"""Whether calls can be taken and dialled now: the database is read and really written, and a scheduler beats."""

import logging
import threading

from app import clock
from app.calls import capacity, db, schedulers, untrusted_proxies
from app.calls.db import execute, writing
from app.clock import Clock

log = logging.getLogger(__name__)

DEADLINE_SECONDS = 2.5
KEEP_SECONDS = 1.0
"""A look is good for so long: whoever asks often does not make a write of each question."""


class Readiness:
    """Looks at the database when it is asked: one look at a time, and at most one in KEEP_SECONDS."""

    def __init__(self, business: Clock, lines: int) -> None:
        self._clock, self._lines = business, lines
        self._lock = threading.Lock()
        self._look: _Look | None = None
        self._told: list[str] = []

    def warnings(self) -> list[str]:
        """Sentences that say what is set up wrong though this may be ready, as the last look saw it."""
        with self._lock:
            return [] if self._look is None else self._look.warnings

    def reasons(self) -> list[str]:
        """Sentences that say why this is not ready, none when it is; within DEADLINE_SECONDS."""
        with self._lock:
            if self._look is None or self._look.is_over():
                self._look = _Look(self._clock, self._lines)
                self._look.start()
            look = self._look
        reasons = look.reasons()
        with self._lock:
            told, self._told = self._told, reasons
        if reasons and reasons != told:
            log.warning("not ready: %s", "; ".join((*reasons, look.fault)).removesuffix("; "))
        elif told and not reasons:
            log.info("ready again")
        return reasons


class _Look(threading.Thread):
    """One look, in a thread of its own: whoever writes to a locked database waits longer than anyone asks."""

    def __init__(self, business: Clock, lines: int) -> None:
        super().__init__(name="readiness", daemon=True)
        self._clock, self._lines = business, lines
        self._began = clock.elapsed()
        self._seen: list[str] = []
        self._left_to_do = "read"
        self.warnings: list[str] = []
        self.fault = ""

    def run(self) -> None:
        try:
            schema = db.read_schema()
            if schema.unknown:
                self._seen.append(
                    f"a newer version of ringback upgraded the database ({', '.join(schema.unknown)}): stop this one"
                )
            elif schema.pending:
                self._seen.append(f"the database lacks schema upgrades: {', '.join(schema.pending)}")
            else:
                self._try_out()
            self._left_to_do = ""
        except db.Unusable as fault:
            self.fault = str(fault)
        finally:
            db.release()

    def _try_out(self) -> None:
        if not schedulers.beating():
            self._seen.append("no scheduler is running")
        self._seen += [f"nothing can be dialled: {trouble}" for trouble in schedulers.troubles()]
        if not capacity.call_ids_left():
            self._seen.append(db.no_id("call_id"))
        self.warnings += capacity.warnings(self._clock.now(), self._lines)
        if untrusted_proxies.recent():
            self.warnings.append(untrusted_proxies.WARNING)
        self._left_to_do = "written"
        _write()

    def reasons(self) -> list[str]:
        self.join(max(self._began + DEADLINE_SECONDS - clock.elapsed(), 0.0))
        left = self._left_to_do
        return [*self._seen, *([f"the database can't be {left} at the moment"] if left else [])]

    def is_over(self) -> bool:
        return not self.is_alive() and clock.elapsed() - self._began >= KEEP_SECONDS


def _write() -> None:
    """Commit a row: only a commit finds out that the disk is full. The row is nobody else's, so nobody waits for it."""
    with writing():
        execute(
            """INSERT INTO tally (name, label, value) VALUES ('readiness', 'looks', 1)
            ON CONFLICT (name, label) DO UPDATE SET value = tally.value + 1"""
        )
