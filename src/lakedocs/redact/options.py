"""The settings of redaction, part of all settings."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Operator = Literal["replace", "mask", "hash", "pseudonym", "shift_date", "reversible"]


class RedactionSettings(BaseModel):
    """What counts as personal data and what stands in its place."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    language: str = "en"
    nlp_engine: Literal["embedded", "none", "spacy", "transformers"] = "embedded"
    preset: Literal["balanced", "strict"] = Field("balanced", description="What the embedded model looks for, and how sure it must be.")
    names: dict[str, float] = Field(default_factory=dict, description="Changes to the preset: an entity and how sure; above 1: never.")
    nlp_model: str = Field("", description="spaCy package or transformers model (path, volume or name).")
    recognizers: str = Field("recognizers.yml", description="File in conf/ with recognisers as data.")
    packs: Literal["all"] | tuple[str, ...] = Field("all", description="Files in conf/packs/, a country each.")
    default_threshold: float = Field(0.5, ge=0, le=1)
    thresholds: dict[str, float] = Field(default_factory=dict, description="Per entity type.")
    default_operator: Operator = "replace"
    operators: dict[str, Operator] = Field(default_factory=dict, description="Per entity type.")
    sure_score: float = Field(0.5, ge=0, le=1, description="What is hidden at a lower score is a candidate for review.")
    near_share: float = Field(0.6, gt=0, le=1, description="What reaches this share of its threshold is not hidden, but a candidate; 1: nothing.")
    context_words: int = Field(5, ge=0)
    sample: str = Field("", description="Labelled file of your own, on which redaction is measured before it runs.")
    min_recall: float = Field(0.95, ge=0, le=1, description="Share of the sample's marked words that must be hidden.")
    window_chars: int = Field(2000, gt=500, description="Longer texts are analysed in windows of this size.")

    def operator_of(self, entity: str) -> Operator:
        """What happens to findings of an entity."""
        return self.operators.get(entity, self.default_operator)

    @property
    def is_reversible(self) -> bool:
        """Whether anything can be turned back, and so needs the vault's key."""
        return "reversible" in (self.default_operator, *self.operators.values())
