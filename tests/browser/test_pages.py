"""Every page as the people who need it most meet it: read aloud, in the dark, on a telephone, by a strict parser."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from browsing import Person
from filled import Filled, filled
from flask.testing import FlaskClient
from needs import needs
from places import OPEN, PAGES, PARTS, PROBLEMS
from playwright.sync_api import Browser, Page
from standard import mistakes

pytestmark = needs("chromium", "libatomic")

EMPTY = {path: path for path in ("/overview", "/campaigns", "/calls", "/applications", "/keys", "/audit", "/settings")}
SEEN_BY = [
    pytest.param(OPEN, None, id="anybody"),
    pytest.param(PAGES, ("demo", "1234"), id="an administrator"),
    pytest.param(PROBLEMS, ("demo", "1234"), id="somebody who is lost"),
    pytest.param(EMPTY, ("downtown", "5678"), id="somebody who has nothing"),
]
WIDER = "() => document.documentElement.scrollWidth > innerWidth"
LISTEN = """async rules => {
    for (const each of document.querySelectorAll('details')) each.open = true;
    const {violations} = await axe.run(rules ? {runOnly: rules} : {});
    return violations.filter(({impact}) => impact == 'serious' || impact == 'critical')
        .map(({id, nodes}) => id + ': ' + nodes.map(node => node.html).join(' '));
}"""


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Filled]:
    with filled(tmp_path_factory.mktemp("town"), browser) as running:
        yield running


def _look(
    town: Filled, browser: Browser, places: dict[str, str], who: tuple[str, str] | None, **look: object
) -> Iterator[tuple[str, Page]]:
    """Each of these pages as somebody sees it; none makes a mistake."""
    somebody = Person(browser, town.live.url, **look)
    if who:
        somebody.sign_in(*who)
    for name, path in places.items():
        somebody.page.goto(path.format(**town.values))
        yield name, somebody.page
    somebody.close()
    assert somebody.mistakes == []


@pytest.mark.parametrize(("places", "who"), SEEN_BY)
def test_no_page_shuts_anybody_out(
    town: Filled, browser: Browser, places: dict[str, str], who: tuple[str, str] | None
) -> None:
    """axe-core finds nothing serious or critical on any page, whatever is folded up unfolded; nor in the dark."""
    found = {}
    for name, page in _look(town, browser, places, who):
        page.evaluate(AXE_SCRIPT)
        page.emulate_media(color_scheme="light")
        found[name] = page.evaluate(LISTEN)
        page.emulate_media(color_scheme="dark")
        found[f"{name} in the dark"] = page.evaluate(LISTEN, ["color-contrast"])
    assert {name: each for name, each in found.items() if each} == {}


@pytest.mark.parametrize(("places", "who"), SEEN_BY)
def test_no_page_is_wider_than_a_telephone(
    town: Filled, browser: Browser, places: dict[str, str], who: tuple[str, str] | None
) -> None:
    """At 360 pixels tables scroll by themselves, never the page."""
    looked = _look(town, browser, places, who, viewport={"width": 360, "height": 740})
    assert [name for name, page in looked if page.evaluate(WIDER)] == []


def test_every_page_is_html_as_the_standard_has_it(town: Filled, browser: Browser) -> None:
    """Pages, parts of pages, and a form that comes back with what is wrong."""
    somebody = Person(browser, town.live.url)
    found = {}
    for name, path in OPEN.items():
        found[name] = mistakes(somebody.page.request.get(path).text())
    somebody.sign_in()
    for name, path in (PAGES | PARTS | PROBLEMS).items():
        found[name] = mistakes(somebody.page.request.get(path.format(**town.values)).text())
    for path in ("/queue", "/upload", "/applications", "/deployments/1", "/lab"):
        somebody.page.goto(path)
        for form in somebody.page.locator("form[method=post]").all():
            action = form.get_attribute("action") or path
            if action.startswith(path):
                token = form.locator("[name=csrf_token]").input_value()
                sent = {"csrf_token": token, "phone_number": "911", "number": "911", "start_url": "ftp://x"}
                answer = somebody.page.request.post(action, form=sent, headers={"Referer": somebody.page.url})
                found[f"{action}, with mistakes"] = mistakes(answer.text())
    somebody.close()
    assert {name: each for name, each in found.items() if each} == {}


def test_every_page_is_looked_at(web: FlaskClient) -> None:
    """No page of the console is missing above but for downloads."""
    adapter = web.application.url_map.bind("localhost")
    values = dict.fromkeys(("call_id", "campaign_id", "deployment_id", "application_id", "account_id"), "1")
    paths = [
        path.format(draft_id="a", **values).partition("?")[0] for path in (OPEN | PAGES | PROBLEMS | PARTS).values()
    ]
    looked_at = {adapter.match(path)[0] for path in paths if path != PROBLEMS["no such page"]}
    for_people = {
        rule.endpoint
        for rule in web.application.url_map.iter_rules()
        if rule.endpoint.startswith("console.") and "GET" in (rule.methods or ())
    }
    assert for_people - looked_at == {"console.export_campaign", "console.export_calls"}
