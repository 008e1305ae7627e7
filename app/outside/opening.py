"""Opening the door to the network as the settings have it."""

import app
from app.outside.addresses import Policy
from app.outside.fetch import Outside
from app.settings import Settings


def open_outside(settings: Settings) -> Outside:
    """The client under the policy in force; our own port is no place to fetch from."""
    own = frozenset({settings.bind[1]})
    policy = Policy(settings.network_in_force, settings.allow_nets, own)
    return Outside(policy, user_agent=f"ringback/{app.__version__}")
