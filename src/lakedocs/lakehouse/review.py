"""raw.redaction_candidates and raw.redaction_decisions: what 06 was not sure of, and what people say of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum

from pyspark.sql import DataFrame, Row, Window
from pyspark.sql import functions as F

from lakedocs.errors import SettingsError
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.lake import Lake
from lakedocs.lakehouse.reading import PURGED
from lakedocs.records import Kind


class Verdict(StrEnum):
    """What a person says of a value in a family."""

    HIDE = "hide"
    KEEP = "keep"
    MISSED = "missed"


def decided_entries(lake: Lake) -> DataFrame:
    """root_id, decided: an array of (is_denied, entity, value), the latest decision on each value; one that keeps holds for any type."""
    one_value = F.lower(F.trim(F.regexp_replace("value", r"\s+", " ")))
    latest = Window.partitionBy("root_id", one_value).orderBy(F.desc("decided_at"))
    decisions = lake.read(tables.REDACTION_DECISIONS).where(F.trim("value") != "").withColumn("rank", F.row_number().over(latest)).where("rank = 1")
    is_denied = ~F.coalesce(F.lower(F.trim("verdict")) == Verdict.KEEP, F.lit(False))  # what can't be read hides
    entity = F.when(is_denied, F.coalesce("entity", F.lit("CUSTOM"))).otherwise("")
    entry = F.struct(is_denied.alias("is_denied"), entity.alias("entity"), F.trim("value").alias("value"))
    return decisions.groupBy("root_id").agg(F.sort_array(F.collect_list(entry)).alias("decided"))


def open_candidates(lake: Lake, doc_id: str, limit: int) -> list[Row]:
    """The candidates that nobody has decided on, those that are not hidden first, then the least sure."""
    found = lake.read(tables.REDACTION_CANDIDATES)
    decided = lake.read(tables.REDACTION_DECISIONS).select("candidate_id")
    wanted = found.where(F.col("doc_id") == doc_id) if doc_id else found
    return wanted.join(decided, "candidate_id", "left_anti").orderBy("is_hidden", "score", "candidate_id").limit(limit).collect()


def decisions(lake: Lake, limit: int) -> list[Row]:
    """What people decided, the latest first."""
    return lake.read(tables.REDACTION_DECISIONS).orderBy(F.desc("decided_at")).limit(limit).collect()


def decide(lake: Lake, candidate_ids: Sequence[str], verdict: Verdict, decided_by: str) -> None:
    """Note what a person says of candidates, also of those that were decided on before; of all or of none.

    Raises:
        SettingsError: when there is no such candidate.
    """
    wanted = F.col("candidate_id").isin(list(candidate_ids))
    columns = ("candidate_id", "root_id", "entity", "value")
    known = [*lake.read(tables.REDACTION_DECISIONS).where(wanted).select(*columns).collect(),
             *lake.read(tables.REDACTION_CANDIDATES).where(wanted).select(*columns).collect()]  # fmt: skip
    found = {row["candidate_id"]: row for row in known}
    if missing := set(candidate_ids) - found.keys():
        raise SettingsError(f"There is no candidate {', '.join(sorted(missing))}; `lakedocs review list` shows them. Nothing was noted.")
    _note(lake, [(row["root_id"], verdict, row["entity"], row["value"], candidate_id) for candidate_id, row in found.items()], decided_by)


def note_missed(lake: Lake, doc_id: str, value: str, entity: str, decided_by: str) -> None:
    """Note what is to be hidden in a document's family.

    Raises:
        SettingsError: when there is no such document, nothing to hide, or retention has removed the text in which it would be hidden.
    """
    document = lake.read(tables.DOCUMENTS).where(F.col("doc_id") == doc_id).first()
    if document is None:
        raise SettingsError("There is no such document; docs.documents lists their ids.")
    if not any(map(str.isalnum, value)):
        raise SettingsError("Say what was missed: a value with letters or digits.")
    family = lake.read_all([tables.files(kind) for kind in Kind]).where(F.col("root_id") == document["root_id"])
    if not family.where(F.col("fingerprint").contains(PURGED)).isEmpty():
        raise SettingsError(
            "Retention has removed the raw text of this document, so nothing can be hidden in it. Put the value on the deny list "
            "(`lakedocs lists deny`): the next run then reads the files again."
        )
    _note(lake, [(document["root_id"], Verdict.MISSED, entity, value, "")], decided_by)


def _note(lake: Lake, decided: Sequence[tuple[str, Verdict, str, str, str]], decided_by: str) -> None:
    """root_id, verdict, entity, value and candidate_id of each."""
    lake.ensure(tables.REDACTION_DECISIONS)
    now = datetime.now(UTC)
    rows = [(root, str(verdict), entity, value.strip(), candidate_id, decided_by, now) for root, verdict, entity, value, candidate_id in decided]
    lake.append(tables.REDACTION_DECISIONS, lake.spark.createDataFrame(rows, tables.REDACTION_DECISIONS.ddl))


def forget_decisions(lake: Lake) -> int:
    """Remove the decisions of families that are gone; how many there were."""
    if not lake.exists(tables.REDACTION_DECISIONS):
        return 0
    roots = lake.read_all([tables.files(kind) for kind in Kind]).select("root_id").distinct()
    orphans = lake.read(tables.REDACTION_DECISIONS).join(roots, "root_id", "left_anti")
    count = orphans.count()
    if count:
        lake.remove(tables.REDACTION_DECISIONS, lake.keys(orphans.select("root_id")))
    return count
