"""What the pipeline asks of a search index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from lakedocs.embed.protocol import Vectors
from lakedocs.records import Hit, IndexEntry, PushResult, SearchFilter

By = Literal["both", "words", "vectors"]
"""What a search goes by."""


class SearchIndex(Protocol):
    """One index holds vectors of one embedding model; keys are passage ids."""

    def exists(self) -> bool:
        """Whether there is such an index."""

    def ensure(self, dimensions: int) -> None:
        """Create or update the index for vectors of this length."""

    def upsert(self, entries: Sequence[IndexEntry]) -> list[PushResult]:
        """Write entries over those of the same key; a result for every one, in order."""

    def delete(self, passage_ids: Sequence[str]) -> list[PushResult]:
        """Delete entries; a key that is not there counts as deleted. A result for every one, in order."""

    def finish(self) -> None:
        """After the last write of a run: make searches fast and forget what was deleted."""

    def publish(self) -> None:
        """Say that this index is complete: from now on it stands under the alias, in place of the one before."""

    def published(self) -> str:
        """The name of the index that stands under the alias; empty where none does."""

    def is_published(self) -> bool:
        """Whether that is this index."""

    def drop(self, name: str) -> None:
        """Delete another index, of a model that is no longer used, if it exists."""

    def count(self) -> int:
        """How many entries there are."""

    def search(self, text: str, vector: Vectors, top: int, narrow: SearchFilter, by: By = "both") -> list[Hit]:
        """The best entries, by words and by nearness together unless `by` says otherwise; `vector` has shape (dimensions,)."""
