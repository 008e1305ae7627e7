"""The SIP stack of this process: who we are, what we call, and whether the trunk is well.

The stack has a thread of its own, and there is one of it in a process; an event loop in another thread speaks to it and
listens to the calls. When the stack dies, the process ends: only a new one can have another.
"""

import asyncio
import ipaddress
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Any, Protocol, TypeVar

from baresip import Account, BaresipError, Call, Config, Event, RegistrationError, Runtime, StackEvent, UserAgent

from app.errors import SettingError
from app.telephony.options import Unanswered, ask, place
from app.telephony.sip.pacing import Pacing, wake_together
from app.telephony.trunk import Health, Trunk

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.1
"""How often calls are listened to."""
COMMAND_SECONDS = 10.0
STOP_SECONDS = 0.7
MOST_AGENTS = 500
"""Of the 1,023 agents and calls together that the stack has room for; it never lets go of an agent."""
PROBE_SECONDS = 5.0
REGISTRATION_SECONDS = 600
NOT_YET = "not registered at the trunk yet"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"

T = TypeVar("T")


class Listener(Protocol):
    """Somebody who listens to a call."""

    def take(self) -> None:
        """Listen to what has come since."""


class Stack:
    """``do`` may be called from any thread; coroutines are for it to run."""

    def __init__(self, trunk: Trunk, elapsed: Callable[[], float]) -> None:
        """Start it. Raises SettingError when it does not start. ``elapsed`` gives the seconds of a steady clock."""
        logging.getLogger("baresip").setLevel(logging.WARNING)
        self.health = Health()
        if trunk.registers:
            self.health.refused(NOT_YET)
        self.listeners: set[Listener] = set()
        self._trunk = trunk
        self._elapsed = elapsed
        self._agents: dict[str, UserAgent] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="sip", daemon=True).start()
        try:
            self.do(self._start())
        except (BaresipError, OSError, ValueError, TimeoutError) as wrong:
            self.close()
            raise SettingError(f"RINGBACK_CARRIER=sip: the SIP stack does not start: {wrong}") from wrong

    def do(self, work: Coroutine[Any, Any, T], within: float = COMMAND_SECONDS) -> T:
        """Have the event loop do it, and wait for that. Raises what it raises, and TimeoutError."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(within)

    def hang_up(self, calls: Iterable[Call]) -> None:
        """End calls, in whatever state they are."""
        with suppress(BaresipError, TimeoutError):
            self.do(hang_up(list(calls)))

    def close(self) -> None:
        """Stop it; what still runs is cut off."""
        with suppress(BaresipError, TimeoutError):
            self.do(self._stop())

    async def invite(self, caller_id: str, number: str, meet: Callable[[Call], T]) -> T:
        """Ring a number, as one that is called from ``caller_id``; both are ``+`` and digits. Raises BaresipError.

        ``meet`` is given the call before anything is told of it, and what it makes of it is returned.
        """
        agent = await self._agent(caller_id)
        asserted = f"<sip:{caller_id}@{self._trunk.address}>"
        already: list[StackEvent] = []
        self._runtime.subscribe(already.append)
        try:
            call = await agent.dial(self._trunk.uri(number), headers={"P-Asserted-Identity": asserted})
        finally:
            self._runtime.unsubscribe(already.append)
        met = meet(call)
        for event in already:  # a trunk that is near answers before the call is there to be told of it
            call._on_stack_event(event)
        return met

    async def _start(self) -> None:
        wake_together()
        self._runtime = Runtime()
        self._runtime.on_dead = _end_the_process
        await self._runtime.start(_config(self._trunk))
        await self._agent(self._trunk.caller_id)
        self._tasks.append(asyncio.create_task(self._listen()))
        self._tasks.append(asyncio.create_task(self._tend(await self._registrant())))

    async def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.sleep(STOP_SECONDS)  # the answers to our last requests are still acknowledged
        await self._runtime.close()

    async def _agent(self, caller_id: str) -> UserAgent:
        """Who calls from that number; when there are too many, who calls from the trunk's own."""
        if caller_id not in self._agents and len(self._agents) >= MOST_AGENTS:
            caller_id = self._trunk.caller_id
        if caller_id not in self._agents:
            self._agents[caller_id] = await self._new_agent(caller_id, registration_seconds=0)
        return self._agents[caller_id]

    async def _new_agent(self, user: str, *, registration_seconds: int) -> UserAgent:
        """Who says to be ``user`` in From, and answers the trunk's challenges."""
        trunk = self._trunk
        account = Account(
            user=user,
            domain=trunk.address,
            password=trunk.password,
            auth_user=trunk.user or None,
            reg_interval=registration_seconds,
            transport=trunk.transport,
        )
        agent = await UserAgent.create(self._runtime, account, transfer_policy="reject")
        agent.on_incoming(lambda call: self._loop.create_task(hang_up([call])))
        return agent

    async def _listen(self) -> None:
        pacing = Pacing()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            pacing.look()
            for each in tuple(self.listeners):
                try:
                    each.take()
                except Exception:  # around one call: the others are listened to all the same
                    log.exception("a call can't be listened to")
                    self.listeners.discard(each)

    async def _registrant(self) -> UserAgent | None:
        """Who registers us, where the trunk wants that."""
        if not self._trunk.registers:
            return None
        agent = await self._new_agent(self._trunk.user, registration_seconds=REGISTRATION_SECONDS)
        agent.on(self._seen)
        return agent

    async def _tend(self, agent: UserAgent | None) -> None:
        """Stay registered, and look whether a sick trunk may be there again."""
        while True:
            if self.health.trouble:
                await (self._ask() if agent is None else self._register(agent))
            await asyncio.sleep(PROBE_SECONDS)

    async def _ask(self) -> None:
        """Ask it with OPTIONS. That goes from a socket of its own, because the stack has no call for it."""
        try:
            await asyncio.to_thread(ask, self._trunk, PROBE_SECONDS)
        except Unanswered:
            self.health.asked(self._elapsed(), answered=False)
        else:
            self.health.asked(self._elapsed(), answered=True)

    async def _register(self, agent: UserAgent) -> None:
        try:
            await agent.register()
        except RegistrationError as wrong:
            self._refused(f"{wrong.status or ''} {wrong.reason or wrong}")
        else:
            self.health.registered(self._elapsed())

    def _seen(self, event: StackEvent) -> None:
        if event.event is Event.REGISTER_FAIL:
            self._refused(event.text or "")

    def _refused(self, why: str) -> None:
        self.health.refused(f"not registered at {self._trunk.address}: {why.strip()}")


