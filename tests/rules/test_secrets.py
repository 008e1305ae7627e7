"""What a setting may be; those of carriers have tests of their own."""

from pathlib import Path

import pytest

from app.errors import SettingError
from app.settings import Settings

SECRETS = ("SECRET_KEY", "METRICS_TOKEN", "TESTING_TOKEN")


@pytest.mark.parametrize("from_file", [False, True], ids=["environment", "file"])
@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("secret", ["a", "fifteen bytes 5", "e" * 15])
def test_a_short_secret_is_refused_and_not_told(name: str, secret: str, from_file: bool, tmp_path: Path) -> None:
    """Wherever it stands; the sentence says how to make a good one."""
    (tmp_path / "secret").write_text(f"{secret}\n")
    given = {f"RINGBACK_{name}_FILE": f"{tmp_path}/secret"} if from_file else {f"RINGBACK_{name}": secret}
    with pytest.raises(SettingError) as refused:
        Settings.read(given)
    rule = "must have at least 16 bytes, as `openssl rand -hex 32` makes them"
    assert str(refused.value) == f"RINGBACK_{name} {rule}"


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("secret", ["sixteen bytes 16", "é" * 8, ""])
def test_a_secret_that_is_long_enough_or_not_set(name: str, secret: str) -> None:
    """Bytes count, not characters."""
    assert getattr(Settings.read({f"RINGBACK_{name}": secret}), name.lower()) == secret


def test_a_trunks_password_may_be_short() -> None:
    """The carrier chose it."""
    assert Settings.read({"RINGBACK_SIP_PASSWORD": "a"}).sip_password == "a"
