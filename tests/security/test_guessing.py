"""Attacks on PINs from many addresses: what they find, whom they shut out, and what is told about them."""

import logging
import re
import time
from collections import Counter

import pytest
from flask.testing import FlaskClient

from app.calls import accounts, login_failures, login_refusals, login_throttle, tallies
from app.calls.credentials import Credentials
from app.calls.db import execute, writing
from app.calls.login_throttle import WINDOW, Guesser
from app.errors import BadCredentials, LockedOut, LoginClosed, WeakPin

pytestmark = pytest.mark.one_engine

HOUR, DAY = 3600.0, 24 * 3600.0
HOME, OTHER_HOME = "198.51.100.1", "198.51.100.2"
STRONG = "837465"


class Server:
    """The check of one process, on machine time that the test moves; any PIN but ``pin`` is wrong, at no cost."""

    def __init__(self, pin: str) -> None:
        self.now = 1_800_000_000.0
        self.checked = 0
        self.paused: list[float] = []
        self.pin = pin
        self.credentials = Credentials(
            b"a key", lambda: self.now, lambda: self.now, self.paused.append, verify=self._verify
        )

    def _verify(self, pin_hash: str, pin: str) -> bool:
        self.checked += 1
        return pin == self.pin

    def tries(self, login: str, pin: str, address: str, *, own_machine: bool = False) -> str:
        try:
            self.credentials.check(login, pin, address, own_machine=own_machine)
        except BadCredentials:
            return "wrong"
        except LoginClosed:
            return "closed"
        except LockedOut:
            return "locked out"
        return "good"

    def attacked(self, guesses: int, login: str = "clinic") -> Counter[str]:
        """What so many guesses come to, each from an address of its own in a network of its own."""
        return Counter(
            self.tries(login, f"no{number}", f"198.18.{number // 256}.{number % 256}") for number in range(guesses)
        )


@pytest.fixture
def weak(web: FlaskClient) -> Server:
    """A server whose account ``clinic`` has a PIN of four digits."""
    accounts.add("clinic", "4711", accounts.named("demo").created_at, allow_weak_pin=True)
    return Server("4711")


@pytest.fixture
def strong(web: FlaskClient) -> Server:
    """The same with one of six."""
    accounts.add("clinic", STRONG, accounts.named("demo").created_at)
    return Server(STRONG)


def test_newcomers_get_in_while_one_network_guesses(strong: Server) -> None:
    """1,000 guesses from the /64s of one /48: 20 are checked, and 24 newcomers from elsewhere neither fail nor wait."""
    guesses = Counter(strong.tries("clinic", f"no{number}", f"2001:db8:1:{number:x}::/64") for number in range(1_000))
    assert guesses == {"wrong": 20, "locked out": 980}
    newcomers = [f"203.0.113.{number}" for number in range(12)] + [f"2001:db8:2:{n:x}::/64" for n in range(12)]
    assert [strong.tries("clinic", STRONG, address) for address in newcomers] == ["good"] * 24
    assert strong.paused == []


@pytest.mark.parametrize(
    ("networks", "wrong"),
    [
        pytest.param([f"2001:db8:1:2{n:02x}::/64" for n in range(200)], 10, id="the /64s of a /56"),
        pytest.param([f"2001:db8:1:{n:x}00::/64" for n in range(200)], 20, id="the /56s of a /48"),
        pytest.param([f"2001:db8:{n:x}::/64" for n in range(200)], 200, id="different /48s"),
    ],
)
def test_ipv6_is_counted_by_its_networks(strong: Server, networks: list[str], wrong: int) -> None:
    """For one login, whatever /64 a guess comes from."""
    answers = Counter(strong.tries("clinic", f"no{number}", each) for number, each in enumerate(networks))
    assert answers["wrong"] == wrong == strong.checked


def test_a_known_address_does_not_answer_for_its_neighbours(strong: Server) -> None:
    """Its own wrong PINs count for it, not what others in its /48 do; a newcomer there is refused with them."""
    assert strong.tries("clinic", STRONG, "2001:db8:1:1::/64") == "good"
    for number in range(2, 90):
        strong.tries(f"login {number}", "0", f"2001:db8:1:{number:x}00::/64")
        strong.tries("clinic", f"no{number}", f"2001:db8:1:{number:x}00::/64")
    strong.now += 301  # nothing is remembered any more
    assert strong.tries("clinic", STRONG, "2001:db8:1:1::/64") == "good"
    assert strong.tries("clinic", STRONG, "2001:db8:1:ffff::/64") == "locked out"


