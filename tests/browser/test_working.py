"""A day's work at the console in a real browser, with JavaScript and without, on real programs and a real customer."""

import re
import threading
from pathlib import Path
from urllib.parse import quote_plus

from browsing import Person
from customer import PAGE, Customer, Received, Reply
from doors import Doors
from live import Live
from needs import needs
from playwright.sync_api import Locator, expect

pytestmark = needs("chromium", "libatomic")


class Held:
    """A customer's start_url that answers once it is let go."""

    def __init__(self, customer: Customer) -> None:
        self._go = threading.Event()
        customer.answers["/start"] = self._answer

    def _answer(self, _: Received) -> Reply:
        assert self._go.wait(60)
        return Reply(body=PAGE)

    def let_go(self) -> None:
        self._go.set()


def _badge(person: Person, word: str) -> Locator:
    return person.page.locator("main .badge").get_by_text(word, exact=True)


def _queue_one(person: Person, urls: dict[str, str], number: str = "6175550100", **fields: str) -> int:
    """Queue a call with the form; its call_id."""
    person.follow("One call")
    person.fill(phone_number=number, **urls, **fields)
    person.press("Queue the call")
    expect(person.page).to_have_url(re.compile(r"/calls/\d+$"))
    return int(person.page.url.rpartition("/")[2])


def _numbers(count: int) -> bytes:
    return b"".join(b"617%07d,ref %d\n" % (2_000_000 + place, place) for place in range(count))


def _find(person: Person, search: str) -> None:
    """Search for a call and look at it."""
    person.follow("Calls")
    person.page.get_by_role("searchbox").fill(search)
    person.press("Search")
    expect(person.page.get_by_role("row")).to_have_count(2)
    person.page.get_by_role("row").last.get_by_role("link").first.click()


def _try_list(person: Person, file: Path, urls: dict[str, str], **fields: str) -> None:
    """Send a list to be tried."""
    person.follow("A list")
    person.page.get_by_label(re.compile("^phone_list")).set_input_files(file)
    person.fill(**urls, **fields)
    person.press("Try the list")
    expect(person.heading("What would be queued")).to_be_visible()


def test_a_call_is_seen_to_complete(person: Person, customer: Customer, customer_of: dict[str, str]) -> None:
    """With scripts the page that was loaded once tells it."""
    held = Held(customer)
    _queue_one(person, customer_of, message_reference="appointment 7")
    person.see(_badge(person, "connected"))
    person.page.evaluate("document.body.id = 'the-same'")
    held.let_go()
    person.see(person.page.get_by_text("It is completed."))
    person.see(person.page.get_by_role("heading", name="Transcript of attempt 1"))
    assert person.scripts == (person.page.locator("#the-same").count() == 1)
    assert customer.wait_for("/result", 1)[0].form["message_reference"] == "appointment 7"


def test_a_thousand_calls_are_tried_queued_stopped_started_and_canceled(
    person: Person, customer: Customer, customer_of: dict[str, str], tmp_path: Path
) -> None:
    """Nothing is queued before the confirmation; nothing is dialled while the campaign is stopped."""
    held, file = Held(customer), tmp_path / "thousand.csv"
    file.write_bytes(_numbers(1_000) + b"911,nobody\n")
    _try_list(person, file, customer_of, campaign_name=f"thousand {person.scripts}")
    expect(person.page.get_by_role("row", name=re.compile("^1001 911"))).to_be_visible()
    assert customer.posts("/start") == []
    person.press("Queue these 1,000 calls")
    expect(person.page.get_by_role("status")).to_have_text("1,000 calls are queued.")
    customer.wait_for("/start", 1)
    person.press("Stop")
    person.see(_badge(person, "stopped"))
    dialled = len(customer.posts("/start"))
    held.let_go()
    person.see(person.page.get_by_text("None of its calls is dialled until it is started."))
    customer.wait_for("/result", 1)
    assert len(customer.posts("/start")) <= dialled + 50, "as many as were being dialled when it was stopped"
    person.press("Start")
    customer.wait_for("/start", dialled + 51)
    question = person.open("Cancel what is pending")
    person.press("Cancel all pending calls", question)
    person.see(person.page.get_by_text("Every call has ended."))


