"""What surrounds every task: its row in docs.task_runs, its figures in MLflow, errors that hold no text."""

from __future__ import annotations

import logging
import re
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from pyspark.sql import Row

from lakedocs.errors import LakedocsError, TaskError
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.changes import clear_staging
from lakedocs.lakehouse.stage import Figures, TaskContext

_LOG = logging.getLogger("lakedocs")
_WORKER_FRAME = re.compile(r'^\s*File "[^"]*?([^"/\\]+)", line (\d+), in (\w+)', re.MULTILINE)
_WORKER_ERROR = re.compile(r"^(?:[a-z_]+\.)*([A-Z]\w*(?:Error|Exception|Interrupt))\b", re.MULTILINE)


def run_task(context: TaskContext, run: Callable[[TaskContext], Figures]) -> Figures:
    """The task's figures, recorded in docs.task_runs whether it succeeds or not.

    Raises:
        LakedocsError: what the task raised; anything else as a TaskError that tells type and place, never the text in it.
    """
    start = time.monotonic()
    unfinished = context.settings.storage.unfinished / context.task_key
    context = replace(context, recovering=unfinished.exists())
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    unfinished.touch()
    try:
        figures = run(context)
    except LakedocsError as error:
        _record(context, "failed", f"{type(error).__name__}: {error}", Figures(), time.monotonic() - start)
        raise
    except Exception as error:  # noqa: BLE001 - a library's error may quote what it read: only its type and place go on
        described = describe(error)
        _LOG.error("%s failed: %s", context.task_key, described)
        _record(context, "failed", described, Figures(), time.monotonic() - start)
        raise TaskError(described) from None
    finally:
        clear_staging(context.settings.storage, context.task_key)
    unfinished.unlink(missing_ok=True)
    _record(context, "succeeded", "", figures, time.monotonic() - start)
    return figures


def describe(error: BaseException) -> str:
    """Type and place of an error, of the one in a Spark worker too; never its message."""
    message = str(error)
    frames = [f"{file}:{line} {name}" for file, line, name in _WORKER_FRAME.findall(message)]
    types = _WORKER_ERROR.findall(message)
    if not frames:
        frames = [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    own = [frame for frame in frames if not frame.startswith(("worker.py", "serializers.py", "protocol.py"))]
    name = type(error).__name__ if not types else f"{types[-1]} in a Spark worker"
    return f"{name} at {' < '.join(reversed(own[-4:]))}"


def _record(context: TaskContext, state: str, error: str, figures: Figures, seconds: float) -> None:
    row = Row(
        task_key=context.task_key, state=state, error=error, units_stale=figures.stale, units_gone=figures.gone, units_kept=figures.kept,
        units_refused=figures.refused, rows_out=figures.rows_out, slices=figures.slices, seconds=round(seconds, 3), tokens=context.bill.tokens,
        cost=round(context.bill.cost, 6), finished_at=datetime.now(UTC), run_id=context.run_id,
    )  # fmt: skip
    context.lake.ensure(tables.TASK_RUNS)
    context.lake.append(tables.TASK_RUNS, context.spark.createDataFrame([row], tables.TASK_RUNS.ddl))
