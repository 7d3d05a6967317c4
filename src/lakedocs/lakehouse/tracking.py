"""MLflow: one run per pipeline run with its settings and each task's figures; a trace per question. No names, no text but redacted."""

from __future__ import annotations

import importlib
import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lakedocs.agent.traces import traced_answer
from lakedocs.classify.champion import tracking_uri
from lakedocs.records import SearchFilter
from lakedocs.settings import Settings

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from lakedocs.answer.agent import Agent
    from lakedocs.answer.answers import Answer
    from lakedocs.lakehouse.summary import Summary

_TAG = "lakedocs.run_id"
_FIGURES = ("stale", "gone", "kept", "refused", "rows", "seconds", "tokens", "cost")
_NEVER_LOGGED = (
    "source",
    "storage",
    "tracking",
    "keys",
    "conf_folder",
    "answer.question",
    "answer.questions_file",
    "answer.groups",
    "search.groups",
    "search.pull",
    "serving.environment",
)


def record_run(settings: Settings, summary: Summary, *, failed: bool) -> str:
    """The id of the pipeline run's MLflow run, made at the first call for it, with the figures of its tasks so far."""
    from mlflow.entities import Metric, Param, RunTag

    client, experiment = _client(settings)
    found = client.search_runs([experiment], f"tags.`{_TAG}` = '{summary.run_id}'", max_results=1)
    run = found[0] if found else client.create_run(experiment, tags={_TAG: summary.run_id, "mlflow.runName": f"documents-{summary.run_id}"})
    mlflow_id = str(run.info.run_id)
    now = int(time.time() * 1000)
    parameters = [] if found else [Param(name, str(value)[:500]) for name, value in _loggable(settings.model_dump(mode="json")).items()]
    figures = {f"{task.key}.{name}": float(getattr(task, name)) for task in summary.tasks for name in _FIGURES}
    # figures are of a task's last attempt, totals of all of them
    totals = {"tokens": summary.tokens, "cost": summary.cost, "passages": summary.passages, "images": summary.images}
    totals |= {"files": sum(summary.statuses.values())}
    totals |= {f"status.{status}": sum(n for (_, s), n in summary.statuses.items() if s == status) for _, status in summary.statuses}
    totals |= {f"hidden.{entity}": count for entity, count in summary.entities.items()}
    totals |= {f"label.{label}": count for label, count in summary.labels.items()}
    metrics = [Metric(name, float(value), now, 0) for name, value in {**figures, **totals}.items()]
    client.log_batch(mlflow_id, metrics, parameters, [RunTag(f"state.{task.key}", task.state) for task in summary.tasks])
    client.set_terminated(mlflow_id, "FAILED" if failed else "FINISHED")
    return mlflow_id


def load_in_background() -> None:
    """Import MLflow, which takes seconds, while Spark works."""
    threading.Thread(target=importlib.import_module, args=("mlflow",), daemon=True, name="import-mlflow").start()


def traced(settings: Settings, run_id: str, agent: Agent, question: str, narrow: SearchFilter, hear: Callable[[str], None]) -> Answer:
    """The agent's answer, with a trace of its steps; the trace holds the redacted question, the answer and figures alone."""
    import mlflow

    mlflow.set_tracking_uri(tracking_uri(settings))
    mlflow.set_experiment(experiment_id=experiment_id(settings))
    answer = traced_answer(agent, question, narrow, hear, {_TAG: run_id})
    mlflow.flush_trace_async_logging()
    return answer


def registered(settings: Settings, name: str, log: Callable[..., Any]) -> str:
    """The version of the registered model `name` that `log` makes in a run of its own; the alias `current` points at it.

    Args:
        settings: which tracking server, experiment and registry.
        name: in the registry.
        log: logs a model in the active run; takes the options of MLflow's `log_model`, returns what that does.
    """
    import mlflow
    from mlflow import MlflowClient

    mlflow.set_tracking_uri(tracking_uri(settings))
    if settings.tracking.registry_uri:
        mlflow.set_registry_uri(settings.tracking.registry_uri)
    with mlflow.start_run(experiment_id=experiment_id(settings), run_name=f"publish-{name.rsplit('.', 1)[-1]}"):
        version = str(log(registered_model_name=name).registered_model_version)
    MlflowClient(registry_uri=settings.tracking.registry_uri or None).set_registered_model_alias(name, "current", version)
    return version


def experiment_id(settings: Settings) -> str:
    """The id of the experiment that the settings name, made at first use."""
    return _client(settings)[1]


def _client(settings: Settings) -> tuple[MlflowClient, str]:
    from mlflow import MlflowClient

    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    client = MlflowClient(tracking_uri=tracking_uri(settings))
    name = settings.tracking.experiment
    found = client.get_experiment_by_name(name)
    if found is not None:
        return client, str(found.experiment_id)
    location = None if settings.tracking.uri else (settings.storage.path / "mlflow-artifacts").as_uri()
    return client, str(client.create_experiment(name, artifact_location=location))


def _loggable(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        dotted = f"{prefix}{name}"
        if dotted in _NEVER_LOGGED:
            continue
        if isinstance(value, dict):
            flat |= _loggable(value, f"{dotted}.")
        else:
            flat[dotted] = value
    return flat
