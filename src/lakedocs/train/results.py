"""What a training came to, as MLflow remembers it: for the console, and for whoever asks later."""

from __future__ import annotations

from dataclasses import dataclass

from lakedocs.classify.champion import tracking_uri
from lakedocs.lakehouse.tracking import experiment_id
from lakedocs.settings import Settings

REPORT = "training.html"
RUN_TAG = "lakedocs.run_id"
MODEL_TAG = "lakedocs.model"
DATA_TAG = "lakedocs.data_version"
VERDICT_TAG = "lakedocs.verdict"
COMPARISON = "comparison"


@dataclass(frozen=True)
class Results:
    """The verdict, and model to accuracy with its interval and macro F1."""

    verdict: str
    models: dict[str, tuple[float, float, float, float]]


def results_of(settings: Settings, run_id: str) -> Results | None:
    """What the comparison of this run found; None where it did not come to that."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=tracking_uri(settings))
    wanted = f"tags.`{RUN_TAG}` = '{run_id}' and tags.`{MODEL_TAG}` = '{COMPARISON}'"
    runs = client.search_runs([experiment_id(settings)], wanted, max_results=1)
    if not runs or VERDICT_TAG not in runs[0].data.tags:
        return None
    metrics = runs[0].data.metrics
    models = {name.removesuffix(".accuracy"): value for name, value in metrics.items() if name.endswith(".accuracy")}
    best_first = sorted(models, key=lambda model: -models[model])
    figures = ("accuracy", "accuracy_low", "accuracy_high", "macro_f1")
    return Results(
        runs[0].data.tags[VERDICT_TAG],
        {model: tuple(metrics[f"{model}.{figure}"] for figure in figures) for model in best_first},
    )
