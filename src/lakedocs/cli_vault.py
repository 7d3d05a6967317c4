"""`lakedocs reveal` and `lakedocs vault`: what reversible operators hid, by who has the key."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, TypeVar

import click

from lakedocs.errors import SettingsError
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
    """Seal everything in raw.vault with the present key. Redacts nothing anew; not while a run is going.

    The one before it must be there as the previous key: vault-key-previous in the secret scope, keys/vault_key_previous in a local run's folder.
    """
    from lakedocs.job.local import sole_run
    from lakedocs.lakehouse.vault import rotate as rotated

    with _lake(root, target, overrides) as (lake, settings):
        with sole_run(settings.storage) if target == "local" else nullcontext():
            count = rotated(lake, settings)
    if count:
        click.echo(f"{count:,} values sealed with the present key. Keep the previous one until `lakedocs maintain` has removed the table's history.")
    else:
        click.echo("Nothing to do: every value is under the present key.")


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
    if target == "local" and not (settings.storage.path / "warehouse").is_dir():
        raise SettingsError("There is no lake in this folder: name that of a run with --root.")
    spark = local_session(settings.storage) if target == "local" else current_session()
    yield Lake(spark, settings.storage), settings
