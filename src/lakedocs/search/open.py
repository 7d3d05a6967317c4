"""The index that the settings name."""

from __future__ import annotations

from functools import lru_cache

from lakedocs.errors import SettingsError
from lakedocs.keys import read_key
from lakedocs.search.protocol import SearchIndex
from lakedocs.services.options import CallSettings, SearchSettings
from lakedocs.settings import Settings, Storage, fingerprint

SCHEMA = "index/2"
"""Of the fields: an index of another schema is built beside the present one."""


def index_name(settings: Settings, model: str) -> str:
    """The index of an embedding model (by its key): another model gets another index, so that their vectors never mix."""
    return f"{settings.search.index}-{fingerprint(SCHEMA, model, settings.search.compression)[:8]}"


def index_place(settings: Settings, model: str) -> str:
    """Which service holds the index, and its name there: what was sent to one service is not known to another."""
    service = fingerprint(settings.search.engine, settings.search.endpoint)[:8]
    return f"{service}:{index_name(settings, model)}"


def open_index(settings: Settings, model: str) -> SearchIndex:
    """The index of these settings and this embedding model.

    Raises:
        SettingsError: when the service has no address.
        MissingKeyError: when its key is not there.
    """
    return _open(settings.search.model_dump_json(), settings.calls, settings.storage.root, settings.keys.search_api, index_name(settings, model))


@lru_cache(maxsize=2)
def _open(search_json: str, calls: CallSettings, root: str, key_name: str, name: str) -> SearchIndex:
    search = SearchSettings.model_validate_json(search_json)
    if search.engine == "lancedb":
        from lakedocs.search.lance import LanceIndex

        return LanceIndex(Storage(root=root).path / "index", name, search)
    from azure.core.credentials import AzureKeyCredential
    from azure.identity import DefaultAzureCredential

    from lakedocs.search.azure import AzureSearchIndex

    if not search.endpoint:
        raise SettingsError("search.endpoint must name the Azure AI Search service.")
    if search.credential == "entra":
        return AzureSearchIndex(search, name, DefaultAzureCredential(), calls)
    return AzureSearchIndex(search, name, AzureKeyCredential(read_key(key_name, root).decode()), calls)
