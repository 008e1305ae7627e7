"""The threat model names tests that are there, and is where the README says, in an installed package too."""

import ast
import re
from configparser import ConfigParser

import pytest
from live import ROOT

PAGE = ROOT / "app" / "docs" / "threat-model.md"
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE.read_text(encoding="utf-8"))))


def test_it_names_tests() -> None:
    """Most of its sentences do."""
    assert len(NAMED) > 30


@pytest.mark.parametrize(("file", "name"), NAMED, ids=[name for _, name in NAMED])
def test_a_test_that_it_names_is_there(file: str, name: str) -> None:
    """A sentence whose test has gone is looked at again."""
    functions = {node.name for node in ast.parse((ROOT / file).read_text()).body if isinstance(node, ast.FunctionDef)}
    assert name in functions


@pytest.mark.parametrize("page", ["README.md", ".github/SECURITY.md", "app/docs/threat-model.md"])
def test_its_links_lead_to_files(page: str) -> None:
    """From each of the three pages to the others."""
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([\w./-]+\.md)\)", text) if "//" not in link]
    assert any("threat-model.md" in link or "SECURITY.md" in link for link in links)
    for link in links:
        assert (ROOT / page).parent.joinpath(link).is_file(), link


def test_it_is_installed() -> None:
    """With the package, from where it can be served."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    assert "docs/*.md" in config["options.package_data"]["app"].split(", ")
