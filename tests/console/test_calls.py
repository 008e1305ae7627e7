"""The list of calls, page by page, and a call's page: why it waits, what was said, resending, canceling."""

import re
import subprocess

import pytest
from customer import Received, Reply
from needs import needs
from office import Office
from visitor import Visitor, words

from app.calls import accounts, listing
from app.calls.db import execute
from app.calls.listing import Wanted
from app.calls.states import Status
from app.console import curl

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def visitor(office: Office) -> Visitor:
    return Visitor(office.web).sign_in()


def add(count: int, *, campaign_id: int = 1, status: str = "completed", gap: int = 1) -> range:
    """Many calls as rows, their call_ids ``gap`` apart."""
    (start,) = execute("SELECT coalesce(max(id), 1000) + 1 FROM call").fetchone()
    execute(
        """INSERT INTO terms (campaign_id, start_url, result_url, campaign_parameters, max_retries, retry_interval,
            scheduled_at, created_at, notes) VALUES (?, '', '', '', 0, 60, 0, 0, '')""",
        campaign_id,
    )
    ids = range(start, start + count * gap, gap)
    for call_id in ids:
        execute(
            """INSERT INTO call (id, terms_id, campaign_id, phone_number, number, message_reference, call_parameters,
                status, due_at, attempts, callee_type, duration, queued_at, finished_at, fence)
            VALUES (?, (SELECT max(id) FROM terms), ?, '', ?, '', '', ?, 0, 1, 'voice', 0, 0, ?, 0)""",
            *(call_id, campaign_id, f"+1617{call_id}", status, 0.0 if status == "completed" else None),
        )
    return ids


def found(wanted: Wanted, patience: float = 10.0) -> list[list[int]]:
    """All pages of a search, as call_ids."""
    pages, below = [], listing.ABOVE_ALL
    while True:
        page = listing.page(wanted, below, limit=10, patience=patience)
        pages.append([call.call_id for call in page.calls])
        if page.below is None:
            return pages
        assert page.below < below
        below = page.below


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(Wanted(), id="all"),
        pytest.param(Wanted(account_id=1), id="an account's"),
        pytest.param(Wanted(campaign="1"), id="a campaign's"),
        pytest.param(Wanted(statuses=(Status.COMPLETED, Status.QUEUED)), id="by status"),
        pytest.param(Wanted(callee_type="voice"), id="by what is in no index"),
    ],
)
@pytest.mark.parametrize("patience", [pytest.param(10.0, id="patient"), pytest.param(0.0, id="impatient")])
@pytest.mark.usefixtures("database")
def test_pages_hold_every_call_once(wanted: Wanted, patience: float) -> None:
    """The newest first, over gaps in the call_ids wider than a look; whether or not a page had to be cut."""
    ids = [*add(15), *add(12, gap=997), *add(3, gap=70_000), *add(11, status="queued")]
    pages = found(wanted, patience)
    assert [call_id for page in pages for call_id in page] == ids[::-1]
    if patience:
        assert [len(page) for page in pages] == [10, 10, 10, 10, 1]


@pytest.mark.usefixtures("database")
def test_a_search_by_number_is_not_cut_between_ended_and_waiting_calls() -> None:
    """Calls that have ended are found along an index, those that wait by looking: pages mix them in order."""
    ids = [*add(7, gap=3_000), *add(9, status="queued", gap=3_000), *add(8, gap=3_000)]
    execute("UPDATE call SET number = '+16175550100'")
    for patience in (10.0, 0.0):
        pages = found(Wanted(number="+16175550100"), patience)
        assert [call_id for page in pages for call_id in page] == ids[::-1]


