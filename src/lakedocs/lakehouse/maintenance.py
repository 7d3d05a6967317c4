"""Upkeep: compact, purge raw data by retention, vacuum, so that history does not keep what policy removed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from pyspark.sql import functions as F

from lakedocs.embed.open import model_key
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.changes import fingerprinted
from lakedocs.lakehouse.families import families
from lakedocs.lakehouse.image_store import forget_images
from lakedocs.lakehouse.lake import Lake
from lakedocs.lakehouse.lists import list_entries
from lakedocs.lakehouse.reading import PURGED, purged_fingerprint, read_as_now
from lakedocs.lakehouse.review import forget_decisions
from lakedocs.records import Kind
from lakedocs.redact.fingerprint import policy_fingerprint
from lakedocs.search.open import open_index
from lakedocs.settings import Settings

_DELTA_SAFE_HOURS = 168
_TABLES_AT_ONCE = 4


def maintain_lake(lake: Lake, settings: Settings) -> Iterator[str]:
    """A line per step done: OPTIMIZE, purge of raw text by retention, VACUUM, clean-up of the index."""
    rules = settings.maintenance
    present = [table for table in tables.ALL if lake.exists(table)]
    if rules.raw_retention_days:
        yield from purge_raw(lake, settings)
    if forgotten := forget_decisions(lake):
        yield f"raw.redaction_decisions: {forgotten} on documents that are gone removed"
    if rules.history_hours < _DELTA_SAFE_HOURS:
        lake.spark.conf.set("spark.databricks.delta.retentionDurationCheck.enabled", "false")

    def compact(table: tables.Table) -> str:
        lake.spark.sql(f"OPTIMIZE {lake.reference(table)}")
        # a table's files that no version within the retention needs; removed rows and overwritten values go with them
        lake.spark.sql(f"VACUUM {lake.reference(table)} RETAIN {rules.history_hours} HOURS")
        return f"{table.schema}.{table.name}: compacted, history older than {rules.history_hours} hours removed"

    with ThreadPoolExecutor(_TABLES_AT_ONCE) as pool:  # most of a small table's time is planning, on one core
        yield from pool.map(compact, present)
    if settings.search.engine == "lancedb" and lake.exists(tables.INDEX_STATE):
        open_index(settings, model_key(settings.embedding)).finish()
        yield "index: compacted"


def purge_raw(lake: Lake, settings: Settings) -> Iterator[str]:
    """Text and images that 06 has worked off go; raw.files_* stays and remembers how they were redacted."""
    days = settings.maintenance.raw_retention_days
    limit = int((datetime.now(UTC) - timedelta(days=days)).timestamp() * 1_000_000)
    read_as = read_as_now(settings)
    policy = policy_fingerprint(settings, list_entries(lake))
    # redacted as it was read, under the present policy: what 06 has yet to do again must keep its text
    worked_off = lake.read(tables.REDACTION_LEDGER).select("unit_id", F.col("fingerprint").alias("new_fingerprint"))
    done = (
        fingerprinted(families(lake, F.lit(False)), policy).join(worked_off, ["unit_id", "new_fingerprint"]).select(F.col("unit_id").alias("root_id"))
    )
    for kind in Kind:
        files = lake.read(tables.files(kind))
        # by the time of its root: a family goes as one
        is_old = F.col("parent_id").isNull() & (F.col("read_us") < limit) & read_as.is_settled()
        due = read_as.marked(files, files).where(is_old).select("root_id").join(done, "root_id", "left_semi")
        old = files.join(due, "root_id", "left_semi")
        # marked first: a text that is gone from a file that is not marked would be redacted to nothing
        if not old.isEmpty():
            lake.upsert(tables.files(kind), old.withColumn("fingerprint", F.concat("fingerprint", F.lit(purged_fingerprint("", policy)))), "doc_id")
        marked = lake.read(tables.files(kind)).where(F.col("fingerprint").contains(PURGED)).select("root_id").distinct()
        kept = lake.read(tables.elements(kind)).select("root_id").unionByName(lake.read(tables.images(kind)).select("root_id"))
        roots = kept.distinct().join(marked, "root_id", "left_semi")  # those of a purge that was cut off, too
        if roots.isEmpty():
            continue
        for table in (tables.REDACTION_CANDIDATES, tables.elements(kind), tables.images(kind)):
            if lake.exists(table):
                lake.remove(table, lake.keys(roots))
        forget_images(lake, kind)
        yield f"raw.elements_{kind}: text read more than {days} days ago removed"
