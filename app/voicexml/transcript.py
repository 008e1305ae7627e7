"""A transcript as people read it: one line for each thing that happened in a conversation, with its second.

What is reported, and when, is the interpreter's business; see conversation.Conversation.tell.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

Entry = Mapping[str, Any]


def line(entry: Entry) -> str:
    """One entry, without a line break: seconds from the beginning, what happened, and the rest in words."""
    say = _SAYS.get(entry["event"], _facts)
    return f"{entry['at']:7.1f}  {entry['event']:<10}  {say(entry)}".rstrip()


def _facts(entry: Entry) -> str:
    facts = {name: value for name, value in entry.items() if name not in ("at", "event")}
    return "  ".join(f"{name}={value}" for name, value in facts.items() if value not in ("", None))


def _heard(entry: Entry) -> str:
    if "cut_after" in entry:
        return f" (cut after {entry['cut_after']:.1f} s)"
    return "" if entry.get("heard", True) else " (not heard)"


def _prompt(entry: Entry) -> str:
    return _one_line(entry["text"]) + _heard(entry)


def _audio(entry: Entry) -> str:
    lost = "" if entry["played"] or not entry.get("heard", True) else " (could not be played)"
    return f"{entry['src']}{lost}{_heard(entry)}"


def _input(entry: Entry) -> str:
    ignored = " (nothing listens)" if entry.get("ignored") else ""
    if "say" in entry:
        return f"says {_value(entry['say'])}{ignored}"
    return f"presses {entry['dtmf']}{ignored}" if "dtmf" in entry else "is silent"


def _match(entry: Entry) -> str:
    said, meant = _value(entry["utterance"]), _value(entry["value"])
    means = "" if said == meant else f" means {meant}"
    return f"{said}{means}, by {entry['grammar']} of {entry['owner']}"


def _variable(entry: Entry) -> str:
    slot = f" (slot {entry['slot']})" if "slot" in entry else ""
    return f"{entry['name']} = {_value(entry['value'])}{slot}"


def _throw(entry: Entry) -> str:
    page = str(entry.get("document", "")).rpartition("/")[2]
    place = f"{page} line {entry['line']}" if "line" in entry else page
    return ": ".join(filter(None, (entry["name"], place, _one_line(entry["message"]))))


def _fetch(entry: Entry) -> str:
    answered = "no answer" if entry["status"] is None else entry["status"]
    why = f": {entry['error']}" if "error" in entry else ""
    sent = "".join(f" {name}={_value(value)}" for name, value in entry.get("fields", {}).items())
    return f"{entry['method']} {entry['url']} {answered} in {entry['seconds']:.2f} s{why}{sent and ', sent'}{sent}"


def _log(entry: Entry) -> str:
    return ": ".join(filter(None, (entry["label"], _one_line(entry["text"]))))


def _transfer(entry: Entry) -> str:
    return f"{entry['type']} to {entry['dest']}: {entry['outcome']}"


def _disconnect(entry: Entry) -> str:
    return f"by the {entry['by']}"


def _exit(entry: Entry) -> str:
    return "" if entry["value"] is None else _value(entry["value"])


def _value(value: object) -> str:
    return "undefined" if value is None else json.dumps(value, ensure_ascii=False)


def _one_line(text: str) -> str:
    return " ".join(text.split())


_SAYS: Mapping[str, Callable[[Entry], str]] = {
    "audio": _audio,
    "beep": lambda _: "",
    "cut": lambda entry: str(entry["message"]),
    "disconnect": _disconnect,
    "error": lambda entry: _one_line(entry["message"]),
    "exit": _exit,
    "fetch": _fetch,
    "input": _input,
    "log": _log,
    "match": _match,
    "postd": lambda entry: f"the platform presses {entry['keys']}",
    "prompt": _prompt,
    "throw": _throw,
    "transfer": _transfer,
    "variable": _variable,
}
