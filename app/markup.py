"""Text as XML character data, for whoever writes XML. It knows no elements."""

import re

# All that XML 1.0 forbids (section 2.2), all that is markup, and CR, which a parser would read as LF.
SPECIAL = re.compile("[^\t\n\x20-\x25\x27-\x3b\x3d\x3f-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}


def escaped(text: str) -> str:
    """Text as XML character data; what XML 1.0 can't hold becomes U+FFFD."""
    if SPECIAL.search(text) is None:
        return text
    return SPECIAL.sub(lambda found: _ESCAPES.get(found[0], "\ufffd"), text)
