"""A database that can't be used: XML with 503, never a call_id, and back to work by itself."""

import contextlib
import sqlite3
import urllib.error
from pathlib import Path
from xml.etree import ElementTree

import pytest
from customer import Customer
from live import Live


@pytest.mark.timeout(180)
def test_a_locked_database_is_503_in_xml_and_goes_on_by_itself(tmp_path: Path, customer: Customer) -> None:
    """Another program holds the write lock: nothing is promised; when it lets go, calls are queued and dialled."""
    form = {
        "login": "demo",
        "pin": "1234",
        "phone_number": "6175550100",
        "start_url": f"{customer.url}/start",
        "result_url": f"{customer.url}/result",
    }
    with Live(tmp_path) as live:
        with contextlib.closing(sqlite3.connect(live.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(urllib.error.HTTPError) as refused:
                live.post("/webservice/queuecall.php", **form)
            other.execute("ROLLBACK")
        with refused.value as answer:
            assert answer.code == 503
            assert answer.headers["Content-Type"] == "text/xml; charset=UTF-8"
            root = ElementTree.fromstring(answer.read())
        assert (root.tag, root.get("status"), root.get("call_id")) == ("queuecall", "failed", None)
        assert live.rows("SELECT count(*) FROM call") == [(0,)]
        assert 'status="queued"' in live.post("/webservice/queuecall.php", **form)
        customer.wait_for("/result", 1)
