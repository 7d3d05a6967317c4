"""The classifier that the registry names champion, in this process or behind an endpoint: the most probable label."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from lakedocs.classify.labels import NONE
from lakedocs.errors import ModelError, ServiceError
from lakedocs.records import LabelScore
from lakedocs.services.invocations import Endpoint
from lakedocs.services.options import CallSettings, ServingSettings
from lakedocs.settings import Settings

_PROBABILITY = "probability_"
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
    """The registered model, run by this process: labels with a probability each, whatever was trained."""

    def __init__(self, folder: Path, threshold: float) -> None:
        import mlflow
        from mlflow.exceptions import MlflowException

        try:
            # Spark fills the cores with workers
            self._model = mlflow.pyfunc.load_model(str(folder), model_config={"threads": 1})
        except (MlflowException, OSError, ValueError, ImportError) as error:
            raise ModelError("The champion can't be loaded: it must be a model that the training job registered.") from error
        self._threshold = threshold

    def classify(self, texts: Sequence[str]) -> list[LabelScore]:
        """A label for each text: the most probable one if its probability is above the threshold, else `none`."""
        import pandas as pd

        rows = self._model.predict(pd.DataFrame({"text": _readable(texts)}, dtype="string[python]")).to_dict("records")
        return [chosen_label(row, self._threshold) for row in rows]


class ServedChampion:
    """The registered model behind a serving endpoint."""

    def __init__(self, endpoint: Endpoint, threshold: float) -> None:
        self._endpoint = endpoint
        self._threshold = threshold

    def classify(self, texts: Sequence[str]) -> list[LabelScore]:
        """A label for each text, as `Champion` gives it.

        Raises:
            ServiceError: when the endpoint does not answer.
        """
        return [chosen_label(row, self._threshold) for row in self._endpoint.ask(_readable(texts))]


def _readable(texts: Sequence[str]) -> list[str]:
    """The model refuses empty texts; a passage never is one, but its text may be marks that trim to nothing."""
    return [text if text.strip() else "-" for text in texts]


def chosen_label(row: Mapping[str, Any], threshold: float) -> LabelScore:
    """The label of one row of a model's answer, `none` where its confidence is not above the threshold.

    Raises:
        ModelError: when the model answers with something else.
    """
    try:
        confidence = round(float(row["confidence"]), 6)
        scores = {name.removeprefix(_PROBABILITY): round(float(p), 6) for name, p in row.items() if name.startswith(_PROBABILITY)}
        return LabelScore(str(row["label"]) if confidence > threshold else NONE, confidence, scores)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError("The champion does not answer with label, confidence and probabilities; train and promote one anew.") from error


@lru_cache(maxsize=1)
def open_champion(folder: str, threshold: float) -> Champion:
    """The champion, loaded once per process."""
    return Champion(Path(folder), threshold)


@lru_cache(maxsize=1)
def served_champion(url: str, token: str, serving: ServingSettings, calls: CallSettings, threshold: float) -> ServedChampion:
    """The champion behind its endpoint, one connection per process."""
    return ServedChampion(Endpoint(url, token, serving, calls), threshold)
