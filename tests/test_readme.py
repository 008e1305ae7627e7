"""The README says what is so."""

import re
from pathlib import Path

from app.settings import PREFIX, TABLE

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def settings_table() -> str:
    """The README's table of settings, as settings.py has them."""
    lines = ["| setting | default | |", "|---|---|---|"]
    for setting in TABLE:
        name, default = PREFIX + setting.name.upper(), setting.metadata["text"]
        file = f" `{name}_FILE` reads it from a file." if setting.metadata["secret"] else ""
        lines.append(f"| `{name}` | {f'`{default}`' if default else ''} | {setting.metadata['help']}{file} |")
    return "\n".join(lines)


def test_the_settings_table_is_the_settings() -> None:
    """Every setting, its default and its help, and nothing else."""
    table = re.search(r"<!-- settings -->\n(.*?)\n<!-- /settings -->", README, re.DOTALL)
    assert table
    assert table[1] == settings_table()


def test_every_command_of_the_readme_is_there() -> None:
    """``ringback NAME`` in the command table is a command, and every command is in the table."""
    import click

    from app.cli import main

    table = README.partition("## Command line")[2].partition("## Settings")[0]
    named = set(re.findall(r"ringback ([a-z]+)", table))
    assert named == set(main.list_commands(click.Context(main)))
