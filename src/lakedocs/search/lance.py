"""The embedded index: a LanceDB table in the storage root. One writer at a time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import lancedb
import pyarrow as pa
from lancedb.query import MatchQuery

from lakedocs.embed.protocol import Vectors
from lakedocs.errors import LakeError
from lakedocs.records import Hit, IndexEntry, PushResult, SearchFilter
from lakedocs.search.protocol import By
from lakedocs.services.options import SearchSettings

_HIT_COLUMNS = ("passage_id", "doc_id", "kind", "title", "heading_path", "place", "text", "label")
_TEXT_COLUMNS = (*_HIT_COLUMNS, "summary", "language")
_RANK_CONSTANT = 60
"""Of reciprocal rank fusion (Cormack et al., 2009)."""
_CANDIDATES = 50
_KEYS_A_DELETE = 500


class LanceIndex:
    """Hybrid search over a LanceDB table.

    Args:
        folder: where the database lies.
        name: the table.
        settings: how scores are fused; from how many rows on an HNSW index is built: below, a flat search is faster altogether.
    """

    def __init__(self, folder: Path, name: str, settings: SearchSettings) -> None:
        self._name = name
        self._settings = settings
        self._alias = folder / f"{settings.index}.alias"
        self._database = lancedb.connect(str(folder))

    def exists(self) -> bool:
        return self._name in self._database.list_tables().tables

    def ensure(self, dimensions: int) -> None:
        if self.exists():
            found = self._table().schema.field("vector").type.list_size
            if found != dimensions:
                raise LakeError(f"The index has vectors of {found} dimensions, the model of {dimensions}; delete the index folder.")
            return
        fields = [pa.field(name, pa.string(), nullable=False) for name in _TEXT_COLUMNS]
        more = [pa.field("groups", pa.list_(pa.string())), pa.field("vector", pa.list_(pa.float32(), dimensions))]
        self._database.create_table(self._name, schema=pa.schema([*fields, *more]))

    def upsert(self, entries: Sequence[IndexEntry]) -> list[PushResult]:
        if not entries:
            return []
        columns = {name: [getattr(entry, name) for entry in entries] for name in _TEXT_COLUMNS}
        table = self._table()
        groups = pa.array([entry.groups for entry in entries], pa.list_(pa.string()))
        vectors = pa.array([entry.vector for entry in entries], table.schema.field("vector").type)
        rows = pa.table({**columns, "groups": groups, "vector": vectors}, table.schema)
        table.merge_insert("passage_id").when_matched_update_all().when_not_matched_insert_all().execute(rows)
        return [PushResult(entry.passage_id, ok=True) for entry in entries]

    def delete(self, passage_ids: Sequence[str]) -> list[PushResult]:
        for start in range(0, len(passage_ids), _KEYS_A_DELETE):
            self._table().delete(_is_in("passage_id", passage_ids[start : start + _KEYS_A_DELETE]))
        return [PushResult(passage_id, ok=True) for passage_id in passage_ids]

    def finish(self) -> None:
        table = self._table()
        rows = table.count_rows()
        indexed = {column for index in table.list_indices() for column in index.columns}
        if rows and "text" not in indexed:
            table.create_fts_index("text", use_tantivy=False, with_position=False, max_token_length=60)
        if rows >= self._settings.vector_index_rows and "vector" not in indexed:
            table.create_index(metric="cosine", vector_column_name="vector", index_type="IVF_HNSW_SQ")
        table.optimize(cleanup_older_than=timedelta(milliseconds=1), delete_unverified=True)

    def publish(self) -> None:
        partial = self._alias.with_suffix(".partial")
        partial.write_text(self._name, encoding="utf-8")
        partial.replace(self._alias)

    def published(self) -> str:
        return self._alias.read_text(encoding="utf-8") if self._alias.is_file() else ""

    def is_published(self) -> bool:
        return self.published() == self._name

    def drop(self, name: str) -> None:
        if name != self._name and name in self._database.list_tables().tables:
            self._database.drop_table(name)

    def count(self) -> int:
        return int(self._table().count_rows())

    def search(self, text: str, vector: Vectors, top: int, narrow: SearchFilter, by: By = "both") -> list[Hit]:
        table = self._table()
        where = _where(narrow)
        candidates = max(_CANDIDATES, top)
        near: dict[str, float] = {}
        worded: dict[str, float] = {}
        rows: dict[str, dict[str, Any]] = {}
        if by != "words":
            nearest = table.search(vector.tolist(), vector_column_name="vector").metric("cosine").limit(candidates)
            rows = {row["passage_id"]: row for row in _rows(nearest, where)}
            near = {key: 1.0 - row["_distance"] for key, row in rows.items()}
        if by != "vectors" and re.search(r"\w", text) and any("text" in index.columns for index in table.list_indices()):
            for row in _rows(table.search(MatchQuery(text, "text"), query_type="fts").limit(candidates), where):
                worded[row["passage_id"]] = row["_score"]
                rows.setdefault(row["passage_id"], row)
        # the weighted sum of min-max scores beat reciprocal ranks on SciFact: nDCG@10 .737 against .716
        scaled = _min_max if self._settings.fusion == "weighted" else _reciprocal_ranks
        weight = self._settings.vector_weight
        fused = {key: weight * share + (1 - weight) * other for key, share, other in _aligned(rows, scaled(near), scaled(worded))}
        best = sorted(fused, key=lambda key: (-fused[key], key))[:top]
        return [Hit(**{name: rows[key][name] for name in _HIT_COLUMNS}, score=round(fused[key], 6)) for key in best]

    def _table(self) -> Any:
        return self._database.open_table(self._name)


def _rows(query: Any, where: str) -> list[dict[str, Any]]:
    if where:
        query = query.where(where, prefilter=True)
    found: list[dict[str, Any]] = query.to_list()
    return found


def _aligned(keys: Iterable[str], left: dict[str, float], right: dict[str, float]) -> Iterable[tuple[str, float, float]]:
    return ((key, left.get(key, 0.0), right.get(key, 0.0)) for key in keys)


def _min_max(scores: dict[str, float]) -> dict[str, float]:
    if not scores:
        return {}
    low, high = min(scores.values()), max(scores.values())
    return {key: (score - low) / (high - low) if high > low else 1.0 for key, score in scores.items()}


def _reciprocal_ranks(scores: dict[str, float]) -> dict[str, float]:
    ranked = sorted(scores, key=lambda key: (-scores[key], key))
    return {key: 1 / (_RANK_CONSTANT + rank) for rank, key in enumerate(ranked, start=1)}


def _where(narrow: SearchFilter) -> str:
    wanted = (("label", narrow.labels), ("kind", narrow.kinds), ("doc_id", narrow.doc_ids), ("language", narrow.languages))
    clauses = [_is_in(column, values) for column, values in wanted if values]
    if narrow.groups:
        clauses.append(f"array_has_any(groups, [{_quoted(narrow.groups)}])")
    return " AND ".join(clauses)


def _is_in(column: str, values: Sequence[str]) -> str:
    return f"{column} IN ({_quoted(values)})"


def _quoted(values: Sequence[str]) -> str:
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values)
