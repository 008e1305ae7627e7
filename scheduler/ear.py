"""What is heard on a real line: whether somebody speaks, and the sound of it. Words are not its business."""

from array import array
from collections import deque

from app.telephony.carrier import BYTES_PER_SECOND, SAMPLES_PER_SECOND, Happening

FRAME_SECONDS = 0.02
LOUD = 256
"""The mean amplitude of a frame in which somebody speaks."""
ONSET_SECONDS = 0.2
"""How much of half a second is loud when somebody has begun to speak."""
BEFORE_SECONDS = 0.5
"""What of the time before that belongs to it."""


class Ear:
    """Is told of each sound on a line; all seconds are those of the call."""

    def __init__(self) -> None:
        self._loud: deque[bool] = deque(maxlen=round(BEFORE_SECONDS / FRAME_SECONDS))
        self.begin(0.0)

    def begin(self, second: float) -> None:
        """Forget what was heard, and wait for somebody to speak from then on."""
        self._since = self._spoken = second
        self._pcm = bytearray()
        self._loud.clear()
        self.ignoring = False
        """Whether what is said is passed over, until somebody begins to speak anew."""
        self.onset: float | None = None
        """Since when somebody speaks."""

    @property
    def seconds(self) -> float:
        """How much of it there is."""
        return len(self._pcm) / BYTES_PER_SECOND

    def silence(self, now: float) -> float:
        """How long ago somebody was last heard to speak. By the clock: some telephones send no silence."""
        return now - self._spoken

    def hear(self, happening: Happening) -> None:
        """Another piece of what was heard; what is from before the beginning does not count."""
        pcm = happening.pcm[max(0, len(happening.pcm) - size(happening.second - self._since)) :]
        for end in range(len(pcm), 0, -size(FRAME_SECONDS))[::-1]:
            loud = _loudness(pcm[max(0, end - size(FRAME_SECONDS)) : end]) > LOUD
            self._loud.append(loud)
            if loud:
                self._spoken = happening.second - (len(pcm) - end) / BYTES_PER_SECOND
        self._pcm += pcm
        if self.ignoring and self.silence(happening.second) >= BEFORE_SECONDS:
            self.begin(happening.second)
        if self.onset is None:
            del self._pcm[: -size(BEFORE_SECONDS)]
            if sum(self._loud) >= round(ONSET_SECONDS / FRAME_SECONDS):
                self.onset = happening.second

    def taken(self, longest: float) -> bytes:
        """What was heard, for so many seconds at most."""
        return bytes(self._pcm[: size(longest)])


def size(seconds: float) -> int:
    """How many bytes of PCM that is; 0 for less than no time."""
    return max(0, round(seconds * SAMPLES_PER_SECOND)) * 2


def _loudness(pcm: bytes) -> float:
    """The mean amplitude."""
    samples = array("h", pcm)
    return sum(map(abs, samples)) / len(samples) if samples else 0.0
