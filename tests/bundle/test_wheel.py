"""The wheel as a cluster gets it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def metadata(wheel: zipfile.ZipFile, name: str) -> str:
    return wheel.read(next(n for n in wheel.namelist() if n.endswith(f".dist-info/{name}"))).decode()


def test_it_brings_no_spark_onto_a_cluster(wheel: zipfile.ZipFile) -> None:
    required = [line.lower() for line in metadata(wheel, "METADATA").splitlines() if line.startswith("Requires-Dist")]
    assert required
    assert not [line for line in required if "pyspark" in line or "delta" in line or "torch" in line]


def test_it_has_the_entry_point_that_the_job_names(wheel: zipfile.ZipFile) -> None:
    assert "lakedocs = lakedocs.cli:main" in metadata(wheel, "entry_points.txt")


def test_it_carries_settings_the_job_file_the_report_and_the_model(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    expected = {"_bundle/conf/pipeline.yml", "_bundle/conf/targets/prod.yml", "_bundle/resources/documents.job.yml", "_bundle/databricks.yml"}
    assert {f"lakedocs/{name}" for name in expected} <= names
    assert "lakedocs/job/templates/report.html" in names
    assert {"lakedocs/redact/ner/model/model.onnx.gz", "lakedocs/serving/azureml/environment.yml"} <= names
