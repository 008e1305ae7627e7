"""What never reaches the trunk: calls of a demo account, and caller IDs that are not the account's."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from customer import Customer
from dialling import ON_THE_WIRE
from fleet import DEMO, OWN
from live import Live, running, until
from peer import Peer

pytestmark = ON_THE_WIRE

TRUNK, ALLOWED, TAKEN_BACK = "6175559999", "8009957586", "4155550123"


@pytest.fixture
def customer() -> Iterator[Customer]:
    with Customer().open() as customer:
        yield customer


def command(live: Live, *words: str) -> subprocess.CompletedProcess[str]:
    """Run ``ringback`` beside the server, with its settings."""
    line = [sys.executable, "-m", "app", *words]
    return subprocess.run(line, cwd=live.folder, env=live.environment, capture_output=True, text=True, check=False)


def queue(live: Live, customer: Customer, who: dict[str, str], number: str) -> str:
    urls = {"start_url": f"{customer.url}/start", "result_url": f"{customer.url}/result"}
    return live.post("/webservice/queuecall.php", **who, **urls, phone_number=number)


def test_the_demo_account_and_foreign_caller_ids_ring_nobody(
    tmp_path: Path, customer: Customer, exchange: Peer
) -> None:
    """Calls that demo queued while they were simulated fail; the account's own are made, and show what they may."""
    with running(tmp_path) as simulated:
        command(simulated, "suspend")
        assert 'status="queued"' in queue(simulated, customer, DEMO, "7815550103")
    trunk = {"carrier": "sip", "sip_trunk": exchange.address, "sip_caller_id": f"+1{TRUNK}"}
    with running(tmp_path, **trunk) as live:
        said = live.log.read_text()
        assert "account demo disabled: everybody knows its PIN or key, and calls are real" in said
        disabled = "Account  demo is disabled: everybody knows its PIN or key. `ringback account add LOGIN`"
        until(lambda: disabled in live.log.read_text(), 20, "serve says that the demo account is disabled")
        assert "login or pin not accepted" in queue(live, customer, DEMO, "7815550104")
        assert "first change the one" in command(live, "account", "status", "demo", "active").stderr
        command(live, "account", "add", OWN["login"], "--pin", OWN["pin"])
        command(live, "account", "ani", "add", OWN["login"], ALLOWED, TAKEN_BACK)
        refused = queue(live, customer, OWN, "7815550106;ani=2125550123")
        assert "phone_number: ani must be a number in your account, and 2125550123 is none" in refused
        for number in (f"8575550103;ani={ALLOWED}", f"5085550103;ani={TAKEN_BACK}", "9785550103"):
            assert 'status="queued"' in queue(live, customer, OWN, number)
        command(live, "account", "ani", "remove", OWN["login"], TAKEN_BACK)
        command(live, "resume")
        customer.wait_for("/result", 4)
        until(lambda: not live.rows("SELECT 1 FROM call WHERE status <> 'failed'"), 30, "all calls have ended")
        why = live.rows("SELECT number, detail FROM event JOIN call ON call.id = call_id WHERE event = 'refused'")
    assert dict(why)["+17815550103"] == "its account is inactive"
    assert f"{TAKEN_BACK} is none" in str(dict(why)["+15085550103"])
    shown = {call.number: call.first("INVITE").header("From") for call in exchange.calls()}
    assert f"sip:+1{ALLOWED}@" in shown["+18575550103"]
    assert f"sip:+1{TRUNK}@" in shown["+19785550103"]
    assert not {"+17815550103", "+17815550104", "+17815550106", "+15085550103"} & set(shown)


def test_without_an_account_it_says_how_to_make_one(tmp_path: Path, exchange: Peer) -> None:
    """An empty database stays empty where calls are real."""
    trunk = {"carrier": "sip", "sip_trunk": exchange.address, "sip_caller_id": f"+1{TRUNK}"}
    with running(tmp_path, **trunk) as live:
        assert live.rows("SELECT login FROM account") == []
        none = "Account  there is none yet: `ringback account add LOGIN` makes one."
        until(lambda: none in live.log.read_text(), 20, "serve says that there is no account")
