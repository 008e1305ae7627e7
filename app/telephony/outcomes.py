"""The callee types: who or what a call reached, in the documented words.

Source: Outbound Calling Guide, "Understanding Callee Types and Outbound Statuses".
"""

from enum import StrEnum


class CalleeType(StrEnum):
    """Who or what the call reached."""

    VOICE = "voice"  # a person
    ANSWERINGMACHINE = "answeringmachine"  # voicemail
    FAXMACHINE = "faxmachine"  # fax tones
    BUSY = "busy"  # the line is in use
    NOANSWER = "noanswer"  # not picked up within 45 s
    INFORMATIONTONE = "informationtone"  # number disconnected, circuits busy
    LINEFAILURE = "linefailure"  # the call could not be placed
    NOATTEMPT = "noattempt"  # never dialled
    UNKNOWN = "unknown"  # answered and not determined, or an attempt whose fate was lost


REACHED = frozenset({CalleeType.VOICE, CalleeType.ANSWERINGMACHINE, CalleeType.FAXMACHINE})
ANSWERS = REACHED | {CalleeType.UNKNOWN}

NOANSWER_SECONDS = 45
