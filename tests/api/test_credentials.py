"""Logins and PINs: nobody guesses them, nobody locks others out, and nothing tells which logins there are."""

import io
import secrets
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient
from live import ROOT, until
from werkzeug.test import TestResponse

from app.calls import accounts, login_throttle, pin_hashing
from app.calls.credentials import NEWCOMERS_AT_ONCE, Credentials
from app.calls.db import execute, writing
from app.calls.login_throttle import (
    FAMILIAR_SECONDS,
    KNOWN_SECONDS,
    MAX_GUESSES,
    MAX_KNOWN,
    WINDOW,
    Familiarity,
    Guesser,
)
from app.errors import BadCredentials, LockedOut, LoginClosed, TooManyChecks
from app.settings import Settings

HOME, STRANGER = "198.51.100.1", "203.0.113.9"
MINUTE = 60.0


class Processes:
    """Web processes on one database, each with a memory of its own, on machine time that the test moves.

    ``checked`` counts the PINs that were really checked, ``paused`` has the seconds that somebody was slowed down by.
    """

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.checked = 0
        self.paused: list[float] = []
        self.one = self.another()

    def another(
        self, verify: Callable[[str, str], bool] = pin_hashing.verify, pause: Callable[[float], object] | None = None
    ) -> Credentials:
        def counting(pin_hash: str, pin: str) -> bool:
            self.checked += 1
            return verify(pin_hash, pin)

        def pausing(seconds: float) -> None:
            (pause or self.paused.append)(seconds)

        return Credentials(b"a key", lambda: self.now, lambda: self.now, pausing, counting)

    def tries(self, login: str, pin: str, address: str, by: Credentials | None = None) -> str:
        try:
            (by or self.one).check(login, pin, address)
        except BadCredentials:
            return "wrong"
        except LoginClosed:
            return "closed"
        except LockedOut:
            return "locked out"
        except TooManyChecks:
            return "busy"
        return "good"

    def many(self, count: int, login: str, address: str) -> Counter[str]:
        return Counter(self.tries(login, f"no{number}", address) for number in range(count))


@pytest.fixture
def processes(database: None) -> Processes:
    return Processes()


@pytest.fixture
def quick(database: None) -> Processes:
    """The same, where a check costs nothing, only PIN 1234 is right, and that counts as strong: for many guesses."""
    demo = accounts.named("demo")
    accounts.note_strength(demo.id, demo.pin_hash, weak=False)
    processes = Processes()
    processes.one = processes.another(_quick)
    return processes


def _quick(pin_hash: str, pin: str) -> bool:
    return pin == "1234"


def rows(table: str = "guess") -> int:
    return int(execute(f"SELECT count(*) FROM {table}").fetchone()[0])


@pytest.mark.one_engine
def test_10000_wrong_pins_from_8_addresses(quick: Processes) -> None:
    """5 checks for each of them in 15 minutes; who is known for the login goes in meanwhile, without a wait."""
    assert quick.tries("demo", "1234", HOME) == "good"
    quick.checked = 0
    answers: Counter[str] = Counter()
    for number in range(10_000):
        answers[quick.tries("demo", f"{number + 10_000}", f"203.0.113.{number % 8}")] += 1
        if number % 1000 == 0:
            before, waits = quick.checked, len(quick.paused)
            assert quick.tries("demo", "1234", HOME) == "good"
            assert quick.tries("demo", "1234", HOME, quick.another(_quick)) == "good"  # nothing remembered
            quick.checked = before
            assert len(quick.paused) == waits
    assert answers == {"wrong": 8 * 5, "locked out": 10_000 - 8 * 5}
    assert quick.checked == 8 * 5 == rows()


def test_the_right_pin_is_refused_too(processes: Processes) -> None:
    """Or else being locked out would tell when a guess is right; elsewhere the account is open."""
    assert processes.many(5, "demo", STRANGER) == {"wrong": 5}
    before = processes.checked
    assert processes.tries("demo", "1234", STRANGER) == "locked out"
    assert processes.checked == before
    assert processes.tries("demo", "1234", HOME) == "good"
    assert processes.tries("demo", "1234", STRANGER) == "locked out"


