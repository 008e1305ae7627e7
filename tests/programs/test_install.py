"""What ``pip install .`` puts elsewhere is the whole product, pages included."""

import os
import subprocess
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from live import ROOT, free_port, until
from needs import needs


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of the source without the tests."""
    folder = tmp_path / "source"
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for name in filter(None, files.split("\0")):
        if not name.startswith("tests/") and (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    return folder


@needs("git")
def test_what_is_installed_shows_its_pages(source: Path, tmp_path: Path) -> None:
    """The package alone, beside what it needs of this environment."""
    target = tmp_path / "installed"
    where = [sys.executable, "-P", "-c", "import app; print(app.__file__)"]
    pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", "--target"]
    subprocess.run([*pip, target, source], check=True, capture_output=True)
    variables = {"PYTHONPATH": str(target)}
    assert str(target) in subprocess.run(where, env=variables, capture_output=True, check=True, text=True).stdout
    _shows_its_pages([sys.executable, target / "bin/ringback"], tmp_path, variables)


@needs("git")
@pytest.mark.soak
@pytest.mark.timeout(300)
def test_it_is_installed_into_an_empty_environment(source: Path, tmp_path: Path) -> None:
    """With all that setup.cfg says it needs, and nothing else."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    subprocess.run([tmp_path / "venv/bin/pip", "install", "-q", source], check=True, capture_output=True)
    _shows_its_pages([tmp_path / "venv/bin/ringback"], tmp_path, {})


def _shows_its_pages(command: Sequence[str | Path], tmp_path: Path, variables: Mapping[str, str]) -> None:
    """Run it in a folder with nothing in it."""
    here = tmp_path / "here"
    here.mkdir()
    port = free_port()
    environment = {"PATH": os.environ["PATH"], "RINGBACK_BIND": f"127.0.0.1:{port}", **variables}
    server = subprocess.Popen([*command, "serve"], cwd=here, env=environment)

    def page(path: str) -> str:
        try:
            return str(urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2).read().decode())
        except OSError:
            return ""

    try:
        until(lambda: page("/"), 30, "the first page is there")
        assert 'href="/webservice/queuecall.php"' in page("/")
        assert "font:" in page("/static/style.css")
        assert "htmx" in page("/static/vendor/htmx.min.js")
        assert 'name="pin"' in page("/login")
        assert 'name="phone_number"' in page("/webservice/queuecall.php")
        assert 'type="file"' in page("/webservice/queuecalls.php")
    finally:
        server.terminate()
        assert server.wait(15) == 0