def test_a_search_that_takes_long_says_how_far_it_came(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a link that goes on from there; the last page says that nothing is like that."""
    add(3, gap=2_000)
    monkeypatch.setattr(listing, "PATIENCE_SECONDS", 0.0)
    link = "/calls?q=type:busy"
    for _ in range(10):
        page = visitor.page(link)
        on = re.search(r'href="(/calls\?q=type:busy&amp;before=[0-9]+)" rel="next">Search on', page)
        if on is None:
            break
        assert "Searched down to call" in page
        link = on[1].replace("&amp;", "&")
    assert "No call is like that." in page


def test_the_list_goes_on_to_older_calls(visitor: Visitor) -> None:
    """Fifty on a page; the search goes along."""
    ids = add(60)
    first = visitor.page("/calls?q=status:completed")
    older = re.search(r'href="(/calls\?q=status:completed&amp;before=[0-9]+)"', first)
    assert older is not None
    second = visitor.page(older[1].replace("&amp;", "&"))
    shown = [int(each) for each in re.findall(r'href="/calls/([0-9]+)"', first + second)]
    assert shown == [*ids][::-1]
    assert "Older" not in second


def test_pages_without_calls_say_what_to_do(visitor: Visitor) -> None:
    """Queue one; look at the search; go back to the newest."""
    assert "No call was queued yet." in visitor.page("/calls")
    assert 'href="/queue"' in visitor.page("/calls")
    assert "No call is like that." in visitor.page("/calls?q=status:failed")
    assert "There are no older calls." in visitor.page("/calls?before=5")


def test_a_call_that_waits_says_why(office: Office, visitor: Visitor) -> None:
    """In a sentence, and the part that is asked for again says so until it is settled."""
    call_id = office.queue("6175550100", scheduled_time="+1 hour", max_retries="2")
    page = words(visitor.page(f"/calls/{call_id}"))
    assert "Why it is not dialling: it is scheduled at 2016-09-28 21:51:32 UTC." in page
    assert "Due 2016-09-28 17:51:32 , attempt 1 of 3." in page
    assert visitor.web.get(f"/calls/{call_id}/story").status_code == 200
    office.clock.advance(hours=1)
    office.work()
    story = visitor.web.get(f"/calls/{call_id}/story")
    assert (story.status_code, "It is completed." in story.text) == (286, True)


def test_a_call_tells_its_story(office: Office, visitor: Visitor) -> None:
    """Attempts, what happened in order, what was said over HTTP, the transcript line by line."""
    call_id = office.queue("6175550100", message_reference="a 1", call_parameters="k=v")
    office.work()
    page = visitor.page(f"/calls/{call_id}")
    timeline = words(page.partition("<h2>What happened</h2>")[2].partition("<h2>Transcript")[0])
    order = ("queued", "dialing attempt 1", "connected", "start_url POST", "voice attempt 1", "completed", "result_url")
    places = [timeline.index(each) for each in order]
    assert places == sorted(places)
    assert "0.0 prompt Your appointment is tomorrow at ten." in words(page)
    assert "message_reference a 1 call_parameters k=v" in words(page)
    assert "Its result is acknowledged after 1 post; the last answer: HTTP 200." in words(page)


def test_a_completed_call_whose_application_failed_says_so_first(office: Office, visitor: Visitor) -> None:
    office.customer.answers["/start"] = lambda asked: Reply(501 if asked.method == "POST" else 200)
    call_id = office.queue("6175550100", start_url=f"{office.customer.url}/start")
    office.work()
    page = words(visitor.page(f"/calls/{call_id}"))
    assert f"It is completed, but the application failed: POST {office.customer.url}/start answered 501." in page


@needs("bash", "curl")
def test_an_exchange_can_be_made_again_from_a_shell(office: Office, visitor: Visitor) -> None:
    """What stands on the page, given to bash, sends what was sent: header, body, address."""
    office.customer.answers["/it's [x]"] = lambda _: Reply(body=b"completed")
    url = f"{office.customer.url}/it's%20[x]?a=$(id)&b={{1,2}}"
    exchange = {"purpose": "result_url", "method": "POST", "url": url, "request": "@x='1'&y=\r\n\\`$HOME`"}
    command = curl.command(exchange, 7, "form")
    assert "\r" not in command
    subprocess.run(["bash", "-c", command], check=True, capture_output=True, timeout=30)
    (sent,) = [one for one in office.customer.received if one.method == "POST"]
    assert sent.path == url.removeprefix(office.customer.url)
    assert sent.body == exchange["request"].encode()
    assert sent.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert sent.headers["Webhook-Id"] == "7"


@pytest.mark.parametrize(
    ("exchange", "words"),
    [
        pytest.param({"method": "GET"}, "--globoff http://x/", id="GET"),
        pytest.param({"method": "PUT"}, "--globoff --request PUT http://x/", id="another method"),
        pytest.param(
            {"method": "POST", "purpose": "start_url", "request": "a=b"},
            "--globoff --header 'Content-Type: application/x-www-form-urlencoded' --data-raw a=b http://x/",
            id="form",
        ),
        pytest.param(
            {"method": "POST", "purpose": "result_url", "request": "{}"},
            "--globoff --header 'Content-Type: application/json' --header 'Webhook-Id: 7' --data-raw '{}' http://x/",
            id="JSON result",
        ),
        pytest.param(
            {"method": "POST", "purpose": "page", "request": "--b1\r\nx"},
            "--globoff --header 'Content-Type: multipart/form-data; boundary=\"b1\"' --data-raw $'--b1\\x0d\\x0ax' http://x/",
            id="multipart",
        ),
    ],
)
def test_a_curl_command(exchange: dict[str, str], words: str) -> None:
    """The method, the type of the body, the body."""
    assert curl.command({"url": "http://x/"} | exchange, 7, "json") == f"curl --silent --show-error --include {words}"


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        pytest.param(Reply(410), "gone", id="gone"),
        pytest.param(Reply(body=b"completed"), "acknowledged", id="acknowledged"),
    ],
)
def test_a_result_is_resent(office: Office, visitor: Visitor, answer: Reply, state: str) -> None:
    """The same body again, with all its tries; acknowledged in the end."""
    office.customer.answers["/result"] = lambda _: answer
    call_id = office.queue("6175550100")
    office.work()
    assert office.call(call_id)["result"]["state"] == state
    office.customer.answers["/result"] = lambda _: Reply(body=b"completed")
    page = visitor.follow(visitor.send(f"/calls/{call_id}", f"/calls/{call_id}/resend"))
    assert "The result is posted again" in page
    assert "Its result is pending after 0 posts" in words(page)
    office.work()
    first, second = office.customer.wait_for("/result", 2)
    assert first.body == second.body
    told = office.call(call_id)["result"]
    assert (told["state"], told["tries"]) == ("acknowledged", 1)


def test_a_result_that_is_given_up_is_resent_as_often_as_before(office: Office, visitor: Visitor) -> None:
    """Its waits begin anew: 5 seconds after the first post."""
    office.customer.answers["/result"] = lambda _: Reply(500)
    call_id = office.queue("6175550100")
    office.work()
    execute("UPDATE result SET state = 'given up', tries = 9 WHERE call_id = ?", call_id)
    visitor.send(f"/calls/{call_id}", f"/calls/{call_id}/resend")
    office.work()
    told = office.call(call_id)["result"]
    assert (told["state"], told["tries"]) == ("pending", 1)
    office.clock.advance(seconds=6)
    office.work()
    assert office.call(call_id)["result"]["tries"] == 2


def test_a_result_is_not_resent_before_there_is_one(office: Office, visitor: Visitor) -> None:
    """Nor while it is being posted."""
    call_id = office.queue("6175550100")
    page = visitor.follow(visitor.send(f"/calls/{call_id}", f"/calls/{call_id}/resend"))
    assert "There is nothing to resend" in page
    office.work()
    execute("UPDATE result SET state = 'pending', worker = 'x' WHERE call_id = ?", call_id)
    page = visitor.follow(visitor.send(f"/calls/{call_id}", f"/calls/{call_id}/resend"))
    assert "There is nothing to resend" in page
    execute("UPDATE result SET worker = NULL")


def test_a_call_is_canceled(office: Office, visitor: Visitor) -> None:
    """For good, and its result is sent; another time there is nothing to cancel."""
    call_id, other = office.queue("6175550100"), office.queue("6175550101", scheduled_time="+1 day")
    form = visitor.forms(f"/calls/{call_id}")[f"/calls/{call_id}/cancel"].fields
    page = visitor.follow(visitor.web.post(f"/calls/{call_id}/cancel", data=form))
    assert "The call is canceled." in page
    assert "It was canceled." in words(page)
    office.work()
    assert [post.form["call_id"] for post in office.customer.wait_for("/result", 1)] == [str(call_id)]
    assert office.call(other)["status"] == "queued"
    assert "nothing to cancel" in visitor.follow(visitor.web.post(f"/calls/{call_id}/cancel", data=form))
    assert "/cancel" not in visitor.page(f"/calls/{call_id}")


def test_a_call_of_another_account_is_not_there(office: Office) -> None:
    """404 for its page, its parts, and all that can be done to it; for a call that never was, too."""
    call_id = office.queue("6175550100")
    accounts.add("other", "1111", office.clock.now(), allow_weak_pin=True)
    stranger = Visitor(office.web).sign_in("other", "1111")
    token = stranger.forms("/campaigns")["/campaigns"].fields
    for each in (call_id, call_id + 1, 2**40):
        for path in ("", "/story"):
            stranger.page(f"/calls/{each}{path}", 404)
        for verb in ("cancel", "resend"):
            assert stranger.web.post(f"/calls/{each}/{verb}", data=token).status_code == 404
    assert str(call_id) not in stranger.page("/calls")
    assert office.call(call_id)["status"] == "queued"


def test_without_a_token_nothing_is_done(office: Office, visitor: Visitor) -> None:
    """400 for each write."""
    call_id = office.queue("6175550100")
    for verb in ("cancel", "resend"):
        assert visitor.web.post(f"/calls/{call_id}/{verb}").status_code == 400
    assert office.call(call_id)["status"] == "queued"


def test_what_others_write_is_shown_as_text(office: Office, visitor: Visitor) -> None:
    """References, parameters, what the customer's server answers, what the application says, are no markup."""

    def page(_: Received) -> Reply:
        said = "&lt;script&gt;alert(1)&lt;/script&gt;"
        return Reply(body=f"<vxml version='2.0'><form><block><log>{said}</log>{said}</block></form></vxml>".encode())

    office.customer.answers |= {"/start": page, "/result": lambda _: Reply(500, EVIL.encode())}
    call_id = office.queue("6175550100", message_reference=EVIL, call_parameters=f'"{EVIL}')
    office.work()
    for path in (f"/calls/{call_id}", "/calls", f"/calls/{call_id}/story"):
        text = visitor.web.get(path).text
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text or path.endswith("story")
    assert visitor.page(f"/calls/{call_id}").count("&lt;script&gt;alert(1)") >= 5
