"""`make ner`: train the embedded model that finds names, score it on what it has not seen, write it.

Partial labels: most sources mark some of the types only. Where a source says nothing of a type, a word without a label may be of that
type, and the loss lets the model choose (marginal likelihood over the labels that are possible).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from scripts.ner import sources
from scripts.ner.examples import LABELS, UNKNOWN, Example
from scripts.ner.known import write_lists
from scripts.ner.network import Answering, NameTagger, pretrained, small_vocabulary
from scripts.ner.sentences import Maker, plain_text, running_text
from torch import Tensor

from lakedocs.embed.export import quantise_dynamic
from lakedocs.records import Finding
from lakedocs.redact.evaluate.labelled import Labelled, Mark
from lakedocs.redact.evaluate.scores import Rates, score
from lakedocs.redact.ner.files import FOLDER, LISTS, write_facts
from lakedocs.redact.ner.reading import Reading, listed, read
from lakedocs.redact.ner.tagger import Tagger

_EXAMPLES = Path(__file__).parents[2] / "conf" / "training_examples.jsonl"
_BATCH_PIECES = 2048
_WARMUP = 0.06
_TIMES_MESSAGES = 2
"""They are few beside court decisions, and harder."""
_UNLISTED = {"made": 0.5}
_UNLISTED_ELSEWHERE = 0.1
"""Share of the listed names that the model is not told are listed: made sentences take their names from the very lists."""


def main() -> None:
    arguments = _arguments()
    torch.manual_seed(arguments.seed)
    write_lists(LISTS)
    train, held_out = gathered(arguments.data, arguments.made, arguments.seed)
    tokenizer, kept = small_vocabulary((example.text for example in train), arguments.vocabulary)
    print(f"{len(train)} examples to learn from, {len(kept)} pieces", flush=True)
    tagger = pretrained(kept, arguments.layers)
    fit(tagger, tokenizer, train, arguments)
    if arguments.keep:
        torch.save(tagger.state_dict(), arguments.keep)
    write(tagger, tokenizer, arguments.to)
    for name, examples in held_out.items():
        print(name, json.dumps(scored(Tagger(arguments.to, threads=0), examples)), flush=True)


def scored(tagger: Tagger, examples: Sequence[Example], bar: float = 0.5) -> dict[str, object]:
    """Precision and recall of exact spans for each type, and of words whatever the type; false alarms where nothing is marked."""
    least = {entity: bar for example in examples for entity in example.annotated}
    found = [[Finding(name.start, name.end, name.entity, name.score, "") for name in tagger.names(example.text, least)[0]] for example in examples]
    scores = score([Labelled(example.text, tuple(m for m in example.spans if m.entity != UNKNOWN)) for example in examples], found, most_misses=0)
    rates = {**scores.spans, "words": scores.words.get("any", Rates(0, 0, 0))}
    shown = {entity: (round(rate.precision, 3), round(rate.recall, 3)) for entity, rate in rates.items()}
    return {**shown, "false per 1000 words": round(scores.false_per_1000, 2)}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="Folder with ner/ and pii/.")
    parser.add_argument("--to", type=Path, default=FOLDER)
    parser.add_argument("--made", type=int, default=14000, help="Sentences to make.")
    parser.add_argument("--vocabulary", type=int, default=21500)
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--epochs", type=float, default=2.6)
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--keep", type=Path, help="A file for the weights before they are rounded.")
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


def gathered(data: Path, made: int, seed: int) -> tuple[list[Example], dict[str, list[Example]]]:
    """What to learn from, and what to score on: whole documents, whole templates, WNUT's own test split, another seed's sentences."""
    train: list[Example] = []
    held_out: dict[str, list[Example]] = {"crossner": [], "tab": [], "presidio": []}
    for path in sorted((data / "ner").glob("crossner_*.txt")):
        examples = list(sources.columns(path, "crossner"))
        is_test = path.stem in ("crossner_politics_test", "crossner_literature_dev")
        (held_out["crossner"] if is_test else train).extend(examples)
    messages = [sources.with_users(example) for example in sources.columns(data / "ner" / "wnut17train.conll", "wnut")]
    train.extend(messages * _TIMES_MESSAGES)
    held_out["wnut"] = list(sources.columns(data / "ner" / "wnut17test.conll", "wnut"))
    for key, example in sources.tab(data / "pii" / "tab_train.jsonl"):
        (held_out["tab"] if _one_in(6, key) else train).append(example)
    for template, example in sources.presidio(data / "pii" / "presidio_generated_large.json"):
        (held_out["presidio"] if _one_in(5, str(template)) else train).append(example)
    running = running_text(_EXAMPLES, lambda group: not _one_in(5, group))
    unseen = running_text(_EXAMPLES, lambda group: _one_in(5, group), with_own=False)
    train.extend(Maker(seed, running).examples(made))
    held_out["made"] = list(Maker(seed + 1, running).examples(800))
    held_out["no names"] = [plain_text(text) for texts in unseen.values() for text in texts]
    maker = Maker(seed + 2, running)
    train.extend(varied(train, maker, random.Random(seed)))
    return train, held_out


def _one_in(parts: int, key: str) -> bool:
    return int(hashlib.sha256(key.encode()).hexdigest(), 16) % parts == 0


def varied(examples: Sequence[Example], maker: Maker, chance: random.Random) -> Iterator[Example]:
    """Some of them again, with other people's names, in capitals, or in small letters."""
    for example in examples:
        if example.source == "made" or not example.spans:
            continue
        named = any(span.entity == "PERSON" for span in example.spans)
        if chance.random() < 0.35 and named:
            other = _renamed(example, maker)
        elif chance.random() > 0.25:
            continue
        else:
            other = example
        way = chance.random()
        text = other.text.upper() if way < 0.35 else other.text.lower() if way < 0.5 else other.text
        if len(text) == len(other.text):
            yield replace(other, text=text)


