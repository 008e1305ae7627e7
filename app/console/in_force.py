"""The settings in force as people may read them, and where each came from: no secret, no password of a database."""

import re
from dataclasses import dataclass

from app.settings import PREFIX, TABLE, Given, Settings


@dataclass(frozen=True, slots=True)
class InForce:
    """A setting: ``source`` is default, environment or the file that it was read from."""

    variable: str
    text: str
    source: str
    help: str


def read(settings: Settings) -> list[InForce]:
    """All of them, in the order of the README."""
    rows = []
    for setting in TABLE:
        given = settings.given.get(setting.name, Given(setting.metadata["text"], "default"))
        text = ("set" if given.text else "not set") if setting.metadata["secret"] else _without_password(given.text)
        rows.append(InForce(PREFIX + setting.name.upper(), text, given.source, setting.metadata["help"]))
    return rows


def _without_password(text: str) -> str:
    """A URL keeps its password between user and host."""
    return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:…@", text)
