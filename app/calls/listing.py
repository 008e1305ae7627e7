"""Calls as lists, the newest first, a page at a time: which calls match what somebody asks for.

A page costs no more for a million calls than for a few: it is sought downwards from a call_id, in ranges of call_ids,
and when that takes too long it says how far it came. Nothing is counted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from app import clock
from app.calls.db import execute, marks
from app.calls.states import FINAL, CampaignStatus, Status

ABOVE_ALL = 2**31
"""More than any id."""
PATIENCE_SECONDS = 0.1
"""After so long a page is given as far as it was found."""
BATCH = 1_000
"""So many calls are read at a time where all are wanted."""
_FIRST_RANGE, _WIDEST_RANGE = 1_000, 50_000
_NUMBER = "call.number = ?"
_REFERENCE = "message_reference = ? AND message_reference <> ''"
_WORD = "(call.number = ? OR message_reference = ? OR call.id = ?)"


@dataclass(frozen=True, slots=True)
class Word:
    """Something that a call's number, reference or call_id may be; ``number`` is "" when it can't be a number."""

    text: str
    number: str = ""

    @property
    def as_id(self) -> int:
        """The id that it may be; 0 when it can't be one."""
        return int(self.text) if self.text.isascii() and self.text.isdigit() and len(self.text) < 10 else 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which calls are asked for: those of which all that is given is true.

    ``account_id`` None: of all accounts. ``campaign`` is a name or an id, ``number`` in its normal form. ``before`` and
    ``after`` are about when a call was queued.
    """

    account_id: int | None = None
    campaign_id: int | None = None
    campaign: str = ""
    statuses: tuple[Status, ...] = tuple(Status)
    callee_type: str = ""
    number: str = ""
    reference: str = ""
    words: tuple[Word, ...] = ()
    before: datetime | None = None
    after: datetime | None = None


class Listed(NamedTuple):
    """A call in short."""

    call_id: int
    login: str
    campaign_id: int
    campaign_name: str
    phone_number: str
    number: str
    message_reference: str
    call_parameters: str
    status: str
    callee_type: str
    attempts: int
    duration: int
    queued_at: datetime
    last_attempt_at: datetime | None
    finished_at: datetime | None
    result: str | None
    """How far the delivery of its result got; None when there is none yet."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some calls. There may be more below the call_id ``below``: None when there are none.

    ``is_cut`` tells that the search took too long: it came down to ``below``.
    """

    calls: Sequence[Listed]
    below: int | None
    is_cut: bool = False


def page(wanted: Wanted, below: int = ABOVE_ALL, limit: int = 50, patience: float | None = None) -> Page:
    """The newest calls of those that are wanted and have a call_id less than ``below``.

    ``patience`` is in seconds, PATIENCE_SECONDS unless it is given.
    """
    patience = PATIENCE_SECONDS if patience is None else patience
    ended = _ended(wanted, below, limit + 1)
    statuses = wanted.statuses if ended is None else tuple(one for one in wanted.statuses if one not in FINAL)
    found, reached = _sought(wanted, statuses, below, limit + 1, patience)
    if ended:
        found = sorted({*found, *(call_id for call_id in ended if call_id >= (reached or 0))}, reverse=True)
    if len(found) > limit:
        return Page(rows(found[:limit]), found[limit - 1])
    return Page(rows(found), reached, is_cut=reached is not None)


def every(wanted: Wanted) -> Iterator[list[int]]:
    """All that are wanted, oldest first, as lists of call_ids; in constant memory, and without an end of patience."""
    rules, values = _rules(wanted, wanted.statuses)
    first, last = execute("SELECT min(id), max(id) FROM call").fetchone()
    for start in range(first, last + 1, _WIDEST_RANGE) if first is not None else ():
        statement = f"SELECT id FROM call WHERE id >= ? AND id < ? AND {rules} ORDER BY id"
        found = [call_id for (call_id,) in execute(statement, start, start + _WIDEST_RANGE, *values).fetchall()]
        yield from (found[place : place + BATCH] for place in range(0, len(found), BATCH))


def rows(call_ids: Sequence[int]) -> list[Listed]:
    """Some calls in short, the newest first."""
    if not call_ids:
        return []
    found = execute(
        f"""SELECT call.id, login, campaign.id, campaign.name, phone_number, number, message_reference, call_parameters,
            call.status, callee_type, attempts, duration, queued_at, last_attempt_at, finished_at, state
        FROM call JOIN campaign ON campaign.id = campaign_id JOIN account ON account.id = account_id
            LEFT JOIN result ON result.call_id = call.id
        WHERE call.id IN ({marks(len(call_ids))}) ORDER BY call.id DESC""",
        *call_ids,
    ).fetchall()
    return [
        Listed._make([*row[:-4], *(None if at is None else clock.instant(at) for at in row[-4:-1]), row[-1]])
        for row in found
    ]


def is_visible(call_id: int, account_id: int | None) -> bool:
    """Whether there is such a call and the account has it; None for the account: whoever has it."""
    campaigns, values = _campaigns(Wanted(account_id))
    row = execute(f"SELECT 1 FROM call WHERE id = ? AND campaign_id IN ({campaigns})", call_id, *values).fetchone()
    return row is not None


def _sought(
    wanted: Wanted, statuses: Sequence[Status], below: int, limit: int, patience: float
) -> tuple[list[int], int | None]:
    """The newest ``limit`` call_ids, found by going down; and the call_id that it came to when patience ended."""
    rules, values = _rules(wanted, statuses)
    found: list[int] = []
    width, until = _FIRST_RANGE, clock.elapsed() + patience
    while len(found) < limit and (newest := _newest(wanted, statuses, below)) is not None:
        statement = f"SELECT id FROM call WHERE id > ? AND id <= ? AND {rules} ORDER BY id DESC LIMIT ?"
        found += [row[0] for row in execute(statement, newest - width, newest, *values, limit - len(found)).fetchall()]
        below = newest - width + 1
        if clock.elapsed() > until:
            return found, below
        width = min(2 * width, _WIDEST_RANGE)
    return found, None


def _newest(wanted: Wanted, statuses: Sequence[Status], below: int) -> int | None:
    """The next call_id below that may be of a wanted campaign and status, found by a leap along call_campaign."""
    everywhere = wanted.account_id is None and wanted.campaign_id is None and not wanted.campaign
    if everywhere and len(statuses) == len(Status):
        values: list[object] = [below]
        statement = "SELECT max(id) FROM call WHERE id < ?"
    else:
        campaigns, of_campaigns = _campaigns(wanted)
        each = " UNION ALL ".join(f"SELECT '{status}' AS status" for status in statuses) or "SELECT '' AS status"
        statement = f"""SELECT max(newest) FROM (SELECT (SELECT max(id) FROM call
                WHERE campaign_id = chosen.id AND call.status = one.status AND id < ?) AS newest
            FROM ({campaigns}) AS chosen, ({each}) AS one) AS leaps"""
        values = [below, *of_campaigns]
    (newest,) = execute(statement, *values).fetchone()
    return None if newest is None else int(newest)


def _ended(wanted: Wanted, below: int, limit: int) -> list[int] | None:
    """The newest final calls by number, reference or word, along the indices that they have; None without any."""
    keys = _keys(wanted)
    if not keys:
        return None
    rules, values = _rules(wanted, wanted.statuses)
    found: set[int] = set()
    for key, value in keys.items():
        statement = f"""SELECT id FROM call WHERE {key} AND finished_at IS NOT NULL AND id < ? AND {rules}
            ORDER BY id DESC LIMIT ?"""
        found.update(call_id for (call_id,) in execute(statement, value, below, *values, limit).fetchall())
    return sorted(found, reverse=True)[:limit]


def _keys(wanted: Wanted) -> dict[str, object]:
    if wanted.number:
        return {_NUMBER: wanted.number}
    if wanted.reference:
        return {_REFERENCE: wanted.reference}
    if wanted.words:
        word = wanted.words[0]
        return {_NUMBER: word.number or word.text, _REFERENCE: word.text, "id = ?": word.as_id}
    return {}


def _rules(wanted: Wanted, statuses: Sequence[Status]) -> tuple[str, list[object]]:
    """The condition for a call to be wanted."""
    campaigns, of_campaigns = _campaigns(wanted)
    # + keeps databases from going through a whole campaign where a range of call_ids is less.
    rules: dict[str, list[object]] = {f"+campaign_id IN ({campaigns})": of_campaigns}
    if len(statuses) < len(Status):
        rules[f"call.status IN ({marks(len(statuses))})"] = list(statuses)
    if wanted.callee_type:
        rules["callee_type = ?"] = [wanted.callee_type]
    if wanted.number:
        rules["call.number = ?"] = [wanted.number]
    if wanted.reference:
        rules["message_reference = ?"] = [wanted.reference]
    if wanted.before is not None:
        rules["queued_at < ?"] = [wanted.before.timestamp()]
    if wanted.after is not None:
        rules["queued_at >= ?"] = [wanted.after.timestamp()]
    told = [*rules, *[_WORD] * len(wanted.words)]
    of_words = [value for word in wanted.words for value in (word.number or word.text, word.text, word.as_id)]
    return " AND ".join(told), [*(value for values in rules.values() for value in values), *of_words]


def _campaigns(wanted: Wanted) -> tuple[str, list[object]]:
    """A select of the campaigns whose calls may be wanted."""
    rules: dict[str, list[object]] = {"status <> ?": [CampaignStatus.LOADING]}
    if wanted.account_id is not None:
        rules["account_id = ?"] = [wanted.account_id]
    if wanted.campaign_id is not None:
        rules["id = ?"] = [wanted.campaign_id]
    if wanted.campaign:
        rules["(name = ? OR id = ?)"] = [wanted.campaign, Word(wanted.campaign).as_id]
    return f"SELECT id FROM campaign WHERE {' AND '.join(rules)}", [one for values in rules.values() for one in values]
