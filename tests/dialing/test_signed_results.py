"""Signed results: what receivers verify, with the package of Standard Webhooks and with PHP's own functions."""

import subprocess
from pathlib import Path

import pytest
from customer import Received, Reply
from needs import needs
from office import Office
from standardwebhooks import Webhook, WebhookVerificationError
from visitor import Visitor, words

from app.calls import accounts, outbox, result_signing
from app.calls.db import execute
from app.errors import Refusal

VERIFY = Path(__file__).parent.parent / "clients" / "verify_result.php"
DEMO = ("demo@example.com", "demo-key")


def _account() -> int:
    return int(accounts.named("demo").id)


def _verify(secret: str, received: Received) -> None:
    Webhook(secret).verify(received.body, received.headers, json_parse=False)


def test_without_a_secret_a_result_is_as_before(office: Office) -> None:
    """Its id is its only header of this kind."""
    call_id = office.queue("6175550100")
    office.work()
    (posted,) = office.customer.posts("/result")
    told = {name.lower(): value for name, value in posted.headers.items() if name.lower().startswith("webhook")}
    assert told == {"webhook-id": str(call_id)}


def test_a_signed_result_is_verified(office: Office) -> None:
    """The classic form; changed in any part it is not."""
    secret = result_signing.add(_account(), office.clock.now())
    call_id = office.queue("6175550100", message_reference="Ünï & co")
    office.work()
    (posted,) = office.customer.posts("/result")
    assert posted.headers["Webhook-Id"] == str(call_id)
    assert [name.lower() for name in posted.headers].count("webhook-id") == 1
    _verify(secret, posted)
    forged = Received("POST", "/result", posted.headers, posted.body.replace(b"Completed", b"Failed"), 0)
    for wrong, received in (
        (secret, forged),
        (secret, Received("POST", "/", posted.headers | {"Webhook-Id": "1"}, posted.body, 0)),
        (result_signing.PREFIX + "A" * 44, posted),
    ):
        with pytest.raises(WebhookVerificationError):
            _verify(wrong, received)


def test_a_signed_fuse_result_is_verified(office: Office) -> None:
    """JSON, signed with the secret of the application's owner."""
    secret = result_signing.add(_account(), office.clock.now())
    fields = {"phone_number": "6175550100", "result_url": f"{office.customer.url}/result"}
    assert office.web.post("/api/apps/1/1/queue", json=fields, auth=DEMO).status_code == 200
    office.work()
    (posted,) = office.customer.posts("/result")
    told = Webhook(secret).verify(posted.body, posted.headers)
    assert told["status"] == "completed"


