"""The scenario that sipp plays as the exchange: what each number does, put into scenarios/exchange.xml.

peer.py says in words which numbers there are; the variables and labels are explained in the scenario.
"""

import string
from pathlib import Path

SCENARIOS = Path(__file__).parent / "scenarios"
FOREVER = 36_000
HELLO = "0.3 hello"
SIT_TENTHS = 15
STATUSES = [
    *(
        401,
        402,
        403,
        404,
        405,
        406,
        407,
        408,
        410,
        413,
        415,
        420,
        421,
        423,
        480,
        481,
        482,
        483,
        484,
        485,
        486,
        487,
        488,
    ),
    *(500, 501, 502, 503, 504, 505, 513, 580, 600, 603, 604, 606, 607, 608),
]
COUNTED = [f"dials_{line}" for line in (5550109, *range(5550111, 5550120))]
REPLY = """\
    [last_Via:]
    [last_From:]
    [last_To:];tag=exchange[call_number]
    [last_Call-ID:]"""
SDP = """\
    Contact: <sip:exchange@[local_ip]:[local_port];transport=[transport]>
    Content-Type: application/sdp
    Content-Length: [len]

    v=0
    o=exchange 1 1 IN IP4 127.0.0.1
    s=-
    c=IN IP4 127.0.0.1
    t=0 0
    m=audio {media} RTP/AVP 0 101
    a=rtpmap:0 PCMU/8000
    a=rtpmap:101 telephone-event/8000
    a=fmtp:101 0-15
    a=sendrecv
"""


class _Scenario(string.Template):
    """Placeholders are ``%{name}``, because sipp has the dollar."""

    delimiter = "%"


def exchange(*, media: str, ring: float, timeout: float, register: int, user: str, password: str) -> str:
    """The scenario with media at a port; the rest are the arguments of Peer."""
    return _Scenario((SCENARIOS / "exchange.xml").read_text()).substitute(
        routes="\n".join(_routes(round(ring * 10), round(timeout * 10))),
        refusals="\n".join(map(_refusal, STATUSES)),
        counters=",".join(COUNTED),
        reply=REPLY,
        sdp=SDP.format(media=media),
        register=register,
        user=user,
        password=password,
    )


def _routes(ring: int, timeout: int) -> list[str]:
    """The table of numbers as steps of the scenario; tenths of a second."""
    sit = {"rings": SIT_TENTHS, "early": "sit"}
    ways = {0: {}, 1: {"rings": ring}, 2: sit, 3: {**sit, "early": "sit-busy-circuits"}}
    causes = {"000": {}, "...": {"reason": "Reason: Q.850;cause=[$tail]"}}
    return [
        _route("5550100", rings=ring, score=HELLO),
        _route("5550101", rings=ring, score="0.5 greeting 0.4 beep"),
        _route("5550102", rings=ring, score="0.5 ced"),
        _route("5550103", status="486"),
        _route("5550104", rings=FOREVER),
        _route("5550105", status="404"),
        _route("5550106", status="503"),
        _route("5550107", rings=ring),
        *_by_dials("5550109", 2, ring, status="486"),
        _route("5550110", rings=ring, score=HELLO),
        *(step for n in range(1, 10) for step in _by_dials(f"555011{n}", n, ring, rings=FOREVER)),
        _route("5550120", rings=timeout - 10, score=HELLO),
        _route("5550121", rings=timeout + 10, score=HELLO),
        *(
            _route(f"[456]..{way}{cause}", status="[$exchange]", **meanwhile, **reason)
            for way, meanwhile in ways.items()
            for cause, reason in causes.items()
        ),
        _route("20.....", rings=ring, score=f"{HELLO} @[$second] keys=[$keys]"),
        *(_route(f"22{second}0000", rings=ring, score=HELLO, stays=10 * second) for second in range(1, 10)),
        _route("2300000", rings=FOREVER, score=HELLO, crosses=1),
        _route("2400000", rings=ring, score=HELLO, early="ringback"),
        _route("2500000", "challenge", rings=ring, score=HELLO),
        *(_route(f"26{second}0000", rings=ring, score=HELLO, stays=10 * second, refers=1) for second in range(1, 10)),
        _route("2700000", score=HELLO),
        _route("2800000", "wait", rings=FOREVER),
        _route("2900000", rings=ring, score=f"{HELLO} 0.6 smith"),
    ]


def _route(dialled: str, to: str = "ring", **variables: int | str) -> str:
    """Steps of the scenario: whoever dialled this, without the area, gets the variables and goes to a label."""
    actions = "".join(_assignment(name, value) for name, value in variables.items())
    return f"""\
  <nop>
    <action><ereg search_in="var" variable="dialled" regexp="^{dialled}$" assign_to="routed"/></action>
  </nop>
  <nop condexec="routed" test="routed" next="{to}">
    <action>{actions}</action>
  </nop>"""


def _by_dials(dialled: str, times: int, ring: int, **variables: int | str) -> list[str]:
    """Steps for a number that meets the variables so many times, then a person."""
    person = _assignment("rings", ring) + _assignment("score", HELLO)
    before = "".join(_assignment(name, value) for name, value in variables.items())
    return [
        _route(dialled, f"dialled {dialled}", rings=0),
        f"""\
  <nop next="past {dialled}"/>
  <label id="dialled {dialled}"/>
  <nop next="ring" test="again">
    <action>
      {before}
      <add assign_to="dials_{dialled}" value="1"/>
      <test assign_to="again" variable="dials_{dialled}" compare="less_than_equal" value="{times}"/>
    </action>
  </nop>
  <nop next="ring"><action><assignstr assign_to="status" value=""/>{person}</action></nop>
  <label id="past {dialled}"/>""",
    ]


def _assignment(name: str, value: int | str) -> str:
    return f'<assign{"" if isinstance(value, int) else "str"} assign_to="{name}" value="{value}"/>'


def _refusal(status: int) -> str:
    """A step that refuses: sipp lets no variable choose the status of a response."""
    return f"""\
  <nop>
    <action><ereg search_in="var" variable="status" regexp="{status}" assign_to="refuses"/></action>
  </nop>
  <send condexec="refuses" test="refuses" next="refused" retrans="500"><![CDATA[
    SIP/2.0 {status} Refused
{REPLY}
    CSeq: [$cseq] INVITE
    [$reason]
    Content-Length: 0

  ]]></send>"""
