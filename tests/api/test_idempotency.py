"""A request that is sent again after a lost answer: the same answer, and nobody is called twice."""

import io
import json
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from customer import PAGE, Customer, Received, Reply
from flask.testing import FlaskClient
from live import running, until
from office import MovableClock, Office
from werkzeug.test import TestResponse

from app import factory
from app.calls import accounts, idempotency, pruning, queueing
from app.calls.db import execute, writing
from app.clock import Clock
from app.errors import ClaimLost, StillRunning
from app.intake.lists import Batch
from app.outside.shares import Shares
from app.settings import Settings

DEMO = ("demo@example.com", "demo-key")
QUEUE, BULK = "/api/apps/1/1/queue", "/api/apps/1/1/bulk_queue"
PLACES = Shares(4, patience=0)

Send = Callable[..., TestResponse]


def _calls() -> list[int]:
    return [call_id for (call_id,) in execute("SELECT id FROM call ORDER BY id")]


def _kept() -> int:
    (count,) = execute("SELECT count(*) FROM idempotent_request").fetchone()
    return int(count)


def _fields(customer: Customer, **more: str) -> dict[str, str]:
    return {"login": "demo", "pin": "1234", "phone_number": "6175550100", "start_url": f"{customer.url}/start"} | more


@pytest.fixture
def call(web: FlaskClient, customer: Customer) -> Send:
    """Send a queuecall form, with a key."""

    def send(key: str | None = "k1", path: str = "/webservice/queuecall.php", **more: str) -> TestResponse:
        headers = {} if key is None else {"Idempotency-Key": key}
        return web.post(path, data=_fields(customer, **more), headers=headers)

    return send


@pytest.fixture
def upload(web: FlaskClient, customer: Customer) -> Send:
    """Send a queuecalls form, with a key."""

    def send(numbers: bytes, key: str | None = "k1", **more: str) -> TestResponse:
        headers = {} if key is None else {"Idempotency-Key": key}
        data = {**_fields(customer, **more), "phone_list": (io.BytesIO(numbers), "list.csv")}
        return web.post("/webservice/queuecalls.php", data=data, headers=headers)

    return send


def test_a_call_sent_again_is_answered_with_the_same_bytes(call: Send) -> None:
    """One call; under every prefix of the endpoint. Another key, or none, is another call."""
    first = call()
    assert 'status="queued"' in first.text
    assert call().data == first.data
    assert call(path="/queuecall.php").data == first.data
    assert len(_calls()) == 1
    for other in (call("k2"), call(None), call(None)):
        assert other.text != first.text
    assert len(_calls()) == 4


def test_the_first_answer_holds_when_its_window_is_over(call: Send, clock: MovableClock) -> None:
    """The form is not read anew: an expiration that has passed meanwhile is no reason to say failed."""
    expiration = str(int(clock.now().timestamp()) + 60)
    first = call(expiration_timestamp=expiration)
    clock.advance(minutes=5)
    assert call(expiration_timestamp=expiration).data == first.data


def test_the_servers_are_not_asked_again(call: Send, customer: Customer) -> None:
    """Even when they are down by now."""
    first = call()
    asked = len(customer.received)
    assert call().data == first.data
    assert len(customer.received) == asked


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"phone_number": "6175550101"}, id="another number"),
        pytest.param({"message_reference": "x"}, id="one field more"),
    ],
)
def test_a_key_with_another_body_is_refused(call: Send, changed: dict[str, str]) -> None:
    """In the format of the API, with a sentence; nothing is queued."""
    first = call()
    refused = call(**changed)
    assert refused.status_code == 200
    assert 'status="failed"' in refused.text
    assert "Idempotency-Key: came with another body before: a new request needs a new key" in refused.text
    assert len(_calls()) == 1
    assert call().data == first.data


def test_the_pin_is_no_part_of_what_is_kept(call: Send) -> None:
    """It may change between the tries, and stands in no row, not even as part of a digest."""
    first = call()
    accounts.change_pin("demo", "kx83qz")
    again = call(pin="kx83qz")
    assert again.data == first.data.replace(b"<pin>1234</pin>", b"<pin>kx83qz</pin>")
    assert 'status="failed"' in call().text  # the old PIN opens nothing, with a key that was used before either


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("", id="empty"),
        pytest.param("   ", id="blank"),
        pytest.param("x" * 256, id="long"),
        pytest.param("é", id="not ASCII"),
    ],
)
@pytest.mark.one_engine
def test_a_key_that_is_none_is_refused(call: Send, web: FlaskClient, key: str) -> None:
    """It would not do what the client believes."""
    sentence = "Idempotency-Key: must have 1 to 255 printable ASCII characters"
    refused = call(key)
    assert 'status="failed"' in refused.text
    assert sentence in refused.text
    fuse = web.post(QUEUE, data={"phone_number": "6175550100"}, auth=DEMO, headers={"Idempotency-Key": key})
    assert (fuse.status_code, fuse.get_json()) == (400, {"error": sentence})
    assert _calls() == []


