"""The index that the settings name."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from lakedocs.errors import SettingsError
from lakedocs.keys import read_key
from lakedocs.search.export import EntryFiles
from lakedocs.search.protocol import SearchIndex
from lakedocs.services.options import CallSettings, SearchSettings
from lakedocs.settings import Settings, Storage, fingerprint

if TYPE_CHECKING:
    from azure.core.credentials import AzureKeyCredential, TokenCredential

    from lakedocs.search.azure_indexer import AzureSearchIndexer

SCHEMA = "index/3"
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


def open_indexer(settings: Settings, model: str) -> AzureSearchIndexer:
    """The indexer that pulls into that index.

    Raises:
        MissingKeyError: when the service's key is not there.
    """
    from lakedocs.search.azure_indexer import AzureSearchIndexer

    search, name = settings.search, index_name(settings, model)
    return AzureSearchIndexer(search, name, _credential(search, settings.storage.root, settings.keys.search_api), settings.calls)


def entry_files(settings: Settings, name: str) -> EntryFiles:
    """Where entries for the indexer of that name are exported to."""
    return EntryFiles(Path(settings.search.pull.folder), name)


@lru_cache(maxsize=2)
def _open(search_json: str, calls: CallSettings, root: str, key_name: str, name: str) -> SearchIndex:
    search = SearchSettings.model_validate_json(search_json)
    if search.engine == "lancedb":
        from lakedocs.search.lance import LanceIndex

        return LanceIndex(Storage(root=root).path / "index", name, search)
    from lakedocs.search.azure import AzureSearchIndex

    if not search.endpoint:
        raise SettingsError("search.endpoint must name the Azure AI Search service.")
    return AzureSearchIndex(search, name, _credential(search, root, key_name), calls)


def _credential(search: SearchSettings, root: str, key_name: str) -> AzureKeyCredential | TokenCredential:
    from azure.core.credentials import AzureKeyCredential
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential() if search.credential == "entra" else AzureKeyCredential(read_key(key_name, root).decode())
