"""The trunk as real programs meet it: dead, refusing, well again; and what becomes of calls when a scheduler ends."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from customer import Customer, Reply
from dialling import ON_THE_WIRE
from fleet import Fleet
from live import ROOT, until
from peer import Peer

from app.telephony.sip.carrier import SIGN_SECONDS
from app.telephony.trunk import FIRST_PAUSE_SECONDS

pytestmark = ON_THE_WIRE

STORY = b"""<?xml version="1.0"?>
<vxml version="2.1" xmlns="http://www.w3.org/2001/vxml"><form><block><prompt>%s</prompt></block></form></vxml>""" % (
    b"Once upon a time there was a trunk that carried every call to where it was to go. " * 12
)
CALLER_ID = "+16175559999"
MOST_BYTES = 65_535
TIMER_B_SECONDS = 32.0


@pytest.fixture
def customer() -> Iterator[Customer]:
    with Customer().open() as customer:
        customer.answers["/start"] = lambda _: Reply(body=STORY)
        yield customer


def fleet(folder: Path, address: str, **settings: str) -> Fleet:
    trunk = {"carrier": "sip", "sip_trunk": address, "sip_caller_id": CALLER_ID, **settings}
    return Fleet(folder, f"sqlite:///{folder}/ringback.db", **trunk)


def queue(programs: Fleet, customer: Customer, number: str, **more: object) -> int:
    form = {
        **programs.account,
        "phone_number": number,
        "start_url": f"{customer.url}/start",
        "result_url": f"{customer.url}/result",
        "max_retries": 0,
    }
    answer = programs.post("/webservice/queuecall.php", form | more)
    return int(answer.partition('call_id="')[2].partition('"')[0])


def ready(programs: Fleet) -> str:
    """What /readyz says: empty when ready."""
    try:
        urllib.request.urlopen(f"{programs.webs[0].url}/readyz", timeout=10).close()
    except urllib.error.HTTPError as not_ready:
        return not_ready.read().decode()
    return ""


def metric(programs: Fleet, name: str) -> str:
    with urllib.request.urlopen(f"{programs.webs[0].url}/metrics", timeout=10) as answer:
        return next(line for line in answer.read().decode().splitlines() if line.startswith(f"{name} ")).split()[1]


def check(address: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """``ringback sip check``."""
    given = {"sip_trunk": address, "sip_caller_id": CALLER_ID, **settings}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RINGBACK_")}
    environment |= {"PYTHONPATH": str(ROOT)} | {f"RINGBACK_{name.upper()}": value for name, value in given.items()}
    command = [sys.executable, "-m", "app", "sip", "check"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def statuses(programs: Fleet) -> list[tuple[str, str, int]]:
    return programs.rows("SELECT status, callee_type, attempts FROM call ORDER BY id")


def begun(peer: Peer) -> Counter[str]:
    """How many calls, each with a Call-ID of its own, came for each number."""
    return Counter(call.number for call in peer.calls())


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_trunk_that_is_dead_pauses_dialling_until_it_is_well(
    tmp_path: Path, customer: Customer, transport: str
) -> None:
    """Over UDP nothing tells that nobody listens there: an INVITE is given up when its time is over."""
    peer = Peer(tmp_path, transport=transport, ring=0.3)
    with fleet(tmp_path, peer.address, sip_transport=transport, lines="3") as programs:
        programs.start()
        for last in range(3):
            queue(programs, customer, f"617222500{last}")
        until(lambda: "does not answer" in ready(programs), 90, "the trouble is known")
        assert metric(programs, "ringback_trunk_trouble") == "1.0"
        assert statuses(programs) == [("failed", "linefailure", 1)] * 3
        with peer:
            for last in range(3, 5):
                queue(programs, customer, f"617222500{last}")
            until(lambda: len(peer.calls()) == 2, 60, "the others are dialled")
            until(lambda: not ready(programs), 30, "it is well again")
        assert programs.doubled() == 0


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({}, id="asked with OPTIONS"),
        pytest.param(
            {"sip_register": "true", "sip_user": "ringback", "sip_password": "secret"},
            id="registered",
            marks=pytest.mark.soak,
        ),
    ],
)
def test_an_attempt_is_sent_once_to_a_trunk_that_answers_all_but_calls(
    tmp_path: Path, customer: Customer, more: dict[str, str]
) -> None:
    """Somebody's phone may ring for each of them: none is sent again, and one after the other tries the trunk."""
    with Peer(tmp_path, ring=0.3) as peer, fleet(tmp_path, peer.address, lines="3", **more) as programs:
        programs.start()
        for number in ("6172810000", "6182810000", "6192810000"):
            queue(programs, customer, number)
        until(lambda: "does not answer" in ready(programs), 60, "the trouble is known")
        for number in ("6175550103", "6185550103", "6195550103"):
            queue(programs, customer, number)
        assert statuses(programs) == [("failed", "linefailure", 1)] * 3 + [("queued", "", 0)] * 3
        until(lambda: not ready(programs), 60, "a call is answered")
        until(lambda: {status for status, _, _ in statuses(programs)} == {"failed"}, 30, "the others are dialled")
        assert statuses(programs)[3:] == [("failed", "busy", 1)] * 3
        assert set(begun(peer).values()) == {1}
        assert programs.doubled() == 0
        first, trial, *others = [call.begin for call in peer.calls()[2:]]
        meanwhile = [m for m in peer.messages() if trial - FIRST_PAUSE_SECONDS < m.at < trial]
        assert 200 in {m.status for m in meanwhile if not m.received}, "it answers everything but calls"
        assert trial - first >= SIGN_SECONDS + FIRST_PAUSE_SECONDS > TIMER_B_SECONDS
        sent = [message.at for message in peer.requests("INVITE") if "2810000" in message.uri]
        assert max(sent) - min(sent) < TIMER_B_SECONDS - 1, "after Timer B the stack sends it to the next address"
        assert trial < min(others)


