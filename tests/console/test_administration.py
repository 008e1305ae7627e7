"""What administrators do and see: accounts, settings in force, health; and the log of who did what."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from office import MovableClock, Office
from visitor import Visitor, words

from app.calls import accounts, audit
from app.calls.db import execute, writing
from app.console import in_force
from app.settings import Settings


@pytest.fixture
def visitor(web: FlaskClient) -> Visitor:
    return Visitor(web).sign_in()


def done(visitor: Visitor) -> list[tuple[str, str]]:
    """What the log says beside signing in, the oldest first."""
    told = [(entry.action, entry.subject) for entry in audit.latest(100) if entry.action != "signed in"]
    return told[::-1]


def somebody(visitor: Visitor, login: str = "somebody", pin: str = "837465") -> str:
    """The path of another account, made by form."""
    return visitor.send("/accounts", "/accounts", login=login, pin=pin, email="").headers["Location"]


def at_another_browser(visitor: Visitor) -> Visitor:
    return Visitor(visitor.web.application.test_client())


def test_an_account_is_made(visitor: Visitor) -> None:
    """It can sign in, is no administrator, and stands in the list; its PIN stands nowhere."""
    answer = visitor.send("/accounts", "/accounts", login=" boss ", pin="p-i-n-83746", email="Boss@example.com")
    page = visitor.follow(answer)
    assert "The account boss is made" in page
    assert "boss boss@example.com active on" in words(visitor.page("/accounts"))
    at_another_browser(visitor).sign_in("boss", "p-i-n-83746")
    assert not accounts.named("boss").is_admin
    for seen in (page, visitor.page("/accounts"), visitor.page("/audit")):
        assert "p-i-n-83746" not in seen
        assert accounts.named("boss").pin_hash not in seen
    assert done(visitor) == [("made an account", "boss")]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        pytest.param({"login": "demo"}, "login: demo already has an account", id="taken login"),
        pytest.param({"login": ""}, "login: must have 1 to 128 characters", id="no login"),
        pytest.param({"pin": ""}, "pin: must have 1 to 16 characters", id="no PIN"),
        pytest.param({"pin": " 1"}, "pin: must have 1 to 16 characters and no blank", id="PIN with a blank"),
        pytest.param({"pin": "4711"}, "pin: must have at least 6 characters and be none of those", id="weak PIN"),
        pytest.param({"email": "nowhere"}, "email: nowhere is not an e-mail address", id="no address"),
    ],
)
def test_an_account_is_refused_with_a_reason(visitor: Visitor, fields: dict[str, str], sentence: str) -> None:
    """In the form, which keeps what was typed but the PIN."""
    typed = {"login": "boss", "pin": "kx83-secret", "email": "boss@example.com"} | fields
    answer = visitor.send("/accounts", "/accounts", **typed)
    assert answer.status_code == 400
    assert sentence in words(answer.text)
    assert f'value="{typed["email"]}"' in answer.text
    assert "kx83-secret" not in answer.text
    assert [account.login for account in accounts.every()] == ["demo"]


def test_the_repeat_window_of_an_account(visitor: Visitor) -> None:
    """A field of its page, with its bounds; in the log."""
    path = somebody(visitor)
    visitor.send(path, path, repeat_seconds="60")
    assert accounts.named("somebody").repeat_seconds == 60
    assert 'value="60"' in visitor.page(path)
    assert ("changed an account's repeat window", "somebody: 0 → 60") in done(visitor)
    refused = visitor.send(path, path, repeat_seconds="86401")
    assert refused.status_code == 400
    assert "repeat window: must be a whole number of seconds from 0 to 86400" in words(refused.text)
    assert accounts.named("somebody").repeat_seconds == 60


def test_a_weak_pin_is_taken_from_who_insists(visitor: Visitor) -> None:
    """By a tick; the account is marked until it has another. The demo account of this machine is not."""
    made = visitor.send("/accounts", "/accounts", login="clinic", pin="4711", email="", allow_weak_pin="on")
    path = made.headers["Location"]
    assert "clinic weak PIN" in words(visitor.page("/accounts"))
    assert "weak PIN" not in words(visitor.page("/accounts")).replace("clinic weak PIN", "").replace("a weak PIN", "")
    assert "Its PIN is weak" in visitor.page(path)
    assert visitor.send(path, f"{path}/pin", pin="5678").status_code == 400
    visitor.send(path, f"{path}/pin", pin="5678", allow_weak_pin="on")
    assert "Its PIN is weak" in visitor.page(path)
    visitor.send(path, f"{path}/pin", pin="564738")
    assert "Its PIN is weak" not in visitor.page(path)


def test_a_pin_of_unknown_strength(visitor: Visitor) -> None:
    """One that was set before this was looked at."""
    path = somebody(visitor)
    with writing():
        execute("UPDATE account SET weak_pin = NULL")
    assert "Whether its PIN is weak is known once it is used again" in visitor.page(path)


def test_another_pin_ends_the_sessions_of_the_old_one(visitor: Visitor) -> None:
    """And the old PIN is refused."""
    path = somebody(visitor)
    other = at_another_browser(visitor).sign_in("somebody", "837465")
    answer = visitor.send(path, f"{path}/pin", pin="564738")
    assert "has a new PIN" in visitor.follow(answer)
    assert other.web.get("/overview").status_code == 302
    assert other.send("/login", "/login", login="somebody", pin="837465").status_code == 403
    other.sign_in("somebody", "564738")
    assert done(visitor)[1:] == [("changed an account's PIN", "somebody")]
    assert "564738" not in visitor.page("/audit") + visitor.page(path)
    assert visitor.send(path, f"{path}/pin", pin="x" * 17).status_code == 400


def test_all_else_about_an_account_is_changed_by_one_form(visitor: Visitor) -> None:
    """A box that is not ticked takes back; each change is written down, and what stayed is not."""
    path = somebody(visitor)
    form = visitor.forms(path)[path].fields
    assert {name: form.get(name) for name in ("detection", "is_admin")} == {"detection": "on", "is_admin": None}
    del form["detection"]
    changed = form | {"status": "inactive", "is_admin": "on", "email": "some@example.com"}
    assert "is changed" in visitor.follow(visitor.web.post(path, data=changed))
    account = accounts.named("somebody")
    assert (account.status, account.detection, account.is_admin) == ("inactive", False, True)
    assert done(visitor)[1:] == [
        ("changed an account's e-mail", "somebody: none → some@example.com"),
        ("changed an account's call detection", "somebody: on → off"),
        ("changed an account's status", "somebody: active → inactive"),
        ("changed an account's administrator", "somebody: off → on"),
    ]
    visitor.send(path, path, email="")
    assert accounts.named("somebody").email is None


def test_caller_ids_are_allowed_and_taken_back(visitor: Visitor) -> None:
    """By administrators, with a note for each; what is none is refused with the rule."""
    path = somebody(visitor)
    assert "There are none yet." in words(visitor.page(path))
    assert "may show 8009957586" in visitor.follow(visitor.send(path, f"{path}/caller_ids", ani="1 (800) 995-7586"))
    page = words(visitor.page(path))
    assert "8009957586 Remove" in page
    assert "Simulated calls may show any." in page
    answer = visitor.send(path, f"{path}/caller_ids", ani="911")
    assert (answer.status_code, "ani: must be 10 digits" in answer.text) == (400, True)
    removal = visitor.forms(path)[f"{path}/caller_ids"].fields
    for shown, status in (("no longer show 8009957586", 302), ("is not a caller ID of this account", 400)):
        answer = visitor.web.post(f"{path}/caller_ids", data=removal | {"ani": "", "remove": "8009957586"})
        assert answer.status_code == status
        assert shown in (answer.text if status == 400 else visitor.follow(answer))
    assert done(visitor)[1:] == [
        ("allowed a caller ID", "somebody: 8009957586"),
        ("took back a caller ID", "somebody: 8009957586"),
    ]
    other = at_another_browser(visitor).sign_in("somebody", "837465")
    assert other.web.get(path).status_code == 403


@pytest.mark.parametrize(
    ("login", "changes", "sentence"),
    [
        pytest.param("demo", {"status": "inactive"}, "You can't shut yourself out", id="oneself inactive"),
        pytest.param("demo", {"is_admin": ""}, "You can't shut yourself out", id="oneself no administrator"),
        pytest.param("somebody", {"status": "asleep"}, "status: must be active or inactive", id="no such status"),
        pytest.param("somebody", {"email": "demo@example.com"}, "address of another account", id="taken address"),
    ],
)
def test_a_change_is_refused_with_a_reason(
    visitor: Visitor, login: str, changes: dict[str, str], sentence: str
) -> None:
    """And nothing is changed."""
    somebody(visitor)
    path = f"/accounts/{accounts.named(login).id}"
    before = accounts.named(login).__data__
    answer = visitor.send(path, path, detection="", **changes)
    assert answer.status_code == 400
    assert sentence in words(answer.text)
    assert accounts.named(login).__data__ == before
    assert len(done(visitor)) == 1


def test_the_settings_in_force_and_where_each_came_from(tmp_path: Path) -> None:
    """The environment, a file, or nowhere; a secret's value and a database's password are told to nobody."""
    (tmp_path / "key").write_text("a key that is very secret")
    settings = Settings.read(
        {
            "RINGBACK_DATABASE": "postgresql://user:pass:w@host/name",
            "RINGBACK_SECRET_KEY_FILE": f"{tmp_path}/key",
            "RINGBACK_TESTING_TOKEN": "a secret that is long enough too",
            "RINGBACK_LINES": "7",
        }
    )
    rows = {row.variable: (row.text, row.source) for row in in_force.read(settings)}
    assert rows["RINGBACK_DATABASE"] == ("postgresql://user:…@host/name", "environment")
    assert rows["RINGBACK_SECRET_KEY"] == ("set", f"file {tmp_path}/key")
    assert rows["RINGBACK_TESTING_TOKEN"] == ("set", "environment")
    assert rows["RINGBACK_METRICS_TOKEN"] == ("not set", "default")
    assert rows["RINGBACK_LINES"] == ("7", "environment")
    assert rows["RINGBACK_TIMEZONE"] == ("America/New_York", "default")


def test_health_is_told(web: FlaskClient, visitor: Visitor, office: Office) -> None:
    """Who runs, and whether all is well."""
    page = words(visitor.page("/settings"))
    assert "Ready: the database is read and written, and a scheduler runs." in page
    assert f"{office.service.heart.worker} active" in page
    assert "has all upgrades" in page
    assert "RINGBACK_LINES 50 default calls at once" in page


def test_without_a_scheduler_it_is_not_well(visitor: Visitor) -> None:
    """As /readyz says it."""
    page = words(visitor.page("/settings"))
    assert "Not ready: no scheduler is running." in page
    assert "None has started, or all have stopped" in page


def test_the_log_is_read_page_by_page(visitor: Visitor, clock: MovableClock) -> None:
    """The newest first; an account reads its own entries alone."""
    demo, other = accounts.named("demo"), accounts.add("other", "4711", clock.now(), allow_weak_pin=True)
    for number in range(130):
        account = other if number % 2 else demo
        audit.note(account.id, account.login, "192.0.2.1", "counted", f"number {number}.", clock.now())
    page = visitor.page("/audit")
    assert "number 129." in page
    assert "number 30." in page
    assert "number 29." not in page
    older = page.split('href="/audit?before=')[1].split('"')[0]
    page = visitor.page(f"/audit?before={older}")
    assert "number 29." in page
    assert "number 0." in page
    assert "before=" not in page
    mine = at_another_browser(visitor).sign_in("other", "4711").page("/audit")
    assert mine.count("number ") == 65
    assert "demo" not in words(mine)
    assert "There is nothing older." in visitor.page("/audit?before=1")
