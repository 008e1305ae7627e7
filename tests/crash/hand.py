"""Turns the switches of a database: reads a verb per line as JSON, answers with the moment it had returned."""

import json
import sys
import time
from collections.abc import Callable

from app import clock
from app.calls import accounts, campaigns, db, virtual_time


def _account(login: str, pin: str) -> None:
    if login not in [account.login for account in accounts.every()]:
        accounts.add(login, pin, clock.Clock().now(), allow_weak_pin=True)


VERBS: dict[str, Callable[..., None]] = {
    "account": _account,
    "begin": lambda seconds: virtual_time.begin(clock.instant(seconds)),
    "start": campaigns.start,
    "stop": campaigns.stop,
    "suspend": lambda: campaigns.suspend(clock.Clock().now(), "a test"),
    "resume": lambda: campaigns.resume(clock.Clock().now(), "a test"),
}

if __name__ == "__main__":
    db.open_database(sys.argv[1])
    for line in sys.stdin:
        verb, *arguments = json.loads(line)
        VERBS[verb](*arguments)
        print(time.time(), flush=True)
    db.close_database()
