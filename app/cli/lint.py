"""How ``ringback vxml --lint`` tells what it found: a line per finding and the counts, or JSON."""

import json
from collections import Counter
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click

from app.voicexml.linting import Report

_KINDS = {"document": "document", "grammar": "grammar", "script": "script", "data": "data answer", "audio": "sound"}


def print_report(report: Report, as_json: bool) -> bool:
    """Print what a lint found; whether there is no error in it."""
    counts = Counter(found.severity for found in report.findings)
    for found in report.findings:
        place = _place(found.url)
        if as_json:
            told = {"document": place, "line": found.line, "severity": found.severity, "rule": found.rule}
            click.echo(json.dumps({**told, "sentence": found.sentence}, ensure_ascii=False))
        else:
            click.echo(f"{place}:{found.line}: {found.severity}: {found.sentence} ({found.rule})")
    if not as_json:
        read = [_number(report.read[kind], name) for kind, name in _KINDS.items() if report.read[kind]]
        told_of = f"{_number(counts['error'], 'error')}, {_number(counts['warning'], 'warning')}"
        click.echo(f"{', '.join(read) or 'nothing'} read; {told_of}")
    return not counts["error"]


def _place(url: str) -> str:
    """A file as one names it from here, anything else by its address."""
    if urlsplit(url).scheme != "file":
        return url
    path = Path(unquote(urlsplit(url).path))
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _number(count: int, name: str) -> str:
    return f"{count} {name}{'' if count == 1 else 's'}"
