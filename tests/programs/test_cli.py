"""The command line: what it prints, and with which status it ends."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from customer import Customer
from live import ROOT


class Shell:
    """Runs ``ringback`` in a folder with a database of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def run(self, *arguments: str, stdin: bytes = b"", **settings: str) -> subprocess.CompletedProcess[bytes]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("RINGBACK_")}
        environment |= {"PYTHONPATH": str(ROOT)} | {f"RINGBACK_{name.upper()}": text for name, text in settings.items()}
        command = [sys.executable, "-m", "app", *arguments]
        return subprocess.run(command, cwd=self._folder, env=environment, input=stdin, capture_output=True, timeout=60)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture(scope="module")
def folder_with_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("somebody")
    assert Shell(folder).run("account", "add", "somebody", "--pin", "837465").returncode == 0
    return folder


@pytest.fixture
def shell_with_database(folder_with_database: Path, shell: Shell, tmp_path: Path) -> Shell:
    shutil.copytree(folder_with_database, tmp_path, dirs_exist_ok=True)
    return shell


def test_a_day_on_the_command_line(shell: Shell, customer: Customer, tmp_path: Path) -> None:
    """An account, a call, a list, and how they stand; in words and as JSON."""
    assert shell.run("account", "add", "boss", "--pin", "837465").stdout == b"account boss made\n"
    assert shell.run("status").stdout.startswith(b"no calls yet\n")
    assert shell.run("account", "list").stdout == b"boss\n"
    start = f"--start-url={customer.url}/start"
    queued = shell.run("queue", "--login=boss", "--phone-number=6175550100", start, "--json")
    assert json.loads(queued.stdout) == {"call_id": 112850593}
    file = tmp_path / "list.csv"
    file.write_text("6175550100,a\n911\n6175550100,b\n")
    uploaded = shell.run("upload", str(file), "--login=boss", start, "--campaign-name=spring")
    assert uploaded.stdout.decode().splitlines() == [
        "line 2 rejected: phone_number: emergency and crisis numbers are never dialled",
        "campaign 2: 2 queued, 1 rejected, 1 duplicates",
    ]
    lines = [json.loads(line) for line in shell.run("status", "--json").stdout.splitlines()]
    assert lines[0] == {"queued": 3}
    assert [(line["campaign_name"], line["pending"]) for line in lines[1:]] == [("spring", 2), ("default", 1)]
    assert json.loads(shell.run("status", "112850593", "--json").stdout)["status"] == "queued"
    assert shell.run("account", "pin", "boss", "--pin", "kx83qz").stdout == b"account boss has a new PIN\n"


def test_a_weak_pin_on_the_command_line(shell: Shell) -> None:
    """It is refused, with what to say to have it taken, and marked in the list."""
    for verb in ("add", "pin"):
        refused = shell.run("account", verb, "boss", "--pin", "1")
        assert refused.returncode == 1
        assert b"pin: must have at least 6 characters and be none of those that are tried first" in refused.stderr
        assert b"--allow-weak-pin" in refused.stderr
        assert shell.run("account", verb, "boss", "--pin", "1", "--allow-weak-pin").returncode == 0
    assert shell.run("account", "list").stdout == b"boss  weak PIN\n"
    assert json.loads(shell.run("account", "list", "--json").stdout)["weak_pin"] is True


def test_a_secret_and_a_repeat_window_on_the_command_line(shell: Shell) -> None:
    """A secret is shown when it is made and rotated, and never listed; the window has its bounds."""
    shell.run("account", "add", "boss", "--pin", "Kq7-marble-21")
    secrets = [shell.run("account", "secret", verb, "boss").stdout.decode().strip() for verb in ("add", "rotate")]
    assert [secret.startswith("whsec_") for secret in secrets] == [True, True]
    listed = [json.loads(line) for line in shell.run("account", "secret", "list", "boss", "--json").stdout.splitlines()]
    assert [(each["login"], each["retires_at"] is None) for each in listed] == [("boss", True), ("boss", False)]
    assert not any(secret in json.dumps(listed) for secret in secrets)
    assert b"signs until" in shell.run("account", "secret", "list", "boss").stdout
    removed = shell.run("account", "secret", "remove", "boss")
    assert removed.stdout == b"results of boss are no longer signed\n"
    window = shell.run("account", "repeat-window", "boss", "60")
    assert window.stdout == b"account boss: a call that is sent again within 60 seconds is the first one\n"
    window = shell.run("account", "repeat-window", "boss", "0")
    assert window.stdout == b"account boss: each call that is sent is another one\n"
    for words, says in (
        (("secret", "rotate", "boss"), b"the account has no secret"),
        (("secret", "add", "nobody"), b"there is no account nobody"),
        (("repeat-window", "boss", "86401"), b"repeat window: must be a whole number of seconds from 0 to 86400"),
    ):
        ended = shell.run("account", *words)
        assert (ended.returncode, says in ended.stderr) == (1, True)


