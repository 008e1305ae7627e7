"""What a SIP answer says about the callee: one table, read from the most specific evidence to the least.

Sources: RFC 3261 section 21 (statuses), ITU-T Q.850 (causes, which RFC 3326 puts into the Reason header), Outbound
Calling Guide, "Understanding Callee Types and Outbound Statuses".
"""

import re
from dataclasses import dataclass

from app.telephony.outcomes import CalleeType

BY_CAUSE = {
    CalleeType.BUSY: (17,),
    CalleeType.NOANSWER: (18, 19, 20),
    CalleeType.INFORMATIONTONE: (1, 2, 3, 22, 28, 34, 42),
    CalleeType.LINEFAILURE: (21, 27, 38, 41, 58, 79, 88, 102, 127),
}
BY_STATUS = {
    CalleeType.BUSY: (486, 600, 603),
    CalleeType.NOANSWER: (480,),
    CalleeType.INFORMATIONTONE: (404, 410, 484, 485, 604),
}
"""Everything else is a linefailure."""
TIMED_OUT = 408
"""What ends a call that has rung for as long as it may, by the trunk's clock or by ours."""

_CAUSE = re.compile(r'Q\.850\s*+(?:;[^;,"]*+(?:"[^"]*+"\s*+)?)*?;\s*cause\s*=\s*(\d{1,3})', re.IGNORECASE)
_CALLEE_OF_CAUSE = {cause: callee_type for callee_type, causes in BY_CAUSE.items() for cause in causes}
_CALLEE_OF_STATUS = {status: callee_type for callee_type, statuses in BY_STATUS.items() for status in statuses}


@dataclass(frozen=True, slots=True)
class Failure:
    """How a call ended that nobody answered.

    ``status`` is None when the trunk gave none; ``text`` is its reason phrase and Reason header, or what went wrong
    instead; ``rang`` tells whether a 180 or 183 was seen, ``tones`` whether special information tones were heard.
    """

    status: int | None
    text: str = ""
    rang: bool = False
    tones: bool = False

    @property
    def cause(self) -> int | None:
        """The Q.850 cause of the Reason header."""
        found = _CAUSE.search(self.text)
        return int(found[1]) if found else None

    @property
    def callee_type(self) -> CalleeType:
        """Tones in early media, else the cause, else the status, else whether it has rung."""
        if self.tones:
            return CalleeType.INFORMATIONTONE
        if self.cause in _CALLEE_OF_CAUSE:
            return _CALLEE_OF_CAUSE[self.cause]
        if self.status == TIMED_OUT and self.rang:
            return CalleeType.NOANSWER
        return _CALLEE_OF_STATUS.get(self.status or 0, CalleeType.LINEFAILURE)

    @property
    def is_of_the_trunk(self) -> bool:
        """Whether not even the trunk answered: that says nothing about the number."""
        return self.status is None and not self.rang
