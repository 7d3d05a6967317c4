"""The pipeline on this machine: the job file, one Spark session, the same command lines that the clusters run."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout
from pyspark.sql import SparkSession
from rich.console import Console

from lakedocs.embed.compiled import convert_ahead
from lakedocs.errors import JobFileError, LakedocsError, LakeError
from lakedocs.job.console import LiveConsole
from lakedocs.job.jobfile import Job, Task, dynamic_values, load_job, resolve, variables
from lakedocs.job.report import write_report
from lakedocs.job.runner import Outcome, State, run_job
from lakedocs.keys import make_local_keys
from lakedocs.lakehouse import progress
from lakedocs.lakehouse.lake import Lake
from lakedocs.lakehouse.session import clear_work
from lakedocs.lakehouse.summary import Summary, summarise
from lakedocs.lakehouse.tracking import load_in_background, record_run
from lakedocs.redact.entities import check_entities
from lakedocs.settings import Settings, Storage, bundle_folder, load_settings, parse_overrides
from lakedocs.train.results import REPORT, Results, results_of

DOCUMENTS = "documents"
TRAINING = "training"


@dataclass(frozen=True)
class Host:
    """What a task that is run here gets from the runner instead of from a cluster."""

    spark: SparkSession
    announce: Callable[[int], None] = field(default=lambda units: None)
    hear: Callable[[str], None] = field(default=lambda text: None)


Invoke = Callable[[Sequence[str], Host], object]
"""Runs a `lakedocs` command line in this process."""


@dataclass(frozen=True)
class LocalRun:
    """What to run and where.

    Attributes:
        source: the folder of documents.
        root: where everything lands.
        parameters: job parameters that a person set.
        only: the only tasks to run; empty: all.
        start_at: run this task and what comes after it; empty: from the beginning.
        job: of the bundle.
    """

    source: str
    root: str
    parameters: Mapping[str, str]
    only: tuple[str, ...] = ()
    start_at: str = ""
    job: str = DOCUMENTS


@dataclass(frozen=True)
class Ended:
    """A run that ended: how each task did."""

    outcomes: list[Outcome]

    @property
    def succeeded(self) -> bool:
        return not any(outcome.state.is_failure or outcome.state == "skipped" for outcome in self.outcomes)


@dataclass(frozen=True)
class Finished(Ended):
    """A run of the documents job: what the lake holds, where the report is."""

    summary: Summary
    report: Path


@dataclass(frozen=True)
class Trained(Ended):
    """A run of the training job: how each classifier did, who is champion, where the report is."""

    results: Results | None
    report: Path


_WITH_MODELS = {"07_local_e5_model_classification", "08_embeddings"}
E = TypeVar("E", bound=Ended)
Finish = Callable[[SparkSession, Settings, str, Job, list[Outcome]], E]


def run_documents(run: LocalRun, open_session: Callable[[Storage], SparkSession], invoke: Invoke, console: Console) -> Finished:
    """Run the ten tasks here; see `_run_locally`."""
    return _run_locally(run, open_session, invoke, console, _finish_documents)


def run_training(run: LocalRun, open_session: Callable[[Storage], SparkSession], invoke: Invoke, console: Console) -> Trained:
    """Run the training job here; see `_run_locally`."""
    return _run_locally(run, open_session, invoke, console, _finish_training)


def _run_locally(run: LocalRun, open_session: Callable[[Storage], SparkSession], invoke: Invoke, console: Console, finish: Finish[E]) -> E:
    """Run a job file's tasks here; every table, index, key and report lands below `run.root`.

    Raises:
        LakeError: when another run holds the same root.
        JobFileError: for an unknown task or parameter.
        SettingsError: for a setting that can't be used, before anything is written.
    """
    bundle = bundle_folder()
    job = load_job(bundle, run.job)
    parameters = job_parameters(job, bundle, run)
    chosen = chosen_tasks(job, run)
    run_id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    settings = load_settings("local", {"storage.root": run.root, "source.path": run.source, **parse_overrides(parameters.get("overrides", ""))})
    settings.check_services(searches=run.job != TRAINING)
    check_entities(settings)
    with sole_run(settings.storage):
        make_local_keys(settings)
        clear_work(settings.storage)
        progress.reset(settings.storage.progress)
        with console.status("Starting Spark") if console.is_terminal else _quiet():
            spark = open_session(settings.storage)
        load_in_background()
        if chosen & _WITH_MODELS:
            _convert_in_background(settings)
        command_lines = CommandLines(bundle, parameters, run_id)
        keys = [task.task_key for task in job.ordered()]
        with LiveConsole(console, keys, lambda key: progress.done(settings.storage.progress, key)) as live:

            def execute(task: Task) -> None:
                spark.addTag(_tag(task.task_key))
                try:
                    invoke(command_lines.of(task), Host(spark, lambda units: live.announce(task.task_key, units), live.hear))
                finally:
                    spark.removeTag(_tag(task.task_key))

            outcomes = run_job(job, chosen, execute, lambda key: _interrupt(spark, key), live)
        return finish(spark, settings, run_id, job, outcomes)


def _finish_documents(spark: SparkSession, settings: Settings, run_id: str, job: Job, outcomes: list[Outcome]) -> Finished:
    lake = Lake(spark, settings.storage)
    summary = summarise(lake, run_id)
    report = settings.storage.path / "report.html"
    if any(outcome.state != State.EXCLUDED for outcome in outcomes[:-1]):  # a question alone leaves the report of the run that made the index
        write_report(report, job, outcomes, summary)
    record_run(settings, summary, failed=any(outcome.state.is_failure for outcome in outcomes))
    return Finished(outcomes, summary, report)


def _finish_training(spark: SparkSession, settings: Settings, run_id: str, job: Job, outcomes: list[Outcome]) -> Trained:
    del spark, job
    return Trained(outcomes, results_of(settings, run_id), settings.storage.path / REPORT)


def _convert_in_background(settings: Settings) -> None:
    """Convert the models of 07 and 08 while 01-05 read: at a lake's first run that takes a while, and later no time."""

    def convert() -> None:
        for chosen in (settings.classification.model, settings.embedding):
            with suppress(LakedocsError, OSError):  # the task that needs the model says what is wrong with it
                convert_ahead(chosen, settings.storage.models)

    threading.Thread(target=convert, daemon=True, name="convert-models").start()


