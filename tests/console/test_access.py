"""Who gets in, for how long, and to what; that no form is sent by another site."""

import pytest
from flask.testing import FlaskClient
from office import MovableClock, Office
from routes import routes
from visitor import Visitor, words

from app import door, factory
from app.calls import accounts, audit, sessions
from app.calls.accounts import AccountStatus
from app.calls.db import execute
from app.calls.sessions import SESSION_SECONDS
from app.settings import Settings

pytestmark = pytest.mark.one_engine


@pytest.fixture
def visitor(web: FlaskClient) -> Visitor:
    return Visitor(web)


def other(web: FlaskClient, clock: MovableClock) -> Visitor:
    """Somebody who is no administrator, signed in."""
    accounts.add("other", "4711", clock.now(), allow_weak_pin=True)
    return Visitor(web.application.test_client()).sign_in("other", "4711")


def is_in(visitor: Visitor) -> bool:
    return visitor.web.get("/overview").status_code == 200


def test_signing_in_and_out(visitor: Visitor) -> None:
    """Login and PIN open the console until somebody signs out; both are written down."""
    assert not is_in(visitor)
    visitor.sign_in()
    assert is_in(visitor)
    answer = visitor.send("/overview", "/logout")
    assert "You are signed out." in visitor.follow(answer)
    assert not is_in(visitor)
    assert [(entry.login, entry.action) for entry in audit.latest(9)] == [("demo", "signed out"), ("demo", "signed in")]


@pytest.mark.parametrize(
    ("login", "pin"),
    [
        pytest.param("demo", "4321", id="wrong pin"),
        pytest.param("nobody", "1234", id="unknown login"),
        pytest.param("", "", id="nothing"),
        pytest.param("demo\0", "1234\0", id="NUL"),
    ],
)
def test_a_wrong_sign_in_says_so(visitor: Visitor, login: str, pin: str) -> None:
    """Never which of the two was wrong; the PIN does not stand in the answer."""
    answer = visitor.send("/login", "/login", login=login, pin=pin)
    assert answer.status_code == 403
    assert "login or pin not accepted" in answer.text
    assert 'type="password"' in answer.text
    assert not pin or pin not in answer.text
    assert not is_in(visitor)


def test_guessing_is_locked_out(visitor: Visitor) -> None:
    """The right PIN too is refused then, with the time after which it is taken."""
    for _ in range(50):
        answer = visitor.send("/login", "/login", login="demo", pin="wrong")
        if answer.status_code == 429:
            break
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert visitor.send("/login", "/login", login="demo", pin="1234").status_code == 429
    assert not is_in(visitor)


@pytest.mark.parametrize(
    ("wanted", "led_to"),
    [
        pytest.param("/audit?before=3", "/audit?before=3", id="a page of ours"),
        pytest.param("", "/overview", id="none"),
        pytest.param("//evil.example/overview", "/overview", id="another host"),
        pytest.param("/\\evil.example", "/overview", id="a backslash"),
        pytest.param("/\t/evil.example", "/overview", id="a tab"),
        pytest.param("https://evil.example/", "/overview", id="a URL"),
        pytest.param("javascript:alert(1)", "/overview", id="a script"),
        pytest.param("overview", "/overview", id="no path"),
    ],
)
def test_next_leads_only_to_pages_of_ours(visitor: Visitor, wanted: str, led_to: str) -> None:
    """Whatever a link to the sign-in page says."""
    form = visitor.forms("/login")["/login"]
    fields = form.fields | {"login": "demo", "pin": "1234"}
    answer = visitor.web.post("/login", query_string={"next": wanted}, data=fields)
    assert (answer.status_code, answer.headers["Location"]) == (302, led_to)


def test_a_page_that_wants_a_sign_in_is_there_after_it(visitor: Visitor) -> None:
    """It is told to the sign-in page."""
    assert visitor.web.get("/audit?before=3").headers["Location"] == "/login?next=/audit?before%3D3"


def test_a_session_ends_twelve_hours_after_signing_in(visitor: Visitor) -> None:
    """However much it is used."""
    visitor.sign_in()
    execute("UPDATE console_session SET began_at = began_at - ?", SESSION_SECONDS - 60)
    assert is_in(visitor)
    execute("UPDATE console_session SET began_at = began_at - ?", 60)
    assert not is_in(visitor)


