"""Azure OpenAI: embeddings that depend on the text alone, base64 as the service sends them, and chat, streamed; tokens and limits of a request."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from lakedocs.services.cl100k import count_cl100k
from tests.fakes.server import FakeService, Fault


class FakeAzureOpenAI(FakeService):
    """Answers embeddings in another order than asked, as the service may; refuses texts with a word of `refused`; may be `down`."""

    def __init__(self, dimensions: int = 64) -> None:
        super().__init__()
        self.refused: set[str] = set()
        self.down_after: int | None = None
        self.chat: Callable[[list[dict[str, str]]], str] = grounded_reply
        self.embedded: Counter[str] = Counter()
        self.dimensions = dimensions
        self.model = "emb"
        self.tokens = 0

    def handle(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if "/chat/completions" in path:
            return self._chat(body)
        if "/embeddings" not in path:
            return 404, {"error": {"code": "404", "message": "no such route"}}
        if self.down_after is not None and len(self.embedded) >= self.down_after:
            return 503, {"error": {"code": "503", "message": "down"}}
        texts = body["input"]
        if len(texts) > 2048:
            return 400, {"error": {"code": "400", "message": "too many inputs"}}
        if any(self.refused & set(text.split()) for text in texts):
            return 400, {"error": {"code": "content_filter", "message": "refused"}}
        self.embedded.update(texts)
        rows = [{"object": "embedding", "index": number, "embedding": self._encoded(text)} for number, text in enumerate(texts)]
        tokens = sum(map(count_cl100k, texts))
        self.tokens += tokens
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return 200, {"object": "list", "data": rows[::-1], "model": self.model, "usage": usage}

    def limited(self, body: Any) -> Fault | None:
        if not (self.requests_per_minute or self.tokens_per_minute):
            return None
        texts = body["input"] if "input" in body else [message["content"] for message in body["messages"]]
        return self.over_the_limit(sum(map(count_cl100k, texts)) + body.get("max_tokens", 0))

    def _chat(self, body: Any) -> tuple[int, Any]:
        """Server-sent events, as both Azure OpenAI and services like it send them."""
        messages = body["messages"]
        if any(self.refused & set(message["content"].split()) for message in messages):
            return 400, {"error": {"code": "content_filter", "message": "refused"}}
        wanted = body["response_format"]
        if wanted["type"] == "json_schema":
            _check_strict(wanted["json_schema"]["schema"])
        text = self.chat(messages)
        tokens_in, tokens_out = sum(count_cl100k(message["content"]) + 4 for message in messages), count_cl100k(text)
        self.tokens += tokens_in + tokens_out
        is_cut = tokens_out > body["max_tokens"]
        pieces = re.findall(r".{1,12}", text[: body["max_tokens"] * 4] if is_cut else text, re.DOTALL)
        events = [
            *({"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]} for piece in pieces),
            {"choices": [{"index": 0, "delta": {}, "finish_reason": "length" if is_cut else "stop"}]},
            {"choices": [], "usage": {"prompt_tokens": tokens_in, "completion_tokens": tokens_out, "total_tokens": tokens_in + tokens_out}},
        ]
        whole = ({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": self.model, **event} for event in events)
        return 200, "".join(f"data: {json.dumps(event)}\n\n" for event in whole).encode() + b"data: [DONE]\n\n"

    def _encoded(self, text: str) -> str:
        vector = np.zeros(self.dimensions, dtype="<f4")
        for word in text.lower().split():
            vector[int(hashlib.sha256(word.encode()).hexdigest(), 16) % self.dimensions] += 1
        vector /= max(float(np.linalg.norm(vector)), 1e-9)
        return base64.b64encode(vector.tobytes()).decode()


def grounded_reply(messages: list[dict[str, str]]) -> str:
    """What a good model replies: the sentence of the passages that shares most words with the question, or nothing."""
    asked = json.loads(messages[1]["content"])
    words = _words(asked["question"])
    best = max(((len(words & _words(text)), -number, text) for number, text in _sentences(asked["passages"])), default=(0, 0, ""))
    shared, number, text = best
    statements = [{"text": text, "citations": [-number], "quote": text}] if shared > 1 else []
    return json.dumps({"statements": statements, "confidence": 0.9 if statements else 0.1, "follow_ups": ["What else does it say?"]})


def _sentences(passages: list[dict[str, Any]]) -> Iterator[tuple[int, str]]:
    for passage in passages:
        for sentence in re.split(r"(?<=[.!?])\s+|\n", passage["text"]):
            yield passage["number"], sentence


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w{3,}", text.lower()))


def _check_strict(schema: dict[str, Any]) -> None:
    """Strict schemas name every property as required, and allow no others."""
    for part in (schema, *schema.get("$defs", {}).values()):
        if part.get("type") == "object":
            assert part["additionalProperties"] is False
            assert set(part["required"]) == set(part["properties"])