def test_four_digits_are_not_found_by_trying(weak: Server) -> None:
    """From ever new addresses, 20 PINs are checked in a day; then only addresses of the last 30 days are let in."""
    assert weak.tries("clinic", "4711", HOME) == "good"
    assert weak.attacked(300) == {"wrong": 20, "closed": 280}
    assert weak.tries("clinic", "4711", "203.0.113.9") == "closed"
    assert weak.tries("clinic", "4711", HOME) == "good"
    assert weak.paused == []
    checked = weak.checked
    for hour in range(2 * 24):
        weak.now += HOUR
        for number in range(5):
            weak.tries("clinic", f"no{hour} {number}", f"198.19.{hour}.{number}")
    assert weak.checked - checked <= 2 * 20


def test_a_weak_pin_is_open_to_addresses_of_the_last_30_days(weak: Server) -> None:
    """Also after more than the day for which they may be wrong more often."""
    assert weak.tries("clinic", "4711", HOME) == "good"
    weak.now += 2 * DAY
    assert weak.tries("clinic", "4711", OTHER_HOME) == "good"
    weak.now += 28 * DAY
    assert weak.attacked(30) == {"wrong": 20, "closed": 10}
    assert weak.tries("clinic", "4711", OTHER_HOME) == "good"
    assert weak.tries("clinic", "4711", HOME) == "closed"


def test_when_a_closed_login_opens_again(weak: Server) -> None:
    """Retry-After is the time until the wrong PINs of a day are fewer than 20 again."""
    weak.attacked(15)
    weak.now += 5 * HOUR
    assert weak.attacked(15) == {"wrong": 5, "closed": 10}
    with pytest.raises(LoginClosed) as refused:
        weak.credentials.check("clinic", "4711", HOME)
    assert 18 * HOUR < refused.value.retry_after <= 19 * HOUR
    weak.now += refused.value.retry_after - 1
    assert weak.tries("clinic", "4711", HOME) == "closed"
    weak.now += 1
    assert weak.tries("clinic", "4711", HOME) == "good"


def test_wrong_pins_of_a_known_address_close_nothing(weak: Server) -> None:
    """A program that goes on with the old PIN shuts no newcomer out."""
    assert weak.tries("clinic", "4711", HOME) == "good"
    assert Counter(weak.tries("clinic", f"no{number}", HOME) for number in range(49)) == {"wrong": 49}
    assert weak.tries("clinic", "4711", "203.0.113.9") == "good"


def test_a_strong_pin_stays_open_and_is_slow(strong: Server) -> None:
    """2 s at most for newcomers, nothing for who is known, whatever others do."""
    assert strong.tries("clinic", STRONG, HOME) == "good"
    assert strong.attacked(200) == {"wrong": 200}
    assert strong.paused[:3] == [pytest.approx(0.1), pytest.approx(0.2), pytest.approx(0.3)]
    assert max(strong.paused) == 2.0
    assert strong.tries("clinic", STRONG, OTHER_HOME) == "good"
    waits = len(strong.paused)
    strong.now += 301
    assert strong.tries("clinic", STRONG, HOME) == "good"
    assert len(strong.paused) == waits


