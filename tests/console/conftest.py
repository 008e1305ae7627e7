"""The console's tests make many accounts."""

import pytest


@pytest.fixture(autouse=True)
def many_accounts(cheap_pins: None) -> None:
    """Making one and checking its PIN costs little."""
