"""Every setting once: its name, type, default and what it does. Nothing else reads the environment.

A setting is read from ``RINGBACK_NAME``, or for a secret also from the file that ``RINGBACK_NAME_FILE``
names. An unknown RINGBACK_ name is an error: a typing mistake must not quietly become a default.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from app.errors import SettingError

PREFIX = "RINGBACK_"
MIN_SECRET_BYTES = 16
"""Of what opens something by itself; shorter ones can be guessed."""


def _setting(default: str, help_text: str, read: Callable[[str], Any] = str, *, secret: bool = False) -> Any:
    metadata = {"text": default, "help": help_text, "read": read, "secret": secret}
    return field(default_factory=lambda: read(default), metadata=metadata)


def _secret_text(text: str) -> str:
    if text and len(text.encode()) < MIN_SECRET_BYTES:
        raise ValueError(f"must have at least {MIN_SECRET_BYTES} bytes, as `openssl rand -hex 32` makes them")
    return text


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("must be true or false")
    return text.lower() == "true"


def _choice(*allowed: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"must be {' or '.join(allowed)}")
        return text

    return read


def _number(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return read


def _number_or_empty(low: int, high: int) -> Callable[[str], int | None]:
    number = _number(low, high)
    return lambda text: number(text) if text else None


def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError) as wrong:
        raise ValueError("must be the name of a time zone such as America/New_York") from wrong


def _size(text: str) -> int:
    match = re.fullmatch(r"([1-9][0-9]{0,11}) ?(|KiB|MiB|GiB)", text)
    if not match:
        raise ValueError("must be a size such as 64 MiB")
    return int(match[1]) * {"": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}[match[2]]


def _bind(text: str) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or not port or parts.path:
        raise ValueError("must be an address and a port such as 127.0.0.1:8080")
    return host, port


def _hosts(text: str) -> tuple[str, ...]:
    return tuple(_host(word) for word in _words(text))


def _host(word: str) -> str:
    """A host name in lower case without a final dot, or an address as Python writes it; never a port or a URL."""
    try:
        return str(ipaddress.ip_address(word.removeprefix("[").removesuffix("]")))
    except ValueError:
        name = word.lower().removesuffix(".")
    if not re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", name):
        raise ValueError("must be host names such as calls.example.com, separated by commas, without ports")
    return name


def _countries(text: str) -> tuple[str, ...]:
    return tuple(word.upper() for word in _words(text))


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _networks(text: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    try:
        return tuple(ipaddress.ip_network(word) for word in _words(text))
    except ValueError as wrong:
        raise ValueError("must be networks such as 10.0.0.0/8, separated by commas") from wrong


def _mix(text: str) -> dict[str, int]:
    """``voice=70,busy=30`` as weights; which callee types exist is the carrier's business."""
    mix = {}
    for part in _words(text):
        name, _, weight = part.partition("=")
        if not (weight.isascii() and weight.isdigit() and name):
            raise ValueError("must be callee types with weights such as voice=70,busy=30")
        mix[name] = int(weight)
    if sum(mix.values()) == 0:
        raise ValueError("must give at least one callee type a weight above 0")
    return mix


