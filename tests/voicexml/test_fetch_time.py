"""Fetches take time of the conversation, and end when there is none left or the caller of a real call has hung up."""

from typing import Any

import pytest

from app.voicexml import session
from app.voicexml.caller import Heard, Listening, ScriptedCaller, Step
from app.voicexml.limits import Durations
from app.voicexml.resources import Answer, Fetch, NotFetched, Request

URL = "http://customer.example/start"


class Server:
    """Answers with a page after so many seconds; what it is given up for takes as long as it may."""

    def __init__(self, page: str, seconds: float = 0.0, *, hangs: bool = False) -> None:
        self.asked: list[Request] = []
        self._page = f'<vxml version="2.1">{page}</vxml>'.encode()
        self._seconds = seconds
        self._hangs = hangs

    def __call__(self, request: Request) -> Answer:
        self.asked.append(request)
        if self._hangs and len(self.asked) > 1:
            raise NotFetched("no whole answer in time", request.seconds)
        return Answer(200, request.url, {}, self._page, seconds=self._seconds)


class Living(ScriptedCaller):
    """Somebody whose time runs by itself, a second with each look, and who hangs up after some."""

    def __init__(self, leaves: float) -> None:
        super().__init__()
        self._at, self._leaves = 0.0, leaves

    def now(self, counted: float) -> float:
        self._at = max(counted, self._at + 1)
        if self._at >= self._leaves:
            self.leaves_after = self._leaves
        return self._at

    def answers(self, wanted: Listening) -> Heard:
        raise AssertionError("it has hung up")


def talk(serve: Fetch, caller: ScriptedCaller | None = None, **durations: float) -> tuple[session.Result, list[Any]]:
    told: list[Any] = []
    start = Request("POST", URL, b"", "application/x-www-form-urlencoded")
    caller = caller or ScriptedCaller()
    return session.run(start, caller, serve, report=told.append, durations=Durations(**durations)), told


def test_no_fetch_takes_longer_than_the_platform_lets_it_whatever_the_page_says() -> None:
    server = Server('<form><block><goto next="more" fetchtimeout="86400s"/></block></form>')
    talk(server, fetch=7.0)
    assert [request.seconds for request in server.asked[:2]] == [7.0, 7.0]
    assert max(request.seconds for request in server.asked) == 7.0


def test_a_page_may_wait_for_less() -> None:
    server = Server('<form><block><goto next="more" fetchtimeout="2s"/></block></form>')
    talk(server, fetch=7.0)
    assert server.asked[1].seconds == 2.0


def test_the_ten_minutes_of_a_conversation_are_those_of_its_fetches_as_well() -> None:
    server = Server('<catch event="error"><goto next="again"/></catch><form><block><goto next="m"/></block></form>', 29)
    result, _ = talk(server)
    assert "the conversation lasted 600 seconds" in result.errors[0]
    assert len(server.asked) == 21  # the 21st of 29 s goes past 600 s


def test_the_last_fetch_gets_what_is_left_of_the_ten_minutes() -> None:
    server = Server(
        """<form><field name="f"><prompt>x<break time="590s"/></prompt><grammar src="builtin:dtmf/digits"/>
        <noinput><data name="d" src="slow" fetchtimeout="60s"/><exit/></noinput></field></form>"""
    )
    talk(server, ScriptedCaller([Step("noinput")]))
    (data,) = [request for request in server.asked if request.url.endswith("slow")]
    assert 0 < data.seconds < 10


def test_time_that_is_bridged_to_somebody_else_is_not_counted_and_has_a_limit_of_its_own() -> None:
    page = "".join(f'<transfer name="t{n}" dest="tel:+16172220000" type="bridge" maxtime="0s"/>' for n in range(30))
    server = Server(f"<form>{page}</form>")
    result, told = talk(server, ScriptedCaller(Step("transfer", "answered") for _ in range(30)))
    assert result.seconds == pytest.approx(900)
    assert not result.errors
    assert told[-1]["event"] == "exit"
    result, _ = talk(server, ScriptedCaller(Step("transfer", "answered") for _ in range(30)), transfer=5.0)
    assert result.seconds == pytest.approx(150)


def test_a_fetch_ends_when_the_caller_hangs_up_and_the_page_learns_of_that() -> None:
    """And not that something was wrong with it."""
    asked: list[str] = []

    def fetch(request: Request) -> Answer:
        asked.append(request.url)
        if request.url.endswith("hangs"):
            looks = 0
            while not request.given_up():
                looks += 1
                assert looks < 20
            raise NotFetched("nobody waits for it any more", 5.0)
        page = b"""<vxml version="2.1"><catch event="connection.disconnect.hangup"><submit next="left"/></catch>
            <form><block><goto next="hangs"/></block></form></vxml>"""
        return Answer(200, request.url, {}, page if request.url == URL else b'<vxml version="2.1"><form/></vxml>')

    result, told = talk(fetch, Living(8.0))
    assert [url.rpartition("/")[2] for url in asked] == ["start", "hangs", "left"]
    assert not result.errors
    assert [entry["by"] for entry in told if entry["event"] == "disconnect"] == ["caller"]


def test_what_is_fetched_after_the_hangup_takes_as_long_as_one_fetch_may() -> None:
    server = Server(
        """<catch event="connection.disconnect.hangup"><data name="a" src="a"/><data name="b" src="b"/></catch>
        <catch event="error"><data name="c" src="c"/></catch>
        <form><field name="f"><prompt>?</prompt><grammar src="builtin:dtmf/digits"/></field></form>""",
        hangs=True,
    )
    talk(server, ScriptedCaller([Step("hangup")]), fetch=10.0)
    assert [request.seconds for request in server.asked[1:]] == [10.0]