def test_limits_of_an_account_on_the_command_line(shell: Shell) -> None:
    """Shown, changed one by one and reset; what is wrong says why and changes nothing."""
    shell.run("account", "add", "boss", "--pin", "Kq7-marble-21")
    first = shell.run("account", "limits", "boss").stdout.decode().splitlines()
    assert first == [
        "queued: 5000000 (as the settings say)",
        "campaigns: 1000000 (as the settings say)",
        "deployments: 10000 (as the settings say)",
        "lines: 1000000 (as the settings say)",
    ]
    assert shell.run("account", "limits", "boss", "--queued", "7").stdout.startswith(b"queued: 7\n")
    changed = shell.run("account", "limits", "boss", "--campaigns", "0").stdout.decode().splitlines()
    assert changed == ["queued: 7", "campaigns: no limit", *first[2:]]
    refused = shell.run("account", "limits", "boss", "--lines", "0")
    assert (refused.returncode, b"at least 1 line" in refused.stderr) == (1, True)
    assert shell.run("account", "limits", "boss").stdout.decode().splitlines() == changed
    assert shell.run("account", "limits", "boss", "--reset").stdout.decode().splitlines() == first


def test_caller_ids_on_the_command_line(shell: Shell) -> None:
    """Allowed, listed and taken back; what is wrong says why."""
    shell.run("account", "add", "boss", "--pin", "Kq7-marble-21")
    added = shell.run("account", "ani", "add", "boss", "8009957586", "+1 (212) 555-0123")
    assert added.stdout == b"calls of boss may show 8009957586\ncalls of boss may show 2125550123\n"
    assert shell.run("account", "ani", "list", "boss").stdout == b"2125550123\n8009957586\n"
    removed = shell.run("account", "ani", "remove", "boss", "800-995-7586")
    assert removed.stdout == b"calls of boss may no longer show 8009957586\n"
    assert json.loads(shell.run("account", "ani", "list", "boss", "--json").stdout) == {
        "login": "boss",
        "ani": "2125550123",
    }
    for words, says in (
        (("remove", "boss", "8009957586"), b"8009957586 is not a caller ID of this account"),
        (("add", "boss", "911"), b"ani: must be 10 digits"),
        (("add", "nobody", "8009957586"), b"there is no account nobody"),
    ):
        ended = shell.run("account", "ani", *words)
        assert (ended.returncode, says in ended.stderr) == (1, True)


def test_one_call_in_words(shell_with_database: Shell, customer: Customer) -> None:
    """What it is, why it does not dial, and what happened to it; JSON only when that is asked for."""
    start = f"{customer.url}/start"
    shell_with_database.run("queue", "--login=somebody", "--phone-number=6175550100", f"--start-url={start}")
    lines = shell_with_database.run("status", "112850593").stdout.decode().splitlines()
    assert lines[:2] == [
        "call 112850593 to 6175550100: queued",
        "  no scheduler is running: start `ringback scheduler`",
    ]
    assert f"  start_url            {start}" in lines
    assert lines[-2] == "what happened, in UTC:"
    assert lines[-1].endswith("  queued")


def test_campaigns_are_printed_in_one_form(shell_with_database: Shell) -> None:
    listed = shell_with_database.run("campaign", "list").stdout.decode()
    assert listed == "campaign 1 default (somebody, started): pending 0, completed 0, failed 0\n"
    assert shell_with_database.run("status").stdout.decode() == f"no calls yet\n{listed}"


