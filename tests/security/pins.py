"""Looks for PINs where none may be: in logs, database files and whatever else the programs leave on the disk."""

import base64
import html
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote


def spellings(pin: str) -> dict[str, bytes]:
    """The bytes that would be a PIN, by the name of the way of writing it."""
    plain = pin.encode()
    return {
        "plain": plain,
        "UTF-16": pin.encode("utf-16-le"),
        "percent-encoded": quote(pin, safe="").encode(),
        "every byte percent-encoded": b"".join(b"%%%02X" % byte for byte in plain),
        "HTML": html.escape(pin).encode(),
        "hex": plain.hex().encode(),
        # The middle of it: the ends depend on what stands beside it.
        **{f"base64 at {shift}": base64.b64encode(b"\0" * shift + plain)[4:-4] for shift in range(3)},
    }


@dataclass
class Search:
    """A search for some PINs; ``found`` has a sentence for every place that has one."""

    pins: Iterable[str]
    found: list[str] = field(default_factory=list)
    looked_at: int = 0

    def __post_init__(self) -> None:
        self._wanted = {(pin, name): spelling for pin in self.pins for name, spelling in spellings(pin).items()}
        assert all(len(spelling) >= 6 for spelling in self._wanted.values()), "too short to be found only by design"

    def text(self, place: str, text: str | bytes) -> None:
        """Look in an answer, or in anything else that is at hand."""
        data = text.encode() if isinstance(text, str) else text
        self.looked_at += len(data)
        self.found += [f"{place}: {pin}, {name}" for (pin, name), wanted in self._wanted.items() if wanted in data]

    def files(self, folder: Path) -> None:
        """Look in every file below a folder, SQLite's -wal and -shm among them, as bytes."""
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.text(str(path.relative_to(folder)), path.read_bytes())
