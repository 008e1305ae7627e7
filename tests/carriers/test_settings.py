"""What the settings of real calls must say: whatever is missing or at odds is told by name before anything starts."""

import pytest
from needs import needs

from app.carriers import prepare_carrier
from app.errors import SettingError
from app.settings import Settings

GOOD = {
    "RINGBACK_CARRIER": "sip",
    "RINGBACK_SIP_TRUNK": "127.0.0.1:5060",
    "RINGBACK_SIP_CALLER_ID": "+16175550100",
}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"RINGBACK_CLOCK": "virtual"}, "RINGBACK_CARRIER=sip needs RINGBACK_CLOCK=real"),
        ({"RINGBACK_LINES": "251"}, "RINGBACK_LINES: a scheduler has 250 real calls at once at most"),
        ({"RINGBACK_SIP_TRUNK": ""}, "RINGBACK_SIP_TRUNK is not set"),
        ({"RINGBACK_SIP_CALLER_ID": ""}, "RINGBACK_SIP_CALLER_ID is not set"),
        ({"RINGBACK_SIP_REGISTER": "true"}, "RINGBACK_SIP_USER is not set"),
        ({"RINGBACK_SIP_RTP_PORTS": "10000-10198"}, "RINGBACK_SIP_RTP_PORTS: 50 lines need 200 ports"),
        ({"RINGBACK_SIP_DETECTION": "patience=5"}, "RINGBACK_SIP_DETECTION: must name some of"),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)
def test_what_does_not_fit_is_told(changed: dict[str, str], told: str) -> None:
    with pytest.raises(SettingError, match=f"^{told}"):
        prepare_carrier(Settings.read(GOOD | changed))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRUNK", "127.0.0.1:0"),
        ("TRUNK", "127.0.0.1:99999"),
        ("TRUNK", "sip.example.com;transport=tcp"),
        ("CALLER_ID", "6175550100"),
        ("CALLER_ID", "+٦١٧٥٥٥٠١٠٠"),
        ("RTP_PORTS", "20000-10000"),
        ("RTP_PORTS", "1-400"),
    ],
)
def test_what_nobody_can_call_or_be_called_by_is_refused(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"RINGBACK_SIP_{name}"):
        Settings.read(GOOD | {f"RINGBACK_SIP_{name}": value})


@needs("espeak-ng")
def test_as_many_lines_as_there_is_room_for() -> None:
    assert prepare_carrier(Settings.read(GOOD | {"RINGBACK_LINES": "250", "RINGBACK_SIP_RTP_PORTS": "10000-10999"}))
