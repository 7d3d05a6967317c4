"""`lakedocs review`: a person decides on what 06 was not sure of; kept in raw, and followed by the next run."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from lakedocs.cli_lake import current_user, entity_option, lake_options, opened_lake


@click.group()
def review() -> None:
    """Decide on what 06 was not sure of. The next run redacts anew the files that a decision is about, with their attachments."""


@review.command("list")
@click.option("--document", "doc_id", default="", help="Only this document's, by its id.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(min=1))
@click.option("--decided", "is_decided", is_flag=True, help="Print what was decided instead.")
@lake_options
def list_(doc_id: str, limit: int, is_decided: bool, root: str, target: str, overrides: str) -> None:
    """Print what nobody has decided on, what is not hidden first. This shows raw values, among redacted text."""
    from lakedocs.lakehouse.review import decisions, open_candidates

    with opened_lake(root, target, overrides) as (lake, _):
        if is_decided:
            table = Table(_whole("candidate"), "verdict", "type", "value", "by")
            for row in decisions(lake, limit):
                table.add_row(row["candidate_id"], row["verdict"], row["entity"], Text(row["value"]), row["decided_by"])
        else:
            table = Table(_whole("candidate"), "type", "sure", "hidden", "text", Column("document", overflow="fold"))
            for row in open_candidates(lake, doc_id, limit):
                text = Text.assemble(row["before"], (row["value"], "reverse"), row["after"])
                table.add_row(row["candidate_id"], row["entity"], f"{row['score']:.2f}", "yes" if row["is_hidden"] else "no", text, row["doc_id"])
    Console().print(table)


def _whole(name: str) -> Column:
    """A column that is never cut: people copy what stands in it."""
    return Column(name, no_wrap=True, min_width=16)


@review.command()
@click.argument("candidates", nargs=-1, required=True, metavar="CANDIDATE...")
@lake_options
def hide(candidates: tuple[str, ...], root: str, target: str, overrides: str) -> None:
    """Hide the candidates' values wherever they stand in their file and its attachments."""
    _decide(candidates, "hide", root, target, overrides)


@review.command()
@click.argument("candidates", nargs=-1, required=True, metavar="CANDIDATE...")
@lake_options
def keep(candidates: tuple[str, ...], root: str, target: str, overrides: str) -> None:
    """Leave the candidates' values as they are, in their file and its attachments."""
    _decide(candidates, "keep", root, target, overrides)


@review.command()
@click.argument("doc_id")
@click.argument("value")
@entity_option
@lake_options
def missed(doc_id: str, value: str, entity: str, root: str, target: str, overrides: str) -> None:
    """Hide VALUE wherever it stands in document DOC_ID, the file that it belongs to and that file's attachments."""
    from lakedocs.lakehouse.review import note_missed

    with opened_lake(root, target, overrides) as (lake, _):
        note_missed(lake, doc_id, value, entity, current_user(lake, target))
    click.echo("Noted; the next run hides it.")


def _decide(candidates: tuple[str, ...], verdict: str, root: str, target: str, overrides: str) -> None:
    from lakedocs.lakehouse.review import Verdict, decide

    with opened_lake(root, target, overrides) as (lake, _):
        decide(lake, candidates, Verdict(verdict), current_user(lake, target))
    click.echo(f"{len(candidates)} noted; the next run follows.")
