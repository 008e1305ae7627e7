"""Campaigns in the console: how far they have got, starting, stopping, canceling, queueing again."""

import re

import pytest
from multipart import CONTENT_TYPE, encode
from office import Office
from visitor import Visitor, words

from app.calls import accounts
from app.calls.db import execute

EVIL = '"><script>alert(1)</script>'


@pytest.fixture
def visitor(office: Office) -> Visitor:
    return Visitor(office.web).sign_in()


def upload(office: Office, lines: str, name: str = "sale", **fields: str) -> int:
    """Queue a list; the id of its campaign."""
    form = {
        "login": "demo",
        "pin": "1234",
        "campaign_name": name,
        "start_url": f"{office.customer.url}/start",
        "result_url": f"{office.customer.url}/result",
    }
    body = encode(form | fields, lines.encode())
    with office.web.post("/webservice/queuecalls.php", data=body, content_type=CONTENT_TYPE) as answer:
        assert 'status="queued"' in answer.text, answer.text
    ((campaign_id,),) = execute("SELECT id FROM campaign WHERE name = ?", name).fetchall()
    return int(campaign_id)


def statuses(campaign_id: int) -> list[str]:
    rows = execute("SELECT status FROM call WHERE campaign_id = ? ORDER BY id", campaign_id).fetchall()
    return [status for (status,) in rows]


def test_a_campaign_has_a_row_with_its_counts(office: Office, visitor: Visitor) -> None:
    """Pending, completed and failed, a bar of what has ended, and its window; the newest campaign first."""
    campaign_id = upload(office, "6175550100\n6175550101\n6175550102\n", expiration_time="+1 day")
    execute("UPDATE call SET status = 'completed', finished_at = 1 WHERE number = '+16175550100'")
    execute("UPDATE call SET status = 'canceled', finished_at = 1 WHERE number = '+16175550101'")
    page = visitor.page("/campaigns")
    row = re.search(rf'<tr>\s*<th scope="row"><a href="/campaigns/{campaign_id}">.*?</tr>', page, re.DOTALL)
    assert row is not None
    assert "sale list 3 of demo started Stop 1 1 0 + 1 canceled 2 of 3 –" in words(row[0])
    assert 'datetime="2016-09-29T20:51:32Z"' in row[0]
    assert page.index("sale") < page.index("default")
    assert words(row[0]) in words(visitor.page("/campaigns/table"))


def test_the_expected_end_follows_the_pace(office: Office, visitor: Visitor) -> None:
    """Two calls that ended within a minute and two that wait: a minute more; the window's end, if that is sooner."""
    campaign_id = upload(office, "6175550100\n6175550101\n6175550102\n6175550103\n")
    began = office.clock.now().timestamp()
    for number, seconds in ((0, 30), (1, 60)):
        execute(
            "UPDATE call SET status = 'failed', finished_at = ? WHERE number = ?",
            *(began + seconds, f"+1617555010{number}"),
        )
    office.clock.advance(seconds=90)
    page = words(visitor.page(f"/campaigns/{campaign_id}"))
    assert "Expected end 2016-09-28 16:54:02 at 2.0 calls a minute" in page
    execute("UPDATE terms SET expires_at = ? WHERE campaign_id = ?", began + 120, campaign_id)
    assert "Expected end 2016-09-28 16:53:32" in words(visitor.page(f"/campaigns/{campaign_id}"))
    execute("UPDATE campaign SET status = 'stopped' WHERE id = ?", campaign_id)
    assert "Expected end –" in words(visitor.page(f"/campaigns/{campaign_id}"))


def test_a_campaign_is_stopped_and_started(office: Office, visitor: Visitor) -> None:
    """From its page and from the list, which the viewer comes back to; who did it is written down."""
    campaign_id = upload(office, "6175550100\n")
    here = f"/campaigns/{campaign_id}"
    stopped = visitor.send(here, f"{here}/stop")
    assert "sale is stopped" in visitor.follow(stopped)
    office.work()
    assert statuses(campaign_id) == ["queued"]
    steer = visitor.forms("/campaigns")["/campaigns"].fields
    started = visitor.web.post(f"{here}/start", data=steer)
    assert started.headers["Location"] == "/campaigns"
    assert "sale is started" in visitor.follow(started)
    office.work()
    assert statuses(campaign_id) == ["completed"]
    actions = execute("SELECT action FROM audit ORDER BY id").fetchall()
    assert [action for (action,) in actions] == ["signed in", "stopped", "started"]


