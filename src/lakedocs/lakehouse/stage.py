"""The shell that all stages share: find what differs, do it in slices, replace, remove, remember, count.

Order within a slice makes a kill harmless: the ledger forgets a unit before its outputs are touched, and knows it again when
they are whole. A unit that the ledger does not know with its present fingerprint is done again, and what it wrote takes the place of
what is left of it; a unit that it knows is never opened.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

from lakedocs.lakehouse.changes import Work, compare, fresh_folder, stage_difference
from lakedocs.lakehouse.lake import Keys, Lake
from lakedocs.lakehouse.tables import Table
from lakedocs.settings import Settings


@dataclass(frozen=True)
class Figures:
    """What a task did: units (documents or families) stale, gone, kept and refused, and rows written."""

    stale: int = 0
    gone: int = 0
    kept: int = 0
    refused: int = 0
    rows_out: int = 0
    slices: int = 0

    def __add__(self, other: Figures) -> Figures:
        return Figures(
            max(self.stale, other.stale), max(self.gone, other.gone), max(self.kept, other.kept), self.refused + other.refused,
            self.rows_out + other.rows_out, self.slices + other.slices,
        )  # fmt: skip


@dataclass
class Bill:
    """What a task has paid for so far: tokens that outside models counted, and US dollars by conf/prices.yml."""

    tokens: int = 0
    cost: float = 0.0

    def add(self, tokens: int, cost: float) -> None:
        """Put something on it."""
        self.tokens += tokens
        self.cost += cost


@dataclass(frozen=True)
class TaskContext:
    """What a task is given: the session, the tables, the settings, and who it is in which run."""

    spark: SparkSession
    lake: Lake
    settings: Settings
    task_key: str
    run_id: str
    announce: Callable[[int], None] = field(default=lambda units: None)
    """Told how many more units there are to do, once that is known."""

    hear: Callable[[str], None] = field(default=lambda text: None)
    """Told an answer as far as it has come."""

    bill: Bill = field(default_factory=Bill)
    """Recorded whether the task succeeds or not."""

    recovering: bool = False
    """The run before this one did not come to its end: what it would have cleaned up is cleaned up now."""


@dataclass(frozen=True)
class Stage:
    """The tables of a stage: `key` is the column in its outputs, `ledger_key` the one in its ledger, that holds the unit."""

    ledger: Table
    outputs: tuple[Table, ...]
    key: str
    ledger_key: str = "unit_id"
    counts_units: bool = False
    """Whether its workers tick once per unit; others announce what they tick."""

    forgets_strays: bool = True
    """Whether rows of units that its ledger does not know are leftovers of a killed run."""

    @property
    def tables(self) -> tuple[Table, ...]:
        return (*self.outputs, self.ledger)


Process = Callable[[DataFrame], DataFrame]
"""From the units of a slice to rows with one struct column per table of the stage (see `arrow.multi_ddl`)."""


BeforeRemoval = Callable[[DataFrame], None]
"""Given the units (unit_id) that are gone, before they are removed from the tables."""


def run_derived(
    context: TaskContext,
    stage: Stage,
    upstream: DataFrame,
    stage_fingerprint: str,
    process: Process,
    before_removal: BeforeRemoval | None = None,
) -> Figures:
    """Bring a stage up to date with the units of its input.

    Args:
        upstream: unit_id, input_hash, size_bytes of every unit that there is; where it has `waits`, true for units that stay as they
            are, stale or not, because their input is not there now.
        stage_fingerprint: of the settings that matter and the stage's own version.
        process: makes the rows of a slice.
        before_removal: told of what is gone.
    """
    fresh = context.lake.ensure(*stage.tables)
    compared = compare(upstream, context.lake.read(stage.ledger), stage_fingerprint)
    path = fresh_folder(context.settings.storage, context.task_key, f"units_{stage.ledger.name}")
    work = stage_difference(compared, path, context.settings.slices)
    return apply(context, stage, work, process, all(fresh.values()), before_removal)


def apply(context: TaskContext, stage: Stage, work: Work, process: Process, is_fresh: bool, before_removal: BeforeRemoval | None = None) -> Figures:
    """Remove what is gone, then do the stale units slice by slice; each slice is committed before the next.

    Args:
        is_fresh: the tables were empty when the task began, so no leftovers have to be removed.
    """
    if stage.counts_units:
        context.announce(work.stale)
    if context.recovering and stage.forgets_strays and not is_fresh:
        _remove_strays(context, stage)
    if work.gone:
        _remove_units(context, stage, work.removed(context.spark), before_removal)
    rows = 0
    for number in range(work.slices):
        rows += _do_slice(context, stage, work.units(context.spark, number), process, is_fresh)
    work.clear()
    return Figures(work.stale, work.gone, work.same, 0, rows, work.slices)


def _do_slice(context: TaskContext, stage: Stage, units: DataFrame, process: Process, is_fresh: bool) -> int:
    """How many rows the outputs got. The ledger forgets the units before their rows are replaced, and knows them again after."""
    out = fresh_folder(context.settings.storage, context.task_key, f"out_{stage.ledger.name}")
    keys = None if is_fresh else context.lake.keys(units.select("unit_id"))
    if keys and stage.outputs:
        context.lake.remove(stage.ledger, keys.named(stage.ledger_key))  # before the pass: 09's changes the index
    made = process(units)
    counted = Observation()
    made.observe(counted, *(F.count(table.name).alias(table.name) for table in stage.tables)).write.mode("overwrite").parquet(str(out))
    written = context.spark.read.schema(made.schema).parquet(str(out))
    counts = counted.get
    for table in stage.tables:
        rows = written.where(F.col(table.name).isNotNull()).select(f"{table.name}.*")
        if keys and (table in stage.outputs or not stage.outputs):
            column = stage.ledger_key if table == stage.ledger else stage.key
            _replace(context, table, keys.named(column), rows if counts[table.name] else None)
        elif counts[table.name]:
            context.lake.append(table, rows)
    fresh_folder(context.settings.storage, context.task_key, f"out_{stage.ledger.name}")
    return sum(counts[table.name] for table in stage.outputs)


def _replace(context: TaskContext, table: Table, keys: Keys, rows: DataFrame | None) -> None:
    if rows is None:
        context.lake.remove(table, keys)
    else:
        context.lake.replace(table, keys, rows)


def _remove_strays(context: TaskContext, stage: Stage) -> None:
    """What a killed run wrote of units that it never finished; if they have gone since, nobody else would miss them."""
    known = context.lake.read(stage.ledger).select(F.col(stage.ledger_key).alias(stage.key)).distinct()
    for table in stage.outputs:
        strays = context.lake.read(table).select(stage.key).distinct().join(known, stage.key, "left_anti")
        if not strays.isEmpty():
            context.lake.remove(table, context.lake.keys(strays))


def materialised(context: TaskContext, rows: DataFrame, name: str) -> DataFrame:
    """The rows, computed once and read back from the work folder: what costs much is never done a second time."""
    path = fresh_folder(context.settings.storage, context.task_key, name)
    rows.write.mode("overwrite").parquet(str(path))
    return context.spark.read.schema(rows.schema).parquet(str(path))


def tagged(rows: DataFrame, table: Table, stage: Stage) -> DataFrame:
    """Rows of one table in the shape that a stage's pass writes: one struct column per table."""
    row = F.struct(*(F.col(name).cast(kind).alias(name) for name, kind in table.columns))
    return rows.select(*(row.alias(t.name) if t == table else F.lit(None).cast(t.struct()).alias(t.name) for t in stage.tables))


