"""`lakedocs reveal` and `lakedocs vault`: what reversible operators hid, by who has the key."""

from __future__ import annotations

from contextlib import nullcontext

import click

from lakedocs.cli_lake import current_user, lake_options, opened_lake


@click.command()
@click.argument("doc_id")
@click.option("--reason", required=True, help="Why; kept in raw.reveals beside your name.")
@lake_options
def reveal(doc_id: str, reason: str, root: str, target: str, overrides: str) -> None:
    """Print the document DOC_ID (docs.documents) with what `reversible` operators hid in its place.

    Needs the vault's key. Who, when and why is written to raw.reveals first.
    """
    from lakedocs.lakehouse.vault import reveal as revealed

    with opened_lake(root, target, overrides) as (lake, settings):
        for text in revealed(lake, settings, doc_id, current_user(lake, target), reason):
            click.echo(text)


@click.group()
def vault() -> None:
    """Keep what `reversible` operators hid."""


@vault.command()
@lake_options
def rotate(root: str, target: str, overrides: str) -> None:
    """Seal everything in raw.vault with the present key. Redacts nothing anew; not while a run is going.

    The one before it must be there as the previous key: vault-key-previous in the secret scope, keys/vault_key_previous in a local run's folder.
    """
    from lakedocs.job.local import sole_run
    from lakedocs.lakehouse.vault import rotate as rotated

    with opened_lake(root, target, overrides) as (lake, settings):
        with sole_run(settings.storage) if target == "local" else nullcontext():
            count = rotated(lake, settings)
    if count:
        click.echo(f"{count:,} values sealed with the present key. Keep the previous one until `lakedocs maintain` has removed the table's history.")
    else:
        click.echo("Nothing to do: every value is under the present key.")