def test_what_is_remembered_answers_nobody_who_is_locked_out(processes: Processes) -> None:
    """Not even at the address of the good check: 50 wrong ones there, and the right one is refused as they are."""
    assert processes.tries("demo", "1234", HOME) == "good"
    assert processes.many(60, "demo", HOME) == {"wrong": 50, "locked out": 10}
    assert processes.tries("demo", "1234", HOME) == "locked out"


def test_the_window_passes(processes: Processes) -> None:
    """Each wrong PIN counts for 15 minutes, and being refused adds nothing."""
    for _ in range(5):
        assert processes.tries("demo", "0", STRANGER) == "wrong"
        processes.now += MINUTE
    for minute in range(10):
        with pytest.raises(LockedOut) as refused:
            processes.one.check("demo", "0", STRANGER)
        assert refused.value.retry_after == (10 - minute) * 60
        processes.now += MINUTE
    assert processes.many(3, "demo", STRANGER) == {"wrong": 1, "locked out": 2}
    processes.now += 5 * MINUTE
    assert processes.tries("demo", "1234", STRANGER) == "good"


def test_one_address_and_many_logins(quick: Processes) -> None:
    """20 wrong ones over all logins; 200 for the login that this address is known for."""
    assert quick.tries("demo", "1234", HOME) == "good"
    assert Counter(quick.tries(f"login {n}", "0", HOME) for n in range(30)) == {"wrong": 20, "locked out": 10}
    assert quick.tries("demo", "1234", HOME) == "good"
    assert quick.tries("demo", "1234", HOME, quick.another(_quick)) == "good"
    assert quick.tries("demo", "0", HOME) == "wrong"


def test_200_wrong_at_a_known_address(quick: Processes) -> None:
    """Known for many logins, it may be wrong 50 times at each, and 200 times in all."""
    now = accounts.named("demo").created_at
    logins = ["demo", *(accounts.add(f"other {number}", "1234", now, allow_weak_pin=True).login for number in range(4))]
    assert [quick.tries(login, "1234", HOME) for login in logins] == ["good"] * 5
    wrong = sum((quick.many(60, login, HOME) for login in logins), Counter[str]())
    assert wrong == {"wrong": 200, "locked out": 100}


def test_known_for_24_hours(quick: Processes) -> None:
    """Longer only with another good check; the mark is written at most once an hour."""
    marks = lambda: execute("SELECT at FROM known_address").fetchall()  # noqa: E731
    began = quick.now
    assert quick.tries("demo", "1234", HOME) == "good"
    quick.now += 59 * MINUTE
    assert quick.tries("demo", "1234", HOME) == "good"
    assert marks() == [(began,)]
    quick.now += MINUTE
    assert quick.tries("demo", "1234", HOME) == "good"
    assert marks() == [(began,)]  # remembered, and so nothing is written
    quick.now += 5 * MINUTE
    assert quick.tries("demo", "1234", HOME) == "good"
    assert marks() == [(quick.now,)]
    quick.now += KNOWN_SECONDS - 1
    assert quick.many(6, "demo", HOME) == {"wrong": 6}
    quick.now += 1
    assert quick.many(6, "demo", HOME) == {"locked out": 6}


@pytest.mark.parametrize("hours", [1, 30])
def test_a_clock_that_is_set_back_locks_nobody_out_for_long(quick: Processes, hours: int) -> None:
    """What was written before is out of the window, as if it had passed, and goes with the next guess."""
    assert quick.many(6, "demo", HOME) == {"wrong": 5, "locked out": 1}
    quick.now -= hours * 60 * MINUTE
    assert quick.many(6, "demo", HOME) == {"wrong": 5, "locked out": 1}
    assert rows() == 5