def test_signing_out_ends_copies_of_the_cookie(visitor: Visitor) -> None:
    """Another browser of the same account stays signed in; signing in again does not bring the copy back."""
    visitor.sign_in()
    cookie = visitor.web.get_cookie("ringback")
    assert cookie is not None
    elsewhere = Visitor(visitor.web.application.test_client()).sign_in()
    thief = Visitor(visitor.web.application.test_client())
    thief.web.set_cookie("ringback", cookie.value)
    assert is_in(thief)
    visitor.send("/overview", "/logout")
    thief.web.set_cookie("ringback", cookie.value)
    assert not is_in(thief)
    assert is_in(elsewhere)
    visitor.sign_in()
    thief.web.set_cookie("ringback", cookie.value)
    assert not is_in(thief)


def test_a_new_pin_ends_every_session_of_the_account_and_of_no_other(visitor: Visitor, clock: MovableClock) -> None:
    """Whoever signed in with the old PIN, in whatever browser; also when the new one is the same."""
    somebody = other(visitor.web, clock)
    browsers = [Visitor(visitor.web.application.test_client()).sign_in() for _ in range(2)]
    accounts.change_pin("demo", "1234", allow_weak_pin=True)
    assert not any(is_in(browser) for browser in browsers)
    assert is_in(somebody)