def test_only_successes_are_kept(call: Send, customer: Customer) -> None:
    """What failed may be mended and sent again with its key, even with another body."""
    customer.answers["/gone"] = lambda _: Reply(404)
    assert 'status="failed"' in call(start_url=f"{customer.url}/gone").text
    assert _kept() == 0
    assert 'status="queued"' in call().text


def test_an_answer_is_kept_for_a_day(call: Send, clock: MovableClock) -> None:
    """Then the key is new, and the row is deleted, whatever RINGBACK_KEEP_DAYS says."""
    first = call()
    clock.advance(hours=23, minutes=59)
    assert call().data == first.data
    pruning.prune_answers(clock.now())
    assert _kept() == 1
    clock.advance(minutes=2)
    assert call().data != first.data
    clock.advance(hours=25)
    pruning.prune_answers(clock.now())
    assert _kept() == 0


def test_schedulers_delete_old_answers(office: Office, call: Send) -> None:
    """With their parts; a claim that a dead process left goes too."""
    with upload_answer(office.web):
        call()
    office.clock.advance(hours=25)
    call("k2")
    with writing():
        execute("UPDATE idempotent_request SET kept_at = NULL, alive_at = 0 WHERE key = 'k2'")
        execute("INSERT INTO answer_part (request_id, number, body) SELECT id, 0, ? FROM idempotent_request", b"x")
    office.service.upkeep()
    assert (_kept(), execute("SELECT count(*) FROM answer_part").fetchone()) == (0, (0,))


def test_keys_are_per_account_and_endpoint(web: FlaskClient, call: Send, upload: Send, customer: Customer) -> None:
    """Two accounts, a call, a list and a deployment may use the same key."""
    accounts.add("boss", "kx83qz", Clock().now())
    first = call()
    assert 'status="queued"' in call(login="boss", pin="kx83qz").text
    with upload(b"6175550100\n") as listed:
        assert 'status="queued"' in listed.text
    key = {"Idempotency-Key": "k1"}
    assert web.post(QUEUE, data={"phone_number": "6175550100"}, auth=DEMO, headers=key).status_code == 200
    assert len(_calls()) == 4
    assert call().data == first.data


def test_a_list_sent_again_is_the_same_campaign(upload: Send) -> None:
    """The same bytes, with its bad lines, over many batches; another boundary of its parts makes no difference."""
    lines = [b"%d,reference-%d" % (6_175_000_000 + n, n) if n % 7 else b"nonsense" for n in range(9_000)]
    numbers = b"\n".join(lines)
    with upload(numbers, message_reference="all") as first, upload(numbers, message_reference="all") as again:
        assert b'campaign_id="' in first.data
        assert b"rejected_not_listed" in first.data
        assert again.data == first.data
    (parts,) = execute("SELECT count(*) FROM answer_part").fetchone()
    assert parts > 1
    assert len(_calls()) == 9_000 - len(range(0, 9_000, 7))
    with upload(numbers + b"\n6175550100", message_reference="all") as other:
        assert "came with another body" in other.text


def test_a_list_in_a_text_field_is_the_same_list(call: Send, upload: Send) -> None:
    """Urlencoded or as a file: what counts is what it says."""
    numbers = "6175550100,a%b\n6175550101,c d\n"
    path = "/webservice/queuecalls.php"
    with (
        call(path=path, phone_list=numbers) as first,
        call(path=path, phone_list=numbers) as again,
        upload(numbers.encode()) as file,
    ):
        assert b'queued="2"' in first.data
        assert again.data == file.data == first.data


@pytest.mark.parametrize("accept", ["application/json", "application/xml"])
def test_a_fuse_call_sent_again_is_the_same_call(web: FlaskClient, accept: str) -> None:
    """The same body and the same Link; as a form and as JSON it is the same request. Another body is 400."""
    headers = {"Idempotency-Key": "k1", "Accept": accept}
    first = web.post(QUEUE, data={"phone_number": "6175550100"}, auth=DEMO, headers=headers)
    again = web.post(QUEUE, json={"phone_number": "6175550100"}, auth=DEMO, headers=headers)
    assert first.status_code == again.status_code == 200
    assert (again.data, again.headers["Link"]) == (first.data, first.headers["Link"])
    other = web.post(QUEUE, data={"phone_number": "6175550101"}, auth=DEMO, headers=headers)
    assert other.status_code == 400
    assert "Idempotency-Key: came with another body before" in other.text
    assert len(_calls()) == 1


