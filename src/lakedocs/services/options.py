"""The settings of outside services, part of all settings."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class CallSettings(BaseModel):
    """How every outside service is called."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: float = Field(60, gt=0, description="Time-out of one try.")
    total_seconds: float = Field(600, gt=0, description="Bound of a call with all its tries; waiting for the rate does not count.")
    workers: int = Field(4, gt=0, description="Partitions that call at the same time; each has its share of the rates in prices.yml.")
    at_once: int = Field(4, gt=0, description="Calls of one partition at the same time.")


class ServingSettings(BaseModel):
    """The model serving endpoints of a workspace."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    classifier: str = Field("", description="Endpoint that gets the champion after its promotion; empty: none.")
    embedder: str = Field("multilingual_e5_base_service", description="Endpoint that `lakedocs models publish --serve` creates or updates.")
    workload_size: Literal["Small", "Medium", "Large"] = "Small"
    scale_to_zero: bool = True
    batch_texts: int = Field(64, gt=0, description="Texts of one request.")


class AzureMLSettings(BaseModel):
    """The Azure Machine Learning workspace that `lakedocs models azureml` deploys to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subscription: str = Field("", description="Id of the subscription.")
    resource_group: str = ""
    workspace: str = ""
    endpoint: str = Field("lakedocs-classifier", pattern=r"^[a-zA-Z][a-zA-Z0-9-]{2,31}$", description="Unique in its Azure region.")
    instance_type: str = "Standard_DS3_v2"
    instances: int = Field(1, gt=0)
    image: str = Field("mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04", description="Base image, on which environment.yml is installed.")
    seconds: int = Field(60, gt=0, le=180, description="Time-out of one request.")
    auth: Literal["aad_token", "key"] = Field("aad_token", description="How the endpoint knows its callers.")
