"""Examples are read or refused by line, groups never cross a split, figures of quality are right, a killed training goes on."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.encoder import tiny_encoder

from lakedocs.errors import SettingsError
from lakedocs.settings import bundle_folder, load_settings
from lakedocs.train.evaluate import Scored, calibration_error, compare, evaluate, temperature, tempered
from lakedocs.train.examples import Example, Refusal, check_file, read_examples, split_of
from lakedocs.train.fit import FitJob, fit
from lakedocs.train.sample import farthest_first

LABELS = ("problem", "solution", "topic", "year")
SHIPPED = bundle_folder() / "conf" / "training_examples.jsonl"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"text": "The claim was rejected.", "label": "problem"}', Example(1, "The claim was rejected.", "problem")),
        ('{"text": " a  b ", "label": 3, "group": "g", "language": "nl"}', Example(1, "a b", "year", "g", "nl")),
        ('{"text": "a", "label": "2"}', Example(1, "a", "topic")),
        ('{"text": "a", "label": "mood"}', Refusal(1, "its label is none of problem, solution, topic, year")),
        ('{"text": "a", "label": 4}', Refusal(1, "its label is none of problem, solution, topic, year")),
        ('{"text": "  ", "label": "year"}', Refusal(1, "no text")),
        ('{"label": "year"}', Refusal(1, "no text")),
        ('{"text": 5, "label": "year"}', Refusal(1, "no text")),
        ('{"text": "a", "label": "\u00b2"}', Refusal(1, "its label is none of problem, solution, topic, year")),
        ('{"text": "a", "label": "year", "language": "nl (Jansen)"}', Refusal(1, "its language is no code such as en or nl-BE")),
        ("[1]", Refusal(1, "not a JSON object")),
        ("not json", Refusal(1, "not a JSON object")),
        (json.dumps({"text": "x" * 8001, "label": "year"}), Refusal(1, "longer than 8000 characters")),
    ],
)
def test_a_line_is_an_example_or_is_refused(tmp_path: Path, line: str, expected: object) -> None:
    path = tmp_path / "examples.jsonl"
    path.write_text(line + "\n", encoding="utf-8")
    assert list(read_examples(path, LABELS)) == [expected]


def test_csv_rows_are_told_by_their_line(tmp_path: Path) -> None:
    path = tmp_path / "examples.csv"
    path.write_text('label,text\nyear,"signed\nin 2020"\nmood,x\n', encoding="utf-8")
    assert list(read_examples(path, LABELS)) == [
        Example(3, "signed in 2020", "year"),
        Refusal(4, "its label is none of problem, solution, topic, year"),
    ]


@pytest.mark.parametrize(("name", "content"), [("a.txt", b"x"), ("a.csv", b"text,kind\nx,y\n"), ("a.jsonl", b"\xff\xfe{}"), ("gone.csv", None)])
def test_a_file_that_is_none_says_so(tmp_path: Path, name: str, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SettingsError, match=re.escape(name)):
        check_file(tmp_path / name)


def test_the_shipped_examples_are_whole() -> None:
    found = list(read_examples(SHIPPED, LABELS))
    examples = [example for example in found if isinstance(example, Example)]
    assert len(examples) == len(found) >= 600
    assert len({example.text for example in examples}) == len(examples)
    assert {example.label for example in examples} == set(LABELS)
    assert {example.language for example in examples} == {"en", "nl", "de", "es"}
    names = re.compile(
        r"\b(problems?|probleem|problemen|probleme?|problemas?|solutions?|oplossing|lösung|solución|topics?|onderwerp|thema|tema|years?|jaar|jahr|años?)\b",
        re.IGNORECASE,
    )
    assert [example.text for example in examples if names.search(example.text)] == []


@given(st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=30))
def test_a_group_is_always_on_the_same_side(groups: list[str]) -> None:
    first = {group: split_of(group, 0.2, 0.15) for group in groups}
    assert first == {group: split_of(group, 0.2, 0.15) for group in reversed(groups)}
    assert set(first.values()) <= {"train", "validation", "test"}


def test_shares_of_the_splits_are_as_wanted() -> None:
    sides = [split_of(f"group {number}", 0.2, 0.15) for number in range(5000)]
    assert abs(sides.count("test") / 5000 - 0.2) < 0.02
    assert abs(sides.count("validation") / 5000 - 0.15) < 0.02


def scored(right: float, size: int = 400, sure: float = 0.9, seed: int = 1) -> Scored:
    """A model that is right so often and always that sure of itself; two examples a group."""
    chance = np.random.default_rng(seed)
    targets = chance.integers(0, 4, size)
    found = np.where(chance.random(size) < right, targets, (targets + 1) % 4)
    probabilities = np.full((size, 4), (1 - sure) / 3)
    probabilities[np.arange(size), found] = sure
    return Scored(targets, probabilities, [str(n // 2) for n in range(size)], ["en" if n % 2 else "nl" for n in range(size)])


def test_figures_of_a_model_whose_quality_is_known() -> None:
    test = scored(0.8)
    found = evaluate("m", LABELS, scored(0.8, seed=2), test, 1.5, rounds=200, seed=1)
    assert found.accuracy.value == pytest.approx(test.hits.mean())
    assert found.accuracy.low < found.accuracy.value < found.accuracy.high
    assert 0.02 < found.accuracy.high - found.accuracy.low < 0.15
    assert sum(label.examples for label in found.labels) == 400
    assert {language: number for language, (number, _) in found.languages.items()} == {"en": 200, "nl": 200}


def test_a_temperature_makes_an_over_sure_model_honest() -> None:
    over_sure = scored(0.7, size=2000, sure=0.97)
    factor = temperature(over_sure)
    assert factor > 1.3
    calm = tempered(over_sure.probabilities, factor)
    assert calm.sum(axis=1) == pytest.approx(1)
    assert calibration_error(calm, over_sure.hits) < 0.05 < calibration_error(over_sure.probabilities, over_sure.hits)


@pytest.mark.parametrize(("challenger", "champion", "is_better"), [(0.9, 0.6, True), (0.6, 0.9, False), (0.8, 0.8, False)])
def test_only_a_clear_winner_is_better(challenger: float, champion: float, is_better: bool) -> None:
    first, second = scored(challenger), scored(champion)
    assert compare(first, second, rounds=300, seed=1).is_better(0.05) is is_better


def test_a_sample_spreads_over_what_there_is() -> None:
    near, far, farther = [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]
    assert farthest_first(np.asarray([near, near, far, near, farther], dtype=np.float32), 3) == [0, 4, 2]
    assert sorted(farthest_first(np.asarray([near, near], dtype=np.float32), 9)) == [0, 1]


def test_a_model_is_not_better_than_itself() -> None:
    found = compare(scored(0.8), scored(0.8), rounds=200, seed=1)
    assert (found.mcnemar_p, found.bootstrap_p) == (1.0, 1.0)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder(tmp_path_factory.mktemp("base"))


def job_of(base: Path, folder: Path, **settings: object) -> FitJob:
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    pairs = [("rejected", 0), ("wrong", 0), ("recommend", 1), ("file", 1), ("concerns", 2), ("describes", 2), ("2019", 3), ("2020", 3)]
    for split, times in (("train", 6), ("validation", 2)):
        texts, targets = zip(*(pairs * times), strict=True)
        (data / f"{split}.json").write_text(json.dumps({"texts": texts, "targets": targets}))
    overrides = {f"training.{name}": value for name, value in {"epochs": 6, "learning_rate": 0.01, "patience": 9, **settings}.items()}
    return FitJob(str(base), str(data), str(folder), LABELS, load_settings("local", overrides).training)


def curve(folder: Path) -> list[tuple[int, float]]:
    history = json.loads((folder / "history.json").read_text())
    return [(entry["step"], round(entry["eval_loss"], 5)) for entry in history if "eval_loss" in entry]


def test_a_killed_training_goes_on_from_its_checkpoint_and_ends_the_same(base: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    fit(job_of(base, whole))
    killed = tmp_path / "killed"
    job = job_of(base, killed)
    code = f"""
