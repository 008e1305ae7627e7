"""The plain endpoint that ours is measured beside: flask, two GETs with a requests session, one committed insert."""

import os
import sqlite3
import threading

import requests
from flask import Flask, request

application = Flask("bare")
_own = threading.local()


def _connection() -> sqlite3.Connection:
    if not hasattr(_own, "connection"):
        _own.connection = sqlite3.connect(os.environ["BENCH_DATABASE"], timeout=60, isolation_level=None)
        _own.connection.execute("PRAGMA journal_mode = wal")
        _own.connection.execute("PRAGMA synchronous = full")
    return _own.connection


def _session() -> requests.Session:
    if not hasattr(_own, "session"):
        _own.session = requests.Session()
    return _own.session


def _insert() -> str:
    fields = request.form
    row = (fields["login"], fields["phone_number"], fields["start_url"], fields["result_url"])
    call_id = _connection().execute("INSERT INTO bare VALUES (NULL, ?, ?, ?, ?)", row).lastrowid
    return f'<queuecall status="queued" call_id="{call_id}"/>'


@application.post("/insert")
def insert() -> str:
    return _insert()


@application.post("/probe")
def probe() -> str:
    for url in (request.form["start_url"], request.form["result_url"]):
        _session().get(url, timeout=10).raise_for_status()
    return _insert()
