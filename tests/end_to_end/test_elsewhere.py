"""The same job on other Sparks, and killed in the middle: each run in a process of its own, as a person starts it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyspark
import pytest
from pyspark.sql import SparkSession
from tests import pipeline

from lakedocs.lakehouse.session import spark_settings
from lakedocs.settings import Storage

pytestmark = [pytest.mark.spark, pytest.mark.slow]

SPARK_HOME = Path(pyspark.__file__).parent
LIMIT_SECONDS = 400
KILLED_AFTER_SECONDS = 30.0


def command(source: Path, root: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "lakedocs", "run", "--source", str(source), "--root", str(root), *arguments]


def in_its_own_process(source: Path, root: Path, *arguments: str) -> None:
    done = subprocess.run(command(source, root, *arguments), capture_output=True, text=True, timeout=LIMIT_SECONDS)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]


def environment() -> dict[str, str]:
    return {**os.environ, "PYSPARK_PYTHON": sys.executable, "SPARK_HOME": str(SPARK_HOME), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_NO_DAEMONIZE": "1"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(arguments: list[str], port: int = 0) -> Iterator[None]:
    process = subprocess.Popen(arguments, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        deadline = time.monotonic() + 90
        while port and time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, "it did not start"
            time.sleep(0.5)
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def with_keys_of(undisturbed: Path, root: Path) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    shutil.copytree(undisturbed / "keys", root / "keys")
    pipeline.with_converted_models(root)
    return root


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """A standalone master with two workers of one core; its address."""
    port, pages = free_port(), [free_port() for _ in range(3)]
    spark_class = str(SPARK_HOME / "bin" / "spark-class")
    master = [spark_class, "org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", str(pages[0])]
    url = f"spark://127.0.0.1:{port}"
    options = ["--cores", "1", "--memory", "1g", "--host", "127.0.0.1", "--work-dir", str(folder)]
    worker = [spark_class, "org.apache.spark.deploy.worker.Worker", *options, "--webui-port"]
    with running(master, port), running([*worker, str(pages[1]), url]), running([*worker, str(pages[2]), url]):
        yield url


@contextmanager
def connect_server(folder: Path, master: str) -> Iterator[str]:
    """A Spark Connect server on a master; its address."""
    port = free_port()
    settings = {**spark_settings(Storage(root=str(folder)), master=master), "spark.connect.grpc.binding.port": str(port)}
    (folder / "work" / "spark").mkdir(parents=True)
    options = [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
    submit = str(SPARK_HOME / "bin" / "spark-submit")
    with running([submit, "--class", "org.apache.spark.sql.connect.service.SparkConnectServer", *options, "spark-internal"], port):
        yield f"sc://127.0.0.1:{port}"


def test_through_spark_connect_on_a_cluster_of_a_master_and_two_workers(
    spark: SparkSession, undisturbed: Path, samples: Path, tmp_path: Path
) -> None:
    root = with_keys_of(undisturbed, tmp_path / "lake")
    with cluster(tmp_path / "work") as master:
        with connect_server(tmp_path / "server", master) as url:
            in_its_own_process(samples, root, "--spark", url, "--param", "question=When does the lease end?")
        assert pipeline.content(spark, root) == pipeline.content(spark, undisturbed)
        # the same cluster without Connect between: what is there already is found
        before = pipeline.versions(root)
        in_its_own_process(samples, root, "--spark", master, "--only", "05_ingest_msg_csv")
        assert pipeline.versions(root) == before


def test_killed_in_the_middle_and_run_again_gives_the_same_rows(spark: SparkSession, undisturbed: Path, samples: Path, tmp_path: Path) -> None:
    root = with_keys_of(undisturbed, tmp_path / "lake")
    process = subprocess.Popen(
        command(samples, root, "--param", "overrides=slices.documents=1"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.wait(timeout=KILLED_AFTER_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    done_before = {row["doc_id"]: row["run_id"] for row in rows_of_files(spark, root)}
    assert pipeline.run(samples, root) == 0
    assert pipeline.content(spark, root) == pipeline.content(spark, undisturbed)
    done_after = {row["doc_id"]: row["run_id"] for row in rows_of_files(spark, root)}
    assert {doc_id: done_after[doc_id] for doc_id in done_before} == done_before, "a finished slice was done twice"


def rows_of_files(spark: SparkSession, root: Path) -> list[dict[str, str]]:
    from lakedocs.lakehouse import tables
    from lakedocs.records import Kind

    return [row for kind in Kind for row in pipeline.read(spark, root, tables.files(kind))]


def test_two_runs_at_once_are_refused(samples: Path, tmp_path: Path) -> None:
    from lakedocs.errors import LakeError
    from lakedocs.job.local import sole_run

    with sole_run(Storage(root=str(tmp_path))), pytest.raises(LakeError, match="Another run"):
        pipeline.run(samples, tmp_path)
