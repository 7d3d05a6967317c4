"""docs.failures: what outside services refused, and why; the next run tries again."""

from __future__ import annotations

from datetime import UTC, datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakedocs.lakehouse.stage import TaskContext
from lakedocs.lakehouse.tables import FAILURES


def note_failures(context: TaskContext, refused: DataFrame) -> int:
    """How many items were refused, each of which has a row now.

    Args:
        refused: item (a hash or id), reason.
    """
    number = refused.count()
    if number:
        rows = refused.select(
            F.lit(context.task_key).alias("task_key"), "item", "reason", F.lit(datetime.now(UTC)).alias("failed_at"),
            F.lit(context.run_id).alias("run_id"),
        )  # fmt: skip
        context.lake.ensure(FAILURES)
        context.lake.append(FAILURES, rows)
    return number
