"""The labels, their reference prompts and thresholds, as conf/labels.yml holds them."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lakedocs.errors import SettingsError

NONE = "none"
"""The label of a passage that is near no prompt."""


class Example(BaseModel):
    """A passage and its label, shown to a language model."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    text: str
    label: str


class LabelFile(BaseModel):
    """Labels to their prompts, a threshold per model (by the name of its folder or hub entry), and examples for a language model."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    labels: dict[str, tuple[str, ...]] = Field(min_length=2)
    thresholds: dict[str, float] = Field(default_factory=dict)
    examples: tuple[Example, ...] = ()

    def threshold_of(self, model: str) -> float:
        """The cosine from which a label of this model counts."""
        return self.thresholds.get(model.rstrip("/").rsplit("/", 1)[-1], self.thresholds.get("default", 0.5))


def load_labels(path: Path) -> LabelFile:
    """The labels that a file defines.

    Raises:
        SettingsError: naming what is wrong.
    """
    try:
        found = LabelFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise SettingsError(f"{path.name} can't be used: {error}") from error
    if empty := [label for label, prompts in found.labels.items() if not prompts]:
        raise SettingsError(f"{path.name}: the label {empty[0]} has no prompts.")
    if unknown := [example.label for example in found.examples if example.label not in (*found.labels, NONE)]:
        raise SettingsError(f"{path.name}: an example has the label {unknown[0]}, which is not among the labels.")
    return found
