"""The fine-tuned classifier that the registry names champion: softmax over its logits, the most probable label."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from lakedocs.classify.labels import NONE
from lakedocs.errors import ModelError, ServiceError
from lakedocs.records import LabelScore
from lakedocs.settings import Settings

_TEXTS_A_BATCH = 32
_ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE", "NOT_FOUND")
"""How registries say that there is no such model or alias; SQLite's calls an unknown alias an invalid parameter."""


def champion_version(settings: Settings) -> str:
    """The version that the alias `champion` points at.

    Raises:
        ModelError: when the registry has no such model or alias.
        ServiceError: when it does not say.
    """
    if version := present_champion(settings):
        return version
    raise ModelError(f"The registry has no model {settings.champion_name} under the alias champion; train one, or set classification.method.")


def present_champion(settings: Settings) -> str:
    """The same, or empty where the registry has no such model or alias.

    Raises:
        ServiceError: when the registry does not say.
    """
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    client = MlflowClient(tracking_uri=tracking_uri(settings), registry_uri=settings.tracking.registry_uri or None)
    try:
        return str(client.get_model_version_by_alias(settings.champion_name, "champion").version)
    except MlflowException as error:
        if error.error_code in _ABSENT:
            return ""
        raise ServiceError(f"The model registry does not answer ({error.error_code}); check its rights and run again.") from error


def tracking_uri(settings: Settings) -> str:
    """Where runs go: what the settings say, else SQLite below the storage's root."""
    return settings.tracking.uri or f"sqlite:///{settings.storage.path / 'mlflow.db'}"


def fetch_champion(settings: Settings, version: str) -> Path:
    """The folder of the champion's files, downloaded once below the storage's root, where every worker reads it."""
    import mlflow
    from mlflow.environment_variables import MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR

    folder = settings.storage.path / "models" / f"{settings.champion_name.replace('.', '_')}-{version}"
    if not folder.is_dir():
        partial = folder.with_name(f"{folder.name}.partial")  # a download that was cut off must not pass for a whole one
        shutil.rmtree(partial, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR.set(False)  # it would write over the progress of the run
        mlflow.set_tracking_uri(tracking_uri(settings))
        if settings.tracking.registry_uri:
            mlflow.set_registry_uri(settings.tracking.registry_uri)
        mlflow.artifacts.download_artifacts(f"models:/{settings.champion_name}/{version}", dst_path=str(partial))
        partial.rename(folder)
    return folder


class Champion:
    """A transformers text classifier, logged with MLflow's transformers flavour."""

    def __init__(self, folder: Path, threshold: float) -> None:
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()
        model_folder = folder / "model"
        tokenizer_folder = folder / "components" / "tokenizer"
        torch.set_num_threads(1)  # Spark fills the cores with workers
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder if tokenizer_folder.is_dir() else model_folder)
            self._model = AutoModelForSequenceClassification.from_pretrained(model_folder).eval()
        except (OSError, ValueError) as error:
            raise ModelError("The champion is not a transformers text classifier that can be loaded.") from error
        self._threshold = threshold
        self._labels = [str(self._model.config.id2label[number]).lower() for number in range(self._model.config.num_labels)]

    def classify(self, texts: Sequence[str]) -> list[LabelScore]:
        """A label for each text: the most probable one if its probability is above the threshold, else `none`."""
        import torch

        found: list[LabelScore] = []
        for start in range(0, len(texts), _TEXTS_A_BATCH):
            batch = self._tokenizer(list(texts[start : start + _TEXTS_A_BATCH]), padding=True, truncation=True, return_tensors="pt")
            with torch.inference_mode():
                logits = self._model(**batch).logits.float()
            found += [self._choose(row) for row in torch.softmax(logits, dim=1).numpy()]
        return found

    def _choose(self, probabilities: Sequence[float]) -> LabelScore:
        best = int(np.argmax(probabilities))
        confidence = round(float(probabilities[best]), 6)
        label = self._labels[best] if confidence > self._threshold else NONE
        return LabelScore(label, confidence, {name: round(float(p), 6) for name, p in zip(self._labels, probabilities, strict=True)})


@lru_cache(maxsize=1)
def open_champion(folder: str, threshold: float) -> Champion:
    """The champion, loaded once per process."""
    return Champion(Path(folder), threshold)
