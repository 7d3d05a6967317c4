"""What the pipeline asks of an embedder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""One unit-length row per text: shape (texts, dimensions)."""


class Embedder(Protocol):
    """Passages and queries go in by different doors, so that a model's prefixes can't be forgotten."""

    @property
    def key(self) -> str:
        """Identifies the model: vectors of two keys are never compared."""

    @property
    def dimensions(self) -> int:
        """Length of a vector."""

    @property
    def tokens(self) -> int:
        """How many tokens somebody is to be paid for so far; 0 where nobody is."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """The vectors of passages, row n for text n."""

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """The vectors of queries, row n for text n."""


@runtime_checkable
class OutsideEmbedder(Embedder, Protocol):
    """An embedder behind a service: what is asked in one request is known, so that each answer can be kept as soon as it is there."""

    def requests_of(self, texts: Sequence[str]) -> Iterator[list[int]]:
        """The positions of the texts of each request."""

    def request(self, texts: Sequence[str]) -> tuple[Vectors, int]:
        """The vectors of the passages of one request, and the tokens that are to be paid for; may be called from several threads.

        Raises:
            RefusedError: when the service refuses these texts.
            ServiceError: when it refuses the caller, or has not answered in time.
        """


CountTokens = Callable[[str], int]
