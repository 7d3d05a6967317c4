"""What commands that open a lake share: which one, and who opens it."""

from __future__ import annotations

import getpass
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import click

from lakedocs.errors import SettingsError
from lakedocs.settings import load_settings, parse_overrides

if TYPE_CHECKING:
    from lakedocs.lakehouse.lake import Lake
    from lakedocs.settings import Settings

_ENTITY = re.compile(r"[A-Z][A-Z0-9_]*")
Command = TypeVar("Command", bound=Callable[..., object])


def _entity(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """A type as it may stand in texts and in names of metrics."""
    del context
    if not _ENTITY.fullmatch(value):
        raise click.BadParameter("capitals, digits and underscores, as in CLIENT_NAME.", param=parameter)
    return value


entity_option = click.option("--entity", default="CUSTOM", show_default=True, callback=_entity, help="The type that stands in its place.")


def lake_options(command: Command) -> Command:
    """--root, --target and --overrides."""
    command = click.option("--overrides", default="", help='More settings in one text: "storage.catalog=main; ...".')(command)
    command = click.option("--target", default="local", show_default=True, help="local, dev, staging or prod: which overlay counts.")(command)
    return click.option("--root", default=".lakedocs", show_default=True, help="The folder of a local run.")(command)


def current_user(lake: Lake, target: str) -> str:
    """Whom the catalog knows; on a laptop whoever is logged in."""
    if target == "local":
        return getpass.getuser()
    row = lake.spark.sql("SELECT current_user() AS name").first()
    return str(row["name"]) if row else ""


@contextmanager
def opened_lake(root: str, target: str, overrides: str) -> Iterator[tuple[Lake, Settings]]:
    """The lake of these options with its settings.

    Raises:
        SettingsError: when there is none in the folder.
    """
    from pathlib import Path

    from lakedocs.lakehouse.lake import Lake
    from lakedocs.lakehouse.session import session_for

    place = {"storage.root": str(Path(root).absolute())} if target == "local" else {}
    settings = load_settings(target, {**place, **parse_overrides(overrides)})
    if target == "local" and not (settings.storage.path / "warehouse").is_dir():
        raise SettingsError("There is no lake in this folder: name that of a run with --root.")
    yield Lake(session_for(settings), settings.storage), settings