def ledger_rows(context: TaskContext, units: DataFrame, outcome: DataFrame) -> DataFrame:
    """The ledger's rows of these units.

    Args:
        units: unit_id, fingerprint.
        outcome: unit_id, item: what came out of a unit, an order-free line each; a unit may have none.
    """
    hashed = outcome.groupBy("unit_id").agg(
        F.sha2(F.concat_ws("\n", F.sort_array(F.collect_list("item"))), 256).alias("output_hash"), F.count("item").alias("rows_out")
    )
    return units.join(hashed, "unit_id", "left").select(
        "unit_id", "fingerprint", F.coalesce("output_hash", F.lit("")).alias("output_hash"),
        F.coalesce("rows_out", F.lit(0)).alias("rows_out"), F.lit(context.run_id).alias("run_id"),
    )  # fmt: skip


def _remove_units(context: TaskContext, stage: Stage, units: DataFrame, before_removal: BeforeRemoval | None) -> None:
    """Remove units from the ledger, then from the outputs: what is interrupted between the two are strays of a unit that is not known."""
    keys = context.lake.keys(units.select("unit_id"))
    context.lake.remove(stage.ledger, keys.named(stage.ledger_key))
    if before_removal:
        before_removal(units)
    for table in stage.outputs:
        context.lake.remove(table, keys.named(stage.key))
