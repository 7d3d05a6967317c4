"""Runs the job file here: each task as soon as what it depends on allows, several at once, each within its time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from lakedocs.errors import LakedocsError
from lakedocs.job.jobfile import Job, RunIf, Task

_POLL_SECONDS = 0.25


class State(StrEnum):
    """How a task stands."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    SKIPPED = "skipped"
    EXCLUDED = "left out"

    @property
    def is_failure(self) -> bool:
        return self in (State.FAILED, State.TIMED_OUT)


@dataclass(frozen=True)
class Outcome:
    """How a task ended; `error` is one line without text of documents."""

    task_key: str
    state: State
    seconds: float = 0.0
    error: str = ""


class Watcher(Protocol):
    """Told of every change of a task's state, and asked to look at progress now and then."""

    def changed(self, outcome: Outcome) -> None:
        """A task has a new state."""

    def tick(self) -> None:
        """A moment has passed."""


def run_job(
    job: Job,
    chosen: set[str],
    execute: Callable[[Task], None],
    interrupt: Callable[[str], None],
    watcher: Watcher,
    timeouts: Mapping[str, int] | None = None,
) -> list[Outcome]:
    """The outcome of every task, in the job's order.

    Args:
        job: what to run.
        chosen: the keys to run; the others are left out, and count as succeeded for what depends on them.
        execute: runs one task; raises when it fails.
        interrupt: stops a task that ran out of time.
        watcher: whom to tell.
        timeouts: seconds by task, in place of the file's.
    """
    outcomes: dict[str, Outcome] = {}
    running: dict[Future[None], tuple[Task, float]] = {}
    pending = job.ordered()
    timed_out: set[str] = set()

    def settle(outcome: Outcome) -> None:
        outcomes[outcome.task_key] = outcome
        watcher.changed(outcome)

    with ThreadPoolExecutor(max_workers=max(len(pending), 1), thread_name_prefix="task") as pool:
        while pending or running:
            for task in [task for task in pending if all(key in outcomes for key in task.upstream)]:
                pending.remove(task)
                if task.task_key not in chosen:
                    settle(Outcome(task.task_key, State.EXCLUDED))
                elif not may_run(task.run_if, [outcomes[key].state for key in task.upstream]):
                    settle(Outcome(task.task_key, State.SKIPPED, error="what it depends on did not end as it needs"))
                else:
                    watcher.changed(Outcome(task.task_key, State.RUNNING))
                    running[pool.submit(execute, task)] = (task, time.monotonic())
            if not running:
                continue
            finished, _ = wait(running, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
            watcher.tick()
            for future, (task, start) in list(running.items()):
                seconds = time.monotonic() - start
                limit = (timeouts or {}).get(task.task_key, task.timeout_seconds)
                if future in finished:
                    del running[future]
                    settle(_outcome(task, future, seconds, task.task_key in timed_out, limit))
                elif limit and seconds > limit and task.task_key not in timed_out:
                    timed_out.add(task.task_key)
                    interrupt(task.task_key)
    return [outcomes[task.task_key] for task in job.ordered()]


def _outcome(task: Task, future: Future[None], seconds: float, is_timed_out: bool, limit: int) -> Outcome:
    error = future.exception()
    if is_timed_out and error is not None:
        return Outcome(task.task_key, State.TIMED_OUT, seconds, f"it took more than {limit} seconds")
    if error is None:
        return Outcome(task.task_key, State.SUCCEEDED, seconds)
    if isinstance(error, LakedocsError):
        return Outcome(task.task_key, State.FAILED, seconds, str(error))
    return Outcome(task.task_key, State.FAILED, seconds, type(error).__name__)


def may_run(condition: RunIf, upstream: list[State]) -> bool:
    """Whether a task runs after these ends, as Databricks decides it; tasks left out by choice count as succeeded."""
    succeeded = [state in (State.SUCCEEDED, State.EXCLUDED) for state in upstream]
    failed = [state.is_failure for state in upstream]
    skipped = [state is State.SKIPPED for state in upstream]
    if not upstream:
        return True
    return {
        "ALL_SUCCESS": all(succeeded),
        "ALL_DONE": True,
        "NONE_FAILED": not any(failed) and not all(skipped),
        "AT_LEAST_ONE_SUCCESS": any(succeeded),
        "ALL_FAILED": all(failed),
        "AT_LEAST_ONE_FAILED": any(failed),
    }[condition]
