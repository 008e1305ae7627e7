"""Writing a copy of the database to a file that only its owner may read, and that appears when it is whole."""

import os
import secrets
from pathlib import Path

from app.calls.engine import Engine
from app.errors import Refusal


def write(engine: Engine, path: Path) -> None:
    """Write a copy, as of one moment, to a new file; others may go on writing to the database. Raises Refusal."""
    if path.exists():
        raise Refusal(f"{path} exists; it is not overwritten")
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        engine.backup(part)
        _sync(part)
        part.rename(path)
        _sync(path.parent)
    except OSError as wrong:
        raise Refusal(f"{path} can't be written: {wrong.strerror}") from wrong
    finally:
        part.unlink(missing_ok=True)


def unused(path: Path) -> Path:
    """This path, or when there is such a file the first of path.2, path.3, … that there is not."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.name}.{number}")
    return free


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