def test_after_1000_wrong_pins_in_a_day_a_strong_one_is_closed_too(
    strong: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """One line says so, in time; a new PIN opens it at once."""
    account = accounts.named("clinic")
    assert strong.tries("clinic", STRONG, HOME) == "good"
    _failures("clinic", account.id, 990, strong.now)
    with caplog.at_level(logging.WARNING, "app.calls.login_failures"):
        assert strong.attacked(20) == {"wrong": 10, "closed": 10}
    lines = [record.getMessage() for record in caplog.records if record.name == "app.calls.login_failures"]
    assert lines == [
        f"account {account.id}: 1000 wrong PINs from new addresses within a day; it is closed to new addresses"
    ]
    assert strong.tries("clinic", STRONG, HOME) == "good"
    (closed,) = login_failures.closed(strong.now)
    assert (closed.login, closed.failures) == ("clinic", 1_000)
    accounts.change_pin("clinic", "kx83qz1")
    strong.pin = "kx83qz1"
    assert login_failures.closed(strong.now) == []
    assert strong.tries("clinic", "kx83qz1", OTHER_HOME) == "good"


def test_logins_that_nobody_has_close_or_not_as_others_do(strong: Server) -> None:
    """So that being shut out tells nothing: each always behaves the same, some as if weak, some as if strong."""
    answers = {login: strong.attacked(25, login)["closed"] for login in (f"nobody {n}" for n in range(6))}
    assert set(answers.values()) == {0, 5}
    strong.now += DAY
    assert {login: strong.attacked(25, login)["closed"] for login in answers} == answers


def test_rows_of_failures_have_an_upper_bound(weak: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Logins that nobody has push each other out, never what was counted for an account."""
    monkeypatch.setattr(login_failures, "MAX_UNKNOWN_LOGINS", 50)
    weak.attacked(20)
    for number in range(100):
        weak.tries(f"nobody {number}", "0", f"203.0.{number}.1")
    (unknown,) = execute("SELECT count(*) FROM login_failure WHERE account_id IS NULL").fetchone()
    assert unknown == 50
    assert weak.tries("clinic", "4711", HOME) == "closed"
    weak.now += 25 * HOUR
    assert weak.tries("nobody", "0", HOME) == "wrong"
    assert execute("SELECT count(*) FROM login_failure").fetchone()[0] == 1


def test_the_demo_account_is_exempt_on_its_own_machine(web: FlaskClient) -> None:
    """Its PIN is no secret there; where others are served it is as weak as any."""
    server = Server("1234")
    assert server.attacked(40, "demo") == {"wrong": 20, "closed": 20}
    assert server.tries("demo", "1234", "127.0.0.1", own_machine=True) == "good"
    assert server.tries("demo", "1234", "203.0.113.9") == "closed"
    form = {"login": "demo", "pin": "1234"}
    _failures("demo", accounts.named("demo").id, 30, time.time())
    assert "login or pin" not in web.post("/queuecall.php", data=form).text


def test_a_pin_that_was_set_before_is_rated_when_it_is_used(web: FlaskClient) -> None:
    """Until then it counts as weak."""
    accounts.add("clinic", STRONG, accounts.named("demo").created_at)
    with writing():
        execute("UPDATE account SET weak_pin = NULL")
    server = Server(STRONG)
    assert server.attacked(25) == {"wrong": 20, "closed": 5}
    login_throttle.forgive("clinic")
    assert server.tries("clinic", STRONG, HOME) == "good"
    assert accounts.named("clinic").weak_pin is False
    assert server.attacked(25) == {"wrong": 25}
    server.pin = "1234"
    assert server.tries("demo", "1234", HOME) == "good"
    assert accounts.named("demo").weak_pin is True


@pytest.mark.parametrize(
    "pin", ["1", "1234", "83746", "123456", "111111", "654321", "121212", "159753", "qwerty", "letmein", "clinic1"]
)
def test_weak_pins_are_taken_from_those_alone_who_insist(database: None, pin: str) -> None:
    """The refusal names the rule; nothing is left behind by it."""
    now = accounts.named("demo").created_at
    with pytest.raises(WeakPin, match="pin: must have at least 6 characters and be none of those that are tried first"):
        accounts.add("clinic1", pin, now)
    assert [each.login for each in accounts.every()] == ["demo"]
    assert accounts.add("clinic1", pin, now, allow_weak_pin=True).weak_pin is True
    with pytest.raises(WeakPin):
        accounts.change_pin("clinic1", pin)
    accounts.change_pin("clinic1", STRONG)
    assert accounts.named("clinic1").weak_pin is False


def test_every_refusal_is_logged_and_counted(weak: Server, caplog: pytest.LogCaptureFixture) -> None:
    """With its reason and address, and the account if there is one; never with a PIN, or what was typed as a login."""
    account = accounts.named("clinic")
    with caplog.at_level(logging.WARNING, "app.calls.login_refusals"):
        assert weak.tries("7719038465", "5546", HOME) == "wrong"
        assert Counter(weak.tries("clinic", f"5546{n}", HOME) for n in range(7)) == {"wrong": 5, "locked out": 2}
        weak.attacked(16)
    lines = Counter(record.getMessage() for record in caplog.records)
    assert lines["refused: wrong_pin, for a login that no account has, from 198.51.100.1"] == 1
    assert lines[f"refused: wrong_pin, for account {account.id}, from 198.51.100.1"] == 5
    assert lines[f"refused: address_locked, for account {account.id}, from 198.51.100.1"] == 2
    assert lines[f"refused: login_closed, for account {account.id}, from 198.18.0.15"] == 1
    assert lines.total() == 1 + 7 + 16
    assert not re.search("5546|7719038465", "\n".join(lines))

    def counted() -> dict[str, float]:
        return {label: value for (name, label), value in tallies.read().items() if name == "login_refusals"}

    weak.now += login_refusals.WRITE_SECONDS  # a process writes once a second at most
    assert weak.tries("clinic", "4711", "203.0.113.9") == "closed"
    assert counted() == {"wrong_pin": 21, "address_locked": 2, "login_closed": 2}


def test_metrics_and_console_tell_of_a_login_that_is_closed(weak: Server, web: FlaskClient) -> None:
    """A gauge for all, the login by name on the overview."""
    _failures("clinic", accounts.named("clinic").id, 20, time.time())
    metrics = web.get("/metrics").text
    assert "ringback_logins_closed 1.0" in metrics
    assert 'ringback_login_refusals_total{reason="busy"} 0.0' in metrics
    token = web.get("/login").text.split('name="csrf_token" value="')[1].split('"')[0]
    web.post("/login", data={"login": "demo", "pin": "1234", "csrf_token": token})
    assert (
        "<strong>The PIN of clinic is being guessed:</strong> 20 wrong PINs within a day" in web.get("/overview").text
    )


def test_an_address_is_refused_before_its_login_is_read(strong: Server) -> None:
    """When no login at all could be tried from it; an address that is known for one still may try that one."""
    for number in range(20):
        login_throttle.refuse_locked_address("203.0.113.9", strong.now)
        assert strong.tries(f"nobody {number}", "0", "203.0.113.9") == "wrong"
    with pytest.raises(LockedOut):
        login_throttle.refuse_locked_address("203.0.113.9", strong.now)
    login_throttle.refuse_locked_address("203.0.113.9", strong.now + WINDOW)
    assert strong.tries("clinic", STRONG, HOME) == "good"
    for number in range(30):
        strong.tries(f"nobody {number}", "0", HOME)
    login_throttle.refuse_locked_address(HOME, strong.now)
    for _ in range(200):
        _wrong(HOME, strong.now)
    with pytest.raises(LockedOut):
        login_throttle.refuse_locked_address(HOME, strong.now)


@pytest.mark.parametrize("path", ["/queuecall.php", "/queuecalls.php", "/login"])
def test_the_answer_when_too_many_are_checked(web: FlaskClient, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 and Retry-After, in the format of the path."""
    credentials = web.application.extensions["classic"].credentials
    monkeypatch.setattr(credentials, "_waiting_newcomers", _Full())
    form = {"login": "nobody", "pin": "0"}
    if path == "/login":
        form["csrf_token"] = web.get("/login").text.split('name="csrf_token" value="')[1].split('"')[0]
    answer = web.post(path, data=form)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert "too many logins are being checked at this moment; try again" in answer.text
    assert ('status="failed"' in answer.text) == path.endswith(".php")


class _Full:
    def acquire(self, *, blocking: bool) -> bool:
        return False


def _failures(login: str, account_id: int, count: int, now: float) -> None:
    """Let so many wrong PINs have come for an account a moment ago."""
    with writing():
        execute(
            "INSERT INTO login_failure (login, hour, account_id, failures) VALUES (?, ?, ?, ?)",
            Guesser.of(login, "").login,
            int(now // HOUR),
            account_id,
            count,
        )


def _wrong(address: str, now: float) -> None:
    with writing():
        execute(
            "INSERT INTO guess (login, address, network, at, wrong) VALUES (?, ?, ?, ?, ?)",
            "x",
            address,
            address,
            now,
            True,
        )