@pytest.mark.parametrize("login", ["demo", "nobody"])
def test_16_wrong_at_once(quick: Processes, login: str) -> None:
    """In four processes: 5 are checked, whoever comes first."""
    four = [quick.another(lambda *_: bool(time.sleep(0.02))) for _ in range(4)]
    together = threading.Barrier(16)

    def guess(number: int) -> str:
        together.wait()
        return quick.tries(login, f"no{number}", STRANGER, four[number % 4])

    with ThreadPoolExecutor(16) as threads:
        answers = Counter(threads.map(guess, range(16)))
    assert answers == {"wrong": 5, "locked out": 11}
    assert quick.checked == 5


def test_24_right_at_once(quick: Processes) -> None:
    """The first requests of a day reach eight processes together, and all are let in: none of them was wrong."""
    slow = [quick.another(lambda *_: not time.sleep(0.05), time.sleep) for _ in range(8)]
    together = threading.Barrier(24)

    def enter(number: int) -> str:
        together.wait()
        return quick.tries("demo", "1234", HOME, slow[number % 8])

    with ThreadPoolExecutor(24) as threads:
        assert Counter(threads.map(enter, range(24))) == {"good": 24}
    assert quick.checked <= 8
    assert rows() == 0


def test_a_process_that_died_in_a_check(quick: Processes) -> None:
    """Its guesses count as wrong ones."""
    for _ in range(5):
        login_throttle.begin(Guesser.of("demo", STRANGER), quick.now)
    assert login_throttle.begin(Guesser.of("demo", STRANGER), quick.now) is None
    quick.now += MINUTE
    assert quick.tries("demo", "1234", STRANGER) == "locked out"
    quick.now += WINDOW
    assert quick.tries("demo", "1234", STRANGER) == "good"


def test_many_addresses_are_slowed_down(quick: Processes) -> None:
    """Whoever is not known waits longer and longer, up to 2 s, when ever new addresses guess; who is known does not."""
    assert quick.tries("demo", "1234", HOME) == "good"
    for number in range(60):
        assert quick.tries("demo", "0", f"192.0.2.{number}") == "wrong"
    assert quick.paused == [pytest.approx(min(n / 10, 2.0)) for n in range(1, 40)]
    assert quick.tries("other", "0", "192.0.2.99") == "wrong"
    assert quick.tries("demo", "1234", HOME, quick.another(_quick)) == "good"
    assert len(quick.paused) == 39
    assert quick.tries("demo", "1234", STRANGER) == "good"
    assert quick.paused[39:] == [2.0]


def test_few_newcomers_wait_at_once(quick: Processes) -> None:
    """Those beyond are refused at once and lose nothing; there is a place for another login; who is known goes on."""
    assert quick.tries("demo", "1234", HOME) == "good"
    for number in range(40):
        quick.tries("demo", "0", f"192.0.2.{number}")
    waiting, go_on = threading.Semaphore(0), threading.Event()

    def pause(seconds: float) -> None:
        waiting.release()
        go_on.wait(30)

    process = quick.another(_quick, pause)
    assert quick.tries("demo", "1234", HOME, process) == "good"
    of_one_login = NEWCOMERS_AT_ONCE * 3 // 4
    with ThreadPoolExecutor(of_one_login) as threads:
        addresses = [f"198.18.{number}.1" for number in range(of_one_login)]
        slowed = [threads.submit(quick.tries, "demo", "1234", address, process) for address in addresses]
        for _ in slowed:
            assert waiting.acquire(timeout=30)
        before = (quick.checked, rows())
        assert quick.tries("demo", "1234", STRANGER, process) == "busy"
        assert (quick.checked, rows()) == before
        assert quick.tries("other", "0", STRANGER, process) == "wrong"
        assert quick.tries("demo", "1234", HOME, process) == "good"
        quick.now += 400  # nothing is remembered any more: those who wait hold no lock
        assert quick.tries("demo", "1234", HOME, process) == "good"
        go_on.set()
        assert [each.result(30) for each in slowed] == ["good"] * of_one_login


