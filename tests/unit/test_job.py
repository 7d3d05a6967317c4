"""The local runner: order, conditions, references, time limits."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from lakedocs.errors import JobFileError, LakedocsError
from lakedocs.job.jobfile import Dependency, Job, Task, WheelTask, dynamic_values, load_job, resolve
from lakedocs.job.local import CommandLines, LocalRun, bundle_values, chosen_tasks, job_parameters
from lakedocs.job.runner import Outcome, State, may_run, run_job
from lakedocs.settings import bundle_folder

WHEEL = WheelTask(package_name="lakedocs", entry_point="lakedocs")


def task(key: str, *upstream: str, **options: object) -> Task:
    return Task(task_key=key, depends_on=tuple(Dependency(task_key=name) for name in upstream), python_wheel_task=WHEEL, **options)  # type: ignore[arg-type]


class Silent:
    def __init__(self) -> None:
        self.seen: list[tuple[str, State]] = []

    def changed(self, outcome: Outcome) -> None:
        self.seen.append((outcome.task_key, outcome.state))

    def tick(self) -> None:
        """Nothing to show."""


def run(job: Job, failing: frozenset[str] = frozenset(), chosen: set[str] | None = None) -> dict[str, State]:
    def execute(task: Task) -> None:
        if task.task_key in failing:
            raise LakedocsError("it can't")

    outcomes = run_job(job, {t.task_key for t in job.tasks} if chosen is None else chosen, execute, lambda key: None, Silent())
    return {outcome.task_key: outcome.state for outcome in outcomes}


def test_what_depends_on_a_failure_is_skipped_and_the_rest_runs() -> None:
    job = Job(name="j", tasks=(task("a"), task("b"), task("c", "a", "b"), task("d", "b"), task("e", "c")))
    assert run(job, frozenset({"a"})) == {"a": State.FAILED, "b": State.SUCCEEDED, "c": State.SKIPPED, "d": State.SUCCEEDED, "e": State.SKIPPED}


def test_independent_tasks_run_side_by_side() -> None:
    meeting = threading.Barrier(3, timeout=10)
    job = Job(name="j", tasks=(task("a"), task("b"), task("c")))
    outcomes = run_job(job, {"a", "b", "c"}, lambda task: [meeting.wait()][:0] and None, lambda key: None, Silent())  # type: ignore[func-returns-value]
    assert {outcome.state for outcome in outcomes} == {State.SUCCEEDED}


def test_a_task_that_takes_too_long_is_interrupted() -> None:
    stop = threading.Event()

    def execute(task: Task) -> None:
        if stop.wait(10):
            raise LakedocsError("interrupted")

    job = Job(name="j", tasks=(task("a", timeout_seconds=1), task("b", "a")))
    start = time.monotonic()
    outcomes = run_job(job, {"a", "b"}, execute, lambda key: stop.set(), Silent())
    assert [outcome.state for outcome in outcomes] == [State.TIMED_OUT, State.SKIPPED]
    assert time.monotonic() - start < 8


S, F, K = State.SUCCEEDED, State.FAILED, State.SKIPPED


@pytest.mark.parametrize(
    ("condition", "upstream", "expected"),
    [
        ("ALL_SUCCESS", [S, S], True),
        ("ALL_SUCCESS", [S, F], False),
        ("ALL_SUCCESS", [S, State.EXCLUDED], True),
        ("ALL_DONE", [F, K], True),
        ("NONE_FAILED", [S, K], True),
        ("NONE_FAILED", [S, F], False),
        ("NONE_FAILED", [K, K], False),
        ("AT_LEAST_ONE_SUCCESS", [F, S], True),
        ("AT_LEAST_ONE_SUCCESS", [F, K], False),
        ("ALL_FAILED", [F, State.TIMED_OUT], True),
        ("AT_LEAST_ONE_FAILED", [S, S], False),
        ("ALL_SUCCESS", [], True),
    ],
)
def test_run_if(condition: str, upstream: list[State], expected: bool) -> None:
    assert may_run(condition, upstream) is expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("--target=${bundle.target}", "--target=local"),
        ("{{job.parameters.source}}/{{task.name}}", "/docs/06"),
        ("{{ job.run_id }}", "r1"),
    ],
)
def test_references(text: str, expected: str) -> None:
    assert resolve(text, {"bundle.target": "local"}, dynamic_values("r1", {"source": "/docs"}, "06")) == expected


@pytest.mark.parametrize("text", ["${resources.volumes.nothing.name}", "{{job.parameters.nothing}}", "{{tasks.x.values.y}}"])
def test_unknown_references_are_told(text: str) -> None:
    with pytest.raises(JobFileError):
        resolve(text, {}, dynamic_values("r1", {}, "06"))


def test_every_task_of_the_job_file_gets_a_whole_command_line() -> None:
    bundle = bundle_folder()
    job = load_job(bundle, "documents")
    run = LocalRun("/docs", "/root", {"question": "why?"})
    lines = CommandLines(bundle, job_parameters(job, bundle, run), "r1")
    for entry in job.ordered():
        line = lines.of(entry)
        assert line[:2] == ["task", entry.task_key]
        assert "--set=source.path=/docs" in line
        assert "--set=answer.question=why?" in line
        assert not [argument for argument in line if "{{" in argument or "${" in argument]


def test_unknown_parameters_and_tasks_are_told() -> None:
    bundle = bundle_folder()
    job = load_job(bundle, "documents")
    with pytest.raises(JobFileError, match="surprise"):
        job_parameters(job, bundle, LocalRun("s", "r", {"surprise": "1"}))
    with pytest.raises(JobFileError, match="no task 11"):
        chosen_tasks(job, LocalRun("s", "r", {}, only=("11",)))


def test_from_takes_a_task_and_all_after_it() -> None:
    job = load_job(bundle_folder(), "documents")
    assert sorted(chosen_tasks(job, LocalRun("s", "r", {}, start_at="08_embeddings"))) == ["08_embeddings", "09_push_to_ai_search", "10_agent_query"]
    assert bundle_values(bundle_folder())["bundle.target"] == "local"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("resources: {jobs: {}}", "can't be read"),
        (
            (
                "resources: {jobs: {j: {name: j, tasks: [{task_key: a, depends_on: [{task_key: b}], "
                "python_wheel_task: {package_name: p, entry_point: e}}]}}}"
            ),
            "not there",
        ),
        ("- [", "can't be read"),
    ],
)
def test_a_broken_job_file_is_told(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "resources").mkdir()
    (tmp_path / "resources" / "j.job.yml").write_text(text)
    with pytest.raises(JobFileError, match=complaint):
        load_job(tmp_path, "j")


def test_circles_are_told() -> None:
    with pytest.raises(JobFileError, match="circle"):
        Job(name="j", tasks=(task("a", "b"), task("b", "a"))).ordered()
