"""`make ner`: train the embedded model that finds names, score it on what it has not seen, write it.

Several networks of all layers are fitted first; the one that is shipped has half the layers and learns from what they say on average beside the
labels. `make ner` ships what the same steps make of all data (`--all`); the scores are of those steps without what they are scored on.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from scripts.ner.examples import LABELS, UNKNOWN, Example
from scripts.ner.fitting import Plan, asked, fit
from scripts.ner.gathering import gathered, rows
from scripts.ner.known import write_lists
from scripts.ner.network import LAYERS, Answering, NameTagger, pretrained, small_vocabulary

from lakedocs.embed.export import quantise_dynamic
from lakedocs.records import Finding
from lakedocs.redact.evaluate.labelled import Labelled
from lakedocs.redact.evaluate.scores import Rates, score
from lakedocs.redact.ner.files import FOLDER, LISTS, NETWORK, write_facts
from lakedocs.redact.ner.tagger import Tagger

_COARSE = 4
"""Eight-bit weights are kept as multiples of this: no score shows it, and the file packs to little over half."""


def main() -> None:
    arguments = _arguments()
    torch.manual_seed(arguments.seed)
    write_lists(LISTS)
    train, held_out = gathered(arguments.data, arguments.made, arguments.seed, all_of_it=arguments.all)
    tokenizer, kept = small_vocabulary((example.text for example in train), arguments.vocabulary)
    print(f"{len(train)} examples to learn from, {len(kept)} pieces", flush=True)
    windows = rows(tokenizer, train, arguments.seed)
    special = (tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]"))
    teachers = []
    for number in range(arguments.teachers):
        teachers.append(pretrained(kept, LAYERS))
        fit(teachers[-1], windows, Plan(arguments.epochs, arguments.rate, arguments.seed + number, special))
    if teachers:
        windows = asked(teachers, windows, special)
    tagger = pretrained(kept, arguments.layers)
    fit(tagger, windows, Plan(arguments.epochs * (2 if teachers else 1), arguments.rate, arguments.seed, special))
    write(tagger.cpu(), tokenizer, arguments.to)
    if arguments.all:
        return
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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("data", type=Path, help="Folder with ner/ and pii/.")
    parser.add_argument("--to", type=Path, default=FOLDER, help="Folder for the model.")
    parser.add_argument("--made", type=int, default=24000, help="Sentences to make.")
    parser.add_argument("--vocabulary", type=int, default=29000, help="Word pieces.")
    parser.add_argument("--layers", type=int, default=3, help="Of the network that is written.")
    parser.add_argument("--teachers", type=int, default=4, help="Networks of all layers to learn from first.")
    parser.add_argument("--epochs", type=float, default=2.6, help="Times that the examples are read; twice as many with teachers.")
    parser.add_argument("--rate", type=float, default=3e-4, help="Of learning, at its highest.")
    parser.add_argument("--all", action="store_true", help="Learn from what is held out for the scores, too, and print none.")
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


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
        rounded = Path(work) / "rounded.onnx"
        quantise_dynamic(whole, rounded)
        with gzip.GzipFile(folder / NETWORK, "wb", mtime=0) as packed:
            packed.write(_coarse(onnx.load(rounded)).SerializeToString())
    if folder != FOLDER:
        shutil.copyfile(LISTS, folder / LISTS.name)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    write_facts(folder, LABELS, tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]"))
    print({file.name: file.stat().st_size for file in folder.iterdir()}, flush=True)


def _coarse(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same with its eight-bit tables as multiples of `_COARSE` away from zero, which stands at 128 in those without a sign."""
    for table in model.graph.initializer:
        values = numpy_helper.to_array(table)
        if values.ndim < 2 or values.dtype not in (np.int8, np.uint8):
            continue
        zero = 0 if values.dtype == np.int8 else 128
        coarse = np.clip(np.round((values.astype(np.int16) - zero) / _COARSE) * _COARSE, -127, 127)
        table.CopyFrom(numpy_helper.from_array((coarse + zero).astype(values.dtype), table.name))
    return model


if __name__ == "__main__":
    main()
