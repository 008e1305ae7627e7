"""What a proof is: a function with numbers for its long and its short form, run on a fresh database."""

import contextlib
import random
import shutil
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from external_programs import NOT_INSTALLED, missing
from postgres import Server

SQLITE, POSTGRES = "sqlite", "postgres"
BOTH = (SQLITE, POSTGRES)


class Untried(Exception):
    """This machine lacks what the proof needs; the sentence says what."""


@dataclass
class Proof:
    """One run of a proof: where it happens, and what it showed."""

    folder: Path
    database: str
    engine: str
    draw: random.Random
    figures: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def figure(self, sentence: str) -> None:
        """Print this beside the verdict."""
        self.figures.append(sentence)

    def must(self, held: object, sentence: str) -> None:
        """The promise is broken unless this held."""
        if not held:
            self.broken.append(sentence)


Function = Callable[..., None]


@dataclass(frozen=True)
class Promise:
    """Something promised. ``prove(proof, **numbers)`` shows it; ``in_process`` when it opens the database itself,
    ``timed`` when it shows that something does not take long."""

    name: str
    says: str
    prove: Function
    engines: Sequence[str]
    long: Mapping[str, Any]
    short: Mapping[str, Any] | None
    """None: there is no short form."""
    short_engines: Sequence[str]
    in_process: bool
    timed: bool
    programs: Sequence[str]
    """External programs without which it can't be shown."""

    def run(self, proof: Proof, *, short: bool) -> tuple[bool, str]:
        """Whether it held, and the line to print."""
        began = time.monotonic()
        if lacking := missing(self.programs):
            return True, f"{self.name} {proof.engine}: not tried: {NOT_INSTALLED}{', '.join(lacking)}"
        try:
            self.prove(proof, **((self.short or {}) if short else self.long))
        except Untried as lacking:
            return True, f"{self.name} {proof.engine}: not tried: {lacking}"
        except Exception as wrong:  # noqa: BLE001 - one broken promise must not hide the others
            traceback.print_exc()
            proof.broken.append(f"{type(wrong).__name__}: {str(wrong).strip()[:300]}")
        verdict = f"FAILED: {'; '.join(proof.broken)}" if proof.broken else "ok"
        figures = f"{', '.join(proof.figures)} ({time.monotonic() - began:.0f} s)"
        return not proof.broken, f"{self.name} {proof.engine}: {self.says}: {figures}: {verdict}"


PROMISES: dict[str, Promise] = {}


def promise(
    name: str,
    says: str,
    *,
    long: Mapping[str, Any],
    short: Mapping[str, Any] | None,
    engines: Sequence[str] = BOTH,
    short_engines: Sequence[str] = (),
    in_process: bool = False,
    timed: bool = False,
    programs: Sequence[str] = (),
) -> Callable[[Function], Function]:
    """Register a proof under a name."""

    def register(prove: Function) -> Function:
        PROMISES[name] = Promise(
            name, says, prove, engines, long, short, short_engines or engines, in_process, timed, programs
        )
        return prove

    return register


@contextlib.contextmanager
def beginning(name: str, engine: str, seed: str, server: Server | None) -> Iterator[Proof]:
    """A proof on a fresh database in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix=f"ringback-{name}-"))
    draw = random.Random(f"{seed}:{name}:{engine}")
    try:
        if engine == SQLITE:
            yield Proof(folder, f"sqlite:///{folder}/ringback.db", engine, draw)
        else:
            assert server is not None
            with server.empty() as url:
                yield Proof(folder, url, engine, draw)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
