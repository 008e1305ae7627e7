"""The words of VoiceXML 2.1 and the SSML in it: each element's attributes, and what may stand in it.

Source: the schemas of VoiceXML 2.0 (appendix O) and 2.1 (appendix C); what is spoken may stand wherever text may, as
the interpreter has it.
"""

from collections.abc import Mapping

from app.voicexml.elements import ITEMS
from app.voicexml.events import HANDLERS
from app.voicexml.prompts import SPEECH

_CACHE = "fetchhint fetchtimeout maxage maxstale"
_FETCH = f"fetchaudio {_CACHE}"
_EVENT = "event eventexpr message messageexpr"
_ITEM = "name expr cond"

ATTRIBUTES: Mapping[str, frozenset[str]] = {
    name: frozenset(attributes.split())
    for name, attributes in {
        "assign": "name expr",
        "audio": f"src expr {_CACHE}",
        "block": _ITEM,
        "break": "strength time size",
        "catch": "event count cond",
        "choice": f"dtmf accept next expr {_EVENT} {_FETCH}",
        "clear": "namelist",
        "data": f"src srcexpr name method namelist enctype {_FETCH}",
        "desc": "",
        "disconnect": "namelist",
        "else": "",
        "elseif": "cond",
        "emphasis": "level",
        "enumerate": "",
        "error": "count cond",
        "exit": "expr namelist",
        "field": f"{_ITEM} type slot modal",
        "filled": "mode namelist",
        "foreach": "array item",
        "form": "id scope",
        "goto": f"next expr nextitem expritem {_FETCH}",
        "grammar": f"version mode root type tag-format scope src srcexpr weight {_CACHE}",
        "help": "count cond",
        "if": "cond",
        "initial": _ITEM,
        "lexicon": "uri type",
        "link": f"dtmf next expr {_EVENT} {_FETCH}",
        "log": "label expr",
        "mark": "name nameexpr",
        "menu": "id scope dtmf accept",
        "meta": "name http-equiv content",
        "metadata": "",
        "noinput": "count cond",
        "nomatch": "count cond",
        "object": f"{_ITEM} classid codebase codetype data type archive {_CACHE}",
        "option": "dtmf accept value",
        "p": "",
        "paragraph": "",
        "param": "name expr value valuetype type",
        "phoneme": "alphabet ph",
        "prompt": "bargein bargeintype cond count timeout",
        "property": "name value",
        "prosody": "pitch contour range rate duration volume",
        "record": f"{_ITEM} modal beep maxtime finalsilence dtmfterm type",
        "reprompt": "",
        "return": f"{_EVENT} namelist",
        "s": "",
        "say-as": "interpret-as format detail type",
        "script": f"src srcexpr charset {_CACHE}",
        "sentence": "",
        "sub": "alias",
        "subdialog": f"{_ITEM} src srcexpr method enctype namelist {_FETCH}",
        "submit": f"next expr namelist method enctype {_FETCH}",
        "throw": _EVENT,
        "transfer": f"{_ITEM} dest destexpr bridge type connecttimeout maxtime transferaudio aai aaiexpr",
        "value": "expr",
        "var": "name expr",
        "voice": "gender age variant name",
        "vxml": "version application base",
    }.items()
}

_EXECUTABLE = SPEECH | {
    "assign", "clear", "data", "disconnect", "exit", "foreach", "goto", "if", "log", "prompt", "reprompt", "return",
    "script", "submit", "throw", "var",
}  # fmt: skip
_ASKING = SPEECH | {"prompt", "property", *HANDLERS}
_SPOKEN = SPEECH | {"foreach"}

CONTENT: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("block", "filled", "foreach", *HANDLERS), frozenset(_EXECUTABLE)),
    **dict.fromkeys(SPEECH, frozenset(_SPOKEN)),
    "choice": SPEECH | {"grammar"},
    "field": frozenset(_ASKING | {"filled", "grammar", "link", "option"}),
    "form": frozenset({*HANDLERS, *ITEMS, "data", "filled", "grammar", "link", "property", "script", "var"}),
    "if": frozenset(_EXECUTABLE | {"elseif", "else"}),
    "initial": frozenset(_ASKING | {"link"}),
    "link": frozenset({"grammar"}),
    "log": frozenset({"value", "foreach"}),
    "menu": frozenset(_ASKING | {"choice"}),
    "object": frozenset(_ASKING | {"filled", "param"}),
    "option": SPEECH,
    "prompt": frozenset(_SPOKEN | {"lexicon", "meta", "metadata"}),
    "record": frozenset(_ASKING | {"filled", "grammar"}),
    "subdialog": frozenset(_ASKING | {"filled", "param"}),
    "transfer": frozenset(_ASKING | {"filled", "grammar"}),
    "vxml": frozenset({*HANDLERS, "data", "form", "link", "menu", "meta", "metadata", "property", "script", "var"}),
}
"""What may stand in an element; in one that is not listed, nothing."""

WITH_TEXT = frozenset(name for name, content in CONTENT.items() if content & SPEECH) | {"log", "script"}
"""Where text means something."""

OPAQUE = frozenset(("grammar", "metadata"))
"""Elements whose content is another language's."""
