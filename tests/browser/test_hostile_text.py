"""Texts that want to be scripts, put wherever a customer can put one, on every page that shows it in a real browser.

The pages' policy is switched off here: that no page makes a script of a text must hold without it.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import escape

import pytest
from browsing import Person
from customer import Customer, Reply
from doors import Doors
from live import Live, running, until
from needs import needs
from playwright.sync_api import Browser

pytestmark = needs("chromium", "libatomic")

PAYLOADS = (Path(__file__).parent.parent / "data" / "scripts.txt").read_text(encoding="utf-8").splitlines()
ALL = "\n".join(PAYLOADS)
INJECTED = """() => {
    for (const each of document.querySelectorAll('details')) each.open = true;
    for (const each of document.querySelectorAll('main *'))
        for (const event of ['mouseover', 'focus', 'toggle']) each.dispatchEvent(new Event(event, {bubbles: true}));
    const attributes = ['href', 'src', 'action', 'formaction', 'data', 'xlink:href'];
    return [...document.querySelectorAll('*')].filter(each =>
        each.getAttributeNames().some(name => name.startsWith('on') || name.startsWith('hx-'))
        || attributes.some(name => /^\\s*(javascript|data):/i.test(each.getAttribute(name) ?? ''))
        || each.matches('script:not([src^="/static/"]), iframe, object, embed, base, video, audio, img, math, marquee')
    ).map(each => each.outerHTML);
}"""


def _packed(most: int) -> list[str]:
    """All payloads in as few texts of so many characters as they fit in, one behind the other."""
    texts = [""]
    for payload in PAYLOADS:
        if len(texts[-1]) + len(payload) > most:
            texts.append("")
        texts[-1] += payload
    return texts


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Live]:
    """A server whose customers have filled every text that they can with payloads."""
    with Customer().open() as customer, running(tmp_path_factory.mktemp("hostile")) as live:
        somebody = Person(browser, live.url).sign_in()
        _answer(customer)
        _queue(Doors(live), customer.url)
        _leave_a_draft(somebody, customer.url)
        _name_things(somebody)
        somebody.close()
        yield live


def _answer(customer: Customer) -> None:
    """What the customer's server answers: texts of prompts, logs and variables; an error; more than "completed"."""
    said, value = escape(ALL), escape(json.dumps(ALL), {'"': "&quot;"})
    page = (
        f'<vxml version="2.1"><form><block><var name="x" expr="{value}"/><prompt>{said}</prompt>'
        f'<log label="&lt;script>hurt()">{said}</log><throw event="no" message="{escape(PAYLOADS[0])}"/>'
        "</block></form></vxml>"
    )
    error = Reply(500, ALL.encode(), {"Content-Type": "text/html"})
    customer.answers["/start"] = lambda got: error if "broken" in got.path else Reply(body=page.encode())
    customer.answers["/result"] = lambda _: Reply(200, ALL.encode(), {"Content-Type": "text/html"})


def _queue(doors: Doors, url: str) -> None:
    numbers = (f"617555{100 + place:04}" for place in (0, 1, 3, 7) * len(PAYLOADS))
    doors.send(
        "PUT", f"/testing/callees/{quote('+16175550100')}", {"outcomes": [{"callee": "voice", "says": PAYLOADS}]}
    )
    for text, number in zip(_packed(120), numbers, strict=False):
        start_url = f"{url}/start?x={quote(text, safe='<>()=/;:{}')[:150]}"
        terms = {
            "campaign_name": text,
            "campaign_parameters": text,
            "start_url": start_url,
            "result_url": f"{url}/result",
        }
        reference = text.replace('"', '""')
        doors.queue(f'{number},"{reference}","{reference}"\n', **terms)
    doors.queue(phone_number="6175550100", message_reference=PAYLOADS[0], start_url=f"{url}/start?broken={PAYLOADS[0]}")
    doors.queue_for(1, phone_number="6175550100", metadata=json.dumps({"x": ALL}), result_url=f"{url}/result")

    waiting = "SELECT id FROM call WHERE status NOT IN ('completed', 'failed')"
    until(lambda: not doors.live.rows(waiting), 60, "every call ends")


