"""`lakedocs reveal` and `lakedocs vault`: what reversible operators hid, by who has the key."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, TypeVar

import click

from lakedocs.settings import load_settings, parse_overrides

if TYPE_CHECKING:
    from lakedocs.lakehouse.lake import Lake
    from lakedocs.settings import Settings

Command = TypeVar("Command", bound=Callable[..., object])


def _options(command: Command) -> Command:
    command = click.option("--overrides", default="", help='More settings in one text: "storage.catalog=main; ...".')(command)
    command = click.option("--target", default="local", show_default=True, help="local, dev, staging or prod: which overlay counts.")(command)
    return click.option("--root", default=".lakedocs", show_default=True, help="The folder of a local run.")(command)


@click.command()
@click.argument("doc_id")
@click.option("--reason", required=True, help="Why; kept in raw.reveals beside your name.")
@_options
def reveal(doc_id: str, reason: str, root: str, target: str, overrides: str) -> None:
    """Print the document DOC_ID (docs.documents) with what `reversible` operators hid in its place.

    Needs the vault's key. Who, when and why is written to raw.reveals first.
    """
    from lakedocs.lakehouse.vault import reveal as revealed

    with _lake(root, target, overrides) as (lake, settings):
        for text in revealed(lake, settings, doc_id, _user(lake, target), reason):
            click.echo(text)


@click.group()
def vault() -> None:
    """Keep what `reversible` operators hid."""


@vault.command()
@_options
def rotate(root: str, target: str, overrides: str) -> None:
    """Seal everything in raw.vault with the present key; the one before it must be there as the previous key. Redacts nothing anew."""
    from lakedocs.job.local import sole_run
    from lakedocs.lakehouse.vault import rotate as rotated

    with _lake(root, target, overrides) as (lake, settings):
        with sole_run(settings.storage) if target == "local" else nullcontext():
            count = rotated(lake, settings)
    click.echo(f"{count:,} values sealed with the present key. The previous key is no longer needed, once history is vacuumed.")


def _user(lake: Lake, target: str) -> str:
    """Whom the catalog knows; on a laptop whoever is logged in."""
    if target == "local":
        return getpass.getuser()
    row = lake.spark.sql("SELECT current_user() AS name").first()
    return str(row["name"]) if row else ""


@contextmanager
def _lake(root: str, target: str, overrides: str) -> Iterator[tuple[Lake, Settings]]:
    from pathlib import Path

    from lakedocs.lakehouse.lake import Lake
    from lakedocs.lakehouse.session import current_session, local_session

    place = {"storage.root": str(Path(root).absolute())} if target == "local" else {}
    settings = load_settings(target, {**place, **parse_overrides(overrides)})
    spark = local_session(settings.storage) if target == "local" else current_session()
    yield Lake(spark, settings.storage), settings
