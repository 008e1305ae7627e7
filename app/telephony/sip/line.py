"""A call of the stack's: on its way, and once somebody has answered."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from baresip import AudioNotActive, AudioRestarted, BaresipError, Call, CallState, Event, StackEvent

from app.telephony.carrier import BYTES_PER_SECOND, Happening, Speaker
from app.telephony.causes import Failure
from app.telephony.detection import Beep, Detector, InformationTones
from app.telephony.outcomes import CalleeType

VERDICT_SECONDS = 5.0
BEEP_SECONDS = 60.0
"""Into a call: how long a machine's beep is waited for."""
PAUSES = "pw,"
"""What stands among keys for a pause."""
PAUSE_SECONDS = 1.0
SPACE_SECONDS = 0.1
"""Between two keys."""
SETTLE_SECONDS = 0.5
"""Keys that are sent in the first moment after the answer get lost."""
FLUSH_SECONDS = 0.2
"""How long the next packet is waited for: there may be none any more."""
LOOK_SECONDS = 0.005


class SipLine:
    """A call that was answered, as carrier.Line has it. What is not in there belongs to the event loop."""

    protocol = "sip"

    def __init__(self, call: Call, speaker: Speaker, elapsed: Callable[[], float], detector: Detector | None) -> None:
        self.speaker = speaker
        self.callee_type = CalleeType.UNKNOWN
        self.call = call
        self.over_after: float | None = None
        """After how many seconds the call ended."""
        self._elapsed = elapsed
        self._answered_at = elapsed()
        self._happenings: SimpleQueue[Happening] = SimpleQueue()
        self._detector = detector
        self._beep: Beep | None = None
        self._listening = False
        call.on(self._seen)
        if call.state is CallState.CLOSED:
            self._end()

    def seconds(self) -> float:
        return self._elapsed() - self._answered_at

    def next(self, within: float) -> Happening | None:
        try:
            return self._happenings.get(timeout=max(within, 0.0))
        except Empty:
            return None

    def play(self, pcm: bytes) -> int:
        try:
            return int(self.call.audio.write(pcm))
        except (AudioNotActive, AudioRestarted):
            return 0

    def unsaid(self) -> float:
        try:
            return int(self.call.audio.info().tx_buffered) / BYTES_PER_SECOND
        except AudioNotActive:
            return 0.0

    def hush(self) -> None:
        """The stack forgets at its next packet, and what is given to it before that as well: wait for it."""
        until = self.seconds() + FLUSH_SECONDS
        with suppress(AudioNotActive, AudioRestarted):
            if self.unsaid():
                self.call.audio.flush_tx()
        while self.unsaid() and self.seconds() < until:
            threading.Event().wait(LOOK_SECONDS)

    def listen(self, *, on: bool) -> None:
        self._listening = on

    def _seen(self, event: StackEvent) -> None:
        if event.event is Event.CALL_DTMF_START and event.text:
            self._happen("key", event.text)
        elif event.event is Event.CALL_CLOSED:
            self._end()

    def _end(self) -> None:
        if self.over_after is None:
            self.over_after = self.seconds()
            self._happen("gone")

    async def send(self, keys: str) -> None:
        """Press keys; nothing happens any more when the callee is gone."""
        with suppress(BaresipError):
            await asyncio.sleep(SETTLE_SECONDS if keys else 0)
            for key in keys:
                if key in PAUSES:
                    await asyncio.sleep(PAUSE_SECONDS)
                else:
                    await self.call.send_dtmf(key)
                    await asyncio.sleep(SPACE_SECONDS)

    def take(self) -> None:
        """Listen to what has come since, for whoever wants to know."""
        if self._detector is None and self._beep is None and not self._listening:
            return
        pcm = heard(self.call)
        if self._detector is not None:
            self._detect(self._detector, pcm)
        elif self._beep is not None:
            self._wait_for_beep(self._beep, pcm)
        if self._listening and pcm:
            self._happen("sound", pcm=pcm)

    def _detect(self, detector: Detector, pcm: bytes) -> None:
        verdict = detector.feed(pcm) if pcm else None
        if verdict is None and self.seconds() >= VERDICT_SECONDS:
            verdict = CalleeType.UNKNOWN
        if verdict is not None:
            self.callee_type = verdict
            self._detector = None
            self._beep = Beep() if verdict is CalleeType.ANSWERINGMACHINE else None
            self._happen("callee", verdict.value)

    def _wait_for_beep(self, beep: Beep, pcm: bytes) -> None:
        if pcm and beep.feed(pcm):
            self._beep = None
            self._happen("beep")
        elif self.seconds() >= BEEP_SECONDS:
            self._beep = None

    def _happen(self, kind: Any, value: str = "", pcm: bytes = b"") -> None:
        self._happenings.put(Happening(self.seconds(), kind, value, pcm))


class Ringing:
    """A call on its way: what is seen and heard of it until somebody answers or nobody does.

    ``answered`` is called when the trunk says that it rings.
    """

    def __init__(self, call: Call, answered: Callable[[], None]) -> None:
        self.call = call
        self._answered = answered
        self.rang = self.tones = False
        self._in_band = InformationTones()
        self._early = False
        call.on(self._seen)

    def _seen(self, event: StackEvent) -> None:
        if event.event in (Event.CALL_RINGING, Event.CALL_PROGRESS):
            self.rang = True
            self._answered()
            self._early = self._early or event.event is Event.CALL_PROGRESS

    def take(self) -> None:
        """Listen to the early media: why a number can't be reached is said there before it is answered."""
        if self._early and not self.tones:
            pcm = heard(self.call)
            self.tones = bool(pcm) and self._in_band.feed(pcm)

    def failed(self, status: int | None, text: str) -> Failure:
        """That nobody answered."""
        return Failure(status, text, self.rang, self.tones)


def heard(call: Call) -> bytes:
    """What has come since this was asked last, or lately."""
    try:
        return bytes(call.audio.read(2 * BYTES_PER_SECOND))
    except (AudioNotActive, AudioRestarted):
        return b""
