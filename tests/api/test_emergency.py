"""Emergency numbers, in every spelling and by every way in: none is queued."""

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import multipart
import pytest
from customer import Customer
from flask.testing import FlaskClient
from live import ROOT

from app.calls.db import execute

pytestmark = pytest.mark.one_engine

_TABLE = (Path(__file__).parent.parent / "data" / "emergency-spellings.txt").read_text(encoding="utf-8")
SPELLINGS = [line for line in _TABLE.splitlines() if line.strip() and not line.startswith("#")]


def _cell(spelling: str) -> str:
    return '"' + spelling.replace('"', '""') + '"'


def _list(spellings: list[str], header: bool) -> bytes:
    lines = ["destination,name"] if header else []
    return "\n".join([*lines, *(f"{_cell(spelling)},x" for spelling in spellings), "6175550100,good"]).encode()


def test_the_table_is_long_enough() -> None:
    """At least 60 spellings."""
    assert len(SPELLINGS) >= 60


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_queuecall_refuses_it(web: FlaskClient, customer: Customer, spelling: str) -> None:
    """One call."""
    form = {"login": "demo", "pin": "1234", "phone_number": spelling, "start_url": f"{customer.url}/start"}
    answer = ElementTree.fromstring(web.post("/queuecall.php", data=form).data)
    assert answer.get("status") == "failed"
    assert (answer.findtext("error") or "").startswith("phone_number: ")
    assert execute("SELECT count(*) FROM call").fetchone() == (0,)


@pytest.mark.parametrize("header", [False, True], ids=["plain lines", "header form"])
def test_a_list_rejects_each_of_them(web: FlaskClient, customer: Customer, header: bool) -> None:
    """Every spelling as a line of a list; only the good line at the end is queued."""
    form = {"login": "demo", "pin": "1234", "start_url": f"{customer.url}/start"}
    body = multipart.encode(form, _list(SPELLINGS, header))
    with web.post("/queuecalls.php", data=body, content_type=multipart.CONTENT_TYPE) as response:
        answer = ElementTree.fromstring(response.data)
    assert answer.get("queued") == "1"
    assert answer.get("rejected") == str(len(SPELLINGS))
    assert execute("SELECT number FROM call").fetchall() == [("+16175550100",)]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("emergency")
    return os.environ | {"PYTHONPATH": str(ROOT), "RINGBACK_DATABASE": f"sqlite:///{folder}/ringback.db"}


def test_the_command_line_refuses_each_of_them(environment: dict[str, str], customer: Customer, tmp_path: Path) -> None:
    """``ringback queue`` for each spelling in one process, and ``ringback upload`` for all at once."""
    account = [sys.executable, "-m", "app", "account", "add", "demo", "--pin", "1234", "--allow-weak-pin"]
    subprocess.run(account, env=environment, check=True, capture_output=True)
    script = (
        "import sys\n"
        "from app.cli import main\n"
        "for spelling in sys.stdin.read().split('\\0'):\n"
        f"    try: main(['queue', '--login=demo', '--start-url={customer.url}/start', '--phone-number=' + spelling])\n"
        "    except SystemExit as end: print(end.code)\n"
    )
    queued = subprocess.run(
        [sys.executable, "-c", script], input="\0".join(SPELLINGS), env=environment, capture_output=True, text=True
    )
    assert queued.stdout.split() == ["1"] * len(SPELLINGS), queued.stderr[-500:]
    assert queued.stderr.count("Error: phone_number: ") == len(SPELLINGS)
    file = tmp_path / "list.csv"
    file.write_bytes(_list(SPELLINGS, header=False))
    command = [sys.executable, "-m", "app", "upload", str(file), "--login=demo", f"--start-url={customer.url}/start"]
    uploaded = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert uploaded.returncode == 0, uploaded.stderr
    assert uploaded.stdout.splitlines()[-1] == f"campaign 2: 1 queued, {len(SPELLINGS)} rejected, 0 duplicates"