def test_a_fuse_list_sent_again_is_the_same_list(web: FlaskClient) -> None:
    """The same call_ids and errors."""
    numbers = b"destination,name\n" + b"".join(b"%d,n\n" % (6_175_000_000 + n) for n in range(5_000)) + b"911,n\n"

    def send() -> Any:
        data = {"csv": (io.BytesIO(numbers), "list.csv")}
        return web.post(BULK, data=data, auth=DEMO, headers={"Idempotency-Key": "k1"})

    with send() as first, send() as again:
        assert again.data == first.data
        told = json.loads(first.data)
    assert told["call_ids"] == _calls()
    assert len(told["errors"]) == 1


def test_a_reset_forgets_answers(web: FlaskClient, call: Send) -> None:
    """A tester who begins anew with the same keys gets calls that are there."""
    first = call()
    with upload_answer(web):
        pass
    assert web.post("/testing/reset").status_code == 200
    assert (_kept(), execute("SELECT count(*) FROM answer_part").fetchone()) == (0, (0,))
    assert call().data != first.data


def upload_answer(web: FlaskClient) -> TestResponse:
    """A small list with a key; start_url need not answer in Fuse."""
    data = {"csv": (io.BytesIO(b"destination\n6175550100\n"), "list.csv")}
    return web.post(BULK, data=data, auth=DEMO, headers={"Idempotency-Key": "k1"})


def test_equal_requests_at_the_same_time_wait_for_the_first(
    settings: Settings, database: None, customer: Customer
) -> None:
    """Five over three web applications, as processes have them: one call, one probe, five equal answers."""
    answering = threading.Event()

    def slow(_: Received) -> Reply:
        answering.wait(20)
        return Reply(body=PAGE)

    customer.answers["/slow"] = slow
    webs = [factory.create_app(settings).test_client() for _ in range(3)]
    with ThreadPoolExecutor(5) as pool:
        data = _fields(customer, start_url=f"{customer.url}/slow")
        sent = [
            pool.submit(webs[n % 3].post, "/queuecall.php", data=data, headers={"Idempotency-Key": "k"})
            for n in range(5)
        ]
        until(lambda: customer.received, 20, "the first one probes")
        answering.set()
        answers = {each.result(60).data for each in sent}
    assert len(answers) == 1
    assert b'status="queued"' in answers.pop()
    assert len(_calls()) == 1
    assert len(customer.received) == 1


def test_when_the_first_fails_the_next_is_worked_on(settings: Settings, database: None, customer: Customer) -> None:
    """It does not get the failure of the other one."""
    customer.answers["/once"] = lambda _: Reply(404 if len(customer.received) == 1 else 200, PAGE, delay=0.5)
    webs = [factory.create_app(settings).test_client() for _ in range(2)]
    data = _fields(customer, start_url=f"{customer.url}/once")
    with ThreadPoolExecutor(2) as pool:
        sent = [pool.submit(web.post, "/queuecall.php", data=data, headers={"Idempotency-Key": "k"}) for web in webs]
        answers = [each.result(60).text for each in sent]
    assert sorted(re.findall('status="([a-z]+)"', " ".join(answers))) == ["failed", "queued"]
    assert len(_calls()) == 1


def _key(seconds: int = 3600) -> idempotency.RequestKey:
    return idempotency.from_call(1, "+16175550100", "", "http://x/", seconds)


