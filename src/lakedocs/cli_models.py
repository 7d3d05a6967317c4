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


@models.command()
@click.option("--name", required=True, help="Register it under this name (CATALOG.SCHEMA.NAME in Unity Catalog).")
@click.option("--serve", is_flag=True, help="Put the registered version on the endpoint that serving.agent names.")
@_target_option
@_overrides_option
def agent(name: str, serve: bool, target: str, overrides: str) -> None:
    """Register the agent that answers questions from the index, as an MLflow ResponsesAgent.

    The settings must be those of the run that fills the index. Keys don't go with it: an endpoint gets them from serving.secret_scope.

    \b
    Example:
      lakedocs models agent --name main.docs.lakedocs_agent --serve --target prod --overrides "tracking.experiment=/Shared/lakedocs;
          search.endpoint=https://NAME.search.windows.net; embedding.endpoint=https://NAME.openai.azure.com; embedding.deployment=..."
    """
    from lakedocs.agent.log import check_servable, endpoint_environment, log_agent
    from lakedocs.lakehouse.tracking import registered

    settings = load_settings(target, parse_overrides(overrides))
    if serve:
        check_servable(settings)
    version = registered(settings, name, lambda **options: log_agent(settings, **options))
    click.echo(f"{name} version {version} in the registry")
    if serve:
        from databricks.sdk import WorkspaceClient

        from lakedocs.serving.endpoints import put_endpoint

        endpoint, environment = settings.serving.agent, endpoint_environment(settings)
        outcome = put_endpoint(WorkspaceClient(), endpoint, name, version, settings.serving, environment=environment)
        click.echo(f"Endpoint {endpoint}: {outcome}")


@models.command()
@click.option("--to", "folder", required=True, metavar="FOLDER", help="Where its files go; must not be there yet.")
@click.option("--version", default="", help="Of the registered classifier; without it, the champion.")
@_target_option
@_overrides_option
def fetch(folder: str, version: str, target: str, overrides: str) -> None:
    """Fetch the registered classifier as plain files, for an endpoint outside the workspace.

    \b
    Example:
      lakedocs models fetch --to ./champion
    """
    from pathlib import Path

    from lakedocs.classify.champion import champion_version, fetch_champion
    from lakedocs.serving.log import copy_served

    settings = load_settings(target, parse_overrides(overrides))
    version = version or champion_version(settings)
    copy_served(fetch_champion(settings, version), Path(folder))
    click.echo(f"{settings.champion_name} version {version} in {folder}")


@models.group()
def azureml() -> None:
    """Serve a fetched classifier from Azure Machine Learning; its SDK is in the environment that `make azureml` makes."""


@azureml.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False))
@_target_option
@_overrides_option
def deploy(folder: str, target: str, overrides: str) -> None:
    """Register the model in FOLDER, deploy it beside the present one, try it, and give it the traffic.

    \b
    Example:
      lakedocs models azureml deploy ./champion --overrides
          "azureml.subscription=...; azureml.resource_group=...; azureml.workspace=..."
    """
    from pathlib import Path

    from lakedocs.serving.azureml import deployments

    settings = load_settings(target, parse_overrides(overrides)).azureml
    click.echo(f"Deploying to {settings.endpoint}; a first deployment takes ten minutes or more.")
    name = deployments.deploy(deployments.open_workspace(settings), Path(folder), settings)
    click.echo(f"Endpoint {settings.endpoint} answers with deployment {name}.")


@azureml.command("test")
@click.argument("texts", nargs=-1, required=True)
@_target_option
@_overrides_option
def ask(texts: tuple[str, ...], target: str, overrides: str) -> None:
    """Test the endpoint: the labels that it gives TEXTS, which are sent as they are."""
    from lakedocs.serving.azureml import deployments

    settings = load_settings(target, parse_overrides(overrides)).azureml
    for answer in deployments.ask(deployments.open_workspace(settings), texts, settings):
        click.echo(f"{answer['label']}  {answer['confidence']:.3f}")


@azureml.command()
@click.confirmation_option(prompt="Delete the endpoint and its deployments?")
@_target_option
@_overrides_option
def delete(target: str, overrides: str) -> None:
    """Delete the endpoint with its deployments; registered models stay."""
    from lakedocs.serving.azureml import deployments

    settings = load_settings(target, parse_overrides(overrides)).azureml
    was_there = deployments.delete(deployments.open_workspace(settings), settings)
    click.echo(f"Endpoint {settings.endpoint} is gone." if was_there else f"There was no endpoint {settings.endpoint}.")
