"""Azure OpenAI's embedding models through the openai package, within the service's limits of a request."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from lakedocs.embed.protocol import Vectors
from lakedocs.embed.reading import VERSION, as_read
from lakedocs.errors import ModelError
from lakedocs.services.batches import by_request_limits
from lakedocs.services.cl100k import count_cl100k
from lakedocs.services.openai_models import Deployment, Deployments
from lakedocs.services.options import CallSettings, EmbeddingSettings
from lakedocs.services.rates import UNLIMITED, Rate

_INPUTS_A_REQUEST = 2048
_DIMENSIONS = {"text-embedding-3-large": 3072, "text-embedding-3-small": 1536, "text-embedding-ada-002": 1536}


class AzureOpenAIEmbedder:
    """Embeds texts at a deployment, or at a second one of the same model; vectors are of unit length, row n for text n."""

    def __init__(
        self, settings: EmbeddingSettings, deployments: Sequence[Deployment], bounds: CallSettings, rate: Callable[[], Rate] = lambda: UNLIMITED
    ) -> None:
        self._settings = settings
        self._deployments = Deployments("Azure OpenAI", deployments, bounds, rate)
        self._counting = threading.Lock()
        self._model = ""
        self.tokens = 0

    @property
    def key(self) -> str:
        return service_key(self._settings)

    @property
    def dimensions(self) -> int:
        return dimensions_of(self._settings)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for batch in self.requests_of(texts):
            vectors[batch], _ = self.request([texts[position] for position in batch])
        return vectors

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return self.embed_passages(texts)

    def requests_of(self, texts: Sequence[str]) -> Iterator[list[int]]:
        lengths = [count_cl100k(as_read(text)) for text in texts]
        return by_request_limits(lengths, self._settings.batch_tokens, _INPUTS_A_REQUEST)

    def request(self, texts: Sequence[str]) -> tuple[Vectors, int]:
        inputs = [as_read(text) or " " for text in texts]
        vectors, tokens = self._deployments.caller.call(lambda number: self._create(number, inputs), sum(map(count_cl100k, inputs)))
        if vectors.shape[1] != self.dimensions:
            raise ModelError(f"The deployment returns {vectors.shape[1]} dimensions, not {self.dimensions}; set embedding.dimensions.")
        with self._counting:
            self.tokens += tokens
        return vectors, tokens

    def _create(self, number: int, inputs: list[str]) -> tuple[Vectors, int]:
        wanted: dict[str, Any] = {"dimensions": self._settings.dimensions} if self._settings.dimensions else {}
        answer = self._deployments.clients[number].embeddings.create(model=self._deployments.names[number], input=inputs, **wanted)
        self._check_model(number, answer.model)
        rows = sorted(answer.data, key=lambda row: row.index)
        if [row.index for row in rows] != list(range(len(inputs))):
            raise ValueError("another number of vectors than there were texts")
        return np.asarray([row.embedding for row in rows], dtype=np.float32), int(answer.usage.total_tokens)

    def _check_model(self, number: int, model: str) -> None:
        """Nothing, where the answer is of the first deployment, or of another one with the same model.

        Raises:
            ModelError: vectors of two models in one index would never be found together.
        """
        with self._counting:
            if number == 0:
                self._model = model
            elif model != self._model and (self._model or not model.casefold().startswith(self._settings.model.casefold())):
                raise ModelError("embedding.second_deployment is of another model than embedding.deployment: their vectors can't stand in one index.")


def service_key(settings: EmbeddingSettings) -> str:
    """Identifies the model and how it reads."""
    return f"{settings.model}:{dimensions_of(settings)}:{VERSION}"


def dimensions_of(settings: EmbeddingSettings) -> int:
    """The length of a model's vectors."""
    return settings.dimensions or _DIMENSIONS.get(settings.model, 1536)
