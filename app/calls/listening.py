"""Listening for the bell that other processes ring through PostgreSQL."""

import logging
import threading

import psycopg
from psycopg import sql

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
AGAIN_SECONDS = 0.5


class Listener:
    """Hears NOTIFY on one channel, in a thread with a connection of its own that it makes anew when it is lost."""

    def __init__(self, parameters: str, channel: str) -> None:
        self._parameters = parameters
        self._listen = sql.SQL("LISTEN {}").format(sql.Identifier(channel))
        self._rung = threading.Event()
        self._rung.set()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)
        self._thread.start()

    def seen(self) -> bool:
        """Whether it rang since the last look, or may have: while there was no connection nobody could hear it."""
        if not self._rung.is_set():
            return False
        self._rung.clear()
        return True

    def close(self) -> None:
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                self._hear()
            except psycopg.Error as lost:
                log.warning("the database does not ring us at the moment: %s", str(lost).strip())
                self._ending.wait(AGAIN_SECONDS)

    def _hear(self) -> None:
        with psycopg.connect(self._parameters, autocommit=True) as connection:
            connection.execute(self._listen)
            self._rung.set()
            while not self._ending.is_set():
                for _ in connection.notifies(timeout=LOOK_SECONDS, stop_after=1):
                    self._rung.set()