def _trunk(text: str) -> str:
    found = re.fullmatch(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?", text)
    if text and not (found and 0 < int(found[1] or "5060") <= 65_535):
        raise ValueError("must be HOST or HOST:PORT such as sip.example.com:5060")
    return text


def _caller_id(text: str) -> str:
    if text and not re.fullmatch(r"\+[1-9][0-9]{6,14}", text):
        raise ValueError("must be + and the digits of a number such as +16175550100")
    return text


def _listen(text: str) -> str:
    if text:
        _bind(text)
    return text


def _ports(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    match = re.fullmatch(r"([0-9]{1,5})-([0-9]{1,5})", text)
    if not match or not 1024 <= int(match[1]) < int(match[2]) <= 65_535:
        raise ValueError("must be two ports from 1024 to 65535 such as 10000-20000")
    return int(match[1]), int(match[2])


def _counters(text: str) -> dict[str, int]:
    """``greeting=1900,max_words=5``; which of them there are is the detector's business."""
    pairs = [word.partition("=") for word in _words(text)]
    if not all(name and number.isascii() and number.isdigit() for name, _, number in pairs):
        raise ValueError("must be names with numbers such as greeting=1900,max_words=5")
    return {name: int(number) for name, _, number in pairs}


@dataclass(frozen=True, slots=True)
class Given:
    """The text that a setting was given as, and where that stood."""

    text: str
    source: str


@dataclass(frozen=True)
class Settings:
    """The settings in force. ``Settings.read(os.environ)`` is the way to make one."""

    bind: tuple[str, int] = _setting("127.0.0.1:8080", "address and port of the web server", _bind)
    hosts: tuple[str, ...] = _setting(
        "", "host names by which others reach this server; naming any makes it public, on a loopback bind too", _hosts
    )
    trusted_proxies: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = _setting(
        "127.0.0.0/8,::1",
        "addresses and networks of your reverse proxies; X-Forwarded-For from any other peer is ignored",
        _networks,
    )
    database: str = _setting(
        "sqlite:///var/ringback.db",
        "sqlite:///FILE (relative to the current folder) or, after `pip install 'ringback[postgres]'`, "
        "postgresql://USER:PASSWORD@HOST/NAME",
    )
    timezone: ZoneInfo = _setting("America/New_York", "zone of a time that names none, and of result times", _zone)
    carrier: str = _setting(
        "simulated",
        "who dials: simulated, or sip: real calls, after `pip install 'ringback[sip]'`",
        _choice("simulated", "sip"),
    )
    lines: int = _setting("50", "calls at once", _number(1, 100_000))
    queue_lines: int | None = _setting(
        "",
        "lines of one queue (an account or a deployment) while another with fewer has due calls; "
        "empty: half of RINGBACK_LINES",
        _number_or_empty(1, 100_000),
    )
    clock: str = _setting("real", "real, or virtual: time stands still until it is moved", _choice("real", "virtual"))
    pace: str = _setting(
        "instant", "real: a simulated call takes its time; instant: it ends at once", _choice("instant", "real")
    )
    callees: dict[str, int] = _setting("voice=100", "mix of simulated callees, as weights", _mix)
    words_per_minute: int = _setting("180", "how fast prompts and simulated people speak", _number(20, 1_000))
    fetch_seconds: int = _setting(
        "30", "longest that a fetch of a conversation may take, whatever its page's fetchtimeout says", _number(1, 120)
    )
    transfer_minutes: int = _setting("240", "longest that a bridged transfer may last", _number(1, 1_440))
    seed: str = _setting("ringback", "seed of every random draw")
    dial_ledger: str = _setting("", "file that gets a line per dial: call_id attempt unix_time phone_number")
    sip_trunk: str = _setting("", "where calls go: HOST or HOST:PORT of the carrier's SIP trunk", _trunk)
    sip_transport: Literal["udp", "tcp", "tls"] = _setting("udp", "udp, tcp or tls", _choice("udp", "tcp", "tls"))
    sip_user: str = _setting("", "user name for the trunk's digest challenges and for registering")
    sip_password: str = _setting("", "its password", secret=True)
    sip_register: bool = _setting("false", "true: register at the trunk; false: it knows us by our address", _boolean)
    sip_caller_id: str = _setting("", "number that calls come from which name no ani, as +16175550100", _caller_id)
    sip_listen: str = _setting("", "address and port for SIP such as 0.0.0.0:5060; empty: any port", _listen)
    sip_rtp_ports: tuple[int, int] | None = _setting(
        "", "ports for sound such as 10000-20000, four for each line; empty: any", _ports
    )
    sip_voice: str = _setting("en-us", "voice of espeak-ng that says prompts; `espeak-ng --voices` lists them")
    sip_detection: dict[str, int] = _setting(
        "", "what differs in telling people from machines, such as greeting=1900,max_words=5", _counters
    )
    network: Literal["", "open", "public"] = _setting(
        "",
        "which addresses client URLs may name: open (loopback and private too) or public; "
        "empty: open on a loopback bind without RINGBACK_HOSTS, else public",
        _choice("", "open", "public"),
    )
    allow_nets: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = _setting(
        "", "networks that client URLs may name whatever RINGBACK_NETWORK says", _networks
    )
    echo_pin: bool = _setting("true", "true: answers echo the PIN, as documented; false: <pin/> is empty", _boolean)
    numbers: str = _setting(
        "possible", "possible: lenient; valid: phone numbers must exist", _choice("possible", "valid")
    )
    countries: tuple[str, ...] = _setting(
        "US,CA", "countries you call; their emergency numbers are refused", _countries
    )
    premium: bool = _setting(
        "false", "true: premium-rate numbers may be dialled by a carrier that costs money", _boolean
    )
    times: str = _setting(
        "php+dateparser", "who reads times: php+dateparser or php alone", _choice("php+dateparser", "php")
    )
    workers: int = _setting("2", "web worker processes", _number(1, 64))
    threads: int = _setting("32", "threads per web worker", _number(1, 1000))
    account_rate: int = _setting(
        "0",
        "requests a second that an account may send to the APIs; each web worker lets its part through; 0: no limit",
        _number(0, 100_000),
    )
    account_queued: int = _setting(
        "5000000", "calls that an account may have queued at a time; 0: no limit", _number(0, 2**31 - 1)
    )
    account_campaigns: int = _setting(
        "1000000", "campaigns that an account may have at a time; 0: no limit", _number(0, 2**31 - 1)
    )
    account_deployments: int = _setting(
        "10000", "deployments that an account's applications may have in all; 0: no limit", _number(0, 2**31 - 1)
    )
    keep_days: int = _setting("90", "days that ended calls are kept; 0: for ever", _number(0, 36_500))
    log_format: Literal["text", "json"] = _setting(
        "text", "text: lines for people; json: an object per line", _choice("text", "json")
    )
    metrics_token: str = _setting(
        "",
        "bearer token that opens /metrics to other machines, at least 16 bytes; empty: closed to them",
        _secret_text,
        secret=True,
    )
    secret_key: str = _setting(
        "",
        "key that signs cookies, at least 16 bytes; empty: made at start, on this machine alone",
        _secret_text,
        secret=True,
    )
    testing_token: str = _setting(
        "",
        "token that opens /testing to others than this machine, at least 16 bytes; empty: to no one",
        _secret_text,
        secret=True,
    )
    max_upload: int = _setting("64 MiB", "largest request body", _size)
    max_lines_per_list: int = _setting("1000000", "most lines in one phone_list", _number(1, 10_000_000))
    given: Mapping[str, Given] = field(default_factory=dict, repr=False, compare=False)
    """What was not left at its default, by name."""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Settings":
        """The settings that an environment describes. Raises SettingError naming the variable and the rule."""
        known = {PREFIX + setting.name.upper(): setting for setting in TABLE}
        files = {name + "_FILE": name for name, setting in known.items() if setting.metadata["secret"]}
        values, given = {}, {}
        for variable, text in environ.items():
            if not variable.startswith(PREFIX):
                continue
            source = f"file {text}" if variable in files else "environment"
            if variable in files:
                variable, text = files[variable], _secret(variable, text)
            if variable not in known:
                raise SettingError(f"{variable} is not a setting; see the README's table for those that are")
            setting = known[variable]
            try:
                values[setting.name] = setting.metadata["read"](text)
            except ValueError as wrong:
                found = "" if setting.metadata["secret"] else f", not {text!r}"
                raise SettingError(f"{variable} {wrong}{found}") from wrong
            given[setting.name] = Given(text, source)
        return cls(**values, given=given)

    @property
    def loopback(self) -> bool:
        """Whether the bind is reachable from this machine alone."""
        host = self.bind[0]
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    @property
    def public(self) -> bool:
        """Whether others than this machine are served: the bind is not loopback, or host names are set."""
        return not self.loopback or bool(self.hosts)

    @property
    def network_in_force(self) -> Literal["open", "public"]:
        """Which addresses client URLs may name."""
        if self.network:
            return self.network
        return "public" if self.public else "open"

    @property
    def queue_lines_in_force(self) -> int:
        """The share of the lines of one queue: at least 1."""
        return self.queue_lines or max(self.lines // 2, 1)

    @property
    def url(self) -> str:
        """The address to open in a browser on this machine."""
        host, port = self.bind
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"


TABLE = tuple(setting for setting in fields(Settings) if setting.metadata)
"""All settings, with text, help, read and secret as the ``metadata`` of each."""


def _secret(variable: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as wrong:
        raise SettingError(f"{variable}: {path} can't be read: {wrong}") from wrong
