"""What the tests of ECMAScript share."""

import pytest

from app.voicexml.ecmascript import Scopes

SCOPES = ("session", "application", "document", "dialog", "anonymous")


@pytest.fixture
def scopes() -> Scopes:
    """All five scopes; each but the innermost has a variable ``where`` with its own name, and one of its own."""
    made = Scopes(seconds=0.5)
    for name in SCOPES:
        made.enter(name)
        if name != "anonymous":
            made.declare("where", f"'{name}'")
            made.declare(f"{name}_own", "1")
    return made