def test_a_registrar_that_refuses_lets_nothing_be_dialled(tmp_path: Path, customer: Customer) -> None:
    user = {"sip_register": "true", "sip_user": "ringback", "sip_password": "secret"}
    with Peer(tmp_path, register=403) as peer, fleet(tmp_path, peer.address, **user) as programs:
        programs.start()
        queue(programs, customer, "6175550100")
        until(lambda: "403" in ready(programs), 30, "it is told")
        late = queue(programs, customer, "6175550102")
        with contextlib.closing(programs.connection()) as connection:
            connection.execute("UPDATE call SET expires_at = 0 WHERE id = ?", [late])
        until(lambda: statuses(programs)[1][0] == "failed", 30, "the scheduler works on: it has ended what expired")
        assert statuses(programs) == [("queued", "", 0), ("failed", "noattempt", 0)]
        assert peer.calls() == []
        told = check(peer.address, **user)
        assert told.returncode == 1
        assert "403" in told.stderr
        assert "RINGBACK_SIP_PASSWORD" in told.stderr


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_registrar_that_knows_us_lets_calls_go(tmp_path: Path, customer: Customer, transport: str) -> None:
    user = {"sip_register": "true", "sip_user": "ringback", "sip_password": "secret", "sip_transport": transport}
    with Peer(tmp_path / "asked", transport=transport) as peer:
        told = check(peer.address, **user)
        assert (told.returncode, "registered" in told.stdout) == (0, True), told.stderr
    # Another one: sipp does not outlive a connection that is reset, as that of a program which has ended may be.
    with Peer(tmp_path, ring=0.3, transport=transport) as peer, fleet(tmp_path, peer.address, **user) as programs:
        programs.start()
        queue(programs, customer, "6175550103")
        until(lambda: statuses(programs)[0][:2] == ("failed", "busy"), 30, "it is dialled")


def test_a_trunk_is_found_by_a_name_that_only_this_machine_knows(tmp_path: Path, customer: Customer) -> None:
    with Peer(tmp_path) as peer, fleet(tmp_path, peer.address.replace("127.0.0.1", "localhost")) as programs:
        programs.start()
        queue(programs, customer, "6175550103")
        until(lambda: statuses(programs)[0][:2] == ("failed", "busy"), 30, "it is dialled")


def test_a_user_that_can_not_be_registered_is_told_at_once(exchange: Peer) -> None:
    told = check(exchange.address, sip_register="true", sip_user="alice@example.com")
    assert told.returncode == 2
    assert "user contains '@'" in told.stderr
    assert "died" not in told.stderr