def _leave_a_draft(somebody: Person, url: str) -> None:
    """A list of lines that are rejected, in a file with a name."""
    file = {
        "name": PAYLOADS[28],
        "mimeType": "text/csv",
        "buffer": ALL.encode() + b"\n6175550100,<script>hurt()</script>",
    }
    form = {"start_url": f"{url}/start", "phone_list": file}
    answer = somebody.page.request.post("/upload", multipart={"csrf_token": _token(somebody)} | form)
    assert "What would be queued" in answer.text()


def _name_things(somebody: Person) -> None:
    """Logins, applications, deployments, keys, and why calling was suspended."""
    forms = [("/accounts", {"login": text, "pin": "837465"}) for text in [PAYLOADS[7], *_packed(128)[:9]]]
    for text in _packed(80):
        forms.append(("/applications", {"name": text}))
        forms.append(("/applications/1/deployments", {"name": text}))
        forms.append(("/keys", {"label": text}))
    forms += [("/suspend", {"because": text}) for text in _packed(200)]
    for path, form in forms:
        answer = somebody.page.request.post(path, form={"csrf_token": _token(somebody)} | form)
        assert answer.status == 200, f"{path}: {answer.text()}"


def _token(somebody: Person) -> str:
    return somebody.page.locator("[name=csrf_token]").first.input_value()


def _places(live: Live) -> Iterator[str]:
    """Every page that has something of a customer's in it, its parts included."""
    yield from (
        "/overview",
        "/campaigns?before=40",
        "/calls",
        "/applications",
        "/keys",
        "/lab",
        "/accounts",
        "/audit",
    )
    for table, path, most in (
        ("call", "/calls", 40),
        ("campaign", "/campaigns", 40),
        ("draft", "/upload", 1),
        ("account", "/accounts", 5),
        ("application", "/applications", 5),
        ("deployment", "/deployments", 5),
    ):
        for (row,) in live.rows(f"SELECT id FROM {table} ORDER BY id LIMIT {most}"):
            yield f"{path}/{row}"
    for (draft,) in live.rows("SELECT id FROM draft"):
        yield f"/upload?draft={draft}"
    for text in _packed(250):
        yield f"/calls?q={quote(text)}"
        yield f"/lab?number={quote(text)}"


def test_no_text_becomes_a_script(hostile: Live, browser: Browser) -> None:
    """On no page does a payload run, nor make an element, an attribute or an address that could."""
    hurt: list[str] = []
    somebody = Person(browser, hostile.url, bypass_csp=True)
    somebody.context.expose_binding("hurt", lambda source: hurt.append(source["page"].url))
    somebody.sign_in()
    injected, silent = {}, set()
    for place in _places(hostile):
        somebody.page.goto(place)
        injected[place] = somebody.page.evaluate(INJECTED)
        if "hurt()" not in somebody.page.content():
            silent.add(place)
    assert silent == {"/accounts/1", "/deployments/1"}, "what shows no payload proves nothing"
    assert {place: found for place, found in injected.items() if found} == {}
    somebody.press("Sign out")
    somebody.fill(Login=PAYLOADS[7], PIN="837466")
    somebody.press("Sign in")
    assert somebody.page.evaluate(INJECTED) == []
    somebody.sign_in(PAYLOADS[7], "837465")
    assert somebody.page.evaluate(INJECTED) == []
    assert hurt == []
    assert somebody.mistakes == []
    somebody.close()


@pytest.mark.parametrize("payload", ["<script>hurt()</script>", "<img src=x onerror=hurt()>"])
def test_what_would_run_is_noticed(hostile: Live, browser: Browser, payload: str) -> None:
    """The same watch on a page that does not escape, so that the silence above means something."""
    somebody, hurt = Person(browser, hostile.url, bypass_csp=True), []
    somebody.context.expose_binding("hurt", lambda source: hurt.append(source["page"].url))
    somebody.page.route("**/login", lambda route: route.fulfill(body=f"<main>{payload}", content_type="text/html"))
    somebody.page.goto("/login")
    assert somebody.page.evaluate(INJECTED)
    until(lambda: somebody.page.wait_for_timeout(20) or hurt, 20, "it hurts")
    somebody.close()
