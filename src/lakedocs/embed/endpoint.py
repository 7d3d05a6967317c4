"""An embedding model behind a serving endpoint: `kind` tells it whether passages or queries come, so that it sets its own prefixes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from lakedocs.embed.protocol import Vectors
from lakedocs.embed.reading import VERSION, as_read
from lakedocs.errors import ModelError
from lakedocs.services.invocations import Endpoint
from lakedocs.services.options import CallSettings, EmbeddingSettings, ServingSettings

_DIMENSIONS = 768


class EndpointEmbedder:
    """Embeds at an endpoint; vectors are of unit length, row n for text n."""

    tokens = 0

    def __init__(self, settings: EmbeddingSettings, serving: ServingSettings, bounds: CallSettings, token: str) -> None:
        if not settings.endpoint:
            raise ModelError("embedding.endpoint must be the URL of the serving endpoint; it ends in /invocations.")
        self._settings = settings
        self._batch = serving.batch_texts
        self._endpoint = Endpoint(settings.endpoint, token, serving, bounds)

    @property
    def key(self) -> str:
        return endpoint_key(self._settings)

    @property
    def dimensions(self) -> int:
        return self._settings.dimensions or _DIMENSIONS

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return self._embed(texts, "passage")

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return self._embed(texts, "query")

    def requests_of(self, texts: Sequence[str]) -> Iterator[list[int]]:
        for start in range(0, len(texts), self._batch):
            yield list(range(start, min(start + self._batch, len(texts))))

    def request(self, texts: Sequence[str]) -> tuple[Vectors, int]:
        return self.embed_passages(texts), 0

    def _embed(self, texts: Sequence[str], kind: str) -> Vectors:
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        # the endpoint refuses empty texts; marks alone read as nothing
        vectors = np.asarray(self._endpoint.ask([as_read(text).strip() or "-" for text in texts], {"kind": kind}), dtype=np.float32)
        if vectors.ndim != 2 or vectors.shape[1] != self.dimensions:
            raise ModelError(f"The endpoint's vectors have not {self.dimensions} dimensions; set embedding.dimensions.")
        length: Vectors = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        return vectors / length


def endpoint_key(settings: EmbeddingSettings) -> str:
    """Identifies the model and how it reads."""
    return f"{settings.model}:{settings.dimensions or _DIMENSIONS}:{VERSION}"
