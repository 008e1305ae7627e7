"""Loading a list: what is published is whole, whatever others do at the same time."""

import threading

import pytest
from office import RECEIVED

from app.calls import queueing
from app.calls.db import execute
from app.calls.queueing import Loading, Queue
from app.errors import Refusal
from app.intake.lists import GoodLine
from app.intake.orders import CampaignOrder, Terms

pytestmark = pytest.mark.one_engine

TERMS = Terms("http://127.0.0.1/s", "", "", 0, 300, RECEIVED, None)
LINES = [GoodLine(line, "6175550100", "+16175550100", "", "") for line in range(1, 51)]


def _load(name: str = "") -> Loading:
    return Loading(Queue(1, 1), CampaignOrder(TERMS, name, "", ""), RECEIVED)


def test_upkeep_spares_a_list_that_is_being_loaded(database: None) -> None:
    """Others come and go, refused or published: the one that is loaded keeps its rows and its id."""
    stopping = threading.Event()
    refused = []

    def refuse() -> None:
        while not stopping.is_set():
            load = _load()
            load.add(LINES[:5])
            load.discard()
            refused.append(load.campaign_id)

    def keep_up() -> None:
        while not stopping.is_set():
            queueing.remove_abandoned()

    others = [threading.Thread(target=job) for job in (refuse, refuse, keep_up)]
    for other in others:
        other.start()
    published = []
    for _ in range(40):
        load = _load()
        for _ in range(3):
            load.add(LINES)
        load.publish()
        published.append(load.campaign_id)
    stopping.set()
    for other in others:
        other.join()
    assert not set(published) & set(refused)
    assert len(set(refused)) == len(refused)
    rows = execute("SELECT campaign_id, count(*) FROM call GROUP BY 1 ORDER BY 1").fetchall()
    assert rows == [(campaign_id, 150) for campaign_id in sorted(published)]
    assert execute("SELECT count(*) FROM campaign WHERE status = 'loading'").fetchone() == (0,)


def test_a_list_whose_rows_were_removed_is_not_published(database: None) -> None:
    """If ever a load is taken for abandoned, its client is told, not answered with call_ids that are gone."""
    load = _load()
    load.add(LINES)
    queueing._remove(load.campaign_id)
    with pytest.raises(Refusal, match="nothing was queued"):
        load.publish()
    load.discard()


def test_two_campaigns_of_one_name(database: None) -> None:
    """The second is refused, even when both passed the check for the name."""
    _load("spring").publish()
    with pytest.raises(Refusal, match="spring is the name of another campaign of yours"):
        _load("spring")
