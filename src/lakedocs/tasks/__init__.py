"""The ten tasks of the documents job, one module each, and those of the training job; by the job files' keys."""

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

TRAINING_TASKS = {
    "prepare_examples": "lakedocs.train.prepare",
    "train_tfidf": "lakedocs.train.tfidf",
    "train_xgboost": "lakedocs.train.boosting",
    "fine_tune": "lakedocs.train.finetune",
    "quantise": "lakedocs.train.quantise",
    "compare_and_promote": "lakedocs.train.compare",
    "serve_champion": "lakedocs.train.serve",
}


def task_function(key: str) -> Callable[[TaskContext], Figures]:
    """The `run` of a task's module, imported only now: 01 needs no model library.

    Raises:
        JobFileError: for a key that no module has.
    """
    modules = {**{name: f"lakedocs.tasks.t{name}" for name in TASKS}, **TRAINING_TASKS}
    if key not in modules:
        raise JobFileError(f"There is no task {key}; the tasks are {', '.join(modules)}.")
    run: Callable[[TaskContext], Figures] = import_module(modules[key]).run
    return run
