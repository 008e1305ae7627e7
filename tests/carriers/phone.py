"""Somebody who dials several numbers of a peer at once with baresip and writes down what came of each, as JSON.

A program of its own, because a process can have one baresip. Whoever answers hears a tone of 440 Hz and the keys 42#.
"""

import asyncio
import base64
import contextlib
import json
import sys
import time
from typing import Any

import numpy as np
from baresip import Account, AudioNotActive, CallFailed, CallTimeout, Config, StaleHandleError
from baresip.call import Call
from baresip.runtime import Runtime
from baresip.ua import UserAgent

TONE = (8000 * np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)).astype(np.int16).tobytes()


async def talk(call: Call, seconds: float) -> dict[str, Any]:
    """What was heard."""
    keys: list[str] = []
    pcm = b""
    call.on_dtmf(lambda event: keys.append(event.digit))
    end = time.monotonic() + seconds
    with contextlib.suppress(StaleHandleError, AudioNotActive):
        call.audio.write(TONE)
        while time.monotonic() < end:
            await asyncio.sleep(0.1)
            pcm += call.audio.read(32_000)
        await call.send_dtmf("42#")
        await asyncio.sleep(1)
        await call.hangup()
    return {"keys": "".join(keys), "pcm": base64.b64encode(pcm).decode(), "gone": time.monotonic() < end}


async def dial(agent: UserAgent, uri: str, timeout: float, seconds: float) -> dict[str, Any]:
    """What came of one call."""
    call = await agent.dial(uri)
    try:
        await call.wait_established(timeout)
    except CallTimeout:
        return {"status": 0}
    except CallFailed as failed:
        return {"status": failed.status, "reason": failed.reason}
    return {"status": 200, **await talk(call, seconds)}


async def main(address: str, timeout: float, seconds: float, numbers: list[str]) -> None:
    runtime = Runtime()
    config = Config(net_interface="127.0.0.1", max_concurrent_calls=None, expose_headers=("Reason",))
    await runtime.start(config)
    host, _, _ = address.partition(":")
    account = Account(user="ringback", domain=host, password="secret", auth_user="ringback", reg_interval=0)
    agent = await UserAgent.create(runtime, account, transfer_policy="reject")
    dials = [dial(agent, f"sip:{number}@{address}", timeout, seconds) for number in numbers]
    outcomes = await asyncio.gather(*dials)
    await asyncio.sleep(1)
    await runtime.close()
    print(json.dumps(dict(zip(numbers, outcomes, strict=True))))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), sys.argv[4:]))