def test_the_check_says_what_the_trunk_answers(exchange: Peer) -> None:
    told = check(exchange.address)
    assert told.returncode == 0, told.stderr
    assert f"{exchange.address} (udp) answers OPTIONS: 200" in told.stdout


@pytest.mark.parametrize(
    ("address", "says"),
    [("127.0.0.1:9", "127.0.0.1:9"), ("nobody.invalid", "nobody.invalid:5060")],
    ids=["nobody listens", "no such host"],
)
def test_the_check_says_what_to_mend(address: str, says: str) -> None:
    told = check(address)
    assert told.returncode == 1
    assert says in told.stderr
    assert "RINGBACK_SIP_TRUNK" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_scheduler_that_is_told_to_stop_hangs_up(tmp_path: Path, customer: Customer) -> None:
    """What rings is cancelled at once; who talks is hung up on at the latest when the grace period is over."""
    with Peer(tmp_path, ring=0.3) as peer, fleet(tmp_path, peer.address) as programs:
        programs.start()
        queue(programs, customer, "6175550104")
        queue(programs, customer, "6175550100")
        until(
            lambda: [status for status, _, _ in statuses(programs)] == ["dialing", "connected"], 30, "both are called"
        )
        until(lambda: len(peer.calls()) == 2, 10, "the peer knows of both")
        began = time.monotonic()
        programs.schedulers[0].stop()
        assert time.monotonic() - began < 15
        ringing, talking = sorted(peer.calls(), key=lambda call: call.number, reverse=True)
        assert ringing.count("CANCEL") == 1
        assert talking.count("BYE") == 1
        assert [(status, callee_type) for status, callee_type, _ in statuses(programs)] == [("failed", "unknown")] * 2
        assert programs.doubled() == 0


def test_what_the_trunk_has_not_answered_yet_is_cancelled_as_well(tmp_path: Path, customer: Customer) -> None:
    """A trunk that is told of a call, and stays silent until the scheduler was told to stop."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trunk:
        trunk.bind(("127.0.0.1", 0))
        trunk.settimeout(30)
        with fleet(tmp_path, "127.0.0.1:{1}".format(*trunk.getsockname())) as programs:
            programs.start()
            queue(programs, customer, "6175550104")
            trunk.recv(MOST_BYTES)
            stopping = threading.Thread(target=programs.schedulers[0].stop)
            stopping.start()
            invite, caller = trunk.recvfrom(MOST_BYTES)
            copied = [
                line for line in invite.split(b"\r\n") if line.startswith((b"Via", b"From", b"To", b"Call", b"CSeq"))
            ]
            trunk.sendto(b"\r\n".join([b"SIP/2.0 100 Trying", *copied, b"Content-Length: 0", b"", b""]), caller)
            while not trunk.recv(MOST_BYTES).startswith(b"CANCEL "):
                pass
            stopping.join()


def test_a_scheduler_that_is_killed_in_mid_call_dials_nobody_twice(tmp_path: Path, customer: Customer) -> None:
    with Peer(tmp_path, ring=0.3) as peer, fleet(tmp_path, peer.address) as programs:
        programs.start()
        queue(programs, customer, "6175550100")
        until(lambda: statuses(programs)[0][0] == "connected", 30, "it talks")
        programs.schedulers[0].kill()
        programs.schedulers[0].start()
        until(lambda: statuses(programs)[0][0] == "failed", 90, "another settles it")
        until(lambda: customer.posts("/result"), 30, "the result is told")
        assert statuses(programs) == [("failed", "unknown", 1)]
        assert len(peer.calls()) == 1
        assert programs.doubled() == 0


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    """An environment in which the extra's packages can't be imported."""
    (tmp_path / "baresip").mkdir()
    (tmp_path / "baresip" / "__init__.py").write_text("raise ImportError(name='baresip')")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RINGBACK_")}
    environment |= {
        "PYTHONPATH": f"{tmp_path}:{ROOT}",
        "RINGBACK_CARRIER": "sip",
        "RINGBACK_SIP_TRUNK": "127.0.0.1:5060",
        "RINGBACK_SIP_CALLER_ID": CALLER_ID,
        "RINGBACK_DATABASE": f"sqlite:///{tmp_path}/ringback.db",
    }
    command = [sys.executable, "-m", "app", "scheduler"]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert told.returncode == 2
    assert "pip install 'ringback[sip]'" in told.stderr
