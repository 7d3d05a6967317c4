"""What `databricks bundle validate --strict` lets through, found in the YAML itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from lakedocs.cli import cli
from lakedocs.job.jobfile import load_job
from lakedocs.settings import load_settings
from lakedocs.tasks import TASKS

ROOT = Path(__file__).parents[2]
INGEST = list(TASKS[:5])
BUNDLE = re.compile(r"\$\{([^}]+)\}")
DYNAMIC = re.compile(r"\{\{\s*([^}]+?)\s*\}\}")
KNOWN_DYNAMIC = {"job.run_id", "job.id", "job.name", "job.start_time.iso_date", "task.name", "task.execution_count", "task.run_id"}


class UniqueKeys(yaml.SafeLoader):
    """A loader that refuses what YAML and the CLI quietly merge: the same key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        repeated = {key for key in keys if keys.count(key) > 1}
        assert not repeated, f"repeated keys {repeated} at {node.start_mark}"
        return super().construct_mapping(node, deep)


def load(path: Path) -> dict[str, Any]:
    return yaml.load(path.read_text(encoding="utf-8"), UniqueKeys)  # noqa: S506 - a SafeLoader


def files() -> list[Path]:
    return [ROOT / "databricks.yml", *sorted((ROOT / "resources").glob("*.yml"))]