def test_hashing_for_newcomers_is_in_nobodys_way(quick: Processes) -> None:
    """While their queue is full: the next is refused at once, known and remembered clients are let in."""
    assert quick.tries("demo", "1234", HOME) == "good"
    began, go_on = threading.Semaphore(0), threading.Event()

    def slow_for_newcomers(pin_hash: str, pin: str) -> bool:
        if pin.startswith("no"):
            began.release()
            go_on.wait(30)
        return pin == "1234"

    process = quick.another(slow_for_newcomers)
    with ThreadPoolExecutor(NEWCOMERS_AT_ONCE) as threads:
        waiting = [
            threads.submit(quick.tries, f"nobody {number}", f"no{number}", f"198.18.{number}.1", process)
            for number in range(NEWCOMERS_AT_ONCE)
        ]
        assert began.acquire(timeout=30)
        until(lambda: rows() == NEWCOMERS_AT_ONCE, 30, "all wait for the one who is checked")
        assert quick.tries("demo", "1234", STRANGER, process) == "busy"
        assert quick.tries("demo", "1234", HOME, process) == "good"
        assert quick.tries("demo", "1234", HOME, process) == "good"  # remembered
        go_on.set()
        assert Counter(each.result(30) for each in waiting) == {"wrong": NEWCOMERS_AT_ONCE}
    assert quick.tries("demo", "1234", STRANGER, process) == "good"


