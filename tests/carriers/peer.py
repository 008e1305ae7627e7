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
250 0000    407, then a person for ``user`` and 403 for others; sipp can't check this answer: ``Message.proves`` does
26S 0000    a person who sends a REFER at second S, from 1, and stays
270 0000    a person at once, without 180
280 0000    100 and nothing else until it is canceled
281 0000    nothing at all: the INVITE is swallowed, while OPTIONS is answered
290 0000    a person who talks on after "Hello?": "Hello, this is Alex speaking."
==========  ============================================================================================

Anything else is refused with 501. OPTIONS is answered 200, REGISTER by a registrar: 401, then 200 or 403.
"""

import contextlib
import math
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

from heard import Heard, heard_between, read_arrivals
from live import free_port, until
from messages import Call, Message, calls_of, read_messages
from scenario import SCENARIOS, exchange
from sounds import write_sounds

HERE = Path(__file__).parent


class Peer:
    """The exchange, running; a context manager that stops it.

    ``transport`` is udp or tcp; ``register`` what the registrar answers in the end to those who know ``password``: 200
    or 403. Nothing of it outlives the process that started it.
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
    ) -> None:
        self.folder = folder / "peer"
        self.port = free_port({"udp": socket.SOCK_DGRAM, "tcp": socket.SOCK_STREAM}[transport])
        self.address = f"127.0.0.1:{self.port}"
        self._transport = transport
        self._values = {"ring": ring, "timeout": timeout, "register": register, "user": user, "password": password}
        self._log = self.folder / "messages.log"

    def __enter__(self) -> "Peer":
        self.folder.mkdir(parents=True)
        write_sounds(self.folder)
        with contextlib.ExitStack() as running:
            media = [sys.executable, str(HERE / "media.py"), str(self.folder)]
            self.media = subprocess.Popen(media, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            running.callback(_stop, self.media)
            assert self.media.stdout is not None
            media_port = self.media.stdout.readline().strip()
            (self.folder / "exchange.xml").write_text(exchange(media=media_port, **self._values))
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
        return self.heard_by_each([call])[0]

    def heard_by_each(self, calls: list[Call]) -> list[Heard]:
        """The same for many calls at the cost of one."""
        arrivals = read_arrivals(self.folder / "heard")
        begins: dict[int, list[float]] = {}
        for call in self.calls():
            begins.setdefault(call.rtp_port, []).append(call.begin)
        ends = [min((at for at in begins[call.rtp_port] if at > call.begin), default=math.inf) for call in calls]
        spans = zip(calls, ends, strict=True)
        return [heard_between(arrivals, call.rtp_port, call.begin, end) for call, end in spans]

    def invite(self, contact: str) -> list[str]:
        """Call the one who dials, at the sip URI of a Contact, by UDP; the story within 5 s."""
        log = self.folder / f"invite-{time.monotonic_ns()}.log"
        user, _, address = re.sub(r".*sip:|[;>].*", "", contact).rpartition("@")
        command = [*_sipp(SCENARIOS / "invite.xml", "udp", log), "-s", user, "-m", "1", address]
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, timeout=5)
        return Call(read_messages(log)).story

    def _command(self) -> list[str]:
        log = ["-trace_logs", "-log_file", str(self.folder / "scores.log")]
        return [*_sipp(self.folder / "exchange.xml", self._transport, self._log), "-p", str(self.port), "-aa", *log]

    def _listens(self) -> bool:
        assert self.sipp.poll() is None, (self.folder / "said").read_text()
        return f":{self.port:04X} " in Path(f"/proc/net/{self._transport}").read_text()


def _sipp(scenario: Path, transport: str, log: Path) -> list[str]:
    """A command that is killed when this process dies."""
    kind = {"udp": "u1", "tcp": "t1"}[transport]
    command = ["setpriv", "--pdeathsig", "KILL", "sipp", "-sf", str(scenario), "-i", "127.0.0.1", "-t", kind]
    return [*command, "-nostdin", "-trace_msg", "-message_file", str(log)]


def _stop(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()
