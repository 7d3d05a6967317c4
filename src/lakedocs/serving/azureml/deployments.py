"""A managed online endpoint that answers with a served model's folder: made, asked, and taken away, through azure-ai-ml.

A version gets a deployment of its own beside the present one, is asked a first question there, and takes the traffic only once it
has answered; then the others go. What fails on the way leaves the traffic where it was.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakedocs.errors import ModelError, ServiceError, SettingsError
from lakedocs.services.options import AzureMLSettings

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

_HERE = Path(__file__).parent
_CONDA = _HERE / "environment.yml"
_SCORING = (_HERE / "score.py", _HERE.parent / "text_model.py")
_FILES = ("model.onnx", "tokenizer.json", "serving.json")
_QUESTION = "The lease of the office ends on 30 September."
_READY_SECONDS = 2700
"""A first deployment builds an image and starts a machine; Azure says up to tens of minutes."""


def open_workspace(settings: AzureMLSettings) -> MLClient:
    """The workspace that the settings name, with the identity that DefaultAzureCredential finds.

    Raises:
        SettingsError: when the settings name none, or the SDK is not in this environment.
    """
    missing = [name for name in ("subscription", "resource_group", "workspace") if not getattr(settings, name)]
    if missing:
        raise SettingsError(f"Say where to deploy: {', '.join(f'azureml.{name}' for name in missing)} in conf/ or --overrides.")
    try:
        from azure.ai.ml import MLClient
        from azure.identity import DefaultAzureCredential
    except ImportError as error:
        raise SettingsError("azure-ai-ml is not in this environment: `make azureml` makes one that has it, .venv-azureml.") from error
    return MLClient(DefaultAzureCredential(), settings.subscription, settings.resource_group, settings.workspace, enable_telemetry=False)


def deploy(client: MLClient, folder: Path, settings: AzureMLSettings) -> str:
    """The name of the deployment that has all the traffic of the endpoint afterwards; the same folder again changes nothing.

    Args:
        folder: model.onnx, tokenizer.json, serving.json, as `lakedocs models fetch` writes them.

    Raises:
        ModelError: when the folder is not such a model.
        ServiceError: when Azure refuses, is not ready in time, or the deployment does not answer its first question.
    """
    from azure.ai.ml.entities import CodeConfiguration, Environment, ManagedOnlineDeployment, ManagedOnlineEndpoint, Model, OnlineRequestSettings

    if absent := [name for name in _FILES if not (folder / name).is_file()]:
        raise ModelError(f"That folder holds no served model ({', '.join(absent)} missing): `lakedocs models fetch` writes one.")
    model_files = [folder / name for name in _FILES]
    name = deployment_name(folder, settings)
    endpoint = ManagedOnlineEndpoint(name=settings.endpoint, auth_mode=settings.auth)
    with _answering(settings.endpoint, "deployed to"), tempfile.TemporaryDirectory() as work:
        present = _present(client, settings.endpoint)
        if present is None:
            present = _ready(client.online_endpoints.begin_create_or_update(endpoint))
        if present.auth_mode != settings.auth:
            raise SettingsError(f"The endpoint {settings.endpoint} knows its callers by {present.auth_mode}; that can't be changed: delete it first.")
        if present.traffic.get(name) == 100 and present.provisioning_state == "Succeeded":
            _remove_others(client, settings.endpoint, name)
            return name
        code = Path(work) / "scoring"
        code.mkdir()
        for source in _SCORING:
            shutil.copy(source, code)
        deployment = ManagedOnlineDeployment(
            name=name,
            endpoint_name=settings.endpoint,
            model=Model(name=settings.endpoint, version=_digest(*model_files), path=str(folder), type="custom_model"),
            environment=Environment(name=settings.endpoint, version=_digest(_CONDA, of=settings.image), image=settings.image, conda_file=str(_CONDA)),
            code_configuration=CodeConfiguration(code=str(code), scoring_script="score.py"),
            instance_type=settings.instance_type,
            instance_count=settings.instances,
            request_settings=OnlineRequestSettings(request_timeout_ms=settings.seconds * 1000),
        )
        _ready(client.online_deployments.begin_create_or_update(deployment))
        ask(client, [_QUESTION], settings, name)
        endpoint.traffic = {name: 100}
        _ready(client.online_endpoints.begin_create_or_update(endpoint))
        _remove_others(client, settings.endpoint, name)
    return name


def deployment_name(folder: Path, settings: AzureMLSettings) -> str:
    """What only this model, with this scoring code and environment on such machines, is called."""
    machine = f"{settings.image} {settings.instance_type} {settings.instances} {settings.seconds}"
    return f"v{_digest(*(folder / name for name in _FILES), _CONDA, *_SCORING, of=machine)}"


def ask(client: MLClient, texts: Sequence[str], settings: AzureMLSettings, deployment: str = "") -> list[Any]:
    """One prediction per text, in their order.

    Args:
        deployment: that one, whatever traffic it has; empty: where the endpoint sends it.

    Raises:
        ServiceError: when the endpoint refuses or answers with something else.
    """
    with _answering(settings.endpoint, "asked"), tempfile.TemporaryDirectory() as work:
        request = Path(work) / "request.json"
        request.write_text(json.dumps({"dataframe_split": {"columns": ["text"], "data": [[text] for text in texts]}}), encoding="utf-8")
        answer = client.online_endpoints.invoke(settings.endpoint, request_file=str(request), deployment_name=deployment or None)
        try:
            predictions = list(json.loads(answer)["predictions"])
        except (ValueError, KeyError, TypeError) as error:
            raise ServiceError(f"The endpoint {settings.endpoint} does not answer with predictions.") from error
        if len(predictions) != len(texts):
            raise ServiceError(f"The endpoint {settings.endpoint} answered with another number of predictions than there were texts.")
        return predictions


def delete(client: MLClient, settings: AzureMLSettings) -> bool:
    """Whether there was such an endpoint; it and its deployments are gone. Registered models and environments stay.

    Raises:
        ServiceError: when Azure refuses.
    """
    with _answering(settings.endpoint, "deleted"):
        if _present(client, settings.endpoint) is None:
            return False
        _ready(client.online_endpoints.begin_delete(settings.endpoint))
    return True


def _remove_others(client: MLClient, endpoint: str, name: str) -> None:
    """Every deployment but this one goes, those of a run that was cut off among them: each costs a machine."""
    for old in [one.name for one in client.online_deployments.list(endpoint) if one.name != name]:
        _ready(client.online_deployments.begin_delete(old, endpoint))


def _ready(poller: Any) -> Any:
    """What Azure made of a request that takes a while; the SDK's own time limit would pass for success."""
    poller.wait(_READY_SECONDS)
    if not poller.done():
        raise ServiceError(f"Azure ML was not ready after {_READY_SECONDS // 60} minutes; look at the endpoint in its studio, then run again.")
    return poller.result()


def _present(client: MLClient, name: str) -> Any:
    from azure.core.exceptions import ResourceNotFoundError

    try:
        return client.online_endpoints.get(name)
    except ResourceNotFoundError:
        return None


@contextmanager
def _answering(endpoint: str, what: str) -> Iterator[None]:
    """Azure's errors as ours, without their text: it may quote the request."""
    from azure.ai.ml.exceptions import MlException
    from azure.core.exceptions import AzureError, HttpResponseError

    try:
        yield
    except (AzureError, MlException) as error:
        code = error.status_code if isinstance(error, HttpResponseError) and error.status_code else type(error).__name__
        raise ServiceError(f"The endpoint {endpoint} can't be {what} ({code}); what it did before it does still: run again.") from error


def _digest(*files: Path, of: str = "") -> str:
    """Twelve hex digits of their contents, and of a text: a name that only the same contents have."""
    digest = hashlib.sha256(of.encode())
    for file in files:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:12]
