"""Somebody in front of a real browser: Debian's chromium, driven by Playwright. Knows nothing of what pages show."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from external_programs import path_of
from playwright.sync_api import Browser, ConsoleMessage, Locator, expect, sync_playwright

PATIENCE = 45_000
"""Milliseconds until something that does not come is given up: far more than any page needs on a busy machine."""
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window that asks nobody but the pages' own server."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path_of("chromium"), args=_QUIET)
        yield browser
        browser.close()


class Person:
    """Somebody with a browser window of their own, and no cookies.

    ``mistakes`` are the errors that the pages made: exceptions of scripts, and whatever their policy has refused.
    ``look`` is Playwright's: ``color_scheme``, ``viewport``, ``storage_state`` and the like.
    """

    def __init__(self, browser: Browser, url: str, *, scripts: bool = True, **look: Any) -> None:
        self.scripts = scripts
        self.context = browser.new_context(base_url=url, java_script_enabled=scripts, **look)
        self.context.set_default_timeout(PATIENCE)
        self.mistakes: list[str] = []
        self.context.on("console", self._console)
        self.context.on("weberror", lambda error: self.mistakes.append(str(error.error)))
        self.page = self.context.new_page()

    def sign_in(self, login: str = "demo", pin: str = "1234") -> "Person":
        self.page.goto("/login")
        self.fill(Login=login, PIN=pin)
        self.press("Sign in")
        expect(self.heading("Overview")).to_be_visible()
        return self

    def fill(self, **fields: object) -> None:
        """Type into the fields whose labels begin with these words."""
        for label, text in fields.items():
            self.page.get_by_label(re.compile(rf"^\s*{label}\b")).fill(str(text))

    def press(self, name: str, within: Locator | None = None) -> None:
        """Press the one button of this name."""
        (within or self.page).get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str) -> None:
        """Follow the one link of this name."""
        self.page.get_by_role("link", name=name, exact=True).click()

    def heading(self, name: str) -> Locator:
        return self.page.get_by_role("heading", name=name, level=1)

    def see(self, what: Locator) -> None:
        """Wait until it is there; without scripts by loading the page again and again, as a person would."""
        if self.scripts:
            expect(what.first).to_be_visible()
            return
        deadline = time.monotonic() + PATIENCE / 1000
        while not what.count():
            assert time.monotonic() < deadline, f"{what} is not in: {self.page.locator('main').inner_text()}"
            self.page.wait_for_timeout(200)
            self.page.reload()

    def open(self, summary: str) -> Locator:
        """Unfold what stands under these words, such as the question before something is done; what is in it."""
        folded = self.page.locator("details").filter(has=self.page.locator("summary", has_text=summary)).first
        folded.locator("summary").click()
        return folded

    def close(self) -> None:
        self.context.close()

    def _console(self, message: ConsoleMessage) -> None:
        """What the browser complains about; a page that answers 400 or 404 is none of it."""
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.mistakes.append(message.text)
