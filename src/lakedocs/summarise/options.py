"""The settings of summaries, part of all settings."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class SummarySettings(BaseModel):
    """07: documents in a few sentences, by the chat model, or without one of their own central sentences."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = False
    chunk_tokens: int = Field(3000, ge=600, description="The chat model summarises so much of a document at a time, then the summaries.")
    tokens: int = Field(300, ge=50, le=500, description="Of a summary, at most.")