def texts(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from texts(key)
            yield from texts(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from texts(value)
    elif isinstance(tree, str):
        yield tree


def bundle() -> dict[str, Any]:
    return load(ROOT / "databricks.yml")


def resources() -> dict[str, dict[str, Any]]:
    merged: dict[str, dict[str, Any]] = {}
    for path in files()[1:]:
        for kind, entries in load(path)["resources"].items():
            for name, entry in entries.items():
                assert name not in merged.setdefault(kind, {}), f"{kind}.{name} is defined twice"
                merged[kind][name] = entry
    return merged


def jobs() -> dict[str, dict[str, Any]]:
    return resources()["jobs"]


def settings_of(job: dict[str, Any]) -> list[dict[str, Any]]:
    return list(job["tasks"])


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_every_file_is_yaml_without_repeated_keys(path: Path) -> None:
    assert load(path)


def test_resource_keys_are_unique_across_types() -> None:
    names = [name for entries in resources().values() for name in entries]
    assert len(names) == len(set(names))


def test_the_engine_is_direct_and_three_targets_stand() -> None:
    assert bundle()["bundle"]["engine"] == "direct"
    assert set(bundle()["targets"]) == {"dev", "staging", "prod"}


def test_the_job_has_exactly_the_ten_tasks_in_their_order() -> None:
    tasks = jobs()["documents"]["tasks"]
    assert [task["task_key"] for task in tasks] == list(TASKS)
    upstream = {task["task_key"]: [d["task_key"] for d in task.get("depends_on", [])] for task in tasks}
    assert all(upstream[key] == [] for key in INGEST)
    assert sorted(upstream["06_redact_pii"]) == INGEST
    for before, after in pairwise(TASKS[5:]):
        assert upstream[after] == [before]


@pytest.mark.parametrize("name", ["documents", "training", "maintenance"])
def test_task_keys_are_unique_and_dependencies_exist_without_circles(name: str) -> None:
    job = load_job(ROOT, name)
    keys = [task["task_key"] for task in jobs()[name]["tasks"]]
    assert len(keys) == len(set(keys)) == len(job.ordered())


@pytest.mark.parametrize("name", ["documents", "training", "maintenance"])
def test_clusters_that_tasks_name_exist(name: str) -> None:
    job = jobs()[name]
    defined = [cluster["job_cluster_key"] for cluster in job["job_clusters"]]
    assert len(defined) == len(set(defined))
    chosen = bundle()["variables"]["ingest_clusters"]["default"]
    for task in job["tasks"]:
        assert "environment_key" not in task
        key = BUNDLE.sub(lambda match: chosen[match.group(1).removeprefix("var.ingest_clusters.")], task["job_cluster_key"])
        assert key in defined


def test_each_ingest_task_can_have_a_cluster_of_its_own() -> None:
    defined = {cluster["job_cluster_key"] for cluster in jobs()["documents"]["job_clusters"]}
    described = re.findall(r"ingest_\w+", bundle()["variables"]["ingest_clusters"]["description"])
    assert len(described) == 5
    assert set(described) <= defined


def test_ingest_clusters_grow() -> None:
    for cluster in jobs()["documents"]["job_clusters"]:
        assert cluster["new_cluster"]["autoscale"]["max_workers"]


def test_every_variable_is_declared_described_and_used() -> None:
    declared = bundle()["variables"]
    used = {
        reference.removeprefix("var.").split(".")[0]
        for path in files()
        for text in texts(load(path))
        for reference in BUNDLE.findall(text)
        if reference.startswith("var.")
    }
    assert used == set(declared)
    assert all(variable.get("description") for variable in declared.values())
    for target in bundle()["targets"].values():
        assert set(target.get("variables", {})) <= set(declared)


def test_every_bundle_reference_points_at_something() -> None:
    known = resources()
    fixed = {"bundle.target", "bundle.name", "workspace.current_user.userName", "workspace.current_user.short_name", "workspace.file_path"}
    for path in files():
        for text in texts(load(path)):
            for reference in BUNDLE.findall(text):
                if reference.startswith("resources."):
                    _, kind, name, *_rest = reference.split(".")
                    assert name in known[kind], reference
                elif not reference.startswith("var."):
                    assert reference in fixed, reference


@pytest.mark.parametrize("name", ["documents", "training", "maintenance"])
def test_every_dynamic_reference_is_known(name: str) -> None:
    job = jobs()[name]
    declared = {parameter["name"] for parameter in job["parameters"]}
    for text in texts(job):
        for reference in DYNAMIC.findall(text):
            if reference.startswith("job.parameters."):
                assert reference.removeprefix("job.parameters.") in declared, reference
            elif not reference.startswith("secrets/"):
                assert reference in KNOWN_DYNAMIC, reference


def test_every_job_parameter_is_passed_down() -> None:
    for job in jobs().values():
        passed = {
            reference.removeprefix("job.parameters.")
            for task in job["tasks"]
            for text in task["python_wheel_task"]["parameters"]
            for reference in DYNAMIC.findall(text)
        }
        assert {parameter["name"] for parameter in job["parameters"]} <= passed


def test_names_of_schemas_come_from_the_resource_that_development_mode_renames() -> None:
    for path in files()[1:]:
        for volume in load(path)["resources"].get("volumes", {}).values():
            assert volume["schema_name"].startswith("${resources.schemas.")


@pytest.mark.parametrize("name", ["documents", "training", "maintenance"])
@pytest.mark.parametrize("target", ["dev", "staging", "prod"])
def test_the_command_takes_every_parameter(name: str, target: str) -> None:
    for task in jobs()[name]["tasks"]:
        wheel = task["python_wheel_task"]
        assert wheel["package_name"] == "lakedocs"
        assert f'{wheel["entry_point"]} = "lakedocs.cli:main"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        arguments = [DYNAMIC.sub("", text.replace("{{task.name}}", task["task_key"])) for text in wheel["parameters"]]
        arguments = [BUNDLE.sub(target, argument) for argument in arguments]
        arguments = [a + "false" if a.endswith(("allow_removal=", "enabled=")) else a for a in arguments]
        arguments = [a + "0" if a.endswith("budget=") else a for a in arguments]
        command = cli.commands[arguments[0]]
        context = command.make_context(arguments[0], arguments[1:])
        chosen = dict(pair.split("=", 1) for pair in context.params["assignments"])
        settings = load_settings(target, chosen)
        assert settings.target == target
        if arguments[0] == "task":
            assert context.params["key"] == task["task_key"]


@pytest.mark.parametrize("task", jobs()["documents"]["tasks"], ids=lambda task: task["task_key"])
def test_every_task_has_retries_a_timeout_the_wheel_and_its_requirements(task: dict[str, Any]) -> None:
    assert task["max_retries"] >= 1
    assert task["timeout_seconds"] > 0
    assert {"whl": "../dist/*.whl"} in task["libraries"]
    for library in task["libraries"]:
        if "requirements" in library:
            assert (ROOT / "resources" / library["requirements"]).resolve().is_file()


def test_the_job_is_watched_queued_and_alone() -> None:
    job = jobs()["documents"]
    assert job["max_concurrent_runs"] == 1
    assert job["queue"]["enabled"]
    assert job["health"]["rules"]
    assert job["email_notifications"]["on_failure"]
    assert job["tags"]


def test_only_prod_starts_by_itself() -> None:
    trigger = bundle()["variables"]["trigger"]["default"]
    assert trigger["pause_status"] == "PAUSED"
    overridden = {name: target.get("variables", {}).get("trigger") for name, target in bundle()["targets"].items()}
    assert overridden["dev"] is None
    assert overridden["staging"] is None
    assert overridden["prod"]["pause_status"] == "UNPAUSED"


def test_raw_is_restricted_and_docs_is_not_the_same() -> None:
    schemas = resources()["schemas"]
    raw = {grant["principal"] for grant in schemas["raw"]["grants"]}
    docs = {grant["principal"] for grant in schemas["docs"]["grants"]}
    assert raw == {"${var.restricted_readers}"}
    assert docs == {"${var.readers}"}


def test_secrets_that_clusters_get_are_those_that_settings_read() -> None:
    names = load_settings("prod").keys.model_dump().values()
    expected = {f"LAKEDOCS_{name.upper()}" for name in names}
    models = next(c for c in jobs()["documents"]["job_clusters"] if c["job_cluster_key"] == "models")
    assert set(models["new_cluster"]["spark_env_vars"]) == expected


def test_upkeep_knows_the_keys_by_which_it_sees_what_is_settled() -> None:
    (cluster,) = jobs()["maintenance"]["job_clusters"]
    keys = load_settings("prod").keys
    needed = {f"LAKEDOCS_{name.upper()}" for name in (keys.document_id, keys.document_passwords)}
    assert needed <= set(cluster["new_cluster"]["spark_env_vars"]), "else what was read with passwords would never be purged"


def test_the_runtime_is_18_and_ml_where_models_run() -> None:
    variables = bundle()["variables"]
    assert variables["spark_version"]["default"].startswith("18.")
    assert "-ml-" in variables["ml_spark_version"]["default"]


def test_lock_and_requirements_name_no_index() -> None:
    for path in [ROOT / "requirements.lock", *(ROOT / "requirements").iterdir()]:
        text = path.read_text(encoding="utf-8")
        assert "index-url" not in text
        assert "://" not in text
        assert "nvidia-" not in text
