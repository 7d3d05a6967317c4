"""The ten tasks of the job, one module each; `TASKS` maps the job file's keys to them."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from lakedocs.errors import JobFileError
from lakedocs.lakehouse.stage import Figures, TaskContext

TASKS = (
    "01_ingest_word_docs",
    "02_ingest_xlsx_docs",
    "03_ingest_pptx_docs",
    "04_ingest_pdf_docs",
    "05_ingest_msg_csv",
    "06_redact_pii",
    "07_local_e5_model_classification",
    "08_embeddings",
    "09_push_to_ai_search",
    "10_agent_query",
)


def task_function(key: str) -> Callable[[TaskContext], Figures]:
    """The `run` of a task's module, imported only now: 01 needs no model library.

    Raises:
        JobFileError: for a key that no module has.
    """
    if key not in TASKS:
        raise JobFileError(f"There is no task {key}; the tasks are {', '.join(TASKS)}.")
    run: Callable[[TaskContext], Figures] = import_module(f"lakedocs.tasks.t{key}").run
    return run