def _renamed(example: Example, maker: Maker) -> Example:
    pieces, spans, end, shift = [], [], 0, 0
    for span in example.spans:
        old = example.text[span.start : span.end]
        new = old
        if span.entity == "PERSON":
            new = maker.person() if " " in old else maker.last()
        pieces += [example.text[end : span.start], new]
        spans.append(Mark(span.start + shift, span.start + shift + len(new), span.entity))
        shift += len(new) - len(old)
        end = span.end
    return replace(example, text="".join([*pieces, example.text[end:]]), spans=tuple(spans))


def allowed(reading: Reading, example: Example) -> np.ndarray:
    """(pieces, labels): which labels a piece may have; none where the loss leaves it out."""
    found = np.zeros((len(reading.ids), len(LABELS)), dtype=bool)
    silent = [n for n, label in enumerate(LABELS) if label == "O" or label[2:] not in example.annotated]
    spans = list(example.spans)
    inside = ""
    for place, (start, end) in enumerate(reading.offsets):
        while spans and spans[0].end <= start:
            spans.pop(0)
        if not reading.begins[place]:
            continue
        span = spans[0] if spans and spans[0].start < end else None
        if span is None:
            found[place, silent] = True
            inside = ""
        elif span.entity != UNKNOWN:
            key = f"{span.start}"
            found[place, LABELS.index(f"{'I' if inside == key else 'B'}-{span.entity}")] = True
            inside = key
    return found


