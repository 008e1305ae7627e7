"""Fuse in the console: applications, deployments with their outbound page, permissions, developer keys."""

import io
import json
import re
from base64 import b64encode

import pytest
from office import Office
from visitor import Visitor, words

from app.calls import accounts, applications, deployments, keys
from app.calls.db import execute
from app.calls.deployments import Right
from app.errors import Refusal


@pytest.fixture
def owner(office: Office) -> Visitor:
    """An account without special rights, that has application 2 and deployment 2."""
    account = accounts.add("owner", "5678", office.clock.now(), "owner@example.com", allow_weak_pin=True)
    deployments.add_application(account, "clinic", f"{office.customer.url}/start", office.clock.now())
    return Visitor(office.web).sign_in("owner", "5678")


def _another(office: Office, login: str = "other") -> Visitor:
    accounts.add(login, "5678", office.clock.now(), allow_weak_pin=True)
    return Visitor(office.web.application.test_client()).sign_in(login, "5678")


def _calls() -> list[tuple[object, ...]]:
    return [tuple(row) for row in execute("SELECT phone_number, metadata, status FROM call ORDER BY id").fetchall()]


def test_an_application_is_made_renamed_and_removed(owner: Visitor) -> None:
    """With a deployment; what is removed is found no more."""
    page = owner.follow(owner.send("/applications", "/applications", name="shop", start_url=""))
    assert "Application 3 is made, with a deployment" in words(page)
    page = owner.follow(owner.send("/applications/3", "/applications/3/rename", name="new shop"))
    assert "<h1>new shop</h1>" in page
    assert "clinic" in owner.page("/applications")
    owner.send("/applications/3", "/applications/3/remove")
    assert "new shop" not in owner.page("/applications")
    owner.page("/applications/3", 404)
    owner.page("/deployments/3", 404)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        pytest.param({"name": ""}, "name: must have 1 to 80 characters", id="name"),
        pytest.param({"name": "x", "start_url": "ftp://x"}, "start_url: must be an http or https URL", id="URL"),
    ],
)
def test_what_is_wrong_with_an_application_is_said(owner: Visitor, fields: dict[str, str], sentence: str) -> None:
    """400, and none is made."""
    answer = owner.send("/applications", "/applications", **fields)
    assert answer.status_code == 400
    assert sentence in words(answer.text)
    assert len(applications.every(None)) == 2


def test_deployments_are_added_changed_and_removed(office: Office, owner: Visitor) -> None:
    """A start_url counts for calls that are queued afterwards."""
    owner.follow(owner.send("/applications/2", "/applications/2/deployments", name="trial", start_url=""))
    assert "the built-in greeting" in owner.page("/deployments/3")
    owner.send("/deployments/3", "/deployments/3/settings", name="tried", start_url="http://localhost/x")
    assert execute("SELECT name, start_url FROM deployment WHERE id = 3").fetchone() == ("tried", "http://localhost/x")
    refused = owner.send("/deployments/3", "/deployments/3/settings", name=" ", start_url="http://localhost/y")
    assert refused.status_code == 400
    assert execute("SELECT start_url FROM deployment WHERE id = 3").fetchone() == ("http://localhost/x",)
    owner.send("/deployments/3", "/deployments/3/remove")
    owner.page("/deployments/3", 404)


