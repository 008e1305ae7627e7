"""A telephone exchange for the tests of carriers: sipp for SIP, media.py for RTP, and what both of them have seen.

The number dialled chooses what happens. ``+1 area`` may be any; times are in seconds, ``ring`` and ``timeout`` are
the arguments of ``Peer``: how long whoever answers lets it ring, and the ring timeout of the carrier under test, 45 s
in real life, about which lines 0120 and 0121 answer.

==========  ============================================================================================
555 0100    a person: "Hello?"
555 0101    an answering machine: a long greeting, a beep
555 0102    a fax machine: CED
555 0103    486
555 0104    rings until it is canceled
555 0105    404
555 0106    503
555 0107    answers and sends no RTP
555 0109    486 at the first two dials, then a person; dials are counted whatever the area
555 011N    rings until it is canceled at the first N dials, then a person; counted alike
555 0120    a person, a second before ``timeout``
555 0121    a person, a second after ``timeout``
SSS WCCC    refused with status SSS (4xx, 5xx, 6xx), ``Reason: Q.850;cause=CCC`` unless CCC is 000. W: 0 at once,
            1 after ringing, 2 after special information tones as early media, 3 after those of busy circuits
20S KKKK    a person who presses KKKK, leading zeros left out (0000: one), at second S
22S 0000    a person who hangs up at second S, from 1
230 0000    rings, and answers 200 when it is canceled
240 0000    183 with ringback tone as early media, then a person
250 0000    407 (``user``, ``password``; 403 for others), then a person
26S 0000    a person who sends a REFER at second S, from 1, and stays
270 0000    a person at once, without 180
280 0000    100 and nothing else until it is canceled
290 0000    a person who talks on after "Hello?": "Hello, this is Alex speaking."
==========  ============================================================================================

Anything else is refused with 501. OPTIONS is answered 200, REGISTER by a registrar: 401, then 200 or 403.
"""

import contextlib
import socket
import string
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

from heard import Heard, read_heard
from live import until
from messages import Call, Message, calls_of, read_messages
from sounds import write_sounds

HERE = Path(__file__).parent
FOREVER = 36_000
HELLO = "0.3 hello"
SIT_TENTHS = 15
STATUSES = [
    *(
        401,
        402,
        403,
        404,
        405,
        406,
        407,
        408,
        410,
        413,
        415,
        420,
        421,
        423,
        480,
        481,
        482,
        483,
        484,
        485,
        486,
        487,
        488,
    ),
    *(500, 501, 502, 503, 504, 505, 513, 580, 600, 603, 604, 606, 607, 608),
]
COUNTED = [f"dials_{line}" for line in (5550109, *range(5550111, 5550120))]
REPLY = """\
    [last_Via:]
    [last_From:]
    [last_To:];tag=exchange[call_number]
    [last_Call-ID:]"""
SDP = """\
    Contact: <sip:exchange@[local_ip]:[local_port];transport=[transport]>
    Content-Type: application/sdp
    Content-Length: [len]

    v=0
    o=exchange 1 1 IN IP4 127.0.0.1
    s=-
    c=IN IP4 127.0.0.1
    t=0 0
    m=audio {media} RTP/AVP 0 101
    a=rtpmap:0 PCMU/8000
    a=rtpmap:101 telephone-event/8000
    a=fmtp:101 0-15
    a=sendrecv
"""


class _Scenario(string.Template):
    """Placeholders are ``%{name}``, because sipp has the dollar."""

    delimiter = "%"


