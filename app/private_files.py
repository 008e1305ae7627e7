"""Files that only their owner may read: made so from the first moment, and made so when they are found otherwise."""

import logging
import os
from pathlib import Path

log = logging.getLogger(__name__)

MODE = 0o600


def opener(path: str, flags: int) -> int:
    """For ``open(…, opener=opener)``: a file that this makes has mode 0600 whatever the umask is."""
    return os.open(path, flags, MODE)


def make(path: Path) -> None:
    """Make an empty file unless there is one. Raises OSError."""
    os.close(os.open(path, os.O_CREAT | os.O_RDONLY, MODE))


def tighten(path: Path) -> None:
    """Take away what others than the owner may do with a file that is there, and write that to the log."""
    try:
        mode = path.stat().st_mode & 0o777
        if mode & 0o077:
            path.chmod(mode & 0o700)
            log.warning("%s had mode %04o; now others than its owner can't read it", path, mode)
    except FileNotFoundError:
        return
    except OSError as wrong:
        log.warning("%s has mode %04o, and others can read it: %s", path, mode, wrong.strerror)