def test_what_is_pending_is_canceled_and_told(office: Office, visitor: Visitor) -> None:
    """Calls of this campaign only; each with its result; the page shows it at once."""
    campaign_id = upload(office, "6175550100\n6175550101\n")
    other = office.queue("6175550102")
    assert "Pending 2" in words(visitor.page(f"/campaigns/{campaign_id}"))
    page = visitor.follow(visitor.send(f"/campaigns/{campaign_id}", f"/campaigns/{campaign_id}/cancel"))
    assert "2 calls canceled" in page
    assert "Pending 0" in words(page)
    assert statuses(campaign_id) == ["canceled", "canceled"]
    assert office.call(other)["status"] == "queued"
    office.work()
    results = [post.form["result"] for post in office.customer.wait_for("/result", 3)]
    assert sorted(results) == ["Completed", "Failed", "Failed"]


def test_a_call_that_is_talked_to_is_not_dialled_again(office: Office, visitor: Visitor) -> None:
    """Canceling its campaign lets the conversation end, and ends its window."""
    campaign_id = upload(office, "6175550101\n", max_retries="3")
    execute("UPDATE call SET status = 'dialing', attempts = 1, worker = 'x' WHERE campaign_id = ?", campaign_id)
    page = visitor.follow(visitor.send(f"/campaigns/{campaign_id}", f"/campaigns/{campaign_id}/cancel"))
    assert "0 calls canceled" in page
    (expires_at,) = execute("SELECT expires_at FROM call WHERE campaign_id = ?", campaign_id).fetchone()
    assert expires_at == office.clock.now().timestamp()


@pytest.mark.parametrize(
    ("ticked", "status"),
    [pytest.param({}, "stopped", id="to be looked at"), pytest.param({"start": "on"}, "started", id="at once")],
)
def test_what_failed_is_queued_again(office: Office, visitor: Visitor, ticked: dict[str, str], status: str) -> None:
    """A new campaign of the failed calls, in their order, with their references, under the same terms."""
    campaign_id = upload(
        office,
        "6175550100,a,p\n6175550101,b,q\n6175550102,c\n",
        max_retries="2",
        campaign_parameters="k",
        scheduled_time="+1 hour",
        expiration_time="+3 hours",
    )
    execute("UPDATE call SET status = 'failed', finished_at = 1 WHERE message_reference IN ('a', 'c')")
    execute("UPDATE call SET status = 'completed', finished_at = 1 WHERE message_reference = 'b'")
    office.clock.advance(days=1)
    here = f"/campaigns/{campaign_id}"
    page = visitor.follow(visitor.send(here, f"{here}/again", **ticked))
    assert "sale again is queued" in page
    ((new_id, is_now),) = execute("SELECT id, status FROM campaign WHERE name = 'sale again'").fetchall()
    assert is_now == status
    calls = execute(
        """SELECT phone_number, number, message_reference, call_parameters, max_retries, campaign_parameters, due_at,
            call.expires_at FROM call JOIN terms ON terms.id = terms_id WHERE call.campaign_id = ? ORDER BY call.id""",
        new_id,
    ).fetchall()
    now = office.clock.now().timestamp()
    assert calls == [
        ("6175550100", "+16175550100", "a", "p", 2, "k", now, now + 7200),
        ("6175550102", "+16175550102", "c", "", 2, "k", now, now + 7200),
    ]
    assert "sale again 2 is queued" in visitor.follow(visitor.send(here, f"{here}/again"))


def test_nothing_is_queued_again_when_nothing_failed(office: Office, visitor: Visitor) -> None:
    """Said on a page, and no empty campaign is left."""
    campaign_id = upload(office, "6175550100\n")
    answer = visitor.send(f"/campaigns/{campaign_id}", f"/campaigns/{campaign_id}/again")
    assert (answer.status_code, "no call of this campaign has failed" in answer.text) == (400, True)
    assert execute("SELECT count(*) FROM campaign WHERE NOT is_default").fetchone() == (1,)


