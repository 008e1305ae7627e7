"""Running the programs: the web server under gunicorn, and ``serve``, which keeps all of them running."""

import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Any

from gunicorn.app.base import BaseApplication

from app import clock, logs
from app.calls import db
from app.calls.credentials import NEWCOMERS_AT_ONCE
from app.errors import Refusal
from app.factory import create_app
from app.settings import Settings
from app.worker import Worker

log = logging.getLogger(__name__)

GRACE_SECONDS = 10.0
LONGEST_BACKOFF = 30.0
STEADY_SECONDS = 10.0
REST_SECONDS = 1.0


class _Gunicorn(BaseApplication):
    """gunicorn with our settings; each worker opens the database and makes the application for itself.

    All of them have one key: who signed in at one worker is signed in at the others.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = replace(settings, secret_key=settings.secret_key or secrets.token_hex(32))
        super().__init__()

    def load_config(self) -> None:
        host, port = self._settings.bind
        options = {
            "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            "worker_class": Worker,
            "workers": self._settings.workers,
            "threads": self._settings.threads + NEWCOMERS_AT_ONCE,
            "graceful_timeout": 8,
            "timeout": 60,
            "keepalive": 15,
            "logconfig_dict": logs.config(self._settings.log_format),
            "proc_name": "ringback web",
            "control_socket_disable": True,
            "limit_request_line": 4094,
            "limit_request_fields": 64,
            "limit_request_field_size": 8190,
            "forwarded_allow_ips": ",".join(map(str, self._settings.trusted_proxies)),
            "forwarder_headers": "",  # SCRIPT_NAME and PATH_INFO are no client's to say
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Any:
        db.open_database(self._settings.database, make=False, schema="current")
        return create_app(self._settings)


def command(*arguments: str) -> list[str]:
    """The command line that runs ``ringback ARGUMENTS`` with this Python.

    Nothing is imported from the current folder (``-P``), unless that is our own: a user's app.py there is not ours.
    """
    is_ours = Path(__file__).parent.parent == Path.cwd()
    return [sys.executable, *([] if is_ours else ["-P"]), "-m", "app", *arguments]


def refuse_taken_port(host: str, port: int, setting: str) -> None:
    """Raises Refusal when another program listens there already, instead of a child that dies again and again.

    ``setting`` is what names another port.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as wrong:
            raise Refusal(f"{host}:{port} can't be used: {wrong.strerror}; {setting} names another") from wrong


def web(settings: Settings) -> None:
    """Run the web server until it is signalled."""
    _Gunicorn(settings).run()


@dataclass
class _Program:
    """A child process that is started again when it dies, later each time it dies young."""

    arguments: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    backoff: float = 0.5
    due: float = field(default=0.0)

    def tend(self) -> None:
        """Start it if it is not running and its wait is over."""
        now = clock.elapsed()
        if self.process is not None:
            status = self.process.poll()
            if status is None:
                return
            _end_the_rest(self.process.pid)
            self.process = None
            self.backoff = 0.5 if now - self.started > STEADY_SECONDS else min(self.backoff * 2, LONGEST_BACKOFF)
            self.due = now + self.backoff
            log.warning("%s ended with status %s; starting it again in %.1f s", self, status, self.backoff)
        if now >= self.due:
            self.started = now
            # Its standard input is a pipe that closes when we die, however we die; Ctrl-C is ours to pass on.
            self.process = subprocess.Popen(  # noqa: S603 - ourselves
                command("--tied", *self.arguments), stdin=subprocess.PIPE, start_new_session=True
            )

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def wait(self, seconds: float) -> None:
        if self.process is None:
            return
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            log.warning("%s did not stop within %.0f s and is killed", self, GRACE_SECONDS)
            _signal_all(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def __str__(self) -> str:
        return f"ringback {self.arguments[0]}"


def _listens(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, 1).close()
    except OSError:
        return False
    return True


def _end_the_rest(group: int) -> None:
    """End what a dead program has left, so that only the next one answers; requests have a moment to end by themselves.

    A web server's workers would go on accepting for a second, and working for eight.
    """
    deadline = clock.elapsed() + REST_SECONDS
    left = _signal_all(group, signal.SIGTERM)
    while left and clock.elapsed() < deadline:
        clock.pause(0.02)
        left = _signal_all(group, 0)
    _signal_all(group, signal.SIGKILL)


def _signal_all(group: int, number: int) -> bool:
    """Signal a program and all that it has started; False when there are none."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # the latter, on some systems, when all are dead and not yet reaped
        return False
    return True


def end_with_parent() -> None:
    """Send ourselves SIGTERM when standard input closes: the process that started us is gone."""

    def watch() -> None:
        while os.read(0, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="tied to parent", daemon=True).start()


def serve(programs: Sequence[Sequence[str]], address: tuple[str, int], ready: Callable[[], None]) -> None:
    """Keep these ``ringback`` commands running until SIGTERM or SIGINT, which is passed on.

    ``ready`` is called once, when the web server listens at ``address``.
    """
    stopping = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    children = [_Program(arguments) for arguments in programs]
    is_ready = False
    while not stopping.is_set():
        for child in children:
            child.tend()
        if not is_ready and _listens(address):
            is_ready = True
            ready()
        stopping.wait(0.2)
    for child in children:
        child.stop()
    deadline = clock.elapsed() + GRACE_SECONDS
    for child in children:
        child.wait(max(deadline - clock.elapsed(), 0.1))
