"""The programs that tests start and a machine may lack, each with the Debian package that brings it.

``python3 tests/external_programs.py`` prints these packages; it runs before anything is installed, so this module
imports the standard library alone. With ``TESTS_BARE=1`` every one of these programs counts as not installed.
"""

import ctypes
import functools
import glob
import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

PACKAGES = {
    "bash": "bash",
    "chattr": "e2fsprogs",
    "chromium": "chromium",
    "chrt": "util-linux",
    "curl": "curl",
    "espeak-ng": "espeak-ng",
    "git": "git",
    "initdb": "postgresql",
    "libatomic": "libatomic1",
    "mount": "mount",
    "openssl": "openssl",
    "pg_dump": "postgresql-client",
    "pg_restore": "postgresql-client",
    "php": "php-cli",
    "php-curl": "php-curl",
    "php-xml": "php-xml",
    "postgres": "postgresql",
    "setpriv": "util-linux",
    "sipp": "sip-tester",
    "umount": "mount",
}
"""Program, library or extension of PHP: Debian package."""

LIBRARIES = {"libatomic": "libatomic.so.1"}
"""Which file a library is: Playwright's driver is linked with this one."""

PHP_EXTENSIONS = {"php-curl": "curl", "php-xml": "SimpleXML"}
"""By which name ``php -m`` lists an extension."""

POSTGRESQL_SERVER = ("initdb", "postgres")
"""Programs that Debian keeps out of the PATH."""

NOT_INSTALLED = "not installed: "
"""How the reason begins for which a test is skipped; the programs follow."""


@functools.cache
def path_of(program: str) -> str | None:
    """Where a program of the table is, or which file a library is; None where it is not installed."""
    assert program in PACKAGES, f"{program} is not in the table of tests/external_programs.py"
    if os.environ.get("TESTS_BARE") == "1":
        return None
    if program in LIBRARIES:
        return _library(LIBRARIES[program])
    if program in PHP_EXTENSIONS:
        return _php_with(PHP_EXTENSIONS[program])
    return shutil.which(program, path=os.pathsep.join(_postgresql_folders()) if program in POSTGRESQL_SERVER else None)


def missing(programs: Iterable[str]) -> list[str]:
    """Those that are not installed."""
    return [program for program in programs if path_of(program) is None]


def apt_line(programs: Iterable[str]) -> str:
    """The command that installs these programs on Debian."""
    return f"apt-get install {' '.join(sorted({PACKAGES[program] for program in programs}))}"


def summary(skipped: Iterable[tuple[str, str]]) -> list[str]:
    """Lines that say how many tests were skipped, where and why, and what installs the missing programs.

    ``skipped`` has the reason and the node id of each test.
    """
    tests = defaultdict(list)
    for reason, test in skipped:
        tests[reason].append(test)
    if not tests:
        return []
    lines = [f"Tests skipped: {sum(map(len, tests.values()))}"]
    for reason, each in sorted(tests.items(), key=lambda item: -len(item[1])):
        folders = sorted({str(Path(test.partition("::")[0]).parent) for test in each})
        lines.append(f"{len(each):6}  {reason} ({', '.join(folders)})")
    named = [reason.removeprefix(NOT_INSTALLED) for reason in tests if reason.startswith(NOT_INSTALLED)]
    if named:
        lines.append(f"To run them too: {apt_line(', '.join(named).split(', '))}")
    return lines


def read_skipped(log: Path) -> list[tuple[str, str]]:
    """What the runs of pytest wrote into a file, a line for each test; nothing where there is no file."""
    return [tuple(json.loads(line)) for line in log.read_text().splitlines()] if log.exists() else []


def _postgresql_folders() -> list[str]:
    """Where PostgreSQL's server may be; the one of the PATH first, then the newest."""
    folders = [os.environ.get("PATH", os.defpath), *sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)]
    if config := shutil.which("pg_config"):
        told = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        folders.append(told.stdout.strip())
    return folders


def _library(name: str) -> str | None:
    try:
        ctypes.CDLL(name)
    except OSError:
        return None
    return name


def _php_with(extension: str) -> str | None:
    """Where php is, if it has an extension."""
    php = shutil.which("php")
    if php is None:
        return None
    told = subprocess.run([php, "-m"], capture_output=True, text=True, check=False)
    return php if extension in told.stdout.split() else None


if __name__ == "__main__":
    if sys.argv[1:]:
        for line in summary(read_skipped(Path(sys.argv[1]))):
            print(line)
    else:
        print(*sorted(set(PACKAGES.values())))
