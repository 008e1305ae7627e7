"""``make screenshots``: each page in light, in dark and on a telephone, written to var/screenshots."""

import tempfile
from pathlib import Path

from browsing import Person, chromium
from filled import Filled, filled
from places import OPEN, PAGES, PROBLEMS
from playwright.sync_api import Browser

HERE = Path("var/screenshots")
LOOKS = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 800}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 800}},
    "phone": {"color_scheme": "light", "viewport": {"width": 360, "height": 740}},
}


def main() -> None:
    HERE.mkdir(parents=True, exist_ok=True)
    with chromium() as browser, tempfile.TemporaryDirectory() as folder, filled(Path(folder), browser) as town:
        for look in LOOKS:
            _shoot(town, browser, look, OPEN, signed_in=False)
            _shoot(town, browser, look, PAGES | PROBLEMS, signed_in=True)
    print(f"{len(list(HERE.glob('*.png')))} pictures in {HERE}")


def _shoot(town: Filled, browser: Browser, look: str, places: dict[str, str], *, signed_in: bool) -> None:
    somebody = Person(browser, town.live.url, **LOOKS[look])
    if signed_in:
        somebody.sign_in()
    for name, path in places.items():
        somebody.page.goto(path.format(**town.values))
        somebody.page.screenshot(path=HERE / f"{name.replace(' ', '-')}.{look}.png", full_page=True)
    somebody.close()


if __name__ == "__main__":
    main()
