"""The best passages of a search, ranked again by a cross-encoder, which reads question and passage together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from lakedocs.errors import ModelError
from lakedocs.records import Hit

_TEXTS_AT_ONCE = 16

Rerank = Callable[[str, Sequence[Hit]], list[Hit]]
"""From a question and the hits of its search to the same hits, best first."""


@lru_cache(maxsize=1)
def open_reranker(model: str) -> Rerank:
    """The reranker of a sentence-transformers cross-encoder, by name, path or volume (Nogueira and Cho, 2019, arXiv:1901.04085).

    Raises:
        ModelError: when it can't be loaded.
    """
    from sentence_transformers import CrossEncoder

    try:
        encoder = CrossEncoder(model)
    except (OSError, ValueError) as error:
        raise ModelError(
            f"The reranker {Path(model).name} can't be loaded; answer.reranker must name an installed path or volume (no hub may be reachable)."
        ) from error

    def rerank(question: str, hits: Sequence[Hit]) -> list[Hit]:
        if not hits:
            return []
        pairs = [(question, f"{hit.heading_path}\n{hit.text}".strip()) for hit in hits]
        scores = np.asarray(encoder.predict(pairs, batch_size=_TEXTS_AT_ONCE, show_progress_bar=False), dtype=np.float64)
        if scores.shape != (len(hits),):
            raise ModelError(f"The model {Path(model).name} gives a pair more than one score: answer.reranker must name a reranker.")
        order = sorted(range(len(hits)), key=lambda place: (-scores[place], place))
        return [replace(hits[place], score=round(float(scores[place]), 6)) for place in order]

    return rerank
