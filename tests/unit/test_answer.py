"""Answers are made of sentences that tell something."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from lakedocs.answer.answers import UNKNOWN
from lakedocs.answer.extractive import compose
from lakedocs.answer.options import AnswerSettings
from lakedocs.embed.protocol import Vectors
from lakedocs.records import Hit


class SharedWords:
    """An embedder by which texts are as near as the words that they share with the question."""

    model = "shared words"
    dimensions = 2

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        asked = {"lease", "end"}
        near = [min(len(asked & set(text.casefold().replace(".", "").split())) / 2 + 0.3, 1.0) for text in texts]
        return np.array([[value, 0.0] for value in near], dtype=np.float32)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return np.ones((len(texts), 2), dtype=np.float32)


@pytest.mark.parametrize(
    ("passage", "answer"),
    [
        ("End of the lease\nThe end of the lease is in 2027.\nWeather", "The end of the lease is in 2027. [1]"),
        ("End of the lease", "End of the lease [1]"),  # where nothing says more
        ("Lease A: end in 2027.\nLease B: end in 2029.", "Lease A: end in 2027. [1] Lease B: end in 2029. [1]"),
        ("Weather report", UNKNOWN),
    ],
)
def test_a_heading_is_quoted_only_where_nothing_says_more(passage: str, answer: str) -> None:
    hit = Hit("p", "d", "word", "title", "", "", passage, "none", 1.0)
    settings = AnswerSettings(min_similarity=0.5)
    vector = np.array([1.0, 0.0], dtype=np.float32)
    assert compose("when does the lease end", vector, [hit], SharedWords(), settings, {}).text == answer
