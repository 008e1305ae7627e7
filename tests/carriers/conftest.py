"""Both carriers, ready to dial: the simulated one, and SIP with the exchange as its trunk."""

from collections.abc import Iterator

import pytest
from dialling import RING_SECONDS, TIMEOUT_SECONDS, Phone
from peer import Peer

from app import clock
from app.clock import Clock
from app.telephony.callees import Callees
from app.telephony.carrier import Carrier
from app.telephony.simulated import SimulatedCarrier
from app.telephony.sip.carrier import SipCarrier
from app.telephony.speech import Espeak
from app.telephony.trunk import Trunk


@pytest.fixture(scope="session")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    with Peer(tmp_path_factory.mktemp("exchange"), ring=RING_SECONDS, timeout=TIMEOUT_SECONDS) as exchange:
        yield exchange


@pytest.fixture(scope="session")
def sip_carrier(exchange: Peer) -> Iterator[Carrier]:
    trunk = Trunk(exchange.address, "+16175559999", user="ringback", password="secret")
    carrier = SipCarrier(trunk, Espeak("en-us", 180), Clock(), clock.elapsed, ring_seconds=TIMEOUT_SECONDS)
    yield carrier
    carrier.close()


@pytest.fixture
def sip(sip_carrier: Carrier) -> Phone:
    """A phone over SIP."""
    return Phone(sip_carrier)


@pytest.fixture(params=["simulated", "sip"])
def phone(request: pytest.FixtureRequest) -> Phone:
    """A phone over each of the carriers."""
    if request.param == "sip":
        return Phone(request.getfixturevalue("sip_carrier"))
    return Phone(SimulatedCarrier(Clock(), Callees({"voice": 1}, "seed"), takes_time=False))
