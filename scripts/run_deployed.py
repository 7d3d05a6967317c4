"""Runs a deployed job's wheel tasks in graph order on this machine: the check of a deployment that needs no cluster.

    databricks jobs get JOB_ID -o json > job.json
    python scripts/run_deployed.py job.json dist/lakedocs-*.whl --source samples --work /tmp/lakedocs-deployed

The wheel is what was deployed; command lines, keys and order come from the job as the workspace holds it. Tables stand in the
catalog `spark_catalog`, what volumes hold below --work; the index is LanceDB, MLflow is SQLite.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

import click

CATALOG = "spark_catalog"


@click.command()
@click.argument("job_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("wheel", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", default="samples", show_default=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--work", required=True, type=click.Path(file_okay=False, path_type=Path), help="An empty folder.")
@click.option("--question", default="When does the lease of the Rotterdam office end?", show_default=True)
def main(job_file: Path, wheel: Path, source: Path, work: Path, question: str) -> None:
    """Run every task of JOB_FILE with the entry point of WHEEL; fails where a task fails."""
    work.mkdir(parents=True, exist_ok=True)
    package = installed(wheel, work / "wheel")
    settings = json.loads(job_file.read_text(encoding="utf-8"))["settings"]
    hand_over_keys(settings)

    from lakedocs.job.jobfile import Job, dynamic_values, resolve
    from lakedocs.lakehouse.session import local_session
    from lakedocs.settings import Storage

    job = Job.model_validate(settings)
    parameters = {parameter.name: parameter.default for parameter in job.parameters}
    spark = local_session(Storage(root=str(work / "session")), driver_memory="2g")
    for name in ("schema_raw", "schema_docs"):
        spark.sql(f"CREATE SCHEMA {CATALOG}.`{parameters[name]}`")
    parameters |= {
        "source": str(source.absolute()), "root": str(work / "volume"), "images": str(work / "images"), "catalog": CATALOG, "question": question,
        "overrides": f"slices.partitions=2; search.engine=lancedb; tracking.uri=sqlite:///{work.absolute()}/mlflow.db; tracking.registry_uri=",
    }  # fmt: skip
    known = {name: value for name, value in parameters.items() if name in {parameter.name for parameter in job.parameters}}
    for task in job.ordered():
        wheel_task = task.python_wheel_task
        (entry,) = package.entry_points.select(group="console_scripts", name=wheel_task.entry_point)
        dynamic = dynamic_values("1", known, task.task_key)
        entry.load()([resolve(argument, {}, dynamic) for argument in wheel_task.parameters])
    docs = f"{CATALOG}.`{parameters['schema_docs']}`"
    for table in ("task_runs", "answers"):
        if spark.catalog.tableExists(f"{docs}.{table}".replace("`", "")):
            spark.table(f"{docs}.{table}").drop("answer_json", "finished_at").show(20, truncate=60)


def installed(wheel: Path, folder: Path) -> Distribution:
    """The wheel, installed apart and before everything else on the path, for Spark's workers too."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), str(wheel)]
    subprocess.run(command, check=True)
    sys.path.insert(0, str(folder.absolute()))
    os.environ["PYTHONPATH"] = str(folder.absolute())
    (package,) = distributions(name="lakedocs", path=[str(folder)])
    return package


def hand_over_keys(settings: dict[str, Any]) -> None:
    """What the cluster does with the secrets that its environment variables name."""
    for cluster in settings["job_clusters"]:
        for name, value in cluster["new_cluster"]["spark_env_vars"].items():
            if value.startswith("{{secrets/"):
                os.environ.setdefault(name, secrets.token_hex(16))


if __name__ == "__main__":
    main()
