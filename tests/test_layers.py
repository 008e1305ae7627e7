"""The walls of the house: who may import whom, no cycles, one owner for each third-party package."""

import ast
from configparser import ConfigParser
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = (
    (
        "app.settings",
        "app.client",
        "app.clock",
        "app.cross_site",
        "app.errors",
        "app.loopback",
        "app.markup",
        "app.private_files",
        "app.telephony",
        "app.voicexml",
    ),
    ("app.intake", "app.outside", "app.posted", "app.recent"),
    ("app.calls",),
    (
        "app.classic",
        "app.fuse",
        "app.console",
        "app.door",
        "app.pages",
        "app.testing",
        "app.health",
        "app.metrics",
        "scheduler",
    ),
    (
        "app.carriers",
        "app.factory",
        "app.programs",
        "app.worker",
        "app.logs",
        "app.sample",
        "app.demo",
        "app.cli",
        "app.__main__",
        "wsgi",
    ),
)
MAY_USE_SIBLINGS = (
    "app.factory",
    "app.programs",
    "app.worker",
    "app.sample",
    "app.demo",
    "app.cli",
    "app.__main__",
    "wsgi",
    "app.settings",
)
READ_BY_THE_CONSOLE = ("app.classic.form", "app.fuse.form")
"""The console has the forms of both APIs: it reads them as these do."""
ISLANDS = ("app.telephony", "app.voicexml")
OWNERS = {
    "requests": ("app.outside",),
    "urllib3": ("app.outside",),
    "dateparser": ("app.intake.times",),
    "phonenumbers": ("app.intake.phone",),
    "apscheduler": ("scheduler.service",),
    "peewee": ("app.calls", "app.factory"),
    "playhouse": ("app.calls",),
    "psycopg": ("app.calls.postgres", "app.calls.listening"),
    "argon2": ("app.calls.pin_hashing",),
    "zxcvbn": ("app.calls.pin_strength",),
    "lxml": ("app.voicexml",),
    "quickjs": ("app.voicexml.engine", "app.voicexml.interrupt"),
    "baresip": ("app.telephony.sip",),
    "numpy": ("app.telephony.detection", "app.telephony.speech"),
    "soundfile": ("app.telephony.speech",),
    "soxr": ("app.telephony.speech",),
    "gunicorn": ("app.programs", "app.worker"),
    "click": ("app.cli",),
    "rich": ("app.cli",),
    "flask_wtf": ("app.console.access",),
    "flask": (
        "app.posted",
        "app.classic",
        "app.fuse",
        "app.console",
        "app.door",
        "app.pages",
        "app.testing",
        "app.health",
        "app.door",
        "app.factory",
    ),
    "prometheus_client": ("app.metrics", "app.health", "app.factory"),
    "pythonjsonlogger": ("app.logs",),
    "werkzeug": ("app.posted", "app.classic", "app.fuse", "app.console", "app.door", "app.testing", "app.factory"),
}


def _module(path: Path) -> str:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


FILES = {
    _module(path): path
    for folder in ("app", "scheduler")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if path.parent.name != "upgrades"
} | {"wsgi": ROOT / "wsgi.py"}


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in FILES else node.module for name in names}
    return found


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    """What each of our modules imports."""
    return {module: _imports(path) for module, path in FILES.items()}


def _place(module: str) -> tuple[int, str]:
    """The layer of a module and the part of that layer it belongs to."""
    for layer, parts in enumerate(LAYERS):
        for part in parts:
            if module == part or module.startswith(part + "."):
                return layer, part
    raise AssertionError(f"{module} stands in no layer")


def test_every_module_stands_in_a_layer() -> None:
    """A new part must be put on the map before it is used."""
    for module in FILES:
        if module != "app":
            _place(module)


@pytest.mark.parametrize("module", FILES)
def test_imports_point_down(module: str, imports: dict[str, set[str]]) -> None:
    """A module imports from its own part or from a layer below; islands import nothing of ours but errors."""
    ours = (imports[module] & set(FILES)) - {"app"}
    if module == "app":
        assert not ours, "the map imports nothing"
    assert {name for name in ours if not _may_import(module, name)} == set()


def _may_import(module: str, name: str) -> bool:
    (layer, part), (below, other) = _place(module), _place(name)
    if part in ISLANDS:
        return other in (part, "app.errors")
    if part in MAY_USE_SIBLINGS:
        return below <= layer
    return other == part or below < layer or (part == "app.console" and name in READ_BY_THE_CONSOLE)


def test_only_the_clock_asks_the_machine_for_the_time(imports: dict[str, set[str]]) -> None:
    """Whatever decides by time can be replayed: nobody else imports time or calls now(), today() or utcnow()."""
    for module, path in FILES.items():
        if module in ("app.clock", "app.voicexml.processor"):  # the latter asks for processor time
            continue
        assert "time" not in imports[module], module
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "datetime":
                assert node.attr not in ("now", "today", "utcnow"), f"{module}:{node.lineno}"


def test_there_is_no_import_cycle(imports: dict[str, set[str]]) -> None:
    """Whoever reads one module never has to read in a circle."""
    list(TopologicalSorter({module: names & set(FILES) for module, names in imports.items()}).static_order())


@pytest.mark.parametrize("package", sorted(OWNERS))
def test_a_third_party_package_has_one_owner(package: str, imports: dict[str, set[str]]) -> None:
    """What may be replaced one day is imported in one place."""
    users = {module for module, names in imports.items() if any(name.split(".")[0] == package for name in names)}
    strangers = {user for user in users if not user.startswith(OWNERS[package])}
    assert users
    assert not strangers


def test_every_package_is_installed() -> None:
    """setup.cfg names each folder with modules: what is missing there is missing after ``pip install``."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    named = set(config["options"]["packages"].split())
    found = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for folder in ("app", "scheduler")
        for path in (ROOT / folder).rglob("*.py")
    }
    assert named == found | {"app.templates"}
