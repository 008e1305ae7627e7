"""Tests name the external programs that they start: ``@needs("curl")``. Where one is missing the test is skipped.

This is also the pytest plugin that skips them, says at the end what was skipped, and refuses to have a program started
that no test of the module names. In CI every program must be installed.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from external_programs import NOT_INSTALLED, PACKAGES, apt_line, missing, summary

OWN_FOLDERS = tuple(str(folder) for folder in (Path(__file__).parents[1], sys.prefix, tempfile.gettempdir()))
ALWAYS_INSTALLED = {"sh", Path(sys.executable).name}

_named_packages: dict[Path, set[str]] = {}
"""The packages that the tests of a module name, whichever of them it is."""
_running: Path | None = None
"""The module of the running test. Fixtures and threads outlast a test, so a program belongs to a module."""


def needs(*programs: str) -> pytest.MarkDecorator:
    """Mark a test, a parameter or a module that starts these programs of the table in external_programs.py."""
    unknown = set(programs) - set(PACKAGES)
    assert not unknown, f"{unknown} is not in the table of tests/external_programs.py"
    return pytest.mark.needs(*programs)


def skip_without(*programs: str) -> None:
    """Skip the running test when one of these programs is not installed; for fixtures."""
    if _running is not None:
        _named_packages[_running].update(PACKAGES[program] for program in programs)
    if lacking := missing(programs):
        pytest.skip(NOT_INSTALLED + ", ".join(lacking))


def programs_of(item: pytest.Item) -> list[str]:
    """The programs that a test names, by its own marks and by its module's."""
    return sorted({program for mark in item.iter_markers("needs") for program in mark.args})


def pytest_configure(config: pytest.Config) -> None:
    lacking = missing(PACKAGES)
    if lacking and os.environ.get("CI") == "true" and os.environ.get("TESTS_BARE") != "1":
        raise pytest.UsageError(f"CI must have {', '.join(lacking)}: {apt_line(lacking)}")
    sys.addaudithook(_refuse_unnamed)


def pytest_collection_finish(session: pytest.Session) -> None:
    for item in session.items:
        _named_packages.setdefault(item.path, set()).update(PACKAGES[program] for program in programs_of(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Any:
    global _running
    _running = item.path
    try:
        return (yield)
    finally:
        _running = None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    skip_without(*programs_of(item))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was skipped, or leave it in the file TESTS_SKIPPED for the end of several runs."""
    reports = [each for each in terminalreporter.stats.get("skipped", []) if isinstance(each.longrepr, tuple)]
    skipped = [(each.longrepr[2].removeprefix("Skipped: "), each.nodeid) for each in reports]
    if log := os.environ.get("TESTS_SKIPPED"):
        with Path(log).open("a") as file:
            file.writelines(json.dumps(each) + "\n" for each in skipped)
        return
    for line in summary(skipped):
        terminalreporter.write_line(line)


def _refuse_unnamed(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: a program that no test of the module names is not started."""
    if event != "subprocess.Popen" or _running is None:
        return
    path = Path(os.fsdecode(arguments[0]))
    if path.name in ALWAYS_INSTALLED or str(path).startswith(OWN_FOLDERS):
        return
    if PACKAGES.get(path.name) not in _named_packages[_running]:
        raise AssertionError(
            f"this starts {path.name}, which no test of the module names: mark it @needs('{path.name}')"
        )