@contextmanager
def sole_run(storage: Storage) -> Iterator[None]:
    """Holds the root for one run.

    Raises:
        LakeError: when another run holds it.
    """
    storage.path.mkdir(parents=True, exist_ok=True)
    lock = FileLock(storage.path / "run.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise LakeError("Another run is using this folder; wait for it to end, or choose another with --root.") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _quiet() -> Iterator[None]:
    yield


def _tag(key: str) -> str:
    return f"lakedocs-{key}"


def _interrupt(spark: SparkSession, key: str) -> None:
    spark.interruptTag(_tag(key))


def job_parameters(job: Job, bundle: Path, run: LocalRun) -> dict[str, str]:
    """Every parameter's value: a person's, else this machine's, else the job file's default.

    Raises:
        JobFileError: for a parameter that the job does not declare.
    """
    declared = {parameter.name: parameter.default for parameter in job.parameters}
    if unknown := set(run.parameters) - set(declared):
        raise JobFileError(f"The job has no parameter {', '.join(sorted(unknown))}; it has {', '.join(declared)}.")
    here = {"source": run.source, "root": run.root, "catalog": "", "schema_raw": "raw", "schema_docs": "docs", "experiment": "lakedocs"}
    here |= {"images": ""}
    values = bundle_values(bundle)
    given = {**{name: value for name, value in here.items() if name in declared}, **run.parameters}
    return {name: given[name] if name in given else resolve(default, values, _no_dynamic) for name, default in declared.items()}


def _no_dynamic(reference: str) -> str:
    raise JobFileError(f"The default of a job parameter can't be {{{{{reference}}}}}.")


def bundle_values(bundle: Path) -> dict[str, str]:
    """What `${...}` stands for on this machine."""
    return {"bundle.name": "lakedocs", "bundle.target": "local", **variables(bundle)}


def chosen_tasks(job: Job, run: LocalRun) -> set[str]:
    """The keys of the tasks to run.

    Raises:
        JobFileError: for a task that is not there.
    """
    chosen = {task.task_key for task in job.tasks}
    if run.only:
        chosen &= {job.task(key).task_key for key in run.only}
    if run.start_at:
        chosen &= job.downstream_of(run.start_at)
    return chosen


@dataclass(frozen=True)
class CommandLines:
    """The command line of each task, references resolved as the CLI and the workspace would."""

    bundle: Path
    parameters: Mapping[str, str]
    run_id: str

    def of(self, task: Task) -> list[str]:
        """The arguments that the task's entry point gets.

        Raises:
            JobFileError: for a reference without a value.
        """
        values = bundle_values(self.bundle)
        dynamic = dynamic_values(self.run_id, self.parameters, task.task_key)
        return [resolve(argument, values, dynamic) for argument in task.python_wheel_task.parameters]