def test_who_can_not_wait_is_told_to_try_again(database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the first takes long, and at once when too many wait already."""
    monkeypatch.setattr(idempotency, "WAIT_SECONDS", 0.2)
    with idempotency.claimed(_key(), Clock(), PLACES):
        for places in (PLACES, Shares(0, patience=0)):
            with pytest.raises(StillRunning) as refused, idempotency.claimed(_key(), Clock(), places):
                pass
            assert refused.value.retry_after == 5


def test_still_running_is_429_in_both_apis(web: FlaskClient, call: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    """With Retry-After, in the format of the API."""
    monkeypatch.setattr(idempotency, "WAIT_SECONDS", 0.1)
    call()
    web.post(QUEUE, data={"phone_number": "6175550100"}, auth=DEMO, headers={"Idempotency-Key": "k1"})
    with writing():
        execute("UPDATE idempotent_request SET kept_at = NULL, answer = ''")
    classic = call()
    assert (classic.status_code, classic.headers["Retry-After"]) == (429, "5")
    assert '<queuecall status="failed">' in classic.text
    fuse = web.post(QUEUE, data={"phone_number": "6175550100"}, auth=DEMO, headers={"Idempotency-Key": "k1"})
    assert (fuse.status_code, fuse.headers["Retry-After"]) == (429, "5")
    assert "still being worked on" in fuse.get_json()["error"]


def test_a_claim_of_a_process_that_died_is_taken_over(database: None) -> None:
    """After a while; what the dead one would still write, were it alive, queues nothing."""
    with idempotency.claimed(_key(), Clock(), PLACES) as claim:
        with writing():
            execute("UPDATE idempotent_request SET alive_at = alive_at - ?", idempotency.CLAIM_SECONDS + 1)
        with idempotency.claimed(_key(), Clock(), PLACES) as second:
            assert second.answer is None
            with writing():
                second.keep({"call_id": 7})
        with pytest.raises(ClaimLost), writing():
            claim.keep({"call_id": 8})
        with pytest.raises(ClaimLost):
            claim.renew()
    with idempotency.claimed(_key(), Clock(), PLACES) as third:
        assert third.answer == {"call_id": 7}


def test_a_request_that_lost_its_claim_leaves_nothing(call: Send, customer: Customer) -> None:
    """Its call is rolled back with the answer that can't be kept."""

    def steal(_: Received) -> Reply:
        with writing():
            execute("UPDATE idempotent_request SET owner = 'another'")
        return Reply(body=PAGE)

    customer.answers["/steal"] = steal
    refused = call(start_url=f"{customer.url}/steal")
    assert refused.status_code == 429
    assert "nothing was queued by this one" in refused.text
    assert _calls() == []


def test_a_list_that_lost_its_claim_leaves_nothing(upload: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    """No call, no campaign."""
    add = queueing.Loading.add

    def stolen(load: queueing.Loading, lines: Batch) -> int:
        with writing():
            execute("UPDATE idempotent_request SET owner = 'another'")
        return add(load, lines)  # type: ignore[arg-type] # passed on as it is

    monkeypatch.setattr(queueing.Loading, "add", stolen)
    refused = upload(b"6175550100\n6175550101\n")
    assert "nothing was queued by this one" in refused.text
    assert _calls() == []
    assert execute("SELECT count(*) FROM campaign WHERE name LIKE 'list%'").fetchone() == (0,)


def test_an_old_client_that_sends_a_call_twice(call: Send, customer: Customer, clock: MovableClock) -> None:
    """Within the account's window the same number, message_reference and start_url are the first call_id again."""
    accounts.set_repeat_seconds("demo", 60)
    first = call(None, message_reference="a")
    assert call(None, message_reference="a").data == first.data
    spelled = call(None, message_reference="a", phone_number="+1 (617) 555-0100", max_retries="2")
    call_id = re.search('call_id="([0-9]+)"', first.text)
    assert call_id
    assert call_id[0] in spelled.text
    assert len(_calls()) == 1
    customer.answers["/other"] = lambda _: Reply(body=PAGE)
    for changed in (
        {"message_reference": "b"},
        {"phone_number": "6175550101"},
        {"start_url": f"{customer.url}/start?2"},
    ):
        assert call_id[0] not in call(None, **({"message_reference": "a"} | changed)).text
    clock.advance(seconds=60)
    assert call_id[0] not in call(None, message_reference="a").text


@pytest.mark.one_engine
def test_without_a_window_a_call_sent_twice_is_two(call: Send) -> None:
    """The default; and a call that is wrong is refused as ever with a window."""
    assert call(None).data != call(None).data
    assert (len(_calls()), _kept()) == (2, 0)
    accounts.set_repeat_seconds("demo", 60)
    assert "phone_number" in call(None, phone_number="nonsense").text
    assert _kept() == 0


@pytest.mark.soak
def test_processes_that_die_in_the_middle_call_nobody_twice(tmp_path: Any, customer: Customer) -> None:
    """Requests repeated with their keys over kills of the whole program: one call for each key."""
    import requests

    answered: dict[str, str] = {}
    with running(tmp_path) as live:
        for round_ in range(3):
            keys = [f"{round_}-{n}" for n in range(40)]

            def send(key: str) -> None:
                try:
                    answer = requests.post(
                        f"{live.url}/queuecall.php",
                        data=_fields(customer, message_reference=key),
                        headers={"Idempotency-Key": key},
                        timeout=90,
                    )
                except requests.RequestException:
                    return
                if found := re.search('call_id="([0-9]+)"', answer.text):
                    assert answered.setdefault(key, found[1]) == found[1]

            with ThreadPoolExecutor(8) as pool:
                sent = [pool.submit(send, key) for key in keys]
                time.sleep(0.3)
                live.kill()
                for each in sent:
                    each.result()
            live.start()
            with ThreadPoolExecutor(8) as pool:
                for each in [pool.submit(send, key) for key in keys]:
                    each.result()
        told = dict(live.rows("SELECT message_reference, count(*) FROM call GROUP BY message_reference"))
    assert len(answered) == 120
    assert told == dict.fromkeys(answered, 1)