def test_one_call_is_queued_for_a_deployment(office: Office, owner: Visitor) -> None:
    """With metadata and a call range in words; the page counts it."""
    owner.send(
        "/deployments/2",
        "/deployments/2/queue",
        phone_number="6175550103",
        metadata='{"name": "Ann"}',
        max_attempts="2",
        reattempt_wait="60",
        start_timestamp="+1 hour",
        end_timestamp="+2 hours",
        result_url=f"{office.customer.url}/result",
    )
    assert _calls() == [("6175550103", '{"name":"Ann"}', "queued")]
    for path in ("/deployments/2", "/deployments/2/standing"):
        assert "Pending 1 Completed 0 Failed or canceled 0" in words(owner.page(path))
    office.clock.advance(hours=1)
    office.work()
    office.clock.advance(minutes=1)
    office.work()
    body = json.loads(office.customer.posts("/result")[0].body)
    assert (body["status"], body["attempts"], body["metadata"]) == ("failed", "2", {"name": "Ann"})


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        pytest.param({"phone_number": "911"}, "phone_number: emergency and crisis numbers", id="number"),
        pytest.param({"max_attempts": "2"}, "max_attempts: needs reattempt_wait too", id="attempts alone"),
        pytest.param({"metadata": "[1]"}, "metadata: must be a JSON object", id="metadata"),
        pytest.param({"end_timestamp": "yesterday"}, "end_timestamp: must be later than now", id="window"),
        pytest.param({"start_timestamp": "soonish"}, 'start_timestamp: "soonish" is not a time', id="time"),
    ],
)
def test_what_is_wrong_with_a_call_is_said(owner: Visitor, fields: dict[str, str], sentence: str) -> None:
    """400, all that was typed still there, nothing queued."""
    answer = owner.send("/deployments/2", "/deployments/2/queue", **({"phone_number": "6175550100"} | fields))
    assert answer.status_code == 400
    assert sentence in words(answer.text)
    name, value = next(iter(fields.items()))
    assert f">{value}</textarea>" in answer.text or f'name="{name}" value="{value}"' in answer.text
    assert _calls() == []


def test_a_list_is_tried_then_queued_for_a_deployment(office: Office, owner: Visitor) -> None:
    """Metadata from columns and for all; bad lines are shown; nothing is probed; the confirmation queues it."""
    csv = b"destination,name\n6175550100,Ann\n911,Bob\n6175550101,\n"
    received = len(office.customer.received)
    tried = owner.send(
        "/deployments/2",
        "/deployments/2/upload",
        csv=(io.BytesIO(csv), "list.csv"),
        metadata='{"name": "you", "shop": 7}',
        max_attempts="3",
        reattempt_wait="600",
    )
    page = words(owner.follow(tried))
    assert "Calls 2 Rejected lines 1" in page
    assert "3 911 destination: emergency and crisis numbers are never dialled" in page
    assert '2 6175550100 +16175550100 {"shop":7,"name":"Ann"}' in page
    assert _calls() == []
    path = tried.headers["Location"]
    answer = owner.send(path, path)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/deployments/2")
    assert "2 calls are queued" in words(owner.page("/deployments/2"))
    assert [(number, json.loads(str(metadata))) for number, metadata, _ in _calls()] == [
        ("6175550100", {"shop": 7, "name": "Ann"}),
        ("6175550101", {"shop": 7, "name": "you"}),
    ]
    assert execute("SELECT DISTINCT max_retries, retry_interval FROM terms").fetchall() == [(2, 600)]
    assert len(office.customer.received) == received


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        pytest.param({"pasted": "6175550100"}, "csv: begins with no header", id="no header"),
        pytest.param({"pasted": ""}, "csv: is required: choose a file, or paste the list", id="nothing"),
        pytest.param({"pasted": "destination\n911"}, "csv: has no line that can be called; line 2", id="no good line"),
    ],
)
def test_a_list_for_a_deployment_that_is_refused(owner: Visitor, fields: dict[str, str], sentence: str) -> None:
    """The sentences of bulk_queue."""
    answer = owner.send("/deployments/2", "/deployments/2/upload", **fields)
    assert answer.status_code == 400
    assert sentence in words(answer.text)


def test_what_is_pending_is_canceled(office: Office, owner: Visitor) -> None:
    """Of this deployment alone, after a question."""
    owner.send("/deployments/2", "/deployments/2/queue", phone_number="6175550100", start_timestamp="+1 hour")
    mine = office.queue("6175550100", scheduled_time="+1 hour")
    assert "It can't be undone" in words(owner.page("/deployments/2"))
    page = owner.follow(owner.send("/deployments/2", "/deployments/2/cancel"))
    assert "1 calls are canceled" in words(page)
    assert [status for *_, status in _calls()] == ["canceled", "queued"]
    assert office.call(mine)["status"] == "queued"


