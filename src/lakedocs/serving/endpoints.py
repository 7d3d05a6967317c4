"""Model serving endpoints of a workspace, through databricks-sdk: one is created for the first version, updated for the next."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from lakedocs.errors import ServiceError
from lakedocs.services.options import ServingSettings

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

_READY = timedelta(minutes=40)
"""A first build makes a container image; Databricks says tens of minutes."""

Outcome = Literal["created", "updated", "as it was"]


def put_endpoint(client: WorkspaceClient, name: str, model: str, version: str, settings: ServingSettings, ready_in: timedelta = _READY) -> Outcome:
    """What had to be done so that the endpoint `name` serves this version of the registered model, and is ready.

    Raises:
        ServiceError: when the workspace refuses, or the endpoint is not ready in time.
    """
    from databricks.sdk.errors import NotFound, ResourceConflict
    from databricks.sdk.errors.base import DatabricksError
    from databricks.sdk.service.serving import EndpointCoreConfigInput, ServedEntityInput

    entity = ServedEntityInput(
        entity_name=model, entity_version=version, workload_size=settings.workload_size, scale_to_zero_enabled=settings.scale_to_zero
    )
    endpoints = client.serving_endpoints
    try:
        try:
            present = endpoints.get(name)
        except NotFound:
            endpoints.create_and_wait(name, config=EndpointCoreConfigInput(name=name, served_entities=[entity]), timeout=ready_in)
            return "created"
        config = present.config or present.pending_config
        served = [(one.entity_name, one.entity_version) for one in (config.served_entities if config else None) or []]
        if served == [(model, version)]:
            endpoints.wait_get_serving_endpoint_not_updating(name, timeout=ready_in)
            return "as it was"
        try:
            endpoints.update_config_and_wait(name, served_entities=[entity], timeout=ready_in)
        except ResourceConflict:  # an update is under way, of another run or a person: this one comes after it
            endpoints.wait_get_serving_endpoint_not_updating(name, timeout=ready_in)
            endpoints.update_config_and_wait(name, served_entities=[entity], timeout=ready_in)
    except (DatabricksError, TimeoutError) as error:
        code = getattr(error, "error_code", None) or type(error).__name__
        raise ServiceError(f"The serving endpoint {name} can't be brought to version {version} ({code}); the registry has it, run again.") from error
    return "updated"