def fit(tagger: NameTagger, tokenizer: object, examples: Sequence[Example], arguments: argparse.Namespace) -> None:
    """Train it in place."""
    rows = []
    forget = random.Random(arguments.seed)
    for example in examples:
        reading = read(tokenizer, example.text, _forgetful(forget, _UNLISTED.get(example.source, _UNLISTED_ELSEWHERE)))
        may = allowed(reading, example)
        rows += [(reading.ids[part], reading.shapes[part], may[part]) for part in reading.windows() if part.stop > part.start]
    trained = [parameter for parameter in tagger.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=arguments.rate, weight_decay=0.01)
    special = (tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]"))
    chance = random.Random(arguments.seed)
    pieces = sum(len(row[0]) + 2 for row in rows)
    steps = math.ceil(pieces / _BATCH_PIECES * 1.1 * arguments.epochs)
    print(f"{len(rows)} windows, {pieces} pieces, about {steps} steps", flush=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(step / (_WARMUP * steps), max((steps - step) / steps, 0.02)))
    tagger.train()
    step, start, losses = 0, time.time(), []
    while step < steps:
        for batch in _batches(rows, chance):
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = tagger(*_tensors(batch, special))
            loss = _loss(logits.float()[:, 1:], batch)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
            step += 1
            if step % 100 == 0:
                print(f"step {step} of {steps}: loss {np.mean(losses[-100:]):.4f}, {time.time() - start:.0f} s", flush=True)
            if step >= steps:
                break
    tagger.eval()


def _forgetful(chance: random.Random, share: float) -> Callable[[str, bool], int]:
    """What the lists say of a word, or that share of the time nothing."""
    return lambda word, is_user: 0 if chance.random() < share else listed(word, is_user)


def _batches(rows: Sequence[tuple[np.ndarray, ...]], chance: random.Random) -> Iterator[list[tuple[np.ndarray, ...]]]:
    order = sorted(range(len(rows)), key=lambda n: len(rows[n][0]) + chance.random() * 8)
    groups, group, width = [], [], 0
    for n in order:
        width = max(width, len(rows[n][0]) + 2)
        if group and width * (len(group) + 1) > _BATCH_PIECES:
            groups.append(group)
            group, width = [], len(rows[n][0]) + 2
        group.append(rows[n])
    groups.append(group)
    chance.shuffle(groups)
    yield from groups


def _tensors(batch: Sequence[tuple[np.ndarray, ...]], special: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
    width = max(len(row[0]) for row in batch) + 2
    ids, shapes, mask = (np.zeros((len(batch), width), dtype=np.int64) for _ in range(3))
    for n, (pieces, written, _) in enumerate(batch):
        ids[n, : len(pieces) + 2] = [special[0], *pieces, special[1]]
        shapes[n, 1 : len(pieces) + 1] = written
        mask[n, : len(pieces) + 2] = 1
    return torch.from_numpy(ids), torch.from_numpy(shapes), torch.from_numpy(mask)


def _loss(logits: Tensor, batch: Sequence[tuple[np.ndarray, ...]]) -> Tensor:
    may = torch.zeros(logits.shape, dtype=torch.bool)
    for n, (_, _, labels) in enumerate(batch):
        may[n, : len(labels)] = torch.from_numpy(labels)
    counted = may.any(-1)
    logits, may = logits[counted], may[counted]
    possible = logits.masked_fill(~may, -1e4).logsumexp(-1)
    return (logits.logsumexp(-1) - possible).mean()


def write(tagger: NameTagger, tokenizer: object, folder: Path) -> None:
    """Export it, round it to eight bits, and put what the tagger loads into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    inputs = {
        "input_ids": torch.ones(2, 9, dtype=torch.long),
        "shapes": torch.ones(2, 9, dtype=torch.long),
        "attention_mask": torch.ones(2, 9, dtype=torch.long),
    }
    axes = {name: {0: "texts", 1: "pieces"} for name in (*inputs, "probabilities")}
    with tempfile.TemporaryDirectory() as work:
        whole = Path(work) / "whole.onnx"
        torch.onnx.export(
            Answering(tagger),
            tuple(inputs.values()),
            str(whole),
            input_names=list(inputs),
            output_names=["probabilities"],
            dynamic_axes=axes,
            dynamo=False,
        )
        rounded = Path(work) / "model.onnx"
        quantise_dynamic(whole, rounded)
        shutil.copyfile(rounded, folder / "model.onnx")
    if folder != FOLDER:
        shutil.copyfile(LISTS, folder / LISTS.name)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    write_facts(folder, LABELS, tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]"))
    print({file.name: file.stat().st_size for file in folder.iterdir()}, flush=True)


if __name__ == "__main__":
    main()
