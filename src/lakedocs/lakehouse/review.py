"""raw.redaction_candidates and raw.redaction_decisions: what 06 was not sure of, and what people say of it."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

from pyspark.sql import DataFrame, Row, Window
from pyspark.sql import functions as F

from lakedocs.errors import SettingsError
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.lake import Lake


class Verdict(StrEnum):
    """What a person says of a value in a family."""

    HIDE = "hide"
    KEEP = "keep"
    MISSED = "missed"


def decided_entries(lake: Lake) -> DataFrame:
    """root_id, decided: an array of (is_denied, entity, value), the latest decision on each value; one that keeps holds for any type."""
    latest = Window.partitionBy("root_id", F.lower(F.trim("value"))).orderBy(F.desc("decided_at"))
    decisions = lake.read(tables.REDACTION_DECISIONS).withColumn("rank", F.row_number().over(latest)).where("rank = 1")
    is_denied = F.col("verdict") != Verdict.KEEP
    entry = F.struct(is_denied.alias("is_denied"), F.when(is_denied, F.col("entity")).otherwise("").alias("entity"), F.trim("value").alias("value"))
    return decisions.groupBy("root_id").agg(F.sort_array(F.collect_list(entry)).alias("decided"))


def open_candidates(lake: Lake, doc_id: str, limit: int) -> list[Row]:
    """The candidates that nobody has decided on since they were found, those that are not hidden first, then the least sure."""
    found = lake.read(tables.REDACTION_CANDIDATES)
    decided = lake.read(tables.REDACTION_DECISIONS).select("candidate_id")
    wanted = found.where(F.col("doc_id") == doc_id) if doc_id else found
    return wanted.join(decided, "candidate_id", "left_anti").orderBy("is_hidden", "score", "candidate_id").limit(limit).collect()


def decide(lake: Lake, candidate_id: str, verdict: Verdict, decided_by: str) -> None:
    """Note what a person says of a candidate.

    Raises:
        SettingsError: when there is no such candidate.
    """
    found = lake.read(tables.REDACTION_CANDIDATES).where(F.col("candidate_id") == candidate_id).first()
    if found is None:
        raise SettingsError("There is no such candidate; `lakedocs review list` shows them.")
    _note(lake, found["root_id"], verdict, found["entity"], found["value"], candidate_id, decided_by)


def note_missed(lake: Lake, doc_id: str, value: str, entity: str, decided_by: str) -> None:
    """Note what is to be hidden in a document's family.

    Raises:
        SettingsError: when there is no such document, or nothing to hide.
    """
    document = lake.read(tables.DOCUMENTS).where(F.col("doc_id") == doc_id).first()
    if document is None:
        raise SettingsError("There is no such document; docs.documents lists their ids.")
    if not any(map(str.isalnum, value)):
        raise SettingsError("Say what was missed: a value with letters or digits.")
    _note(lake, document["root_id"], Verdict.MISSED, entity, value, "", decided_by)


def _note(lake: Lake, root_id: str, verdict: Verdict, entity: str, value: str, candidate_id: str, decided_by: str) -> None:
    lake.ensure(tables.REDACTION_DECISIONS)
    row = (root_id, str(verdict), entity, value.strip(), candidate_id, decided_by, datetime.now(UTC))
    lake.append(tables.REDACTION_DECISIONS, lake.spark.createDataFrame([row], tables.REDACTION_DECISIONS.ddl))
