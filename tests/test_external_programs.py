"""External programs: what happens to tests without them, and what is said about it. Each case is a run of pytest."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from external_programs import PACKAGES

TESTS = Path(__file__).parent
NAMED = """
import pytest, subprocess
from needs import needs

@needs("curl", "sipp")
def test_both(): subprocess.run(["curl"], check=True)

@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgres", marks=needs("postgres"))])
def test_each(engine): assert engine == "sqlite"
"""
UNNAMED = """
import subprocess
def test_one(): subprocess.run(["curl"])
"""
SUMMARY = """\
Tests skipped: 2
     1  not installed: curl, sipp (.)
     1  not installed: postgres (.)
To run them too: apt-get install curl postgresql sip-tester
"""


def run(folder: Path, text: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run pytest on a module of this text."""
    (folder / "test_module.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "needs", "-p", "no:cacheprovider", "-c", os.devnull]
    return subprocess.run(
        [*command, "--rootdir", folder, "test_module.py"],
        cwd=folder,
        env={"PATH": os.defpath, "PYTHONPATH": str(TESTS)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_test_is_skipped_with_the_programs_that_it_misses(tmp_path: Path) -> None:
    """Its parameters that need none are run; the exit status is 0."""
    ran = run(tmp_path, NAMED, TESTS_BARE="1")
    assert ran.returncode == 0, ran.stdout
    assert SUMMARY in ran.stdout
    assert "1 passed, 2 skipped" in ran.stdout


def test_what_several_runs_have_skipped_is_said_once(tmp_path: Path) -> None:
    """With the number of all of them, and nothing where none was."""
    log = tmp_path / "skipped"
    script = [sys.executable, TESTS / "external_programs.py", log]
    assert subprocess.run(script, capture_output=True, text=True, check=True).stdout == ""
    for _ in range(2):
        assert "apt-get" not in run(tmp_path, NAMED, TESTS_BARE="1", TESTS_SKIPPED=str(log)).stdout
    said = subprocess.run(script, capture_output=True, text=True, check=True).stdout
    assert said == SUMMARY.replace("skipped: 2", "skipped: 4").replace("     1", "     2")


def test_in_ci_a_missing_program_is_an_error(tmp_path: Path) -> None:
    """Of whichever test; the packages are told."""
    ran = run(tmp_path, NAMED, CI="true", PATH=str(tmp_path))
    assert ran.returncode == pytest.ExitCode.USAGE_ERROR
    assert "CI must have bash, chattr, chromium" in ran.stderr
    assert "apt-get install bash chromium curl" in ran.stderr


def test_a_program_that_no_test_of_the_module_names_is_not_started(tmp_path: Path) -> None:
    """Whether it is installed or not."""
    ran = run(tmp_path, UNNAMED)
    assert ran.returncode == pytest.ExitCode.TESTS_FAILED
    assert "this starts curl, which no test of the module names: mark it @needs('curl')" in ran.stdout


def test_the_packages_are_told_before_anything_is_installed() -> None:
    """By Python alone; CI installs what it prints."""
    told = subprocess.run(
        [sys.executable, "-I", "-S", TESTS / "external_programs.py"], capture_output=True, text=True, check=True
    )
    assert set(told.stdout.split()) == set(PACKAGES.values())
    assert "$(python3 tests/external_programs.py)" in (TESTS.parent / ".ci/run").read_text()