async def hang_up(calls: Iterable[Call]) -> None:
    """End calls, in whatever state they are."""
    for call in calls:
        with suppress(BaresipError):
            await call.hangup()


def _end_the_process() -> None:
    log.critical("the SIP stack died: the scheduler stops, to be started again")
    os.kill(os.getpid(), signal.SIGTERM)


def _config(trunk: Trunk) -> Config:
    lines = ["dns_getaddrinfo yes"]  # names mean what they mean to the other programs of this machine
    if trunk.listen:
        lines.append(f"sip_listen {trunk.listen}")
    if trunk.rtp_ports is not None:
        lines.append("rtp_ports {}-{}".format(*trunk.rtp_ports))
    if trunk.transport == "tls":
        lines += ["sip_verify_server yes", f"sip_cafile {CERTIFICATES}"]
    return Config(
        net_interface=_interface(trunk),
        max_concurrent_calls=None,
        extra_config_text="".join(f"{line}\n" for line in lines),
    )


def _interface(trunk: Trunk) -> str | None:
    """The address to speak from, where the stack does not find it: to a trunk on this machine it finds none."""
    host, _ = place(trunk)
    try:
        address = str(socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)[0][4][0])
    except OSError:
        return None
    return address if ipaddress.ip_address(address).is_loopback else None
