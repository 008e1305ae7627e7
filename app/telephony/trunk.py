"""The trunk: where calls are handed to a carrier, as whom, and whether it is well."""

from dataclasses import dataclass
from typing import Literal

Transport = Literal["udp", "tcp", "tls"]
FAILURES_OF_A_SICK_TRUNK = 3


@dataclass(frozen=True, slots=True)
class Trunk:
    """``address`` is ``host`` or ``host:port``; ``user`` and ``password`` answer its digest challenges, if any.

    ``caller_id`` is ``+`` and digits, for calls that name none. ``listen`` is the address and port that we are reached
    at, ``rtp_ports`` are first and last of those for sound; empty: any.
    """

    address: str
    caller_id: str
    transport: Transport = "udp"
    user: str = ""
    password: str = ""
    registers: bool = False
    listen: str = ""
    rtp_ports: tuple[int, int] | None = None

    def uri(self, user: str) -> str:
        """The SIP URI of somebody there."""
        return f"sip:{user}@{self.address};transport={self.transport}"


class Health:
    """Whether the trunk answers. It is sick after several calls in a row that it did not answer in any way.

    A call that it does not answer says nothing about its number.
    """

    def __init__(self) -> None:
        self._failures = 0
        self._silence = ""
        self._refusal = ""

    @property
    def trouble(self) -> str:
        """What is wrong with it; empty when nothing is."""
        return self._refusal or self._silence

    def answered(self) -> None:
        """It took a call, or a question: which does not mean that it knows us."""
        self._failures = 0
        self._silence = ""

    def failed(self, why: str) -> bool:
        """Another call got no answer; whether the trunk is sick."""
        self._failures += 1
        if self._failures >= FAILURES_OF_A_SICK_TRUNK:
            self._silence = why
        return bool(self.trouble)

    def registered(self) -> None:
        """It knows us."""
        self._refusal = ""
        self.answered()

    def refused(self, why: str) -> None:
        """It does not know us: nothing can be dialled."""
        self._refusal = why
