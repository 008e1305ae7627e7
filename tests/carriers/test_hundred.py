"""A hundred real calls at once; what they may cost is `make bench`'s to tell, on a machine that does nothing else."""

from pathlib import Path

import pytest
from dialling import ON_THE_WIRE
from hundred import measure

pytestmark = [*ON_THE_WIRE, pytest.mark.timeout(300), pytest.mark.soak]


def test_a_hundred_calls_at_once_are_all_right(tmp_path: Path) -> None:
    found = measure(tmp_path, calls=100, seconds=20)
    assert (found.calls, found.voices, found.keys, found.lost) == (100, 100, 100, 0), found
    assert found.mebibytes <= 300
