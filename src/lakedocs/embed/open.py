"""The embedder that the settings name, once per process."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from lakedocs.embed.protocol import Embedder
from lakedocs.settings import EmbeddingSettings, Settings, read_key


def open_embedder(chosen: EmbeddingSettings, settings: Settings) -> Embedder:
    """The embedder of `chosen` (07 and 08 may have different ones).

    Raises:
        ModelError: when it can't be loaded.
        MissingKeyError: when its service needs a key that is not there.
    """
    key = read_key(settings.keys.openai_api, settings.storage.root).decode() if chosen.engine == "azure_openai" else ""
    return _open(chosen, key, str(settings.storage.models))


@lru_cache(maxsize=2)
def _open(chosen: EmbeddingSettings, api_key: str, cache: str) -> Embedder:
    if chosen.engine == "azure_openai":
        from lakedocs.embed.azure_openai import AzureOpenAIEmbedder

        return AzureOpenAIEmbedder(chosen, api_key)
    if chosen.engine == "packaged" and chosen.runtime == "openvino":
        from lakedocs.embed.packaged import PackagedEmbedder

        return PackagedEmbedder(chosen, Path(cache))
    from lakedocs.embed.local import LocalEmbedder

    return LocalEmbedder(chosen)


def model_key(chosen: EmbeddingSettings) -> str:
    """Identifies the model without loading it."""
    if chosen.engine == "azure_openai":
        from lakedocs.embed.azure_openai import service_key

        return service_key(chosen)
    from lakedocs.embed.local import model_key as local_key

    return local_key(chosen)