def test_each_try_has_the_same_id_and_body_and_is_signed_anew(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a receiver knows a repetition by its id, and no try is refused for its age."""
    at = 1_800_000_000
    monkeypatch.setattr("app.clock.machine", lambda: float(at))
    secret = result_signing.add(_account(), office.clock.now())
    office.customer.answers["/result"] = lambda _: Reply(503)
    office.queue("6175550100")
    office.work()
    at += 10
    office.pass_time(7)
    first, second = office.customer.posts("/result")[:2]
    assert first.headers["Webhook-Id"] == second.headers["Webhook-Id"]
    assert first.body == second.body
    assert (first.headers["Webhook-Timestamp"], second.headers["Webhook-Timestamp"]) == (f"{at - 10}", f"{at}")
    assert first.headers["Webhook-Signature"] != second.headers["Webhook-Signature"]
    for one in (first, second):
        expected = result_signing.headers(
            one.headers["Webhook-Id"], one.body.decode(), (secret,), int(one.headers["Webhook-Timestamp"])
        )
        assert one.headers["Webhook-Signature"] == expected["Webhook-Signature"]


def test_after_a_rotation_both_secrets_verify_for_a_day(office: Office) -> None:
    """Then the newer one alone, and the older is no longer in the database."""
    old = result_signing.add(_account(), office.clock.now())
    new = result_signing.rotate(_account(), office.clock.now())
    office.clock.advance(hours=23)
    office.queue("6175550100")
    office.work()
    office.clock.advance(hours=2)
    office.queue("6175550100")
    office.work()
    both, one = office.customer.posts("/result")
    _verify(old, both)
    _verify(new, both)
    _verify(new, one)
    with pytest.raises(WebhookVerificationError):
        _verify(old, one)
    result_signing.remove_retired(office.clock.now())
    assert execute("SELECT secret FROM webhook_secret").fetchall() == [(new,)]


def test_another_accounts_results_are_not_signed(office: Office) -> None:
    """Each account has a secret of its own."""
    accounts.add("boss", "kx83qz", office.clock.now())
    secret = result_signing.add(accounts.named("boss").id, office.clock.now())
    office.queue("6175550100")
    office.queue("6175550101", login="boss", pin="kx83qz")
    office.work()
    signed = {
        post.form["phone_number"]: "Webhook-Signature" in post.headers for post in office.customer.posts("/result")
    }
    assert signed == {"6175550100": False, "6175550101": True}
    _verify(secret, next(post for post in office.customer.posts("/result") if "Webhook-Signature" in post.headers))


def test_no_log_and_no_letter_tells_the_secret(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    """It is shown when it is made, and never again."""
    secret = result_signing.add(_account(), office.clock.now())
    office.queue("6175550100")
    with caplog.at_level("DEBUG"):
        office.work()
    letter = outbox.Letter(1, "", "", outbox.ResultFormat.FORM, "", 1, 0, (secret,))
    for text in (caplog.text, repr(letter)):
        assert secret not in text


@needs("php")
@pytest.mark.one_engine
def test_php_verifies_a_signed_result(office: Office, tmp_path: Path) -> None:
    """With the functions that every PHP has; the forged one it refuses."""
    secret = result_signing.add(_account(), office.clock.now())
    office.queue("6175550100")
    office.work()
    (posted,) = office.customer.posts("/result")
    headers = [posted.headers[f"Webhook-{name}"] for name in ("Id", "Timestamp", "Signature")]
    for body, told in ((posted.body, "good"), (posted.body + b"0", "forged")):
        (tmp_path / "body").write_bytes(body)
        done = subprocess.run(
            ["php", str(VERIFY), secret, *headers, str(tmp_path / "body")], capture_output=True, text=True, check=True
        )
        assert done.stdout == told


@needs("bash", "curl", "openssl")
@pytest.mark.one_engine
def test_copy_as_curl_signs_anew(office: Office) -> None:
    """The command of the page, with the secret in a variable, sends a result that is verified; it has no secret."""
    secret = result_signing.add(_account(), office.clock.now())
    call_id = office.queue("6175550100", message_reference="it's $HOME % \\ é")
    office.work()
    page = Visitor(office.web).sign_in().page(f"/calls/{call_id}")
    assert secret not in page
    command = next(text for text in words(page).split("As curl ")[1:] if "WEBHOOK_SECRET" in text).split(" Copy ")[0]
    for environment, posts in (({}, 1), ({"WEBHOOK_SECRET": secret}, 2)):
        done = subprocess.run(
            ["bash", "-c", command],
            env={"PATH": "/usr/bin:/bin", **environment},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert (done.returncode == 0) == (posts == 2), done.stderr
        assert ("WEBHOOK_SECRET" in done.stderr) == (posts == 1)
        assert len(office.customer.posts("/result")) == posts
    first, second = office.customer.posts("/result")
    assert second.body == first.body
    assert second.headers["Webhook-Id"] == str(call_id)
    _verify(secret, second)


@pytest.mark.one_engine
def test_a_secret_in_the_console(office: Office) -> None:
    """Made, shown once, rotated, removed; in the log of who did what, without the secret."""
    visitor = Visitor(office.web).sign_in()
    assert "Your results are not signed" in visitor.page("/keys")
    made = visitor.send("/keys", "/keys/secret").text
    (secret,) = (each.secret for each in result_signing.of(_account(), office.clock.now()))
    assert secret in made
    assert secret not in visitor.page("/keys")
    rotated = visitor.send("/keys", "/keys/secret/rotate").text
    assert "signs until" in words(rotated)
    newer, older = (each.secret for each in result_signing.of(_account(), office.clock.now()))
    assert older == secret
    assert newer in rotated
    assert "Results are no longer signed" in visitor.follow(visitor.send("/keys", "/keys/secret/remove"))
    assert result_signing.of(_account(), office.clock.now()) == []
    log = visitor.page("/audit")
    assert "rotated the secret for results" in log
    assert secret not in log


@pytest.mark.one_engine
def test_what_can_not_be_done_with_a_secret_is_said(database: None, office: Office) -> None:
    """There is one at a time, and one must be there."""
    now = office.clock.now()
    for change in (lambda: result_signing.rotate(_account(), now), lambda: result_signing.remove(_account())):
        with pytest.raises(Refusal, match="the account has no secret"):
            change()
    result_signing.add(_account(), now)
    with pytest.raises(Refusal, match="has a secret already"):
        result_signing.add(_account(), now)
