"""The model registry: a trained model becomes a version, and the champion."""

from __future__ import annotations

from lakedocs.lakehouse.stage import TaskContext
from lakedocs.train.results import DATA_TAG, RUN_TAG
from lakedocs.train.runs import last_run


def promote(context: TaskContext, model: str) -> str:
    """The version that the alias `champion` points at from now on: the last model of this kind that learnt from the present data.

    Raises:
        ModelError: when no run has it.
    """
    import mlflow
    from mlflow import MlflowClient

    settings = context.settings
    client = MlflowClient(registry_uri=settings.tracking.registry_uri or None)
    run = last_run(context, model)
    name = settings.champion_name
    tags = {
        tag: run.data.tags[tag]
        for tag in (DATA_TAG, RUN_TAG, "lakedocs.version", "lakedocs.settings", "mlflow.source.git.commit")
        if tag in run.data.tags
    }
    version = str(mlflow.register_model(f"runs:/{run.info.run_id}/model", name, tags=tags).version)
    client.set_registered_model_alias(name, "champion", version)
    return version