def test_outcomes_are_told_by_callee_type_and_attempts(office: Office, visitor: Visitor) -> None:
    """Of calls that have ended; a call that waits for its retry is pending."""
    campaign_id = upload(office, "".join(f"617555010{n}\n" for n in range(4)))
    ends = (("completed", "voice", 1), ("failed", "busy", 2), ("failed", "busy", 2), ("queued", "busy", 1))
    for number, (status, callee_type, attempts) in enumerate(ends):
        execute(
            "UPDATE call SET status = ?, callee_type = ?, attempts = ?, finished_at = ? WHERE number = ?",
            *(status, callee_type, attempts, None if status == "queued" else 1.0, f"+1617555010{number}"),
        )
    page = visitor.page(f"/campaigns/{campaign_id}")
    assert 'aria-label="busy 2, voice 1"' in page
    assert "Attempts Calls 1 1 2 2" in words(page)
    assert f'href="/calls?q=campaign:{campaign_id}+type:busy"' in page


def test_a_campaign_of_another_account_is_not_there(office: Office, visitor: Visitor) -> None:
    """404 for its page, its parts, its exports and all that can be done to it; it is in no list. Administrators may."""
    campaign_id = upload(office, "6175550100\n", name="secret plan")
    other = accounts.add("other", "1111", office.clock.now(), allow_weak_pin=True)
    stranger = Visitor(office.web)
    with office.web.session_transaction() as session:
        session.clear()
    stranger.sign_in(other.login, "1111")
    token = stranger.forms("/campaigns")["/campaigns"].fields
    here = f"/campaigns/{campaign_id}"
    for path in ("", "/standing", "/export.csv", "/export.raw", "/export.json"):
        stranger.page(here + path, 404)
    for verb in ("start", "stop", "cancel", "again"):
        assert stranger.web.post(f"{here}/{verb}", data=token).status_code == 404
    assert "secret plan" not in stranger.page("/campaigns") + stranger.page("/campaigns/table")
    assert statuses(campaign_id) == ["queued"]


def test_without_a_token_nothing_is_done(office: Office, visitor: Visitor) -> None:
    """400 for each write."""
    campaign_id = upload(office, "6175550100\n")
    for verb in ("start", "stop", "cancel", "again"):
        assert visitor.web.post(f"/campaigns/{campaign_id}/{verb}").status_code == 400
    assert statuses(campaign_id) == ["queued"]
    assert execute("SELECT status FROM campaign WHERE id = ?", campaign_id).fetchone() == ("started",)


def test_what_customers_write_is_shown_as_text(office: Office, visitor: Visitor) -> None:
    """A campaign's name and a reference are no markup."""
    campaign_id = upload(office, f"6175550100,{EVIL.replace(chr(34), '')}\n", name=EVIL)
    for path in ("/campaigns", f"/campaigns/{campaign_id}"):
        page = visitor.page(path)
        assert "<script>" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_a_list_of_many_campaigns_goes_on(office: Office, visitor: Visitor) -> None:
    """Fifty on a page, the next ones behind a link."""
    for number in range(60):
        execute(
            """INSERT INTO campaign (id, account_id, name, status, is_default, created_at, queue_id)
            VALUES (?, 1, ?, 'stopped', ?, 0, 1)""",
            *(1000 + number, f"list {number}", False),
        )
    first = visitor.page("/campaigns")
    link = re.search(r'href="(/campaigns\?before=[0-9]+)"', first)
    assert link is not None
    second = visitor.page(link[1])
    shown = [re.findall(r'href="/campaigns/([0-9]+)"', page) for page in (first, second)]
    assert [len(ids) for ids in shown] == [50, 12]
    assert [int(each) for each in shown[0] + shown[1]] == [*range(1059, 999, -1), 2, 1]
    assert "Older" not in second
    assert "No campaign here." in visitor.page("/campaigns?before=1")