class Peer:
    """The exchange, running; a context manager that stops it.

    ``transport`` is udp or tcp; ``register`` what the registrar answers in the end to those who know ``password``: 200
    or 403. Nothing of it outlives the process that started it, nor ``lifetime`` seconds.
    """

    def __init__(
        self,
        folder: Path,
        *,
        ring: float = 1.0,
        timeout: float = 3.0,
        transport: str = "udp",
        register: int = 200,
        user: str = "ringback",
        password: str = "secret",
        lifetime: int = 300,
    ) -> None:
        self.folder = folder / "peer"
        self.port = _free_port(transport)
        self.address = f"127.0.0.1:{self.port}"
        self._ring = round(ring * 10)
        self._timeout = round(timeout * 10)
        self._transport = transport
        self._lifetime = lifetime
        self._values = {"register": register, "user": user, "password": password, "reply": REPLY}
        self._log = self.folder / "messages.log"

    def __enter__(self) -> "Peer":
        self.folder.mkdir()
        write_sounds(self.folder)
        with contextlib.ExitStack() as running:
            media = [sys.executable, str(HERE / "media.py"), str(self.folder)]
            self.media = subprocess.Popen(media, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            running.callback(_stop, self.media)
            assert self.media.stdout is not None
            self._write_scenario(self.media.stdout.readline().strip())
            said = running.enter_context((self.folder / "said").open("w"))
            self.sipp = subprocess.Popen(self._command(), stdout=said, stderr=said, text=True)
            running.callback(_stop, self.sipp)
            until(self._listens, 10, "sipp listens")
            self._running = running.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, wrong: BaseException | None, at: TracebackType | None) -> None:
        self._running.close()

    def messages(self) -> list[Message]:
        """Everything that was received and sent, in order, retransmissions too."""
        return read_messages(self._log)

    def requests(self, *methods: str) -> list[Message]:
        """The requests that came, of those methods or of all."""
        came = [message for message in self.messages() if message.received and message.method]
        return [message for message in came if not methods or message.method in methods]

    def calls(self) -> list[Call]:
        """The calls that came, in the order of their first INVITE."""
        return calls_of(self.messages())

    def heard(self, call: Call) -> Heard:
        """The RTP that came with a call; it needs a moment to arrive."""
        begins = [other.messages[0].at for other in self.calls() if other.rtp_port == call.rtp_port]
        begin = call.messages[0].at
        end = min((at for at in begins if at > begin), default=float("inf"))
        return read_heard(self.folder / "heard", call.rtp_port, begin, end)

    def invite(self, contact: str) -> list[str]:
        """Call the one who dials, at the URI of a Contact; what came of it, as ``Call.story`` has it."""
        log = self.folder / f"invite-{time.monotonic_ns()}.log"
        target = contact.partition("sip:")[2].partition(">")[0].partition(";")[0]
        user, _, address = target.rpartition("@")
        scenario = ["-sf", str(HERE / "scenarios" / "invite.xml"), "-s", user, "-m", "1", "-timeout", "10s"]
        command = [*self._base(scenario, log), address]
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, timeout=20)
        return Call(read_messages(log)).story

    def _write_scenario(self, media_port: str) -> None:
        scenario = _Scenario((HERE / "scenarios" / "exchange.xml").read_text())
        sdp = SDP.format(media=media_port)
        routes = "\n".join(_routes(self._ring, self._timeout))
        values = {**self._values, "media": media_port, "sdp": sdp, "routes": routes, "counters": ",".join(COUNTED)}
        values["refusals"] = "\n".join(map(_refusal, STATUSES))
        (self.folder / "exchange.xml").write_text(scenario.substitute(values))

    def _command(self) -> list[str]:
        scenario = ["-sf", str(self.folder / "exchange.xml"), "-p", str(self.port), "-timeout", f"{self._lifetime}s"]
        return [*self._base(scenario, self._log), "-trace_logs", "-log_file", str(self.folder / "scores.log")]

    def _base(self, scenario: list[str], log: Path) -> list[str]:
        """sipp, which is killed when this process dies."""
        transport = {"udp": "u1", "tcp": "t1"}[self._transport]
        dies = ["setpriv", "--pdeathsig", "KILL"]
        where = ["-i", "127.0.0.1", "-t", transport, "-aa", "-nostdin", "-trace_msg", "-message_file", str(log)]
        return [*dies, "sipp", *scenario, *where]

    def _listens(self) -> bool:
        assert self.sipp.poll() is None, (self.folder / "said").read_text()
        return f":{self.port:04X} " in Path(f"/proc/net/{self._transport}").read_text()


