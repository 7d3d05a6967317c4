"""`lakedocs models`: base models into volumes and the registry, registered models onto endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lakedocs.settings import load_settings, parse_overrides

if TYPE_CHECKING:
    from lakedocs.settings import Settings

_target_option = click.option("--target", default="local", show_default=True, help="Which overlay of the settings counts.")
_overrides_option = click.option("--overrides", default="", help='Settings in one text: "a.b=1; c.d=2".')


@click.group()
def models() -> None:
    """Bring models to where they are needed: a volume, the registry, an endpoint."""


@models.command()
@click.argument("source")
@click.option("--to", "folder", default="", metavar="FOLDER", help="Save its files there; on a cluster, that may be in a volume.")
@click.option("--name", default="", help="Register it as a served embedder under this name (CATALOG.SCHEMA.NAME in Unity Catalog).")
@click.option("--serve", is_flag=True, help="Put the registered version on the endpoint that serving.embedder names.")
@_target_option
@_overrides_option
def publish(source: str, folder: str, name: str, serve: bool, target: str, overrides: str) -> None:
    """Publish the sentence-transformers model SOURCE, a path or a hub's name, for clusters that reach no hub.

    \b
    Examples:
      lakedocs models publish intfloat/multilingual-e5-base --to ./multilingual-e5-base
      lakedocs models publish ./multilingual-e5-base --name main.docs.multilingual_e5_base --serve --target prod
          --overrides tracking.experiment=/Shared/lakedocs
    """
    from pathlib import Path

    from lakedocs.train.publish import publish_base

    if serve and not name:
        raise click.UsageError("An endpoint serves a registered model: give its --name too.")
    settings = load_settings(target, parse_overrides(overrides))
    version = publish_base(source, Path(folder) if folder else None, name, settings)
    if folder:
        click.echo(f"Files in {folder}")
    if version:
        click.echo(f"{name} version {version} in the registry")
    if serve:
        click.echo(_served(settings, name, version))


def _served(settings: Settings, name: str, version: str) -> str:
    from databricks.sdk import WorkspaceClient

    from lakedocs.serving.endpoints import put_endpoint

    endpoint = settings.serving.embedder
    return f"Endpoint {endpoint}: {put_endpoint(WorkspaceClient(), endpoint, name, version, settings.serving, may_change=False)}"
