"""Fits the network to rows: texts as pieces, with the labels that each piece may have and, where teachers were asked, how likely they find each.

Partial labels: most sources mark some of the types only. Where a source says nothing of a type, a word without a label may be of that
type, and the loss lets the model choose (marginal likelihood over the labels that are possible). A student learns from what its teachers say,
too (Hinton, Vinyals and Dean 2015, at temperature one): they disagree where the labels are doubtful.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from scripts.ner.network import NameTagger
from torch import Tensor

Array = np.ndarray[Any, np.dtype[Any]]

_BATCH_PIECES = 2048
_WARMUP = 0.06
_PADDED = 1.1
"""Times the pieces that are there: what stands in a batch."""
_AVERAGED_FROM = 0.6
"""Share of the steps behind which the weights are averaged."""
_AVERAGE_KEEPS = 0.99
_SHARE_OF_TEACHERS = 0.8
"""Of a student's loss."""


@dataclass(frozen=True)
class Row:
    """A window: ids and shapes (pieces), the labels that may be (pieces, labels), none where a piece is left out, and what teachers say of them."""

    ids: Array
    shapes: Array
    may: Array
    said: Array | None = None


@dataclass(frozen=True)
class Plan:
    """How long to fit, and by which steps."""

    epochs: float
    rate: float
    seed: int
    special: tuple[int, int]
    """The ids with which a window begins and ends."""


def _device() -> torch.device:
    """The graphics card where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def fit(tagger: NameTagger, rows: Sequence[Row], plan: Plan) -> None:
    """Train it in place, and leave it with the average of its last weights."""
    where = _device()
    tagger.to(where).train()
    trained = [parameter for parameter in tagger.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=plan.rate, weight_decay=0.01)
    steps = math.ceil(sum(len(row.ids) + 2 for row in rows) / _BATCH_PIECES * _PADDED * plan.epochs)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(step / (_WARMUP * steps), max((steps - step) / steps, 0.02)))
    average = torch.optim.swa_utils.AveragedModel(tagger, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(_AVERAGE_KEEPS))
    start, losses = time.monotonic(), []
    print(f"{len(rows)} windows, {steps} steps", flush=True)
    for step, batch in enumerate(_endless(rows, random.Random(plan.seed), steps), start=1):
        with torch.autocast(where.type, dtype=torch.bfloat16):
            logits = tagger(*_tensors(batch, plan.special, where))
        loss = _loss(logits.float()[:, 1:-1], batch)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        schedule.step()
        if step > _AVERAGED_FROM * steps:
            average.update_parameters(tagger)
        losses.append(loss.detach())
        if step % 100 == 0:
            print(f"step {step} of {steps}: loss {torch.stack(losses).mean().item():.4f}, {time.monotonic() - start:.0f} s", flush=True)
            losses.clear()
    tagger.load_state_dict(average.module.state_dict())
    tagger.eval()


def asked(teachers: Sequence[NameTagger], rows: Sequence[Row], special: tuple[int, int]) -> list[Row]:
    """The rows with what the teachers say of them on average."""
    said = [np.zeros(row.may.shape, dtype=np.float32) for row in rows]
    for teacher in teachers:
        for place, probabilities in _answers(teacher, rows, special):
            said[place] += probabilities
    return [replace(row, said=(sums / len(teachers)).astype(np.float16)) for row, sums in zip(rows, said, strict=True)]


@torch.no_grad()
def _answers(tagger: NameTagger, rows: Sequence[Row], special: tuple[int, int]) -> Iterator[tuple[int, Array]]:
    where = _device()
    tagger.to(where).eval()
    for places in _groups(rows, random.Random(0)):
        logits = tagger(*_tensors([rows[place] for place in places], special, where))
        for place, probabilities in zip(places, logits.float().softmax(-1).cpu().numpy(), strict=True):
            yield place, probabilities[1 : len(rows[place].ids) + 1]


def _endless(rows: Sequence[Row], chance: random.Random, steps: int) -> Iterator[list[Row]]:
    done = 0
    while done < steps:
        for places in _groups(rows, chance):
            yield [rows[place] for place in places]
            done += 1
            if done == steps:
                break


def _groups(rows: Sequence[Row], chance: random.Random) -> Iterator[list[int]]:
    """Rows of about one length, in an order that chance makes."""
    order = sorted(range(len(rows)), key=lambda n: len(rows[n].ids) + chance.random() * 8)
    groups, group, width = [], [], 0
    for n in order:
        width = max(width, len(rows[n].ids) + 2)
        if group and width * (len(group) + 1) > _BATCH_PIECES:
            groups.append(group)
            group, width = [], len(rows[n].ids) + 2
        group.append(n)
    groups.append(group)
    chance.shuffle(groups)
    yield from groups


def _tensors(batch: Sequence[Row], special: tuple[int, int], where: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    width = max(len(row.ids) for row in batch) + 2
    ids, shapes, mask = (np.zeros((len(batch), width), dtype=np.int64) for _ in range(3))
    for n, row in enumerate(batch):
        pieces = len(row.ids)
        ids[n, : pieces + 2] = [special[0], *row.ids, special[1]]
        shapes[n, 1 : pieces + 1] = row.shapes
        mask[n, : pieces + 2] = 1
    return torch.from_numpy(ids).to(where), torch.from_numpy(shapes).to(where), torch.from_numpy(mask).to(where)


def _loss(logits: Tensor, batch: Sequence[Row]) -> Tensor:
    may, said = np.zeros(logits.shape, dtype=bool), np.zeros(logits.shape, dtype=np.float32)
    for n, row in enumerate(batch):
        may[n, : len(row.ids)] = row.may
        if row.said is not None:
            said[n, : len(row.ids)] = row.said
    possible, likely = torch.from_numpy(may).to(logits.device), torch.from_numpy(said).to(logits.device)
    logs = logits.log_softmax(-1)
    counted = possible.any(-1)
    labelled = -(logs.masked_fill(~possible, -1e4).logsumexp(-1) * counted).sum() / counted.sum()
    if batch[0].said is None:
        return labelled
    taught = -((logs * likely).sum(-1) * counted).sum() / counted.sum()
    return _SHARE_OF_TEACHERS * taught + (1 - _SHARE_OF_TEACHERS) * labelled
