"""``make screenshots``: each page in light, in dark and on a telephone, and those of the README, in var/screenshots."""

import tempfile
from pathlib import Path
from typing import Any

from browsing import Person, chromium
from filled import Filled, filled
from places import OPEN, PAGES, PROBLEMS
from playwright.sync_api import Browser

HERE = Path("var/screenshots")
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 800}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 800}},
    "phone": {"color_scheme": "light", "viewport": {"width": 360, "height": 740}},
    "readme": {"color_scheme": "light", "viewport": {"width": 1280, "height": 780}, "device_scale_factor": 0.75},
}
OF_README = {name: PAGES[name] for name in ("overview", "call", "campaigns")}


def main() -> None:
    HERE.mkdir(parents=True, exist_ok=True)
    with chromium() as browser, tempfile.TemporaryDirectory() as folder, filled(Path(folder), browser) as town:
        for look in ("light", "dark", "phone"):
            _shoot(town, browser, look, OPEN, signed_in=False)
            _shoot(town, browser, look, PAGES | PROBLEMS, signed_in=True)
        _shoot(town, browser, "readme", OF_README, signed_in=True)
    print(f"{len(list(HERE.glob('*.png')))} pictures in {HERE}")


def _shoot(town: Filled, browser: Browser, look: str, places: dict[str, str], *, signed_in: bool) -> None:
    somebody = Person(browser, town.live.url, **LOOKS[look])
    if signed_in:
        somebody.sign_in()
    for name, path in places.items():
        somebody.page.goto(path.format(**town.values))
        somebody.page.screenshot(path=HERE / f"{name.replace(' ', '-')}.{look}.png", full_page=look != "readme")
    somebody.close()


if __name__ == "__main__":
    main()