@pytest.mark.parametrize(
    "arguments",
    [
        ["status"],
        ["account", "list"],
        ["account", "pin", "x", "--pin", "1"],
        ["app", "list"],
        ["key", "list"],
        ["campaign", "list"],
        ["suspend"],
        ["queue", "--login=x", "--phone-number=6175550100", "--start-url=http://127.0.0.1:9/"],
        ["backup", "copy.db"],
    ],
    ids=" ".join,
)
def test_a_command_where_no_database_is_makes_none_and_says_where_it_looked(
    shell: Shell, arguments: list[str], tmp_path: Path
) -> None:
    ended = shell.run(*arguments)
    assert (ended.returncode, ended.stdout) == (1, b"")
    place = f"there is no ringback database in {tmp_path}/var/ringback.db: "
    assert ended.stderr.decode().startswith(f"Error: {place}run this in the folder where `ringback serve` runs")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_has_no_tables_of_ours_is_no_database(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    ended = shell.run("status", database="sqlite:///empty.db")
    assert ended.returncode == 1
    assert f"there is no ringback database in {tmp_path}/empty.db" in ended.stderr.decode()


def test_the_first_account_may_be_made_before_the_first_start(shell: Shell, tmp_path: Path) -> None:
    """That makes the database too, and says where; the second account finds it."""
    first, second = (shell.run("account", "add", login, "--pin", "837465") for login in ("anne", "ben"))
    assert first.stderr.decode() == f"There was no database: {tmp_path}/var/ringback.db is made.\n"
    assert (second.stdout, second.stderr) == (b"account ben made\n", b"")
    assert shell.run("account", "list").stdout == b"anne\nben\n"


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        pytest.param(["status", "7"], 1, "call_id: there is no call 7", id="no such call"),
        pytest.param(
            ["account", "pin", "x", "--pin", "1", "--allow-weak-pin"],
            1,
            "login: there is no account x",
            id="no such account",
        ),
        pytest.param(["account", "add", "x", "--pin", "1" * 17], 1, "pin: must have 1 to 16", id="long PIN"),
        pytest.param(["when", "bogus"], 1, '"bogus" is not a time', id="no time"),
        pytest.param(["when", "now", "--tz", "America"], 2, "there is no such time zone", id="no zone"),
        pytest.param(["when", "now", "--now", "99999999999999"], 2, "Invalid value for '--now'", id="no present"),
        pytest.param(["queue", "--login=x"], 2, "Missing option '--phone-number'", id="option left out"),
        pytest.param(["nonsense"], 2, "No such command", id="no command"),
        pytest.param(
            ["queue", "--login=\udcff", "--phone-number=1", "--start-url=x"], 2, "not text in UTF-8", id="bytes"
        ),
    ],
)
def test_wrong_use(shell_with_database: Shell, arguments: list[str], status: int, says: str) -> None:
    """A sentence on standard error; 1 when the thing asked failed, 2 when it was asked wrongly."""
    ended = shell_with_database.run(*arguments)
    assert (ended.returncode, ended.stdout) == (status, b"")
    assert says in ended.stderr.decode()
    assert b"Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        pytest.param({"linez": "1"}, "RINGBACK_LINEZ is not a setting", id="unknown"),
        pytest.param({"lines": "0"}, "RINGBACK_LINES must be a whole number from 1", id="out of range"),
        pytest.param({"timezone": "America"}, "RINGBACK_TIMEZONE must be the name of a time zone", id="zone"),
        pytest.param({"bind": "127.0.0.1:0"}, "RINGBACK_BIND must be an address and a port", id="port 0"),
        pytest.param({"database": "sqlite:///:memory:"}, "RINGBACK_DATABASE must be sqlite:///FILE", id="memory"),
        pytest.param({"database": "sqlite:////proc/x/y"}, "RINGBACK_DATABASE: /proc/x/y can't be used", id="no folder"),
        pytest.param({"callees": "vioce=1"}, "RINGBACK_CALLEES: vioce is none of voice, ", id="callees"),
        pytest.param({"callees": "noattempt=1"}, "RINGBACK_CALLEES: noattempt is none of", id="noattempt"),
        pytest.param({"countries": "Narnia"}, "RINGBACK_COUNTRIES: NARNIA is not a country", id="country"),
        pytest.param({"dial_ledger": "/nonexistent/x"}, "RINGBACK_DIAL_LEDGER: /nonexistent/x can't", id="ledger"),
        pytest.param({"max_upload": "lots"}, "RINGBACK_MAX_UPLOAD must be a size such as 64 MiB", id="size"),
    ],
)
def test_settings_that_cannot_be_used(shell: Shell, settings: dict[str, str], says: str) -> None:
    """Exit status 2 and the variable's name, before anything starts."""
    ended = shell.run("web" if "countries" in settings else "scheduler", **settings)
    assert ended.returncode == 2
    assert says in ended.stderr.decode()
    assert b"Traceback" not in ended.stderr


def test_a_public_bind_refuses_the_demo_account_until_its_pin_is_changed(shell: Shell) -> None:
    """And the advice it gives can be followed under the very same settings."""
    shell.run("account", "add", "demo", "--pin", "1234", "--allow-weak-pin")
    refused = shell.run("web", bind="0.0.0.0:1")
    assert refused.returncode == 2
    assert b"change it with `ringback account pin demo`" in refused.stderr
    changed = shell.run("account", "pin", "demo", "--pin", "9999", "--allow-weak-pin", bind="0.0.0.0:1")
    assert changed.returncode == 0
    for command in ("web", "serve"):
        keyless = shell.run(command, hosts="calls.example.com", bind="127.0.0.1:1")
        assert keyless.returncode == 2
        assert b"RINGBACK_SECRET_KEY is not set" in keyless.stderr


def test_many_times_from_standard_input(shell: Shell) -> None:
    """A line in, a line out, whatever is on it."""
    lines = b"now\nfoo\n\xff\n+1 week\n\nin 3 days\n"
    answer = shell.run("when", "-", "--now", "1300000000", "--tz", "America/New_York", stdin=lines)
    assert answer.stdout.split() == [b"1300000000", b"false", b"false", b"1300604800", b"false", b"1300259200"]
    php = shell.run("when", "-", "--now", "1300000000", "--php-only", stdin=b"in 3 days\n")
    assert php.stdout == b"false\n"
