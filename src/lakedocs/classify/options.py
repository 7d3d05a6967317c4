"""The settings of labels, part of all settings."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from lakedocs.services.options import EmbeddingSettings


class ClassificationSettings(BaseModel):
    """07: zero-shot against reference prompts, the registry's champion, or the chat model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Literal["zero_shot", "champion", "llm"] = "zero_shot"
    labels: str = Field("labels.yml", description="File in conf/ with labels, prompts and thresholds per model.")
    threshold: float | None = Field(None, ge=-1, le=1, description="Empty: the model's threshold in the labels file.")
    model: EmbeddingSettings = EmbeddingSettings()
    champion: str = Field("lakedocs_classifier", description="Registered model; its version under the alias champion is used.")
    champion_threshold: float = Field(0.5, ge=0, le=1)
    endpoint: str = Field("", description="URL (.../invocations) of a serving endpoint that has the champion; empty: workers load it.")
    summary_above: int = Field(0, ge=0, description="Documents of more passages get the label of their summary; 0: each passage its own.")
