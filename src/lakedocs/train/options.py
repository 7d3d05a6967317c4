"""The settings of the training job, part of all settings."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Variant = Literal["fp32", "dynamic_int8", "static_int8", "qat_int8"]
WHOLE: Variant = "fp32"


class TrainingSettings(BaseModel):
    """What the training job learns from, and how."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    examples: tuple[str, ...] = Field(("training_examples.jsonl",), description="Files in conf/, or absolute paths; JSONL or CSV.")
    test_share: float = Field(0.2, gt=0, lt=1, description="Share of the groups that no training sees.")
    validation_share: float = Field(0.15, gt=0, lt=1, description="Share of the groups that early stopping and calibration use.")
    near_duplicate: float = Field(0.5, gt=0, le=1, description="Jaccard similarity of word pairs from which texts share a group.")
    max_examples: int = Field(200_000, gt=0, description="Fine-tuning and comparing hold so many examples on one machine, and no more.")
    hash_features: int = Field(1000, gt=0, description="Of TF-IDF; more tell more words apart.")
    regularisation: float = Field(0.01, ge=0, description="L2, of the logistic regression.")
    boosting_workers: int = Field(0, ge=0, description="Of XGBoost; 0: as many tasks as Spark runs at once.")
    boosting_rounds: int = Field(300, gt=0)
    boosting_patience: int = Field(20, gt=0, description="Rounds without a better validation loss.")
    boosting_device: Literal["cpu", "cuda"] = "cpu"
    base_model: str = Field("", description="Encoder to fine-tune: path, volume or name; empty: the packaged MiniLM.")
    freeze_encoder: bool = Field(False, description="Train the head alone.")
    epochs: int = Field(12, gt=0)
    learning_rate: float = Field(1e-4, gt=0)
    batch_size: int = Field(16, gt=0)
    warmup_share: float = Field(0.1, ge=0, lt=1)
    patience: int = Field(3, gt=0, description="Epochs without a better validation score.")
    seed: int = 7
    processes: int = Field(1, gt=0, description="More than one: trained by Spark's TorchDistributor, a process per task.")
    processes_on: Literal["workers", "driver"] = "workers"
    serve_as: Variant | Literal["auto"] = Field("auto", description="auto: the fastest variant that is as accurate.")
    serve_tolerance: float = Field(0.01, ge=0, lt=1, description="Validation accuracy that `auto` may give away.")
    calibration_passages: int = Field(200, gt=0, description="Training passages that static quantisation measures.")
    qat_epochs: int = Field(2, gt=0, description="Epochs of quantisation-aware training after fine-tuning.")
    price_per_hour: float = Field(0, ge=0, description="Of a core that classifies, in any currency: the cost column of the comparison.")
    bootstrap_rounds: int = Field(1000, ge=100, description="Resamples behind intervals and the test that a challenger must pass.")
    significance: float = Field(0.05, gt=0, lt=0.5, description="A challenger is better if chance explains it with no more probability.")