import os, signal
from pathlib import Path
from lakedocs.settings import load_settings
from lakedocs.train.fit import FitJob, fit
from lakedocs.train.sample import farthest_first
left = [3]
def count():
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
settings = load_settings("local", {{"training.epochs": 6, "training.learning_rate": 0.01, "training.patience": 9}}).training
fit(FitJob({job.base!r}, {job.data!r}, {job.folder!r}, {LABELS!r}, settings, on_epoch=count))
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == -9
    assert sorted(path.name for path in (killed / "checkpoints").iterdir()) == ["checkpoint-3", "checkpoint-6"]
    (killed / "checkpoints" / "checkpoint-9").mkdir()  # cut off while it was written
    fit(job)
    assert curve(killed) == curve(whole)
    assert curve(whole)[-1][1] < curve(whole)[0][1]


def test_a_frozen_encoder_trains_the_head_alone(base: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    fit(job_of(base, tmp_path, freeze_encoder=True, epochs=1))
    before, after = load_file(base / "model.safetensors"), load_file(tmp_path / "best" / "model" / "model.safetensors")
    name = "encoder.layer.0.output.dense.weight"
    assert (before[name] == after[f"bert.{name}"]).all()


def test_rounding_puts_weights_on_their_grid_and_lets_the_gradient_through() -> None:
    import torch

    from lakedocs.train.rounding import Rounding

    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(16, 8), torch.nn.GELU(), torch.nn.Linear(8, 4))
    texts = torch.randn(5, 16)
    exact, names = network(texts), set(dict(network.named_parameters()))
    rounding = Rounding(network)
    rounded = network(texts)
    assert 0 < (exact - rounded).abs().max() < 0.1
    rounded.sum().backward()
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in network.parameters())
    rounding.end()
    assert set(dict(network.named_parameters())) == names
    for layer in (network[0], network[2]):
        steps = layer.weight / (layer.weight.abs().amax(dim=1, keepdim=True) / 127)
        assert torch.allclose(steps, steps.round(), atol=1e-3)
