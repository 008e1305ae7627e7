"""The console's tests make many accounts: their PINs are hashed so that making and checking one costs little."""

import pytest
from argon2 import PasswordHasher

from app.calls import pins


@pytest.fixture(autouse=True)
def cheap_pins(monkeypatch: pytest.MonkeyPatch) -> None:
    """argon2id as always, with the least memory and time that it takes."""
    monkeypatch.setattr(pins, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    monkeypatch.setattr(pins, "hash_of_nobody", lambda: pins.hashed("nobody"))