def test_sessions_of_an_account_are_bounded_and_old_ones_go(
    database: None, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest ends when there is one too many; what is over leaves no row."""
    monkeypatch.setattr(sessions, "MAX_SESSIONS", 3)
    demo = accounts.named("demo").id
    others = sessions.begin(accounts.add("other", "4711", clock.now(), allow_weak_pin=True).id, 0.0)
    begun = [sessions.begin(demo, float(at)) for at in range(4)]
    assert [sessions.account_of(one, 4.0) for one in begun] == [None, demo, demo, demo]
    assert sessions.account_of(others, 4.0) is not None
    sessions.begin(demo, 4.0 + SESSION_SECONDS)
    assert execute("SELECT count(*) FROM console_session").fetchone() == (1,)


def test_a_session_ends_with_its_pin_and_with_its_account(visitor: Visitor) -> None:
    """At the next request; an account that is active again has its session back, one with another PIN has not."""
    visitor.sign_in()
    accounts.set_status("demo", AccountStatus.INACTIVE)
    assert not is_in(visitor)
    accounts.set_status("demo", AccountStatus.ACTIVE)
    assert is_in(visitor)
    accounts.change_pin("demo", "5678", allow_weak_pin=True)
    assert not is_in(visitor)


def test_part_of_a_page_has_the_page_ask_for_a_sign_in(visitor: Visitor) -> None:
    """A live part must not become a form to sign in."""
    answer = visitor.web.get("/overview/figures", headers={"HX-Request": "true"})
    assert (answer.text, answer.headers["HX-Refresh"]) == ("", "true")


def test_no_form_is_taken_without_its_token(visitor: Visitor) -> None:
    """On every route of the console that writes: the forms of other sites have none. Nothing is done then."""
    visitor.sign_in()
    before = audit.latest(100)
    writing = [route for route in routes(visitor.web.application, "console.") if route.method != "GET"]
    assert len(writing) > 10
    for route in writing:
        for token in ({}, {"csrf_token": "made-up"}):
            answer = visitor.web.open(route.path, method=route.method, data=token)
            assert answer.status_code == 400, route
            assert "This form is too old" in answer.text, route
    assert audit.latest(100) == before


def test_no_page_is_shown_before_signing_in(visitor: Visitor) -> None:
    """Every route of the console but the sign-in itself leads there; forms with a good token too."""
    fields = visitor.forms("/login")["/login"].fields
    for route in routes(visitor.web.application, "console."):
        if route.path == "/login":
            continue
        answer = visitor.web.open(route.path, method=route.method, data=fields if route.method == "POST" else None)
        assert answer.status_code == 302, route
        assert answer.headers["Location"].startswith("/login"), route


def test_what_belongs_to_another_account_is_not_there(office: Office, clock: MovableClock) -> None:
    """On every route of the console that names a thing, whoever made it up: read or written."""
    call_id = office.queue("6175550100")
    theirs = {"call_id": call_id, "campaign_id": office.call(call_id)["campaign_id"], "deployment_id": 1}
    stranger = other(office.web, clock)
    token = {"csrf_token": stranger.forms("/overview")["/logout"].fields["csrf_token"]}
    asked = [route for route in routes(office.web.application, "console.", **theirs) if route.arguments - {"form"}]
    assert len(asked) > 10
    for route in asked:
        answer = stranger.web.open(route.path, method=route.method, data=token if route.method == "POST" else None)
        assert answer.status_code == (403 if route.path.startswith("/accounts/") else 404), route
    assert office.call(call_id)["status"] == "queued"
    assert [entry.action for entry in audit.latest(9)] == ["signed in"]


ADMINISTRATORS = ("/accounts", "/accounts/1", "/accounts/1/pin", "/settings", "/suspend", "/resume")


def test_administrators_alone_administer(web: FlaskClient, clock: MovableClock) -> None:
    """Others are told so, and don't find it in their navigation."""
    stranger = other(web, clock)
    token = {"csrf_token": stranger.forms("/overview")["/logout"].fields["csrf_token"]}
    asked = [route for route in routes(web.application, "console.") if route.path in ADMINISTRATORS]
    assert {route.path for route in asked} == set(ADMINISTRATORS)
    for route in asked:
        answer = stranger.web.open(route.path, method=route.method, data=token if route.method == "POST" else None)
        assert answer.status_code == 403, route
        assert "only an administrator may do this" in answer.text
    for path in ("/accounts", "/settings", "/suspend"):
        assert f'"{path}"' not in stranger.page("/overview")


def test_every_answer_carries_the_policy(visitor: Visitor) -> None:
    """On every route of every API and page, whatever comes of it: no script but ours, no frame, no guessing."""
    visitor.sign_in()
    for route in routes(visitor.web.application):
        with visitor.web.open(route.path, method=route.method) as answer:
            for name, value in door.HEADERS.items():
                assert answer.headers[name] == value, route


@pytest.mark.parametrize("hosts", [pytest.param("", id="this machine"), pytest.param("calls.example", id="others too")])
def test_the_cookie_is_closed(settings: Settings, database: None, hosts: str) -> None:
    """No script reads it, no other site's form sends it; over TLS alone where others come in."""
    told = {
        "RINGBACK_DATABASE": settings.database,
        "RINGBACK_HOSTS": hosts,
        "RINGBACK_SECRET_KEY": "a key of some length",
    }
    web = factory.create_app(Settings.read(told)).test_client()
    answer = web.get("/login", base_url=f"https://{hosts or 'localhost'}")
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("ringback=")
    assert "; HttpOnly" in cookie
    assert "; SameSite=Lax" in cookie
    assert ("; Secure" in cookie) == bool(hosts)


NO_ROW = [2**31, 2**63, 10**40, "-1", "x", "%00"]


@pytest.mark.parametrize("path", ["/calls/{}", "/campaigns/{}", "/accounts/{}"])
@pytest.mark.parametrize("number", NO_ROW)
def test_numbers_that_nothing_has(visitor: Visitor, path: str, number: object) -> None:
    assert visitor.sign_in().web.get(path.format(number)).status_code == 404


@pytest.mark.parametrize("path", ["/calls", "/audit"])
@pytest.mark.parametrize("number", NO_ROW)
def test_a_list_before_nothing_begins_with_its_newest(office: Office, path: str, number: object) -> None:
    call_id = office.queue("6175550100")
    visitor = Visitor(office.web).sign_in()
    newest = {"/calls": f"/calls/{call_id}", "/audit": "signed in"}[path]
    answer = visitor.web.get(f"{path}?before={number}")
    assert answer.status_code == 200
    assert newest in answer.text


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        pytest.param("/nothing", 404, "never was here", id="no page"),
        pytest.param("/suspend", 405, "belongs elsewhere", id="a form's address, opened"),
        pytest.param("/calls/77", 404, "never was here", id="no such call"),
    ],
)
def test_a_problem_is_a_page(visitor: Visitor, path: str, status: int, sentence: str) -> None:
    """It says what happened, and leads on."""
    page = visitor.sign_in().page(path, status)
    assert sentence in words(page)
    assert 'href="/overview"' in page
