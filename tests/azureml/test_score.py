"""score.py in Azure's own inference server, on a port of this machine, asked over HTTP."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from lakedocs.errors import ServiceError
from lakedocs.services.invocations import Endpoint
from lakedocs.services.options import CallSettings, ServingSettings
from lakedocs.serving.azureml import deployments

SECRET = "Jan de Vries owes 500 euro"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def url(served: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server's address; it runs in a folder that holds what a deployment uploads, and nothing else."""
    code = tmp_path_factory.mktemp("scoring")
    for source in deployments._SCORING:
        shutil.copy(source, code)
    root = tmp_path_factory.mktemp("mounted")
    shutil.copytree(served, root / "champion")
    port = free_port()
    server = Path(sys.executable).with_name("azmlinfsrv")
    command = [str(server), "--entry_script", "score.py", "--model_dir", str(root), "--port", str(port), "--health_port", str(port)]
    with open(code / "log", "wb") as log:
        process = subprocess.Popen(command, cwd=code, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}"
            for _ in range(120):
                assert process.poll() is None, (code / "log").read_text()[-2000:]
                try:
                    if requests.get(address, timeout=1).ok:
                        break
                except (requests.ConnectionError, requests.Timeout):
                    time.sleep(0.25)
            yield f"{address}/score"
        finally:
            process.terminate()
            process.wait(timeout=20)
    assert SECRET not in (code / "log").read_text()


def body(*texts: Any) -> dict[str, Any]:
    return {"dataframe_split": {"columns": ["text"], "data": [[text] for text in texts]}}


def test_a_correct_request_gets_labels_and_all_probabilities_in_order(url: str) -> None:
    answer = requests.post(url, json=body("a dispute", "in 2019", "the remedy for it"), timeout=10)
    assert answer.status_code == 200
    found = answer.json()["predictions"]
    assert [row["label"] for row in found] == ["problem", "year", "solution"]
    assert sum(value for name, value in found[0].items() if name.startswith("probability_")) == pytest.approx(1)
    assert found[0]["confidence"] == found[0]["probability_problem"]


def test_the_client_of_07_can_ask_it(url: str) -> None:
    endpoint = Endpoint(url, "", ServingSettings(batch_texts=2), CallSettings())
    assert [row["label"] for row in endpoint.ask(["an overview", "dispute", "2019"])] == ["topic", "problem", "year"]
    with pytest.raises(ServiceError, match="400"):
        endpoint.ask([" "])


def test_no_texts_get_no_predictions(url: str) -> None:
    answer = requests.post(url, json=body(), timeout=10)
    assert (answer.status_code, answer.json()) == (200, {"predictions": []})


@pytest.mark.parametrize(
    ("sent", "status", "said"),
    [
        (b"", 400, "JSON"),
        (b"{" + SECRET.encode(), 400, "JSON"),
        (b"[1, 2]", 400, "JSON"),
        (b'{"inputs": ["' + SECRET.encode() + b'"]}', 400, "JSON"),
        (b'{"dataframe_split": {"columns": ["text"], "data": 7}}', 400, "JSON"),
        (b'{"dataframe_split": {"columns": ["words"], "data": [["a"]]}}', 400, "column named text"),
        (b'{"dataframe_split": {"columns": ["text"], "data": [["a"], [null]]}}', 400, "row 1"),
        (b'{"dataframe_split": {"columns": ["text"], "data": [["a"], [" "]]}}', 400, "row 1"),
        (b'{"dataframe_split": {"columns": ["text"], "data": [[3]]}}', 400, "row 0"),
        (b'{"dataframe_split": {"columns": ["text"], "data": [["' + b"x" * 100_001 + b'"]]}}', 400, "100001 characters"),
        (b'{"dataframe_split": {"columns": ["text"], "data": [' + b",".join([b'["a"]'] * 2049) + b"]}}", 400, "2049 texts"),
        (b'{"dataframe_split": {"columns": ["text", "text"], "data": [["a", "b"]]}}', 400, "one column named text"),
        (b"[" * 100_000, 400, "JSON"),
        (b" " * 1_500_001, 413, "bytes"),
        (b"\xff\xfe{}", 400, "JSON"),
    ],
    ids=["nothing", "half of JSON", "a list", "another form", "no rows", "another column", "null", "blank", "a number", "long text",
         "many texts", "two columns", "deep", "large", "no UTF-8"],
)  # fmt: skip
def test_a_bad_request_is_answered_clearly_and_never_quoted(url: str, sent: bytes, status: int, said: str) -> None:
    answer = requests.post(url, data=sent, headers={"content-type": "application/json"}, timeout=10)
    assert (answer.status_code, said in answer.json()["message"]) == (status, True), answer.text
    assert SECRET not in answer.text


def test_another_method_is_refused(url: str) -> None:
    assert requests.get(url, timeout=10).status_code == 405


def test_the_environment_that_is_deployed_is_the_one_tested_here() -> None:
    environment = yaml.safe_load((Path(deployments.__file__).parent / "environment.yml").read_text(encoding="utf-8"))
    (pins,) = (part["pip"] for part in environment["dependencies"] if isinstance(part, dict))
    assert {pin: version(pin.split("==")[0]) for pin in pins} == {pin: pin.split("==")[1] for pin in pins}
