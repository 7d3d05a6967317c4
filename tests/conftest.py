"""One Spark session for the whole run, and the folders that tests run the pipeline in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from pyspark.sql import SparkSession

from lakedocs.lakehouse.session import local_session
from lakedocs.settings import Storage
from tests import pipeline
from tests.fakes.azure_openai import FakeAzureOpenAI
from tests.fakes.azure_search import FakeAzureSearch
from tests.fakes.server import serving

collect_ignore = ["azureml"]  # which has an environment of its own


_LONGEST = (
    "test_elsewhere.py",
    "test_paid.py",
    "test_services.py",
    "test_image_text.py",
    "test_pull.py",
    "test_review.py",
    "test_samples.py",
    "test_training_job.py",
    "test_workspace.py",
    "test_canary.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where two processes share the files, those that take longest begin first; each process has one Spark session."""
    items.sort(key=lambda item: _LONGEST.index(item.path.name) if item.path.name in _LONGEST else len(_LONGEST))


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    session = local_session(
        Storage(root=str(tmp_path_factory.mktemp("session"))), master="local[2]", driver_memory="2500m"
    )  # Delta keeps the logs of all lakes of the run
    yield session
    session.stop()


@pytest.fixture(scope="session")
def samples() -> Path:
    return Path(__file__).parents[1] / "samples"


QUESTION = "When does the lease of the Rotterdam office end?"


@pytest.fixture(scope="session")
def undisturbed(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory, samples: Path, worker_id: str) -> Path:
    """The lake after one whole run on the samples, with a question; nobody changes it, and the test processes share it."""
    base = tmp_path_factory.getbasetemp()
    root = (base if worker_id == "master" else base.parent) / "undisturbed"
    with FileLock(f"{root}.lock"):
        if not (root / "report.html").is_file():
            assert pipeline.run(samples, root, "--param", f"question={QUESTION}") == 0
    return root


@pytest.fixture(scope="module")
def search() -> Iterator[FakeAzureSearch]:
    with serving(FakeAzureSearch()) as running:
        assert isinstance(running, FakeAzureSearch)
        yield running


@pytest.fixture(scope="module")
def openai() -> Iterator[FakeAzureOpenAI]:
    with serving(FakeAzureOpenAI()) as running:
        assert isinstance(running, FakeAzureOpenAI)
        yield running