def _routes(ring: int, timeout: int) -> list[str]:
    """The table of numbers as steps of the scenario; tenths of a second."""
    sit = {"rings": SIT_TENTHS, "early": "sit"}
    ways = {0: {}, 1: {"rings": ring}, 2: sit, 3: {**sit, "early": "sit-busy-circuits"}}
    causes = {"000": {}, "...": {"reason": "Reason: Q.850;cause=[$tail]"}}
    return [
        _route("5550100", rings=ring, score=HELLO),
        _route("5550101", rings=ring, score="0.5 greeting 0.4 beep"),
        _route("5550102", rings=ring, score="0.5 ced"),
        _route("5550103", status="486"),
        _route("5550104", rings=FOREVER),
        _route("5550105", status="404"),
        _route("5550106", status="503"),
        _route("5550107", rings=ring),
        *_by_dials("5550109", 2, ring, status="486"),
        _route("5550110", rings=ring, score=HELLO),
        *(step for n in range(1, 10) for step in _by_dials(f"555011{n}", n, ring, rings=FOREVER)),
        _route("5550120", rings=timeout - 10, score=HELLO),
        _route("5550121", rings=timeout + 10, score=HELLO),
        *(
            _route(f"[456]..{way}{cause}", status="[$exchange]", **meanwhile, **reason)
            for way, meanwhile in ways.items()
            for cause, reason in causes.items()
        ),
        _route("20.....", rings=ring, score=f"{HELLO} @[$second] keys=[$keys]"),
        *(_route(f"22{second}0000", rings=ring, score=HELLO, stays=10 * second) for second in range(1, 10)),
        _route("2300000", rings=FOREVER, score=HELLO, crosses=1),
        _route("2400000", rings=ring, score=HELLO, early="ringback"),
        _route("2500000", "challenge", rings=ring, score=HELLO),
        *(_route(f"26{second}0000", rings=ring, score=HELLO, stays=10 * second, refers=1) for second in range(1, 10)),
        _route("2700000", score=HELLO),
        _route("2800000", "wait", rings=FOREVER),
        _route("2900000", rings=ring, score=f"{HELLO} 0.6 smith"),
    ]


def _route(dialled: str, to: str = "ring", **variables: int | str) -> str:
    """Steps of the scenario: whoever dialled this, without the area, gets the variables and goes to a label."""
    actions = "".join(_assignment(name, value) for name, value in variables.items())
    return f"""\
  <nop>
    <action><ereg search_in="var" variable="dialled" regexp="^{dialled}$" assign_to="routed"/></action>
  </nop>
  <nop condexec="routed" test="routed" next="{to}">
    <action>{actions}</action>
  </nop>"""


def _by_dials(dialled: str, times: int, ring: int, **variables: int | str) -> list[str]:
    """Steps for a number that meets the variables so many times, then a person."""
    person = _assignment("rings", ring) + _assignment("score", HELLO)
    before = "".join(_assignment(name, value) for name, value in variables.items())
    return [
        _route(dialled, f"dialled {dialled}", rings=0),
        f"""\
  <nop next="past {dialled}"/>
  <label id="dialled {dialled}"/>
  <nop next="ring" test="again">
    <action>
      {before}
      <add assign_to="dials_{dialled}" value="1"/>
      <test assign_to="again" variable="dials_{dialled}" compare="less_than_equal" value="{times}"/>
    </action>
  </nop>
  <nop next="ring"><action><assignstr assign_to="status" value=""/>{person}</action></nop>
  <label id="past {dialled}"/>""",
    ]


def _assignment(name: str, value: int | str) -> str:
    return f'<assign{"" if isinstance(value, int) else "str"} assign_to="{name}" value="{value}"/>'


def _refusal(status: int) -> str:
    """A step that refuses: sipp lets no variable choose the status of a response."""
    return f"""\
  <nop>
    <action><ereg search_in="var" variable="status" regexp="{status}" assign_to="refuses"/></action>
  </nop>
  <send condexec="refuses" test="refuses" next="refused" retrans="500"><![CDATA[
    SIP/2.0 {status} Refused
{REPLY}
    CSeq: [$cseq] INVITE
    [$reason]
    Content-Length: 0

  ]]></send>"""


def _free_port(transport: str) -> int:
    kind = {"udp": socket.SOCK_DGRAM, "tcp": socket.SOCK_STREAM}[transport]
    with socket.socket(socket.AF_INET, kind) as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def _stop(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()
