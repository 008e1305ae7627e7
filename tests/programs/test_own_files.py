"""Every program runs ringback's own code, whatever Python files the user's folder has."""

import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from live import ROOT, Live, free_port, until

RAN = "THE USER'S OWN FILE RAN"
NAMES = (
    "app.py",
    "app/__init__.py",
    "app/__main__.py",
    "scheduler.py",
    "scheduler/__init__.py",
    "scheduler/service.py",
    "wsgi.py",
    "gunicorn.conf.py",
    "flask.py",
    "templates/__init__.py",
)
COMMAND = "import sys; sys.path[0] = sys.argv.pop(1); from app.cli import main; main()"
"""What the console script ``ringback`` does: the first place is the script's own folder, not the current one."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder such as a Flask developer has: it has files and packages with the names of ours."""
    for name in NAMES:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"print({RAN!r}, flush=True)\nraise SystemExit(3)\n")
    for page in (ROOT / "templates").iterdir():
        (tmp_path / "templates" / page.name).write_text(RAN)
    return tmp_path


def _script(*arguments: str) -> list[str]:
    return [sys.executable, "-c", COMMAND, str(ROOT / "tests" / "data"), *arguments]


class Script(Live):
    """``ringback serve`` as the console script runs it."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        super().__init__(folder)
        self._command = _script("serve", *arguments)


def test_serve_and_its_programs_run_beside_files_of_the_users_own(folder: Path) -> None:
    """Web, scheduler and sample customer: a call goes through, and the pages are ours."""
    customer = free_port()
    with Script(folder, "--sample", "--sample-port", str(customer)) as live:
        url = f"http://127.0.0.1:{customer}"
        until(lambda: f"{url}/start and" in live.log.read_text(), 20, "the sample customer listens")
        urls = {"start_url": f"{url}/start", "result_url": f"{url}/result"}
        answer = live.post("/webservice/queuecall.php", login="demo", pin="1234", phone_number="6175550100", **urls)
        assert 'status="queued"' in answer
        until(lambda: "result=Completed callee_type=voice" in live.log.read_text(), 20, "the result is posted")
        assert 'name="pin"' in urllib.request.urlopen(f"{live.url}/login").read().decode()
        assert live.log.read_text().count(RAN) == live.log.read_text().count("starting it again") == 0


@pytest.mark.soak
def test_the_demonstration_runs_beside_them(folder: Path) -> None:
    with Script(folder) as live:
        live.stop()
        customer = free_port()
        command = _script("demo", "--sample-port", str(customer))
        pipe = subprocess.PIPE
        with subprocess.Popen(command, cwd=folder, env=live.environment, stdout=pipe, text=True) as demo:
            assert demo.stdout is not None
            told = [demo.stdout.readline() for _ in range(3)]
            demo.terminate()
    assert "Queueing one call and a list of 20" in told[0]
    assert RAN not in "".join(told)
    with pytest.raises(OSError, match="refused"):  # its server has ended with it, at whichever moment
        urllib.request.urlopen(f"http://127.0.0.1:{customer}/start", timeout=5)


def test_python_m_app_finds_the_other_packages_of_ours(folder: Path) -> None:
    """Where the user's folder has no app of its own, but a scheduler."""
    (folder / "app.py").unlink()
    (folder / "app/__main__.py").unlink()
    (folder / "app/__init__.py").unlink()
    (folder / "app").rmdir()
    environment = os.environ | {"PYTHONPATH": str(ROOT), "RINGBACK_CALLEES": "nobody=1"}
    command = [sys.executable, "-m", "app", "scheduler"]
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert "RINGBACK_CALLEES: nobody is none of" in ended.stderr
    assert RAN not in ended.stdout
