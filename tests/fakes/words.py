"""An embedder without a model: texts are as near as the words that they share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lakedocs.embed.protocol import Vectors


class SharedWordsEmbedder:
    """Embeds a text as the counts of its words."""

    key = "words"
    dimensions = 512
    tokens = 0

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().strip(".?").split():
                vectors[row, _place_of(word) % self.dimensions] += 1
        lengths: Vectors = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        return vectors / lengths

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return self.embed_passages(texts)


def _place_of(word: str) -> int:
    return sum(31**place * ord(letter) for place, letter in enumerate(word))
