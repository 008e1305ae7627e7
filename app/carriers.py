"""Who dials: the carrier that the settings name. What real calls need is imported only where they are made."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

from app import clock, private_files
from app.clock import Clock
from app.errors import NotInstalled, SettingError
from app.settings import Settings
from app.telephony.callees import Callees
from app.telephony.carrier import Carrier
from app.telephony.ledger import Ledger
from app.telephony.simulated import SimulatedCarrier
from app.telephony.trunk import Trunk

MOST_LINES = 250
"""The stack has room for the sound of 256 calls."""
PORTS_OF_A_LINE = 4
"""For sound. The stack draws them at random: when nearly all are taken, every call waits until it has found one."""


def make_carrier(settings: Settings, business: Clock) -> Carrier:
    """The carrier that the settings name, ready to dial. Raises SettingError."""
    return prepare_carrier(settings)(business)


def prepare_carrier(settings: Settings) -> Callable[[Clock], Carrier]:
    """What starts the carrier that the settings name. Raises SettingError when it could not be started."""
    return _sip(settings) if settings.carrier == "sip" else _simulated(settings)


def _simulated(settings: Settings) -> Callable[[Clock], Carrier]:
    try:
        callees = Callees(settings.callees, settings.seed)
    except ValueError as wrong:
        raise SettingError(f"RINGBACK_CALLEES: {wrong}") from wrong
    takes_time = settings.clock == "virtual" or settings.pace == "real"
    ledger = _ledger(settings)
    return lambda business: SimulatedCarrier(business, callees, takes_time=takes_time, ledger=ledger)


def _sip(settings: Settings) -> Callable[[Clock], Carrier]:
    if settings.clock != "real":
        raise SettingError("RINGBACK_CARRIER=sip needs RINGBACK_CLOCK=real: people's time can't be moved")
    if settings.lines > MOST_LINES:
        raise SettingError(
            f"RINGBACK_LINES: a scheduler has {MOST_LINES} real calls at once at most; start more schedulers for more"
        )
    trunk = make_trunk(settings)
    ports, needed = settings.sip_rtp_ports, settings.lines * PORTS_OF_A_LINE
    if ports is not None and ports[1] - ports[0] + 1 < needed:
        raise SettingError(f"RINGBACK_SIP_RTP_PORTS: {settings.lines} lines need {needed} ports")
    try:
        from app.telephony.detection import Tuning
        from app.telephony.sip.carrier import SipCarrier
        from app.telephony.speech import Espeak
    except ImportError as missing:
        raise NotInstalled(f"RINGBACK_CARRIER=sip needs more than is installed ({missing.name})", "sip") from missing
    try:
        tuning = Tuning(**settings.sip_detection)
    except TypeError as wrong:
        known = ", ".join(each.name for each in fields(Tuning))
        raise SettingError(f"RINGBACK_SIP_DETECTION: must name some of {known}") from wrong
    speaker = Espeak(settings.sip_voice, settings.words_per_minute)
    ledger = _ledger(settings)
    return lambda business: SipCarrier(trunk, speaker, business, clock.elapsed, tuning=tuning, ledger=ledger)


def _ledger(settings: Settings) -> Ledger | None:
    if not settings.dial_ledger:
        return None
    private_files.tighten(Path(settings.dial_ledger))
    try:
        return Ledger(settings.dial_ledger)
    except OSError as wrong:
        raise SettingError(
            f"RINGBACK_DIAL_LEDGER: {settings.dial_ledger} can't be written: {wrong.strerror}"
        ) from wrong


def make_trunk(settings: Settings) -> Trunk:
    """The trunk that the settings describe. Raises SettingError when they describe none."""
    if not settings.sip_trunk:
        raise SettingError("RINGBACK_SIP_TRUNK is not set: the address of your carrier's SIP trunk, HOST or HOST:PORT")
    if not settings.sip_caller_id:
        raise SettingError("RINGBACK_SIP_CALLER_ID is not set: the number that your calls come from, as +16175550100")
    if settings.sip_register and not settings.sip_user:
        raise SettingError("RINGBACK_SIP_USER is not set: registering needs the user name that your carrier gave you")
    return Trunk(
        settings.sip_trunk,
        settings.sip_caller_id,
        settings.sip_transport,
        settings.sip_user,
        settings.sip_password,
        settings.sip_register,
        settings.sip_listen,
        settings.sip_rtp_ports,
    )
