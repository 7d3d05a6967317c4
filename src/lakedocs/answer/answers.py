"""What an answer is, whoever made it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

UNKNOWN = "I do not know: nothing in the indexed documents fits this question."
REFUSED = "I can't answer: the language model's service refuses this question or what was found for it."
WITHHELD = "I can't answer: what the language model wrote is not borne out by the indexed documents."


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a sentence of the answer stands."""

    number: int
    doc_id: str
    passage_id: str
    title: str
    place: str
    label: str
    quote: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Usage:
    """What a language model took for an answer; all zero where there is none.

    Attributes:
        first_token_ms: time to the first piece of the reply, in milliseconds.
        inter_token_ms: mean time between its pieces.
        cost: US dollars by prices.yml.
    """

    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    first_token_ms: float = 0.0
    inter_token_ms: float = 0.0
    cost: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.model or other.model, self.tokens_in + other.tokens_in, self.tokens_out + other.tokens_out,
            self.first_token_ms or other.first_token_ms, self.inter_token_ms or other.inter_token_ms, round(self.cost + other.cost, 6),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with its citations.

    Attributes:
        confidence: the best sentence's cosine with the question; of a language model its own estimate, at most the share of its statements that the
            documents bear out.
        withheld: statements of a language model that were left out, because no passage says so.
        orders_ignored: sentences in the passages that give orders to whoever reads them, and took no part in the answer.
    """

    question: str = field(repr=False)
    found: bool
    text: str = field(repr=False)
    citations: tuple[Citation, ...]
    confidence: float
    passages_read: int
    milliseconds: dict[str, float]
    follow_ups: tuple[str, ...] = field(default=(), repr=False)
    withheld: int = 0
    orders_ignored: int = 0
    usage: Usage = Usage()

    def to_json(self) -> str:
        """The answer as one JSON object."""
        return json.dumps(asdict(self), ensure_ascii=False)
