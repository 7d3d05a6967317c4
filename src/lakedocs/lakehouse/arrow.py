"""Rows of several tables through one pass: each output row fills the struct of its table and leaves the others null."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

import pyarrow as pa

from lakedocs.lakehouse.tables import Table

Row = dict[str, object]
Rows = Iterable[tuple[Table, Row]]

_SIMPLE = {
    "string": pa.string(), "int": pa.int32(), "bigint": pa.int64(), "double": pa.float64(), "float": pa.float32(),
    "boolean": pa.bool_(), "timestamp": pa.timestamp("us", tz="UTC"), "binary": pa.binary(),
}  # fmt: skip
_ROWS_A_BATCH = 2000
_CHARS_A_BATCH = 4_000_000


def arrow_type(name: str) -> pa.DataType:
    """The Arrow type of one of the type names that tables use."""
    if match := re.fullmatch(r"array<(.+)>", name):
        return pa.list_(arrow_type(match.group(1)))
    if match := re.fullmatch(r"map<(\w+), ?(\w+)>", name):
        return pa.map_(arrow_type(match.group(1)), arrow_type(match.group(2)))
    if match := re.fullmatch(r"struct<(.+)>", name):  # of simple types
        return pa.struct([(field, arrow_type(kind)) for field, kind in (part.split(": ") for part in match.group(1).split(", "))])
    return _SIMPLE[name]


def multi_ddl(tables: Iterable[Table]) -> str:
    """The schema of a pass that writes these tables: one nullable struct each, named as the table."""
    return ", ".join(f"`{table.name}` {table.struct()}" for table in tables)


@lru_cache(maxsize=32)
def _multi_schema(tables: tuple[Table, ...]) -> pa.Schema:
    return pa.schema([(table.name, pa.struct([(name, arrow_type(kind)) for name, kind in table.columns])) for table in tables])


def multi_batches(tables: tuple[Table, ...], rows: Rows) -> Iterator[pa.RecordBatch]:
    """Record batches of bounded rows and characters, in the order of `rows`."""
    schema = _multi_schema(tables)
    gathered: list[Row] = []
    chars = 0
    for table, row in rows:
        gathered.append({table.name: row})
        text = row.get("text")
        chars += len(text) if isinstance(text, str) else 64
        if len(gathered) >= _ROWS_A_BATCH or chars >= _CHARS_A_BATCH:
            yield pa.RecordBatch.from_pylist(gathered, schema=schema)
            gathered, chars = [], 0
    if gathered:
        yield pa.RecordBatch.from_pylist(gathered, schema=schema)


def rows_of(batches: Iterable[pa.RecordBatch]) -> Iterator[Row]:
    """The rows of a stream of batches, one by one."""
    for batch in batches:
        yield from batch.to_pylist()


ArrowMap = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]
