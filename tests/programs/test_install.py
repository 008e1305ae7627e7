"""``pip install .`` into an empty environment elsewhere gives the whole product, pages included."""

import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from live import ROOT, free_port, until
from needs import needs


@needs("git")
@pytest.mark.timeout(300)
def test_an_installed_serve_shows_its_pages(tmp_path: Path) -> None:
    """Installed from a copy of the source, run in a folder with nothing in it."""
    source, here = tmp_path / "source", tmp_path / "here"
    here.mkdir()
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for name in filter(None, files.split("\0")):
        if not name.startswith("tests/") and (ROOT / name).exists():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    subprocess.run([tmp_path / "venv/bin/pip", "install", "-q", source], check=True, capture_output=True)
    port = free_port()
    environment = {"PATH": os.environ["PATH"], "RINGBACK_BIND": f"127.0.0.1:{port}"}
    server = subprocess.Popen([tmp_path / "venv/bin/ringback", "serve"], cwd=here, env=environment)

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
