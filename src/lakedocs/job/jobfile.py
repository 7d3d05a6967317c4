"""resources/documents.job.yml as the local runner reads it: tasks, order, parameters. Nothing here restates the graph."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lakedocs.errors import JobFileError

RunIf = Literal["ALL_SUCCESS", "ALL_DONE", "NONE_FAILED", "AT_LEAST_ONE_SUCCESS", "ALL_FAILED", "AT_LEAST_ONE_FAILED"]
_BUNDLE_REFERENCE = re.compile(r"\$\{([^}]+)\}")
_DYNAMIC_REFERENCE = re.compile(r"\{\{\s*([^}]+?)\s*\}\}")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")  # clusters, libraries, mails: the cluster's business


class JobParameter(_Part):
    """A parameter of the job and what it is when nobody says."""

    name: str
    default: str = ""


class Dependency(_Part):
    """A task that must end first."""

    task_key: str


class WheelTask(_Part):
    """The command that a task runs."""

    package_name: str
    entry_point: str
    parameters: tuple[str, ...] = ()


class Task(_Part):
    """One task of the job."""

    task_key: str
    depends_on: tuple[Dependency, ...] = ()
    run_if: RunIf = "ALL_SUCCESS"
    timeout_seconds: int = Field(0, ge=0)
    python_wheel_task: WheelTask

    @property
    def upstream(self) -> tuple[str, ...]:
        return tuple(dependency.task_key for dependency in self.depends_on)


class Job(_Part):
    """A job of the bundle."""

    name: str
    parameters: tuple[JobParameter, ...] = ()
    tasks: tuple[Task, ...]

    def task(self, key: str) -> Task:
        """The task of that key.

        Raises:
            JobFileError: when there is none; the message lists all.
        """
        for task in self.tasks:
            if task.task_key == key:
                return task
        raise JobFileError(f"There is no task {key}; the tasks are {', '.join(task.task_key for task in self.tasks)}.")

    def ordered(self) -> list[Task]:
        """The tasks so that each comes after those it depends on, else in the file's order."""
        sorter = TopologicalSorter({task.task_key: task.upstream for task in self.tasks})
        try:
            rank = {key: number for number, key in enumerate(sorter.static_order())}
        except CycleError as error:
            raise JobFileError(f"The tasks depend on each other in a circle: {' -> '.join(error.args[1])}.") from error
        return sorted(self.tasks, key=lambda task: rank[task.task_key])

    def downstream_of(self, key: str) -> set[str]:
        """The task and all that come after it."""
        found = {self.task(key).task_key}
        for task in self.ordered():
            if found & set(task.upstream):
                found.add(task.task_key)
        return found


def load_job(bundle: Path, name: str) -> Job:
    """A job of resources/<name>.job.yml.

    Raises:
        JobFileError: naming what is wrong.
    """
    path = bundle / "resources" / f"{name}.job.yml"
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
        job = Job.model_validate(loaded["resources"]["jobs"][name])
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValidationError) as error:
        raise JobFileError(f"{path.name} can't be read as a job: {error}") from error
    keys = [task.task_key for task in job.tasks]
    if len(set(keys)) != len(keys):
        raise JobFileError(f"{path.name} has two tasks of one key.")
    for task in job.tasks:
        if unknown := set(task.upstream) - set(keys):
            raise JobFileError(f"{path.name}: {task.task_key} depends on {', '.join(sorted(unknown))}, which is not there.")
    return job


def variables(bundle: Path) -> dict[str, str]:
    """The bundle's variables with their defaults, as `var.<name>`."""
    loaded = yaml.safe_load((bundle / "databricks.yml").read_text(encoding="utf-8")) or {}
    declared: dict[str, dict[str, Any]] = loaded.get("variables", {})
    return {f"var.{name}": str(declaration.get("default", "")) for name, declaration in declared.items() if declaration}


def resolve(text: str, bundle_values: Mapping[str, str], dynamic_value: Callable[[str], str]) -> str:
    """The text with `${...}` and `{{...}}` replaced, as the CLI and then the workspace do it.

    Raises:
        JobFileError: for a reference that has no value here.
    """

    def from_bundle(match: re.Match[str]) -> str:
        value = bundle_values.get(match.group(1))
        if value is None:
            raise JobFileError(f"${{{match.group(1)}}} has no value on this machine; pass the parameter that it stands in.")
        return value

    text = _BUNDLE_REFERENCE.sub(from_bundle, text)
    return _DYNAMIC_REFERENCE.sub(lambda match: dynamic_value(match.group(1)), text)


def dynamic_values(run_id: str, parameters: Mapping[str, str], task_key: str) -> Callable[[str], str]:
    """What `{{...}}` stands for in a run.

    Raises (when called):
        JobFileError: for a reference that no run knows.
    """
    fixed = {"job.run_id": run_id, "task.name": task_key, "job.name": "documents", "task.execution_count": "1", "job.repair_count": "0"}

    def value(reference: str) -> str:
        if reference in fixed:
            return fixed[reference]
        if reference.startswith("job.parameters.") and (name := reference.removeprefix("job.parameters.")) in parameters:
            return parameters[name]
        raise JobFileError(f"{{{{{reference}}}}} is no reference that a run knows; job parameters are declared under `parameters`.")

    return value