def test_a_right_to_queue_and_a_right_to_see(office: Office, owner: Visitor) -> None:
    """One may queue and cancel, the other looks on; neither changes anything; what is forbidden is gone."""
    queues, reads = _another(office, "queues"), _another(office, "reads")
    for login, right in (("queues", "queue"), ("reads", "read")):
        owner.send("/applications/2", "/applications/2/allow", login=login, right=right)
    assert applications.permissions(2) == [("queues", Right.QUEUE), ("reads", Right.READ)]
    queues.send("/deployments/2", "/deployments/2/queue", phone_number="6175550100")
    assert len(_calls()) == 1
    assert "/deployments/2/queue" not in reads.forms("/deployments/2")
    for visitor in (queues, reads):
        token = visitor.forms("/queue")["/queue"].fields["csrf_token"]
        assert "clinic" in visitor.page("/applications")
        assert "/deployments/2/settings" not in visitor.forms("/deployments/2")
        for path in ("/applications/2/rename", "/applications/2/remove", "/deployments/2/remove"):
            assert visitor.web.post(path, data={"csrf_token": token, "name": "x"}).status_code == 403
    for path in ("queue", "upload", "cancel"):
        answer = reads.web.post(f"/deployments/2/{path}", data={"csrf_token": token, "phone_number": "6175550100"})
        assert answer.status_code == 403
    owner.send("/applications/2", "/applications/2/forbid", login="reads")
    reads.page("/applications/2", 404)
    assert len(_calls()) == 1


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        pytest.param({"login": "x" * 129, "right": "queue"}, "login: must have 1 to 128 characters", id="login"),
        pytest.param({"login": "demo", "right": "owner"}, "right: must be queue or read", id="right"),
    ],
)
def test_a_permission_that_is_refused(owner: Visitor, fields: dict[str, str], sentence: str) -> None:
    """Nobody becomes an owner."""
    answer = owner.send("/applications/2", "/applications/2/allow", **fields)
    assert answer.status_code == 400
    assert sentence in words(answer.text)
    assert applications.permissions(2) == []


def test_nobody_learns_which_logins_there_are(owner: Visitor) -> None:
    """A login that there is and one that there is not are answered alike, to the letter, when allowed and forbidden."""
    seen: dict[str, list[tuple[int, str]]] = {"demo": [], "none": []}
    for login, answers in seen.items():
        for what in ("allow", "forbid", "allow"):
            answer = owner.send("/applications/2", f"/applications/2/{what}", login=login, right="queue")
            page = re.sub(r'name="csrf_token" value="[^"]*"', "", owner.follow(answer))
            answers.append((answer.status_code, page.replace(login, "LOGIN")))
        owner.send("/applications/2", "/applications/2/forbid", login=login)
    assert "LOGIN" in seen["none"][0][1]
    assert seen["demo"] == seen["none"]


def test_a_login_that_was_allowed_before_it_was_made(office: Office, owner: Visitor) -> None:
    """May work with the application from its first moment."""
    owner.send("/applications/2", "/applications/2/allow", login="other", right="queue")
    other = _another(office)
    assert "clinic" in other.page("/applications")
    assert other.send("/deployments/2", "/deployments/2/queue", phone_number="6175550100").status_code == 302
    owner.send("/applications/2", "/applications/2/forbid", login="other")
    other.page("/applications/2", 404)


def test_an_administrator_is_told_of_a_wrong_login(office: Office, owner: Visitor) -> None:
    """They see all accounts anyway."""
    demo = Visitor(office.web.application.test_client()).sign_in()
    answer = demo.send("/applications/2", "/applications/2/allow", login="nobody", right="read")
    assert "there is no account nobody" in words(answer.text)
    assert applications.permissions(2) == []


