"""A wall clock that is off by what a file says: every program that has this folder in PYTHONPATH starts with it.

Clocks that only measure are as they are, as it is when somebody sets the clock of a machine.
"""

import datetime
import mmap
import os
import struct
import time
from pathlib import Path

with Path(os.environ["JUMPING_CLOCK"]).open("rb") as _file:
    _offset = mmap.mmap(_file.fileno(), 8, access=mmap.ACCESS_READ)
_real = time.time


def _time() -> float:
    (offset,) = struct.unpack("d", _offset[:8])
    return _real() + float(offset)


class _AnyDatetime(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _RealDatetime)


_RealDatetime = datetime.datetime


class _Datetime(_RealDatetime, metaclass=_AnyDatetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:
        return cls.fromtimestamp(_time(), tz)


time.time = _time
datetime.datetime = _Datetime  # type: ignore[misc]
