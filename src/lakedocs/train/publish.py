"""A base model into a volume, for clusters that reach no hub, and as a served embedder into the registry."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from lakedocs.embed.convert import agreement_with, write_onnx
from lakedocs.embed.local import load_model
from lakedocs.errors import ModelError, SettingsError
from lakedocs.lakehouse.tracking import registered
from lakedocs.serving.log import log_text_model
from lakedocs.serving.text_model import TextModel
from lakedocs.settings import Settings


def publish_base(source: str, folder: Path | None, name: str, settings: Settings) -> str:
    """The version of the registered model `name` that embeds with the model of `source`; empty where no name is given.

    Args:
        source: a sentence-transformers model by path, or by name where a hub can be reached.
        folder: where its files go (a volume); None: nowhere.
        name: in the registry; empty: not registered.

    Raises:
        ModelError: when it can't be loaded, or answers otherwise once it is exported.
        SettingsError: when `folder` is there already.
    """
    if folder is not None and folder.exists():
        raise SettingsError(f"{folder.name} is there already; models are never changed in place: choose a folder of another name.")
    model = load_model(source, device="cpu", model_kwargs={"attn_implementation": "eager"})
    if folder is not None:
        partial = folder.with_name(f"{folder.name}.partial")  # what was cut off must not pass for a whole model
        shutil.rmtree(partial, ignore_errors=True)
        partial.parent.mkdir(parents=True, exist_ok=True)
        model.save(str(partial))
        partial.rename(folder)
    if not name:
        return ""
    with tempfile.TemporaryDirectory() as work:
        served = Path(work) / "served"
        served.mkdir()
        facts = write_onnx(model, served / "model.onnx")
        model.tokenizer.backend_tokenizer.save(str(served / "tokenizer.json"))
        prompts = {"passage": facts.passage_prompt, "query": facts.query_prompt}
        content = {"outputs": facts.dimensions, "max_tokens": facts.max_tokens, "pad_token_id": facts.pad_token_id, "prompts": prompts}
        (served / "serving.json").write_text(json.dumps(content), encoding="utf-8")
        answering = TextModel()
        answering.load(served)
        if agreement_with(model, answering.outputs) < settings.embedding.min_agreement:
            raise ModelError("The exported model's vectors are not the model's own: it was not registered. Name another model.")
        return registered(settings, name, lambda **options: log_text_model(served, **options))