def test_one_network_takes_half_of_the_places(quick: Processes) -> None:
    """What comes from the /64s of one /48 counts as one client."""
    began, go_on = threading.Semaphore(0), threading.Event()

    def slow(pin_hash: str, pin: str) -> bool:
        began.release()
        return not go_on.wait(30)

    process = quick.another(slow)
    with ThreadPoolExecutor(NEWCOMERS_AT_ONCE) as threads:
        waiting = [
            threads.submit(quick.tries, f"nobody {number}", "0", f"2001:db8:1:{number:x}00::/64", process)
            for number in range(NEWCOMERS_AT_ONCE)
        ]
        until(lambda: sum(each.done() for each in waiting) == NEWCOMERS_AT_ONCE // 2, 30, "half of them are refused")
        elsewhere = threads.submit(quick.tries, "demo", "1", STRANGER, process)
        until(lambda: rows() == NEWCOMERS_AT_ONCE // 2 + 1, 30, "somebody else has a place")
        go_on.set()
        assert elsewhere.result(30) == "wrong"
        assert Counter(each.result(30) for each in waiting) == {"busy": 16, "wrong": 16}


def test_the_same_asked_at_the_same_time_is_checked_once(quick: Processes) -> None:
    """A program that sends twenty requests at once with a PIN that is no longer right makes one wrong guess."""
    together = threading.Barrier(20)
    process = quick.another(lambda *_: bool(time.sleep(0.3)))

    def ask(_: int) -> str:
        together.wait()
        return quick.tries("demo", "0", STRANGER, process)

    with ThreadPoolExecutor(20) as threads:
        assert Counter(threads.map(ask, range(20))) == {"wrong": 20}
    assert quick.checked == rows() == 1


def test_a_pin_that_another_process_changes(processes: Processes, settings: Settings) -> None:
    """The old one is refused from then on although it was remembered; who was locked out may try the new one."""
    assert processes.tries("demo", "1234", HOME) == "good"
    assert processes.many(6, "demo", STRANGER)["locked out"] == 1
    subprocess.run(
        [sys.executable, "-m", "app", "account", "pin", "demo", "--pin", "5678", "--allow-weak-pin"],
        cwd=ROOT,
        env={"RINGBACK_DATABASE": settings.database, "PATH": ""},
        check=True,
        capture_output=True,
    )
    assert processes.tries("demo", "1234", HOME) == "wrong"
    assert processes.tries("demo", "5678", HOME) == "good"
    assert processes.tries("demo", "5678", STRANGER) == "good"


def test_what_is_remembered_costs_little(processes: Processes) -> None:
    """A good check that is remembered hashes nothing, writes nothing, and takes less than a millisecond."""
    assert processes.tries("demo", "1234", HOME) == "good"
    before = (processes.checked, rows("known_address"), rows())
    took = []
    for _ in range(300):
        began = time.perf_counter()
        processes.one.check("demo", "1234", HOME)
        took.append(time.perf_counter() - began)
    assert (processes.checked, rows("known_address"), rows()) == before
    assert statistics.median(took) < 0.001


@pytest.mark.soak
def test_unknown_logins_take_as_long(processes: Processes) -> None:
    """A wrong PIN costs the same whether there is such a login or not, from the first request of a process on."""
    accounts.change_pin("demo", "1234", allow_weak_pin=True)  # the tests' own hash is a cheap one

    def seconds(login: str, number: int) -> float:
        began = time.perf_counter()
        assert processes.tries(login, "0", f"192.0.2.{number}") == "wrong"
        return time.perf_counter() - began

    took = [(seconds("demo", number), seconds(f"no{number}", number)) for number in range(8)]
    known, unknown = (min(column) for column in zip(*took, strict=True))
    assert 0.5 < known / unknown < 2, "without a hash to check it would be a hundredth"
    assert processes.checked == 16


@pytest.mark.parametrize(
    ("login", "pin"),
    [
        pytest.param("", "1234", id="no login"),
        pytest.param("demo", "", id="no PIN"),
        pytest.param("demo", "1" * 17, id="PIN of 17"),
        pytest.param("d" * 129, "1234", id="login of 129"),
        pytest.param("d" * 1_000_000, "1234", id="a million characters"),
        pytest.param("demo\0", "1234", id="NUL"),
        pytest.param("demo", "1234\0", id="NUL in the PIN"),
        pytest.param("demo\ud800", "1234", id="surrogate"),
        pytest.param("demo", "\udcff", id="surrogate in the PIN"),
    ],
)
def test_what_cannot_be_right_is_not_checked(processes: Processes, login: str, pin: str) -> None:
    """No account has such a login or PIN: refused at once, and nothing is counted."""
    assert processes.tries(login, pin, HOME) == "wrong"
    assert (processes.checked, rows()) == (0, 0)


@pytest.mark.parametrize("login", ["Demo", "demo ", "%", "?", "''; --", "\ufffd", "é𝄞", "\x01\x7f", "d" * 128])
def test_odd_logins_are_wrong_logins(quick: Processes, login: str) -> None:
    """Counted as any other."""
    assert quick.many(6, login, HOME) == {"wrong": 5, "locked out": 1}


@pytest.mark.one_engine
def test_5000_logins_that_nobody_has(quick: Processes) -> None:
    """From eight addresses they leave 20 rows each, and those go when they are old."""
    for number in range(5_000):
        quick.tries(secrets.token_hex(8), "0", f"192.0.2.{number % 8}")
    assert rows() == quick.checked == 8 * 20
    quick.now += WINDOW
    assert quick.tries("demo", "0", STRANGER) == "wrong"
    assert rows() == 1


def test_rows_have_an_upper_bound(quick: Processes) -> None:
    """However many addresses guess: the oldest rows go."""
    with writing():
        for number in range(30_000):
            execute(
                "INSERT INTO guess (login, address, at, wrong) VALUES (?, ?, ?, ?)", "x", str(number), quick.now, True
            )
    assert quick.tries("demo", "0", STRANGER) == "wrong"
    assert rows() == MAX_GUESSES
    assert quick.many(6, "demo", STRANGER) == {"wrong": 4, "locked out": 2}


def test_known_addresses_have_an_upper_bound(quick: Processes) -> None:
    """The newest thousand of a login, of the last 30 days."""
    login = Guesser.of("demo", HOME).login
    with writing():
        for number in range(MAX_KNOWN):
            execute(
                "INSERT INTO known_address (login, address, at) VALUES (?, ?, ?)",
                login,
                f"198.18.{number // 256}.{number % 256}",
                quick.now + number / 10,
            )
    quick.now += MAX_KNOWN
    assert quick.tries("demo", "1234", HOME) == "good"
    assert rows("known_address") == MAX_KNOWN

    def familiarity(address: str) -> Familiarity:
        return login_throttle.familiarity(Guesser.of("demo", address), quick.now)

    assert (familiarity("198.18.0.0"), familiarity("198.18.0.1")) == (Familiarity.NEW, Familiarity.KNOWN)
    quick.now += KNOWN_SECONDS
    assert familiarity(HOME) is Familiarity.FAMILIAR
    quick.now += FAMILIAR_SECONDS - KNOWN_SECONDS
    assert familiarity(HOME) is Familiarity.NEW
    assert quick.tries("demo", "1234", HOME) == "good"
    assert rows("known_address") == 1


LOCKED_OUT = """<?xml version="1.0"?>
<{root} status="failed">
    <error>login or pin not accepted; too many wrong tries, wait 15 minutes</error>
    <login>{login}</login>
    <pin>0</pin>
</{root}>
"""


@pytest.mark.parametrize("login", ["demo", "nobody"])
@pytest.mark.parametrize("root", ["queuecall", "queuecalls"])
def test_the_answer_to_who_is_locked_out(web: FlaskClient, root: str, login: str) -> None:
    """429 with the usual XML, the same for logins that do not exist; others are answered as ever."""
    path, form = f"/webservice/{root}.php", {"login": login, "pin": "0"}
    for _ in range(5):
        answer = web.post(path, data=form)
        assert (answer.status_code, "Retry-After" in answer.headers) == (200, False)
    for _ in range(2):
        answer = web.post(path, data=form)
        assert answer.status_code == 429
        assert answer.headers["Content-Type"] == "text/xml; charset=UTF-8"
        assert 880 < int(answer.headers["Retry-After"]) <= 900
        assert answer.text == LOCKED_OUT.format(root=root, login=login)
    elsewhere = web.post(path, data={"login": "demo", "pin": "1234"}, environ_base={"REMOTE_ADDR": STRANGER})
    assert "login or pin" not in elsewhere.text
    assert elsewhere.status_code == 200


class _Broken(io.RawIOBase):
    """A body that breaks off when it is read."""

    def readable(self) -> bool:
        return True

    def readinto(self, into: object) -> int:
        raise ConnectionResetError


@pytest.mark.parametrize("root", ["queuecall", "queuecalls"])
def test_a_long_body_of_a_locked_out_address_is_not_read(web: FlaskClient, cheap_pins: None, root: str) -> None:
    """Of one that was right a short while ago it is: there may be others behind the same address."""
    path = f"/{root}.php"

    def post_long(address: str) -> TestResponse:
        body = {"REMOTE_ADDR": address, "CONTENT_LENGTH": "8388608", "wsgi.input": _Broken()}
        return web.post(path, environ_overrides=body)

    for address, pin in ((STRANGER, "0"), (HOME, "1234")):
        there = {"REMOTE_ADDR": address}
        with web.post(path, data={"login": "demo", "pin": pin}, environ_base=there) as answer:
            assert answer.status_code == 200
        for number in range(19 if pin == "0" else 20):
            web.post(path, data={"login": f"nobody{number}", "pin": "0"}, environ_base=there)
    assert post_long(STRANGER).status_code == 429
    assert "it ended early" in post_long(HOME).text
    short = web.post(path, data={"login": "a", "pin": "0"}, environ_base={"REMOTE_ADDR": STRANGER})
    assert short.status_code == 429
    assert "<login>a</login>" in short.text


def test_an_address_is_locked_for_all_logins_together(quick: Processes) -> None:
    """20 wrong lock it for 15 minutes, unless somebody there was right: who it is stands in what is not read yet."""
    assert quick.tries("demo", "1234", HOME) == "good"
    for address in (STRANGER, HOME):
        for number in range(20):
            quick.one.refuse_locked_out(address)
            assert quick.tries(f"nobody{number}", "0", address) == "wrong"
    quick.one.refuse_locked_out(HOME)
    assert quick.tries("demo", "1234", HOME) == "good"
    with pytest.raises(LockedOut):
        quick.one.refuse_locked_out(STRANGER)
    quick.now += WINDOW + 1
    quick.one.refuse_locked_out(STRANGER)
