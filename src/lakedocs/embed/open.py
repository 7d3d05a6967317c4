"""The embedder that the settings name, once per process."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from lakedocs.embed.protocol import Embedder
from lakedocs.keys import read_key
from lakedocs.services.options import ServingSettings
from lakedocs.settings import EmbeddingSettings, Settings


def open_embedder(chosen: EmbeddingSettings, settings: Settings) -> Embedder:
    """The embedder of `chosen` (07 and 08 may have different ones).

    Raises:
        ModelError: when it can't be loaded.
        MissingKeyError: when its service needs a key that is not there.
    """
    names = {"azure_openai": settings.keys.openai_api, "serving": settings.keys.serving}
    key = read_key(names[chosen.engine], settings.storage.root).decode() if chosen.engine in names else ""
    return _open(chosen, settings.serving, key, str(settings.storage.models))


@lru_cache(maxsize=2)
def _open(chosen: EmbeddingSettings, serving: ServingSettings, api_key: str, cache: str) -> Embedder:
    if chosen.engine == "azure_openai":
        from lakedocs.embed.azure_openai import AzureOpenAIEmbedder

        return AzureOpenAIEmbedder(chosen, api_key)
    if chosen.engine == "serving":
        from lakedocs.embed.endpoint import EndpointEmbedder

        return EndpointEmbedder(chosen, serving, api_key)
    from lakedocs.embed.compiled import compiled_embedder

    if compiled := compiled_embedder(chosen, Path(cache)):
        return compiled
    from lakedocs.embed.local import LocalEmbedder

    return LocalEmbedder(chosen)


def model_key(chosen: EmbeddingSettings) -> str:
    """Identifies the model without loading it."""
    if chosen.engine == "azure_openai":
        from lakedocs.embed.azure_openai import service_key

        return service_key(chosen)
    if chosen.engine == "serving":
        from lakedocs.embed.endpoint import endpoint_key

        return endpoint_key(chosen)
    from lakedocs.embed.identity import local_key

    return local_key(chosen)
