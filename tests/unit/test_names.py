"""Names by a model: a spaCy pipeline and a transformers model, both made here, small and certain of themselves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import spacy
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, BertForTokenClassification, PreTrainedTokenizerFast

from lakedocs.errors import ModelError
from lakedocs.keys import make_local_keys
from lakedocs.redact.nlp import names
from lakedocs.redact.options import RedactionSettings
from lakedocs.redact.policy import TextRedactor
from lakedocs.settings import Settings, load_settings

PEOPLE = ("Adaeze", "Okonkwo", "Ruaridh")
OTHERS = ("met", "in", "Lagos", ".", "the", "[UNK]", "[PAD]")


@pytest.fixture(scope="module")
def spacy_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pipeline = spacy.blank("en")
    ruler = pipeline.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "PERSON", "pattern": name} for name in PEOPLE] + [{"label": "GPE", "pattern": "Lagos"}])  # type: ignore[attr-defined]
    folder = tmp_path_factory.mktemp("spacy") / "tiny"
    pipeline.to_disk(folder)
    return folder


@pytest.fixture(scope="module")
def transformers_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network without layers: a word's own vector says whether it is a name."""
    words = [*PEOPLE, *OTHERS]
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    labels = {0: "O", 1: "B-PER", 2: "B-LOC"}
    config = BertConfig(
        vocab_size=len(words), hidden_size=4, num_hidden_layers=0, num_attention_heads=1, max_position_embeddings=512, id2label=labels,
        label2id={label: number for number, label in labels.items()},
    )  # fmt: skip
    network = BertForTokenClassification(config)
    axis = [1 if word in PEOPLE else 2 if word == "Lagos" else 0 for word in words]
    with torch.no_grad():
        network.bert.embeddings.word_embeddings.weight.copy_(torch.nn.functional.one_hot(torch.tensor(axis), 4) * 10.0)
        network.bert.embeddings.position_embeddings.weight.zero_()
        network.bert.embeddings.token_type_embeddings.weight.zero_()
        network.classifier.weight.copy_(torch.eye(3, 4) * 9)
        network.classifier.bias.zero_()
    folder = tmp_path_factory.mktemp("transformers") / "tiny"
    network.save_pretrained(folder)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]").save_pretrained(folder)
    return folder


def settings_with(tmp_path: Path, engine: str, model: Path | str) -> Settings:
    settings = load_settings(
        "local", {"storage.root": str(tmp_path), "redaction.nlp_engine": engine, "redaction.nlp_model": str(model)}
    )  # fmt: skip
    make_local_keys(settings)
    return settings


@pytest.mark.parametrize("engine", ["spacy", "transformers"])
def test_a_model_s_names_are_hidden_beside_what_patterns_find(engine: str, spacy_model: Path, transformers_model: Path, tmp_path: Path) -> None:
    model = {"spacy": spacy_model, "transformers": transformers_model}[engine]
    redactor = TextRedactor(settings_with(tmp_path, engine, model))
    redacted = redactor.redact("the Ruaridh met a@b.example in Lagos .")
    assert redacted.text == "the <PERSON> met <EMAIL_ADDRESS> in <LOCATION> ."
    assert all(redaction.recognizer for redaction in redacted.redactions)


def test_long_texts_are_read_to_their_end(transformers_model: Path, tmp_path: Path) -> None:
    redactor = TextRedactor(settings_with(tmp_path, "transformers", transformers_model))
    text = "the " * 2000 + "Okonkwo met " + "the " * 2000 + "Adaeze"
    redacted = redactor.redact(text).text
    assert redacted.count("<PERSON>") == 2
    assert not [name for name in PEOPLE if name in redacted]


def test_a_text_that_the_model_fails_on_is_an_error_not_a_text_without_names(transformers_model: Path) -> None:
    recognizer = names(RedactionSettings(nlp_engine="transformers", nlp_model=str(transformers_model)))
    assert recognizer is not None

    def failing(text: str) -> object:
        raise RuntimeError(text)

    recognizer.ner_pipeline = recognizer._remembering(failing)
    with pytest.raises(ModelError, match="RuntimeError") as told:
        recognizer.analyze("Ruaridh met Adaeze", ["PERSON"])
    assert "Ruaridh" not in str(told.value)


@pytest.mark.parametrize(
    ("engine", "model", "complaint"),
    [
        ("spacy", "xx_nothing", "not installed"),
        ("spacy", "", "must name"),
        ("transformers", "", "must name"),
        ("transformers", "/nowhere/model", "path or volume"),
    ],
)
def test_a_model_that_is_not_there_is_told_and_not_downloaded(engine: str, model: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=complaint):
        TextRedactor(settings_with(tmp_path, engine, model))


_IN_TURN = """
import sys
from lakedocs.redact.opened import open_redactor
from lakedocs.settings import Settings
embedded, transformers = (Settings.model_validate_json(line) for line in sys.stdin)
open_redactor(embedded).redact("Adaeze Okonkwo met Ruaridh.")
print(sorted({"torch", "transformers"} & set(sys.modules)))
print(open_redactor(transformers).redact("Adaeze Okonkwo met Ruaridh in Lagos.").text)
"""


def test_frameworks_are_loaded_for_the_engine_that_needs_them_only(tmp_path: Path, transformers_model: Path) -> None:
    """A worker's start is short, and one that redacted with the embedded model can go on with another."""
    given = [settings_with(tmp_path, *chosen).model_dump_json() for chosen in (("embedded", ""), ("transformers", transformers_model))]
    done = subprocess.run([sys.executable, "-c", _IN_TURN], input="\n".join(given), capture_output=True, text=True, check=True)
    loaded, redacted = done.stdout.splitlines()
    assert loaded == "[]"
    assert redacted == "<PERSON> met <PERSON> in <LOCATION>."
