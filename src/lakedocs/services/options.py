"""The settings of outside services, part of all settings."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class ServingSettings(BaseModel):
    """The model serving endpoints of a workspace."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    classifier: str = Field("", description="Endpoint that gets the champion after its promotion; empty: none.")
    embedder: str = Field("multilingual_e5_base_service", description="Endpoint that `lakedocs models publish --serve` creates or updates.")
    workload_size: Literal["Small", "Medium", "Large"] = "Small"
    scale_to_zero: bool = True
    seconds: float = Field(60, gt=0, description="Time-out of one request.")
    total_seconds: float = Field(600, gt=0, description="Bound of one request with its retries.")
    batch_texts: int = Field(64, gt=0, description="Texts of one request.")
