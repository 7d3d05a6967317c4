"""Azure OpenAI's embedding models through the openai package, within the service's limits of a request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from openai import APIConnectionError, APIStatusError, AzureOpenAI, OpenAIError, RateLimitError
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from lakedocs.embed.batches import by_request_limits
from lakedocs.embed.protocol import Vectors
from lakedocs.embed.reading import VERSION, as_read
from lakedocs.embed.tokens import count_cl100k
from lakedocs.errors import ModelError, ServiceError
from lakedocs.settings import EmbeddingSettings

_INPUTS_A_REQUEST = 2048
_SDK_RETRIES = 4
_DIMENSIONS = {"text-embedding-3-large": 3072, "text-embedding-3-small": 1536, "text-embedding-ada-002": 1536}


class AzureOpenAIEmbedder:
    """Embeds texts at a deployment; vectors are of unit length, row n for text n."""

    def __init__(self, settings: EmbeddingSettings, api_key: str) -> None:
        if not settings.endpoint or not settings.deployment:
            raise ModelError("embedding.endpoint and embedding.deployment must name the Azure OpenAI resource and its deployment.")
        self._settings = settings
        self.tokens = 0
        self._client = AzureOpenAI(
            azure_endpoint=settings.endpoint, api_key=api_key, api_version=settings.api_version, timeout=settings.seconds,
            max_retries=_SDK_RETRIES,
        )  # fmt: skip

    @property
    def key(self) -> str:
        return service_key(self._settings)

    @property
    def dimensions(self) -> int:
        return dimensions_of(self._settings)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        texts = [as_read(text) for text in texts]
        lengths = [count_cl100k(text) for text in texts]
        for batch in by_request_limits(lengths, self._settings.batch_tokens, _INPUTS_A_REQUEST):
            vectors[batch] = self._request([texts[position] or " " for position in batch])
        return vectors

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return self.embed_passages(texts)

    def _request(self, texts: list[str]) -> Vectors:
        retrying = Retrying(
            retry=retry_if_exception(_is_passing), wait=wait_random_exponential(multiplier=1, max=30),
            stop=stop_after_delay(self._settings.total_seconds), reraise=True,
        )  # fmt: skip
        try:
            response = retrying(self._create, texts)
        except APIStatusError as error:
            raise ServiceError(f"Azure OpenAI answered {error.status_code} to an embedding request; finished work is kept.") from error
        except OpenAIError as error:
            raise ServiceError(f"Azure OpenAI can't be reached ({type(error).__name__}); finished work is kept.") from error
        rows = sorted(response.data, key=lambda row: row.index)
        if [row.index for row in rows] != list(range(len(texts))):
            raise ServiceError("Azure OpenAI answered with another number of vectors than there were texts.")
        self.tokens += response.usage.total_tokens
        vectors = np.asarray([row.embedding for row in rows], dtype=np.float32)
        if vectors.shape[1] != self.dimensions:
            raise ModelError(f"The deployment returns {vectors.shape[1]} dimensions, not {self.dimensions}; set embedding.dimensions.")
        return vectors

    def _create(self, texts: list[str]) -> Any:  # the SDK exports no name for its answer
        if self._settings.dimensions:
            return self._client.embeddings.create(model=self._settings.deployment, input=texts, dimensions=self._settings.dimensions)
        return self._client.embeddings.create(model=self._settings.deployment, input=texts)


def service_key(settings: EmbeddingSettings) -> str:
    """Identifies the model and how it reads."""
    return f"{settings.model}:{dimensions_of(settings)}:{VERSION}"


def dimensions_of(settings: EmbeddingSettings) -> int:
    """The length of a model's vectors."""
    return settings.dimensions or _DIMENSIONS.get(settings.model, 1536)


def _is_passing(error: BaseException) -> bool:
    """What may be gone at the next try: rate limits, time-outs, a connection or server that failed."""
    if isinstance(error, RateLimitError | APIConnectionError):
        return True
    return isinstance(error, APIStatusError) and error.status_code in (408, 409, 500, 502, 503, 504)