def test_only_so_many_may_work_with_an_application(owner: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """More are refused; one of them may be changed all the same."""
    monkeypatch.setattr(deployments, "MAX_ALLOWED", 2)
    for login in ("one", "two", "two"):
        deployments.allow(2, login, Right.READ)
    with pytest.raises(Refusal, match="login: an application has at most 2 others"):
        deployments.allow(2, "three", Right.READ)
    assert [login for login, _ in applications.permissions(2)] == ["one", "two"]


WRITES = (
    *(f"/applications/2/{what}" for what in ("rename", "remove", "deployments", "allow", "forbid")),
    *(f"/deployments/2/{what}" for what in ("queue", "upload", "cancel", "settings", "remove")),
)


def test_another_account_finds_nothing_of_it(office: Office, owner: Visitor) -> None:
    """404 for every page and every write; nothing is changed."""
    other = _another(office)
    token = other.forms("/queue")["/queue"].fields["csrf_token"]
    assert "clinic" not in other.page("/applications")
    for path in ("/applications/2", "/deployments/2", "/deployments/2/standing"):
        other.page(path, 404)
    typed = {"csrf_token": token, "name": "x", "login": "other", "right": "queue", "phone_number": "6175550100"}
    for path in WRITES:
        assert other.web.post(path, data=typed).status_code == 404
    assert _calls() == []
    owner.page("/deployments/2")
    assert applications.permissions(2) == []


def test_writes_without_a_token_are_refused(owner: Visitor) -> None:
    """400, keys included."""
    for path in (*WRITES, "/applications", "/keys", "/keys/2/revoke"):
        assert owner.web.post(path, data={"name": "x", "label": "x"}).status_code == 400
    owner.page("/deployments/2")


def test_an_administrator_works_with_every_application(office: Office, owner: Visitor) -> None:
    """As if it were their own; its calls are its account's."""
    demo = Visitor(office.web.application.test_client()).sign_in()
    assert "clinic" in demo.page("/applications")
    demo.send("/deployments/2", "/deployments/2/queue", phone_number="6175550100")
    assert execute("SELECT account_id FROM campaign JOIN call ON campaign.id = campaign_id").fetchone() == (2,)


def test_a_key_is_shown_once(office: Office, owner: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    """On the answer that made it: not in its headers, the next page, the audit log or any other log."""
    made = owner.send("/keys", "/keys", label="nightly job")
    assert made.status_code == 200
    (key,) = re.findall(r"<code>(rb_[^<]+)</code>", made.text)
    assert keys.check("owner@example.com", key).login == "owner"
    assert key not in str(made.headers)
    assert made.headers["Cache-Control"] == "no-store"
    assert key not in owner.page("/keys")
    assert key not in str(execute("SELECT action, subject FROM audit").fetchall())
    assert key not in caplog.text
    assert "nightly job" in owner.page("/keys")


def test_a_revoked_key_is_refused(office: Office, owner: Visitor) -> None:
    """By the API, from the next request on."""
    (key,) = re.findall(r"<code>(rb_[^<]+)</code>", owner.send("/keys", "/keys", label="x").text)
    header = {"Authorization": "Basic " + b64encode(f"owner@example.com:{key}".encode()).decode()}
    path = "/api/apps/2/2/queue"
    assert office.web.post(path, json={"phone_number": "6175550100"}, headers=header).status_code == 200
    (action,) = [action for action in owner.forms("/keys") if action.endswith("/revoke")]
    assert "“x” is refused from now on" in owner.follow(owner.send("/keys", action))
    assert office.web.post(path, json={"phone_number": "6175550100"}, headers=header).status_code == 401


def test_nobody_revokes_the_key_of_another(office: Office, owner: Visitor) -> None:
    """Not even an administrator here: the key of the demo account is 1, and stays."""
    token = owner.forms("/keys")["/keys"].fields["csrf_token"]
    answer = owner.web.post("/keys/1/revoke", data={"csrf_token": token})
    assert "You have no such key" in words(answer.text)
    assert keys.demo_is_open()


@pytest.mark.parametrize("email", ["demo@example.com", "owner@example.com", "nobody@example.com"])
def test_nobody_takes_an_address(office: Office, owner: Visitor, email: str) -> None:
    """Nor learns whether it is taken: only an administrator gives an account its address."""
    other = _another(office)
    assert "Ask an administrator" in other.page("/keys")
    assert "/keys" not in other.forms("/keys")
    token = other.forms("/queue")["/queue"].fields["csrf_token"]
    answer = other.web.post("/keys", data={"csrf_token": token, "label": "x", "email": email})
    assert answer.status_code == 400
    assert "email: the account other has none; an administrator sets it" in words(answer.text)
    assert email not in answer.text
    assert accounts.named("other").email is None


def test_an_administrator_gives_addresses(office: Office) -> None:
    """To themselves with their first key; the key opens the Fuse API, and so do later ones of the account."""
    other = _another(office)
    accounts.set_admin("other", is_admin=True)
    taken = other.send("/keys", "/keys", label="x", email="demo@example.com")
    assert "demo@example.com is the address of another account" in words(taken.text)
    made = other.send("/keys", "/keys", label="x", email="Other@example.com")
    accounts.set_admin("other", is_admin=False)
    for answer in (made, other.send("/keys", "/keys", label="y")):
        (key,) = re.findall(r"<code>(rb_[^<]+)</code>", answer.text)
        assert keys.check("other@example.com", key).login == "other"
