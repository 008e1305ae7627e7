"""How log lines look: text for people, or one JSON object per line for programs."""

import logging
import logging.config
from typing import Any, Literal

from pythonjsonlogger.json import JsonFormatter

from app import clock

TEXT = "%(asctime)s %(levelname)s %(name)s %(message)s"
CALL_FIRST = "%d "
"""A line about a call begins so, and its first argument is the call_id."""


def start(log_format: Literal["text", "json"]) -> None:
    """Write what this process logs, from INFO up, to standard error; called before anything is logged."""
    logging.config.dictConfig(config(log_format))
    # No line tells where in the code, or on which thread, it was written: finding that out is most of its cost.
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


def config(log_format: Literal["text", "json"]) -> dict[str, Any]:
    """What ``start`` sets up, for ``logging.config.dictConfig``; gunicorn is given it too."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"text": {"()": _Text, "fmt": TEXT}, "json": {"()": _Json}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": log_format}},
        "root": {"level": "INFO", "handlers": ["stderr"]},
        "loggers": {
            "apscheduler": {"level": "WARNING"},
            "peewee.migrations": {"level": "WARNING"},
            "gunicorn.error": {"level": "WARNING", "handlers": [], "propagate": True},
        },
    }


class _Text(logging.Formatter):
    """The usual line; the second of its time is put into words once and not for each line."""

    _second = -1
    _told = ""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - logging's name
        second = int(record.created)
        if second != self._second:
            self._told = super().formatTime(record, datefmt or "%Y-%m-%d %H:%M:%S")
            self._second = second
        return f"{self._told},{record.msecs:03.0f}"


class _Json(JsonFormatter):
    """``time`` (ISO 8601, UTC), ``level``, ``logger``, ``message``, ``call_id`` where there is one, ``exc_info``."""

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        log_data["time"] = clock.instant(record.created).isoformat(timespec="milliseconds")
        log_data["level"] = record.levelname
        log_data["logger"] = record.name
        log_data["message"] = record.message
        if isinstance(record.msg, str) and record.msg.startswith(CALL_FIRST) and isinstance(record.args, tuple):
            log_data["call_id"] = record.args[0]
        log_data.update(message_dict)
