"""Labels that a language model gave, by text and model: a text is paid for once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakedocs.classify.by_chat import REPLY_TOKENS, VERSION, ChatClassifier, prompt_tokens, rules, texts_a_request
from lakedocs.classify.labels import LabelFile, load_labels
from lakedocs.lakehouse.paid import Receipt, buy_missing
from lakedocs.lakehouse.stage import TaskContext
from lakedocs.lakehouse.tables import LABEL_REPLIES
from lakedocs.llm.open import open_chat
from lakedocs.services.prices import chat_price
from lakedocs.settings import Settings, fingerprint

_INVALID = "The chat model gave no valid label, asked twice."


def chat_labels_key(settings: Settings) -> str:
    """Identifies the model and what it is told."""
    labels = _labels(settings)
    return f"{settings.chat.model}:{fingerprint(VERSION, rules(labels), [example.model_dump() for example in labels.examples])[:16]}"


def label_missing(context: TaskContext, texts: DataFrame) -> DataFrame | None:
    """Have the texts labelled that have no label of this model yet; text_hash of those that got none, if any.

    Args:
        texts: text_hash, text; each hash once.

    Raises:
        BudgetError: when only some can be paid for; those are labelled first.
        ServiceError: when the model's service stays away; labels that came before are kept.
    """
    context.lake.ensure(LABEL_REPLIES)
    settings = context.settings
    price, prompt, most = chat_price(settings), prompt_tokens(_labels(settings)), texts_a_request(settings.chat)
    room = max(settings.chat.context_tokens - settings.chat.answer_tokens - prompt, 1)

    def cost(tokens: int, number: int) -> float:
        requests = max(-(-number // most), -(-(tokens + number * 12) // room))
        return price.cost(tokens + requests * prompt + number * 12, number * REPLY_TOKENS) if price else 0.0

    return buy_missing(context, texts, LABEL_REPLIES, chat_labels_key(settings), partial(_LabelPurchase, settings, context.run_id), price, cost)


def replies(context: TaskContext, texts: DataFrame) -> DataFrame:
    """text_hash, label, confidence, scores of the texts that have a label of this model."""
    held = context.lake.read(LABEL_REPLIES).where(F.col("model") == chat_labels_key(context.settings))
    wanted = held.join(F.broadcast(texts.select("text_hash")), "text_hash", "left_semi")
    return wanted.select("text_hash", "label", "confidence", F.create_map("label", "confidence").alias("scores"))


def _labels(settings: Settings) -> LabelFile:
    return load_labels(settings.conf_file(settings.classification.labels))


class _LabelPurchase:
    def __init__(self, settings: Settings, run_id: str) -> None:
        chat = open_chat(settings)
        assert chat, "checked before the task began"
        self._classifier = ChatClassifier(chat, _labels(settings), settings.chat)
        self._key = chat_labels_key(settings)
        self._run_id = run_id

    def requests_of(self, texts: Sequence[str]) -> Iterator[list[int]]:
        return self._classifier.requests_of(texts)

    def buy(self, hashes: Sequence[str], texts: Sequence[str]) -> Receipt:
        labelled = self._classifier.classify(texts)
        found = [(text_hash, score) for text_hash, score in zip(hashes, labelled.scores, strict=True) if score]
        columns = {
            "text_hash": pa.array([text_hash for text_hash, _ in found], pa.string()), "model": pa.array([self._key] * len(found), pa.string()),
            "label": pa.array([score.label for _, score in found], pa.string()),
            "confidence": pa.array([score.confidence for _, score in found], pa.float64()),
            "run_id": pa.array([self._run_id] * len(found), pa.string()),
        }  # fmt: skip
        refused = {text_hash: _INVALID for text_hash, score in zip(hashes, labelled.scores, strict=True) if score is None}
        return Receipt(columns, labelled.tokens_in, labelled.tokens_out, refused=refused)
