"""All proofs; importing this registers them."""

from . import kills, picking, shares, slow, stale, switches, trouble, virtual, wallclock
from .proof import PROMISES

__all__ = ["PROMISES", "kills", "picking", "shares", "slow", "stale", "switches", "trouble", "virtual", "wallclock"]
