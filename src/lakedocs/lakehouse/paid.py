"""What is bought from outside services: each answer is on disk as soon as it has come, so that no kill or failure makes anybody pay for it again.

A worker writes a receipt per request below `storage.root`/paid/<table>; the driver moves receipts into the table, at the end of a
pass however it ended, and before the next one. What a service refuses by itself goes to docs.failures, and the rest goes on; a service that
stays away ends the pass after what is under way.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakedocs.errors import BudgetError, RefusedError, ServiceError
from lakedocs.lakehouse.arrow import arrow_type
from lakedocs.lakehouse.budget import Cost, affordable, charge, money_left
from lakedocs.lakehouse.changes import fresh_folder
from lakedocs.lakehouse.failures import note_failures
from lakedocs.lakehouse.progress import tick
from lakedocs.lakehouse.stage import TaskContext, materialised
from lakedocs.lakehouse.tables import Table
from lakedocs.services.prices import Price
from lakedocs.services.side_by_side import side_by_side

_PAID = (("tokens_in", "bigint"), ("tokens_out", "bigint"), ("items", "bigint"))
_PAID_NAMES = [name for name, _ in _PAID]
_NO_TEXT = ""
"""Stands in a receipt for a request that was paid for and brought nothing."""
_OUTCOME_DDL = "item string, reason string, is_down boolean"
_OUTCOME = pa.schema([("item", pa.string()), ("reason", pa.string()), ("is_down", pa.bool_())])


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one request brought.

    Attributes:
        columns: the values of each column of its table, by name.
        items: what is paid by the piece (images).
        refused: why there is no row, for the hash of each text that the service had no valid answer to.
    """

    columns: dict[str, pa.Array]
    tokens_in: int = 0
    tokens_out: int = 0
    items: int = 0
    refused: dict[str, str] = field(default_factory=dict)


class Purchase(Protocol):
    """What a worker asks of a service; may be asked from several threads."""

    def requests_of(self, texts: Sequence[str]) -> Iterator[list[int]]:
        """The positions of the texts of each request."""

    def buy(self, hashes: Sequence[str], texts: Sequence[str]) -> Receipt:
        """What one request brings for these texts, a row for each or why there is none.

        Raises:
            RefusedError: when the service refuses these texts.
            ServiceError: when it stays away.
        """


@dataclass(frozen=True, slots=True)
class Spread:
    """Over how many partitions, and how many calls of each at the same time."""

    partitions: int
    at_once: int


@dataclass(frozen=True, slots=True)
class _Portion:
    hashes: list[str]
    texts: list[str]

    def halves(self) -> tuple[_Portion, _Portion]:
        middle = len(self.hashes) // 2
        return _Portion(self.hashes[:middle], self.texts[:middle]), _Portion(self.hashes[middle:], self.texts[middle:])


def buy_missing(
    context: TaskContext,
    texts: DataFrame,
    table: Table,
    key: str,
    opened: Callable[[], Purchase],
    price: Price | None,
    cost: Cost,
    spread: Spread | None = None,
    apart: str = "",
) -> DataFrame | None:
    """Ask a service about each text that `table` has no row of yet, and append its answers; the hashes of those that it refuses, if any.

    Args:
        texts: the table's first key (a hash), text; each hash once.
        table: of rows by that key and model.
        key: identifies the model in it.
        opened: makes the purchase in a worker.
        price: what is paid; none: nobody is paid.
        cost: an estimate of what texts cost, by which the budget is kept.
        spread: over how many partitions and calls; none: as the settings have it for services.
        apart: names a service whose receipts lie apart from those of another one that is asked for the same table, at another price.

    Raises:
        BudgetError: when only some can be paid for; those are done first.
        ServiceError: when the service stays away; what it answered before is in the table.
    """
    settle(context, table, price, apart)
    item = table.keys[0]
    known = context.lake.read(table).where(F.col("model") == key).select(item)
    missing = materialised(context, texts.join(known, item, "left_anti"), f"texts_{table.name}")
    wanted = number = missing.count()
    budget = context.settings.spending.budget
    if number and price and budget:
        missing, is_all = affordable(missing, item, cost, money_left(context))
        number = number if is_all else missing.count()
    refused = None
    if number:
        context.announce(number)
        calls = context.settings.calls
        refused = _buy_all(context, missing, number, table, opened, price, spread or Spread(calls.workers, calls.at_once), apart)
    fresh_folder(context.settings.storage, context.task_key, f"texts_{table.name}")
    if number < wanted:
        raise BudgetError(
            f"The budget of {budget:g} US dollars allowed {number:,} of the {wanted:,} texts that were next ({context.bill.cost:.4f} spent in this "
            "attempt); what was paid for is kept. Run again to go on from there, with as much again or a higher `budget`."
        )
    return refused