def test_all_calling_is_suspended_and_resumed(person: Person, customer: Customer, customer_of: dict[str, str]) -> None:
    """Everybody sees since when and by whom; a call that waits says that it is because of this."""
    person.page.goto("/overview")
    question = person.open("Suspend all calling")
    question.get_by_label("Why").fill("storm warning")
    person.press("Suspend all calling", question)
    expect(
        person.page.get_by_text(re.compile("All calling is suspended since .* by demo: storm warning"))
    ).to_be_visible()
    _queue_one(person, customer_of)
    expect(person.page.get_by_text(re.compile("^Why it is not dialling: all calling is suspended"))).to_be_visible()
    assert customer.posts("/start") == []
    person.follow("Overview")
    person.press("Resume all calling")
    expect(person.page.get_by_role("status")).to_have_text("Calling is resumed.")
    customer.wait_for("/result", 1)


def test_a_failed_call_is_found_understood_and_its_result_sent_again(
    person: Person, live: Live, customer: Customer, customer_of: dict[str, str]
) -> None:
    """By search; with the reason, what was said over HTTP, and the same result once more."""
    reference = f"lost {person.scripts}"
    Doors(live).queue(phone_number="6175550103", message_reference=reference, **customer_of)
    customer.wait_for("/result", 1)
    _find(person, f'status:failed type:busy ref:"{reference}"')
    expect(person.page.get_by_text("It has failed: nobody was reached in 1 of 1 attempts.")).to_be_visible()
    expect(person.page.get_by_role("region", name="Attempts").locator(".badge")).to_have_text("busy")
    question = person.open("Resend the result")
    person.press("Resend the result", question)
    first, second = customer.wait_for("/result", 2)
    assert first.body == second.body
    happened = person.page.get_by_role("region", name="What happened").get_by_role("row")
    person.see(happened.filter(has_text="result_url").nth(1))
    exchange = person.open("result_url POST")
    expect(exchange.get_by_label("Request", exact=True)).to_contain_text(f"message_reference={quote_plus(reference)}")
    expect(exchange.get_by_label("Answer", exact=True)).to_contain_text("completed")


def test_a_broken_application_is_found_out(
    person: Person, live: Live, customer: Customer, customer_of: dict[str, str]
) -> None:
    """By the transcript of the call and by what the customer's server answered."""
    customer.answers["/start"] = lambda _: Reply(500, b"no more <b>memory</b>")
    Doors(live).queue(phone_number="6175550100", message_reference=f"broken {person.scripts}", **customer_of)
    customer.wait_for("/result", 1)
    _find(person, f'ref:"broken {person.scripts}"')
    expect(person.page.get_by_label("Transcript of attempt 1")).to_contain_text("500")
    exchange = person.open("start_url POST")
    expect(exchange.get_by_label("Request", exact=True)).to_contain_text("phone_number=6175550100")
    expect(exchange.get_by_label("Answer", exact=True)).to_contain_text("no more <b>memory</b>")


def test_an_export_is_sent_again(person: Person, customer_of: dict[str, str], tmp_path: Path) -> None:
    """What comes out as a phone_list goes in again whole, and comes out the same."""
    file = tmp_path / "list.csv"
    file.write_bytes(_numbers(30) + '6175550100,"quoted, é",a=1&b=2\n'.encode())
    taken = []
    for name in ("first", "second"):
        _try_list(person, file, customer_of, campaign_name=f"{name} {person.scripts}", scheduled_time="+1 day")
        person.press("Queue these 31 calls")
        expect(person.page.get_by_role("status")).to_have_text("31 calls are queued.")
        with person.page.expect_download() as download:
            person.follow("As a phone_list to send again")
        file = tmp_path / f"{name}.txt"
        download.value.save_as(file)
        taken.append(file.read_bytes())
    assert taken[0] == taken[1]
    assert len(taken[0].splitlines()) == 31
