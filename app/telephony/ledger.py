"""The ledger of dials: a file that tells what was dialled whatever becomes of the database."""

import os
import threading
from datetime import datetime

from app.telephony.carrier import Dial


class Ledger:
    """A file with a line per dial, written before it rings: ``call_id attempt unix_time phone_number``."""

    def __init__(self, path: str) -> None:
        self._lock = threading.Lock()
        self._file = open(path, "a", encoding="ascii", buffering=1, opener=_private)  # noqa: SIM115 - closed with the carrier

    def write(self, dial: Dial, now: datetime) -> None:
        with self._lock:
            self._file.write(f"{dial.call_id} {dial.attempt} {now.timestamp():.3f} {dial.number}\n")

    def close(self) -> None:
        self._file.close()


def _private(path: str, flags: int) -> int:
    """Opens a file that, when this makes it, only its owner may read: it has phone numbers."""
    return os.open(path, flags, 0o600)
