"""Zero-shot labels: cosine of a passage's vector with each label's reference prompts, the nearest prompt counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lakedocs.classify.labels import NONE, LabelFile
from lakedocs.embed.protocol import Embedder, Vectors
from lakedocs.records import LabelScore


class ZeroShot:
    """Scores vectors of one embedder; the prompts are embedded once, as queries."""

    def __init__(self, labels: LabelFile, threshold: float, embedder: Embedder) -> None:
        self._threshold = threshold
        self._labels = list(labels.labels)
        prompts = [prompt for label in self._labels for prompt in labels.labels[label]]
        sizes = [len(labels.labels[label]) for label in self._labels]
        self._starts = np.cumsum([0, *sizes[:-1]])
        self._prompts = embedder.embed_queries(prompts)

    def classify(self, vectors: Vectors) -> list[LabelScore]:
        """A label for each row; `confidence` is the cosine of the nearest prompt, all labels' scores are kept."""
        if not len(vectors):
            return []
        cosines = np.maximum.reduceat(vectors @ self._prompts.T, self._starts, axis=1)
        return [self._choose(row) for row in cosines]

    def _choose(self, scores: Sequence[float]) -> LabelScore:
        best = int(np.argmax(scores))
        confidence = round(float(scores[best]), 6)
        label = self._labels[best] if confidence >= self._threshold else NONE
        return LabelScore(label, confidence, {name: round(float(score), 6) for name, score in zip(self._labels, scores, strict=True)})
