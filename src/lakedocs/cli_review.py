"""`lakedocs review`: a person decides on what 06 was not sure of; kept in raw, and followed by the next run."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lakedocs.cli_lake import current_user, lake_options, opened_lake


@click.group()
def review() -> None:
    """Decide on what 06 was not sure of. The next run redacts anew the files that a decision is about, with their attachments."""


@review.command("list")
@click.option("--document", "doc_id", default="", help="Only this document's, by its id.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(min=1))
@lake_options
def list_(doc_id: str, limit: int, root: str, target: str, overrides: str) -> None:
    """Print what nobody has decided on, what is not hidden first. This shows raw values, among redacted text."""
    from lakedocs.lakehouse.review import open_candidates

    table = Table("candidate", "type", "sure", "hidden", "text", "document")
    with opened_lake(root, target, overrides) as (lake, _):
        for row in open_candidates(lake, doc_id, limit):
            text = Text.assemble(row["before"], (row["value"], "reverse"), row["after"])
            table.add_row(row["candidate_id"], row["entity"], f"{row['score']:.2f}", "yes" if row["is_hidden"] else "no", text, row["doc_id"])
    Console().print(table)


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
@click.option("--entity", default="CUSTOM", show_default=True, help="The type that stands in its place.")
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
        for candidate in candidates:
            decide(lake, candidate, Verdict(verdict), current_user(lake, target))
    click.echo(f"{len(candidates)} noted; the next run follows.")
