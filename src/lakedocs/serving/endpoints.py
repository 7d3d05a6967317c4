"""Model serving endpoints of a workspace, through databricks-sdk: one is created for the first version, updated for the next."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from lakedocs.errors import ServiceError
from lakedocs.services.options import ServingSettings

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

_READY = timedelta(minutes=40)
"""A first build makes a container image; Databricks says tens of minutes."""

Outcome = Literal["created", "updated", "as it was"]


def served_version(client: WorkspaceClient, name: str, model: str) -> str:
    """The version of the registered model that the endpoint answers with; empty where it serves something else.

    Raises:
        ServiceError: when the workspace does not say.
    """
    from databricks.sdk.errors.base import DatabricksError

    try:
        config = client.serving_endpoints.get(name).config
    except DatabricksError as error:
        raise ServiceError(f"The workspace does not say what the endpoint {name} serves ({error.error_code}).") from error
    served = [(one.entity_name, one.entity_version) for one in (config.served_entities if config else None) or []]
    return str(served[0][1]) if len(served) == 1 and served[0][0] == model else ""


def put_endpoint(
    client: WorkspaceClient,
    name: str,
    model: str,
    version: str,
    settings: ServingSettings,
    ready_in: timedelta = _READY,
    *,
    may_change: bool = True,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Outcome:
    """What had to be done so that the endpoint `name` serves this version of the registered model, and is ready.

    Args:
        may_change: whether an endpoint that serves something else gets this instead.
        environment: variables of the model's process; a secret as `{{secrets/SCOPE/KEY}}`.

    Raises:
        ServiceError: when the workspace refuses, or the endpoint is not ready in time.
    """
    from databricks.sdk.errors import NotFound, OperationFailed, ResourceConflict
    from databricks.sdk.errors.base import DatabricksError
    from databricks.sdk.service.serving import EndpointCoreConfigInput, EndpointStateConfigUpdate, ServedEntityInput

    entity = ServedEntityInput(
        entity_name=model, entity_version=version, workload_size=settings.workload_size, scale_to_zero_enabled=settings.scale_to_zero,
        environment_vars=dict(environment),
    )  # fmt: skip
    endpoints = client.serving_endpoints
    try:
        try:
            present = endpoints.get(name)
        except NotFound:
            endpoints.create_and_wait(name, config=EndpointCoreConfigInput(name=name, served_entities=[entity]), timeout=ready_in)
            return "created"
        config = present.config or present.pending_config
        entities = (config.served_entities if config else None) or []
        wanted = [(model, version, entity.workload_size, entity.scale_to_zero_enabled)]
        served = [(one.entity_name, one.entity_version, one.workload_size, one.scale_to_zero_enabled) for one in entities]
        # a workspace may have put variables of its own beside these
        variables = [one.environment_vars or {} for one in entities]
        is_set = all({name: value for name, value in given.items() if name in environment or _is_ours(name)} == environment for given in variables)
        has_failed = present.state is not None and present.state.config_update in (
            EndpointStateConfigUpdate.UPDATE_FAILED, EndpointStateConfigUpdate.UPDATE_CANCELED,
        )  # fmt: skip
        if not may_change and [one[:2] for one in served] != [(model, version)]:
            raise ServiceError(f"The endpoint {name} serves another model or version, and its vectors would mix with this one's: choose another.")
        if served == wanted and is_set and not has_failed:
            endpoints.wait_get_serving_endpoint_not_updating(name, timeout=ready_in)
            return "as it was"
        try:
            endpoints.update_config_and_wait(name, served_entities=[entity], timeout=ready_in)
        except ResourceConflict:  # an update is under way, of another run or a person: this one comes after it
            endpoints.wait_get_serving_endpoint_not_updating(name, timeout=ready_in)
            endpoints.update_config_and_wait(name, served_entities=[entity], timeout=ready_in)
    except (DatabricksError, OperationFailed, TimeoutError) as error:
        code = getattr(error, "error_code", None) or type(error).__name__
        raise ServiceError(f"The serving endpoint {name} can't be brought to version {version} ({code}); the registry has it, run again.") from error
    return "updated"


def _is_ours(variable: str) -> bool:
    return variable.startswith("LAKEDOCS_")
