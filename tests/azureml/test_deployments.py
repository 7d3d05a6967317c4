"""Deploying, testing and deleting an endpoint with Azure's own SDK, against a server on this machine that answers as Azure does."""

from __future__ import annotations

import datetime as dt
import shutil
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.ai.ml import MLClient
from azure.core.credentials import AccessToken
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from lakedocs.cli import cli
from lakedocs.errors import ModelError, ServiceError, SettingsError
from lakedocs.services.options import AzureMLSettings
from lakedocs.serving.azureml import deployments
from tests.azureml.azure import ACCOUNT, FakeAzure
from tests.fakes.server import Fault, serving

SETTINGS = AzureMLSettings(subscription="sub", resource_group="group", workspace="workspace", auth="key")
ENDPOINT = f"onlineEndpoints/{SETTINGS.endpoint}"


class Identity:
    """Somebody who may do everything."""

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        return AccessToken("token", int(time.time()) + 3600)


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, str]:
    """A certificate for localhost and what is below it, made now, and the file to trust it by."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.DNSName(f"{ACCOUNT}.blob.localhost")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + dt.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    pem, private = folder / "certificate.pem", folder / "key.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, private)
    return context, str(pem)


@pytest.fixture
def azure(tls: tuple[ssl.SSLContext, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAzure]:
    context, certificate = tls
    looked_up = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: looked_up("127.0.0.1", *rest, **more))  # whatever the name, this machine
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certificate)
    with serving(FakeAzure(tmp_path / "container"), context) as running:
        assert isinstance(running, FakeAzure)
        yield running


@pytest.fixture
def client(azure: FakeAzure, monkeypatch: pytest.MonkeyPatch) -> MLClient:
    from azure.ai.ml import _azure_environments

    monkeypatch.setattr(_azure_environments, "_environments", {})
    address = azure.url
    cloud = {
        "azure_portal": address, "resource_manager": address, "active_directory": address, "aml_resource_id": address,
        "storage_endpoint": address.removeprefix("https://"), "registry_discovery_endpoint": address,
    }  # fmt: skip
    made = MLClient(
        Identity(),
        "sub",
        "group",
        "workspace",
        cloud="here",
        cloud_metadata=cloud,
        enable_telemetry=False,
        show_progress=False,
        retry_backoff_factor=0,
    )
    monkeypatch.setattr(deployments, "open_workspace", lambda settings: made)
    return made


def traffic(azure: FakeAzure) -> dict[str, int]:
    found: dict[str, int] = azure.resources[ENDPOINT]["properties"]["traffic"]
    return found


def changed(served: Path, folder: Path) -> Path:
    """Another version: its labels stand in another order."""
    shutil.copytree(served, folder)
    facts = folder / "serving.json"
    facts.write_text(facts.read_text().replace('"problem", "solution"', '"solution", "problem"'))
    return folder


def test_a_model_is_registered_deployed_and_answers(azure: FakeAzure, client: MLClient, served: Path) -> None:
    name = deployments.deploy(client, served, SETTINGS)
    assert traffic(azure) == {name: 100}
    assert [row["label"] for row in deployments.ask(client, ["a dispute", "in 2019"], SETTINGS)] == ["problem", "year"]
    deployment = azure.resources[f"{ENDPOINT}/deployments/{name}"]
    assert deployment["sku"]["capacity"] == 1
    assert deployment["properties"]["requestSettings"]["requestTimeout"] == "PT1M"
    assert deployment["properties"]["codeConfiguration"]["scoringScript"] == "score.py"
    assert {path.name for path in azure.folder.rglob("*.*")} == {"score.py", "text_model.py", "model.onnx", "tokenizer.json", "serving.json"}
    assert azure.bearers == {"Bearer first"}


def test_the_same_again_changes_nothing(azure: FakeAzure, client: MLClient, served: Path) -> None:
    name = deployments.deploy(client, served, SETTINGS)
    before = len(azure.requests)
    assert deployments.deploy(client, served, SETTINGS) == name
    assert {method for method, _, _ in azure.requests[before:]} == {"GET"}


def test_a_new_version_takes_the_traffic_and_the_old_one_goes(azure: FakeAzure, client: MLClient, served: Path, tmp_path: Path) -> None:
    old = deployments.deploy(client, served, SETTINGS)
    new = deployments.deploy(client, changed(served, tmp_path / "new"), SETTINGS)
    assert traffic(azure) == {new: 100}
    assert f"{ENDPOINT}/deployments/{old}" not in azure.resources
    assert deployments.ask(client, ["a dispute"], SETTINGS)[0]["label"] == "solution"


@pytest.mark.parametrize("change", [{"instances": 2}, {"instance_type": "Standard_DS4_v2"}, {"image": "other/image"}, {"seconds": 90}])
def test_another_machine_is_another_deployment(azure: FakeAzure, client: MLClient, served: Path, change: dict[str, Any]) -> None:
    old = deployments.deploy(client, served, SETTINGS)
    new = deployments.deploy(client, served, SETTINGS.model_copy(update=change))
    assert traffic(azure) == {new: 100}
    assert new != old


def test_a_deployment_that_a_run_left_behind_is_removed_by_the_next(azure: FakeAzure, client: MLClient, served: Path) -> None:
    name = deployments.deploy(client, served, SETTINGS)
    azure.resources[f"{ENDPOINT}/deployments/left"] = {**azure.resources[f"{ENDPOINT}/deployments/{name}"], "name": "left"}
    assert deployments.deploy(client, served, SETTINGS) == name
    assert f"{ENDPOINT}/deployments/left" not in azure.resources
    assert f"{ENDPOINT}/deployments/{name}" in azure.resources


def test_how_callers_are_known_does_not_change_in_place(azure: FakeAzure, client: MLClient, served: Path) -> None:
    deployments.deploy(client, served, SETTINGS)
    with pytest.raises(SettingsError, match="delete it first"):
        deployments.deploy(client, served, SETTINGS.model_copy(update={"auth": "aad_token"}))


@pytest.mark.parametrize("fault", ["machine", "mute"])
def test_a_version_that_does_not_work_gets_no_traffic(azure: FakeAzure, client: MLClient, served: Path, tmp_path: Path, fault: str) -> None:
    old = deployments.deploy(client, served, SETTINGS)
    new = changed(served, tmp_path / "new")
    if fault == "machine":
        azure.fails.add(deployments.deployment_name(new, SETTINGS))
    else:
        azure.mute = True
    with pytest.raises(ServiceError, match="does still") as caught:
        deployments.deploy(client, new, SETTINGS)
    assert "secret words" not in str(caught.value)
    assert traffic(azure) == {old: 100}
    azure.fails.clear()
    azure.mute = False
    assert deployments.deploy(client, new, SETTINGS) != old
    assert deployments.ask(client, ["a dispute"], SETTINGS)[0]["label"] == "solution"


def test_a_busy_service_is_asked_again(azure: FakeAzure, client: MLClient, served: Path) -> None:
    azure.faults.extend([Fault(503), Fault(429, {"Retry-After": "0"})])
    deployments.deploy(client, served, SETTINGS)
    assert traffic(azure)


def test_who_may_not_is_told_so(azure: FakeAzure, client: MLClient, served: Path) -> None:
    azure.faults.append(Fault(403, body={"error": {"code": "AuthorizationFailed", "message": "secret words"}}))
    with pytest.raises(ServiceError, match="403") as caught:
        deployments.deploy(client, served, SETTINGS)
    assert "secret words" not in str(caught.value)


def test_an_endpoint_is_deleted_and_models_stay(azure: FakeAzure, client: MLClient, served: Path) -> None:
    deployments.deploy(client, served, SETTINGS)
    assert deployments.delete(client, SETTINGS)
    assert not [name for name in azure.resources if name.startswith("onlineEndpoints")]
    assert [name for name in azure.resources if name.startswith("models/")]
    assert not deployments.delete(client, SETTINGS)


def test_the_commands(azure: FakeAzure, client: MLClient, served: Path) -> None:
    said = ["--overrides", "azureml.auth=key"]
    deployed = CliRunner().invoke(cli, ["models", "azureml", "deploy", str(served), *said])
    assert (deployed.exit_code, "answers with deployment v" in deployed.output) == (0, True), deployed.output
    asked = CliRunner().invoke(cli, ["models", "azureml", "test", "the remedy", *said])
    assert (asked.exit_code, asked.output.split()[0]) == (0, "solution")
    assert CliRunner().invoke(cli, ["models", "azureml", "delete", *said], input="n\n").exit_code == 1
    assert "is gone" in CliRunner().invoke(cli, ["models", "azureml", "delete", "--yes", *said]).output
    assert "There was no endpoint" in CliRunner().invoke(cli, ["models", "azureml", "delete", "--yes", *said]).output


def test_a_folder_without_a_model_is_refused(client: MLClient, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.onnx"):
        deployments.deploy(client, tmp_path, SETTINGS)


def test_settings_without_a_workspace_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"azureml\.subscription, azureml\.resource_group"):
        deployments.open_workspace(AzureMLSettings(workspace="w"))