def _buy_all(
    context: TaskContext, texts: DataFrame, asked: int, table: Table, opened: Callable[[], Purchase], price: Price | None, spread: Spread, apart: str
) -> DataFrame | None:
    folder = _folder(context, table, apart)
    folder.mkdir(parents=True, exist_ok=True)
    settings = context.settings
    buy = partial(_buy, opened, str(folder), table, spread.at_once, settings.storage.progress_folder, context.task_key)
    item = table.keys[0]
    try:
        partitioned = texts.select(item, "text").repartition(spread.partitions, F.xxhash64(item))
        outcome = materialised(context, partitioned.mapInArrow(buy, _OUTCOME_DDL), f"refused_{table.name}")
    finally:
        settle(context, table, price, apart)
    down = outcome.where("is_down").select("reason").limit(1).collect()
    failed = outcome.where("NOT is_down")
    number = note_failures(context, failed)
    if down:
        raise ServiceError(down[0]["reason"])
    if number == asked > 1:
        reason = failed.select("reason").limit(1).collect()[0]["reason"]
        raise ServiceError(f"All {asked:,} texts were refused: {reason} Check the settings of the model and its deployment.")
    return failed.select(F.col("item").alias(item)) if number else None


def settle(context: TaskContext, table: Table, price: Price | None, apart: str = "") -> None:
    """Move receipts into their table and onto the bill, those of a killed run too.

    The bill comes first: a kill in between has it counted once too often, never too seldom. Only what is listed here is read and removed,
    for a failed pass may still be writing.
    """
    files = sorted(_folder(context, table, apart).glob("*.parquet"))
    if not files:
        return
    context.lake.ensure(table)
    schema = ", ".join(f"{name} {kind}" for name, kind in (*table.columns, *_PAID))
    receipts = context.spark.read.schema(schema).parquet(*map(str, files))
    item = table.keys[0]
    known = context.lake.read(table).select(item, "model")
    new = materialised(context, receipts.join(known, [item, "model"], "left_anti"), f"receipts_{table.name}")
    paid = new.agg(*(F.coalesce(F.sum(name), F.lit(0)).alias(name) for name in _PAID_NAMES)).collect()[0]
    if price:
        charge(context, paid["tokens_in"] + paid["tokens_out"], price.cost(paid["tokens_in"], paid["tokens_out"], paid["items"]))
    context.lake.append(table, new.where(F.col(item) != _NO_TEXT).dropDuplicates([item, "model"]))
    for file in files:
        file.unlink(missing_ok=True)
    fresh_folder(context.settings.storage, context.task_key, f"receipts_{table.name}")


def _folder(context: TaskContext, table: Table, apart: str) -> Path:
    return context.settings.storage.path / "paid" / table.name / apart


def _buy(
    opened: Callable[[], Purchase], folder: str, table: Table, at_once: int, progress: str, task_key: str, batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Rows of what was refused, and one more where the service stays away."""
    purchase = opened()
    held = _held(folder, table.keys[0])
    keep = partial(_keep, purchase, folder, table)
    try:
        for portion, refused in side_by_side(keep, _portions(purchase, table.keys[0], held, batches), at_once):
            tick(progress, task_key, len(portion.hashes))
            if refused:
                yield pa.RecordBatch.from_pylist(refused, schema=_OUTCOME)
    except ServiceError as error:
        yield pa.RecordBatch.from_pylist([{"item": "", "reason": str(error), "is_down": True}], schema=_OUTCOME)


def _held(folder: str, item: str) -> set[str]:
    """What an earlier attempt of this Spark task, or of its stage, may have bought before it was lost."""
    return {value for path in Path(folder).glob("*.parquet") for value in pq.read_table(path, columns=[item])[item].to_pylist()}


def _portions(purchase: Purchase, item: str, held: set[str], batches: Iterator[pa.RecordBatch]) -> Iterator[_Portion]:
    for batch in batches:
        rows = [(row[item], row["text"]) for row in batch.to_pylist() if row[item] not in held]
        for positions in purchase.requests_of([text for _, text in rows]):
            yield _Portion([rows[position][0] for position in positions], [rows[position][1] for position in positions])


def _keep(purchase: Purchase, folder: str, table: Table, portion: _Portion) -> list[dict[str, object]]:
    """Buy a portion and write its receipt; a refused one is halved until the refused texts stand alone. A row for each of these."""
    try:
        receipt = purchase.buy(portion.hashes, portion.texts)
    except RefusedError as error:
        if len(portion.hashes) == 1:
            return [{"item": portion.hashes[0], "reason": str(error), "is_down": False}]
        return [row for half in portion.halves() for row in _keep(purchase, folder, table, half)]
    _write(Path(folder), table, receipt)
    return [{"item": text_hash, "reason": reason, "is_down": False} for text_hash, reason in receipt.refused.items()]


def _write(folder: Path, table: Table, receipt: Receipt) -> None:
    """A whole file or none: it is named only when it is written."""
    schema = pa.schema([(name, arrow_type(kind)) for name, kind in (*table.columns, *_PAID)])
    number = len(next(iter(receipt.columns.values())))
    if number:
        paid = [pa.array([paid] + [0] * (number - 1), pa.int64()) for paid in (receipt.tokens_in, receipt.tokens_out, receipt.items)]
        rows = pa.Table.from_arrays([receipt.columns[name] for name in table.names] + paid, schema=schema)
    else:
        nothing = {table.keys[0]: _NO_TEXT, "model": uuid.uuid4().hex, "tokens_in": receipt.tokens_in, "tokens_out": receipt.tokens_out, "items": 0}
        rows = pa.Table.from_pylist([nothing], schema=schema)
    name = uuid.uuid4().hex
    partial_file = folder / f".{name}.partial"
    pq.write_table(rows, partial_file)
    partial_file.rename(folder / f"{name}.parquet")
