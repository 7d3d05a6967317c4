"""The embedder that the settings name, once per process."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from lakedocs.embed.protocol import Embedder
from lakedocs.keys import read_key
from lakedocs.services.options import OUTSIDE, EmbeddingSettings
from lakedocs.services.prices import load_prices, shared_rate
from lakedocs.settings import Settings


def open_embedder(chosen: EmbeddingSettings, settings: Settings) -> Embedder:
    """The embedder of `chosen` (07 and 08 may have different ones).

    Raises:
        ModelError: when it can't be loaded.
        MissingKeyError: when its service needs a key that is not there.
    """
    if chosen.engine in OUTSIDE:
        return _outside(chosen.model_dump_json(), settings.model_dump_json())
    return _local(chosen, str(settings.storage.models))


@lru_cache(maxsize=2)
def _local(chosen: EmbeddingSettings, cache: str) -> Embedder:
    from lakedocs.embed.compiled import compiled_embedder

    if compiled := compiled_embedder(chosen, Path(cache)):
        return compiled
    from lakedocs.embed.local import LocalEmbedder

    return LocalEmbedder(chosen)


@lru_cache(maxsize=2)
def _outside(chosen_json: str, settings_json: str) -> Embedder:
    chosen, settings = EmbeddingSettings.model_validate_json(chosen_json), Settings.model_validate_json(settings_json)
    if chosen.engine == "azure_openai":
        return _azure_openai(chosen, settings)
    from lakedocs.embed.endpoint import EndpointEmbedder

    return EndpointEmbedder(chosen, settings.serving, settings.calls, read_key(settings.keys.serving, settings.storage.root).decode())


def _azure_openai(chosen: EmbeddingSettings, settings: Settings) -> Embedder:
    from lakedocs.embed.azure_openai import AzureOpenAIEmbedder
    from lakedocs.services.openai_models import azure_deployments

    deployments = azure_deployments(chosen, settings.keys, settings.storage.root)
    price = load_prices(settings).get(chosen.model)
    return AzureOpenAIEmbedder(chosen, deployments, settings.calls, lambda: shared_rate(price, settings.calls.workers, chosen.batch_tokens))


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
