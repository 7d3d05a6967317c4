"""Fine-tuning itself, without Spark: a classification head on a pretrained encoder, resumed from its last checkpoint."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lakedocs.errors import ModelError
from lakedocs.train.options import TrainingSettings

if TYPE_CHECKING:
    from lakedocs.train.rounding import Rounding
    from lakedocs.train.runs import Texts

MAX_TOKENS = 256
_TEXTS_A_BATCH = 32


@dataclass(frozen=True)
class FitJob:
    """What to learn from and where to leave it; whole of files, so that a process of its own can do it.

    Attributes:
        base: path or name of the encoder.
        data: a folder with train.json and validation.json: {"texts": [...], "targets": [...]}.
        folder: where checkpoints and, in `best/model`, the result lie.
        labels: in the order of their numbers.
        is_quantisation_aware: weights and activations are rounded to eight bits as it learns, so that it learns to bear that.
        on_epoch: called at the end of each.
        on_checkpoint: called with the folder of each checkpoint, once it is written.
    """

    base: str
    data: str
    folder: str
    labels: tuple[str, ...]
    settings: TrainingSettings
    is_quantisation_aware: bool = False
    on_epoch: Callable[[], None] = field(default=lambda: None)
    on_checkpoint: Callable[[Path], None] = field(default=lambda folder: None)


def fit(job: FitJob) -> None:
    """Train to the end, from the last checkpoint where there is one, and leave the best model in `folder`/best/model.

    Raises:
        ModelError: when the encoder can't be loaded.
    """
    import torch
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        EarlyStoppingCallback,
        PrinterCallback,
        Trainer,
        TrainerCallback,
        TrainingArguments,
        set_seed,
    )  # fmt: skip
    from transformers.trainer_utils import get_last_checkpoint
    from transformers.utils.logging import disable_progress_bar, set_verbosity_error

    disable_progress_bar()
    set_verbosity_error()
    chosen, folder = job.settings, Path(job.folder)
    set_seed(chosen.seed)
    try:
        tokenizer = AutoTokenizer.from_pretrained(job.base, model_max_length=MAX_TOKENS)
        network = AutoModelForSequenceClassification.from_pretrained(
            job.base, num_labels=len(job.labels), id2label=dict(enumerate(job.labels)), label2id={label: n for n, label in enumerate(job.labels)}
        )
    except (OSError, ValueError) as error:
        raise ModelError("training.base_model can't be loaded; name an installed path or volume (no hub may be reachable).") from error
    if chosen.freeze_encoder:
        network.base_model.requires_grad_(False)
    rounding = _rounding(network) if job.is_quantisation_aware else None
    train, validation = (_Encoded(tokenizer, *_read(Path(job.data) / f"{split}.json")) for split in ("train", "validation"))
    weights = torch.tensor(_balanced(train.targets, len(job.labels)), dtype=torch.float32)

    def weighted_loss(outputs: Any, targets: Any, **_: Any) -> Any:
        return torch.nn.functional.cross_entropy(outputs["logits"], targets, weight=weights.to(outputs["logits"].device))

    class Watch(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
        def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            del args, control
            if state.is_world_process_zero:
                job.on_epoch()

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            del control
            if state.is_world_process_zero:
                job.on_checkpoint(Path(args.output_dir) / f"checkpoint-{state.global_step}")

    trainer = Trainer(
        model=network,
        args=TrainingArguments(
            output_dir=str(folder / "checkpoints"), num_train_epochs=chosen.epochs, learning_rate=chosen.learning_rate,
            per_device_train_batch_size=chosen.batch_size, per_device_eval_batch_size=64, warmup_steps=chosen.warmup_share, weight_decay=0.01,
            lr_scheduler_type="linear", eval_strategy="epoch", save_strategy="epoch", logging_strategy="epoch", save_total_limit=2,
            load_best_model_at_end=True, metric_for_best_model="macro_f1", greater_is_better=True, seed=chosen.seed, data_seed=chosen.seed,
            report_to=[], disable_tqdm=True, use_cpu=not torch.cuda.is_available(), dataloader_pin_memory=False, label_names=["labels"],
        ),
        train_dataset=train,
        eval_dataset=validation,
        data_collator=_Collator(tokenizer),
        compute_loss_func=weighted_loss,
        compute_metrics=_metrics,
        callbacks=[EarlyStoppingCallback(early_stopping_patience=chosen.patience), Watch()],
    )  # fmt: skip
    trainer.remove_callback(PrinterCallback)
    checkpoints = folder / "checkpoints"
    _drop_unfinished(checkpoints)
    trainer.train(resume_from_checkpoint=get_last_checkpoint(str(checkpoints)) if checkpoints.is_dir() else None)
    if trainer.is_world_process_zero():
        best = folder / "best" / "model"
        if rounding:
            rounding.end()
        trainer.save_model(str(best))
        tokenizer.save_pretrained(str(best))
        (folder / "history.json").write_text(json.dumps(trainer.state.log_history), encoding="utf-8")


def _rounding(network: Any) -> Rounding:
    from lakedocs.train.rounding import Rounding

    return Rounding(network.base_model)


def probabilities(model_folder: Path, texts: Sequence[str]) -> list[list[float]]:
    """Each text's probability of every label, by the network as it was trained."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    network = AutoModelForSequenceClassification.from_pretrained(model_folder).eval()
    found: list[list[float]] = []
    for start in range(0, len(texts), _TEXTS_A_BATCH):
        batch = tokenizer(list(texts[start : start + _TEXTS_A_BATCH]), padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt")
        with torch.inference_mode():
            found += torch.softmax(network(**batch).logits.float(), dim=1).tolist()
    return found


def write_examples(folder: Path, splits: Mapping[str, Texts], labels: Sequence[str]) -> Path:
    """`folder`, with the redacted texts of each split in a file that `fit` reads."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, here in splits.items():
        content = {"texts": here.texts, "targets": [labels.index(label) for label in here.labels]}
        (folder / f"{split}.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def _drop_unfinished(checkpoints: Path) -> None:
    """Forget checkpoints that a kill cut off; their state is what is written last."""
    for checkpoint in checkpoints.glob("checkpoint-*"):
        try:
            json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            shutil.rmtree(checkpoint)


def _read(path: Path) -> tuple[list[str], list[int]]:
    found = json.loads(path.read_text(encoding="utf-8"))
    return found["texts"], found["targets"]


class _Encoded:
    """Texts as tokens with their targets, one item each."""

    def __init__(self, tokenizer: Any, texts: list[str], targets: list[int]) -> None:
        self.targets = targets
        self._tokens = tokenizer(texts, truncation=True, max_length=MAX_TOKENS)["input_ids"]

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, position: int) -> dict[str, Any]:
        return {"input_ids": self._tokens[position], "labels": self.targets[position]}


class _Collator:
    """Pads a batch to its longest text."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    def __call__(self, items: list[dict[str, Any]]) -> dict[str, Any]:
        import torch

        batch = self._tokenizer.pad({"input_ids": [item["input_ids"] for item in items]}, return_tensors="pt")
        return {**batch, "labels": torch.tensor([item["labels"] for item in items])}


def _balanced(targets: list[int], labels: int) -> list[float]:
    counts = np.bincount(targets, minlength=labels)
    return [float(len(targets) / (labels * count)) if count else 0.0 for count in counts]


def _metrics(evaluated: Any) -> dict[str, float]:
    from sklearn.metrics import accuracy_score, f1_score

    found = np.argmax(evaluated.predictions, axis=1)
    return {"accuracy": float(accuracy_score(evaluated.label_ids, found)), "macro_f1": float(f1_score(evaluated.label_ids, found, average="macro"))}
