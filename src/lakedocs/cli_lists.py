"""`lakedocs lists`: what is always hidden and what never is; kept in raw.redaction_lists, not in conf."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lakedocs.cli_lake import current_user, entity_option, lake_options, opened_lake

_pattern_option = click.option("--pattern", "is_pattern", is_flag=True, help="VALUE is a regular expression.")


@click.group()
def lists() -> None:
    """Say what is always hidden and what never is. The next run redacts the lake anew by it."""


@lists.command()
@click.argument("value")
@entity_option
@_pattern_option
@lake_options
def deny(value: str, entity: str, is_pattern: bool, root: str, target: str, overrides: str) -> None:
    """Always hide VALUE, as whole words in any case."""
    _add(True, value, entity, is_pattern, root, target, overrides)


@lists.command()
@click.argument("value")
@click.option("--entity", default="", help="Only where it was found as this type; default: as any.")
@_pattern_option
@lake_options
def allow(value: str, entity: str, is_pattern: bool, root: str, target: str, overrides: str) -> None:
    """Never hide VALUE where it is found as such; a denied one is hidden all the same, and so is a cell of a personal column."""
    _add(False, value, entity, is_pattern, root, target, overrides)


@lists.command()
@click.argument("value")
@lake_options
def remove(value: str, root: str, target: str, overrides: str) -> None:
    """Take VALUE off both lists."""
    from lakedocs.lakehouse.lists import remove_entries

    with opened_lake(root, target, overrides) as (lake, _):
        click.echo(f"{remove_entries(lake, value)} entries removed.")


@lists.command()
@lake_options
def show(root: str, target: str, overrides: str) -> None:
    """Print both lists."""
    from lakedocs.lakehouse.lists import list_entries

    table = Table("list", "type", "value", "pattern")
    with opened_lake(root, target, overrides) as (lake, _):
        for entry in list_entries(lake):
            table.add_row("deny" if entry.is_denied else "allow", entry.entity or "any", Text(entry.value), "yes" if entry.is_pattern else "")
    Console().print(table)


def _add(is_denied: bool, value: str, entity: str, is_pattern: bool, root: str, target: str, overrides: str) -> None:
    from lakedocs.lakehouse.lists import add_entry
    from lakedocs.redact.lists import Entry

    with opened_lake(root, target, overrides) as (lake, _):
        add_entry(lake, Entry(is_denied, entity, value.strip(), is_pattern), current_user(lake, target))
    click.echo("Noted; the next run redacts by it.")
