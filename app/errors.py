"""Every refusal the product can give: a class each, with the sentence the client reads.

Nothing here knows XML, JSON or HTTP: only the replies modules turn a refusal into an answer.
"""

import math
import shlex
import sys
from collections.abc import Sequence


class Refusal(Exception):
    """Something a client asked for that is not done; ``str()`` is the sentence it is told."""


class BadField(Refusal):
    """A form field breaks its rule."""

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}")
        self.field = field
        self.rule = rule


class BadForm(Refusal):
    """The posted form can't be read at all."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the form can't be read: {why}")


class BadCredentials(Refusal):
    """The login is unknown or the PIN is wrong; which of the two is never said."""

    def __init__(self) -> None:
        super().__init__("login or pin not accepted")


class WeakPin(Refusal):
    """A new PIN is weak, and nobody said that this is wanted."""

    def __init__(self, length: int) -> None:
        super().__init__(f"pin: must have at least {length} characters and be none of those that are tried first")


class BadKey(Refusal):
    """The e-mail address is unknown, the key wrong or revoked, or the account inactive; which is never said."""

    def __init__(self) -> None:
        super().__init__("e-mail address or developer key not accepted, or the account is inactive")


class DeletedAccount(Refusal):
    """The account was deleted."""

    def __init__(self) -> None:
        super().__init__("the account was deleted")


class NoSuchDeployment(Refusal):
    """There is no such deployment, or none that this account may know of."""

    def __init__(self) -> None:
        super().__init__("there is no such deployment")


class DeletedDeployment(Refusal):
    """The application or the deployment was deleted."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the {what} was deleted")


class MayNotQueue(Refusal):
    """The account may see the calls of an application but not queue any."""

    def __init__(self) -> None:
        super().__init__("you may see this application's calls, but neither queue nor cancel any")


class TryLater(Refusal):
    """What is asked for is not done now, and may be after ``retry_after`` whole seconds."""

    def __init__(self, sentence: str, seconds: float) -> None:
        super().__init__(sentence)
        self.retry_after = max(math.ceil(seconds), 1)


class TooManyRequests(TryLater):
    """The account has sent more requests than it may."""

    def __init__(self, seconds: float) -> None:
        super().__init__("your account sends more requests than it may; try again", seconds)


class QuotaReached(TryLater):
    """The account has as many of something as it may."""

    def __init__(self, what: str, then: str) -> None:
        super().__init__(f"your account has no more than {what} at a time; {then}", 60)


class LockedOut(TryLater):
    """Too many wrong PINs came lately: nothing is checked, whether the login exists or not, the PIN right or wrong."""

    def __init__(self, seconds: float, why: str = "too many wrong tries, wait 15 minutes") -> None:
        super().__init__(f"login or pin not accepted; {why}", seconds)


class LoginClosed(LockedOut):
    """Too many wrong PINs came for a login within a day: new addresses are refused, as in LockedOut."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            seconds,
            "too many wrong tries for this login within a day: for now it is open only to addresses that have used it "
            "in the last 30 days",
        )


class TooManyChecks(TryLater):
    """So many PINs are being checked that there is no place for one more; nothing was checked, and nothing counts."""

    def __init__(self) -> None:
        super().__init__("too many logins are being checked at this moment; try again", 2)


class Crowded(TryLater):
    """The account's servers are slow, and so many of its requests wait for them that there is no place for more."""

    def __init__(self) -> None:
        super().__init__("too many of your requests are waiting for your servers to answer their probes; try again", 5)


class StillRunning(TryLater):
    """A request with the same Idempotency-Key is being worked on, and does not end soon."""

    def __init__(self) -> None:
        super().__init__("the same request is still being worked on; send it again to get its answer", 5)


class ClaimLost(TryLater):
    """Another request with the same Idempotency-Key has taken over, as this one seemed to be dead."""

    def __init__(self) -> None:
        super().__init__("it took too long, and the same request was sent again; nothing was queued by this one", 1)


class BadList(BadField):
    """A list of calls as a whole can't be used."""


class UrlNotUsable(BadField):
    """A start_url or result_url did not answer its probe with 200.

    ``why`` is empty where it would tell what listens inside a network that the client may not see.
    """

    def __init__(self, field: str, url: str, why: str = "") -> None:
        super().__init__(field, f"{url} did not answer 200 OK" + (f": {why}" if why else ""))


class NoSuchCall(Refusal):
    """There is no call with this call_id, or no longer."""

    def __init__(self, call_id: int) -> None:
        super().__init__(f"call_id: there is no call {call_id}")


class NoDatabase(Refusal):
    """There is no database of ours where it was looked for."""

    def __init__(self, place: str) -> None:
        super().__init__(
            f"there is no ringback database in {place}: run this in the folder where `ringback serve` runs, or set "
            "RINGBACK_DATABASE. The first `ringback serve` makes a database, and so does `ringback account add`."
        )


class OldSchema(Refusal):
    """The database lacks schema upgrades, and this is no program that applies them."""

    def __init__(self, place: str, names: Sequence[str]) -> None:
        super().__init__(
            f"{place} lacks schema upgrades ({', '.join(names)}): stop all ringback programs that use it, then run "
            "`ringback upgrade` or start a server of this version"
        )


class NewerSchema(Refusal):
    """The database has schema upgrades that this version does not know: a newer one made them."""

    def __init__(self, place: str, names: Sequence[str]) -> None:
        super().__init__(
            f"{place} was upgraded by a newer version of ringback (unknown here: {', '.join(names)}): run that "
            "version, or restore a backup from before the upgrade"
        )


class SettingError(Exception):
    """A RINGBACK_ setting is unknown or has a value that can't be used."""


class NotInstalled(SettingError):
    """A setting asks for what one of ringback's extras brings; the sentence has the command that installs it."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what}: {shlex.quote(sys.executable)} -m pip install 'ringback[{extra}]'")
