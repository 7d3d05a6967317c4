"""Azure OpenAI's embeddings: vectors that depend on the text alone, base64 as the service sends them, its tokens and limits of a request."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from typing import Any

import numpy as np

from lakedocs.services.cl100k import count_cl100k
from tests.fakes.server import FakeService


class FakeAzureOpenAI(FakeService):
    """Answers embeddings in another order than asked, as the service may; refuses texts with a word of `refused`; may be `down`."""

    def __init__(self, dimensions: int = 64) -> None:
        super().__init__()
        self.refused: set[str] = set()
        self.down_after: int | None = None
        self.embedded: Counter[str] = Counter()
        self.dimensions = dimensions
        self.model = "emb"
        self.tokens = 0

    def handle(self, method: str, path: str, body: Any) -> tuple[int, Any]:
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

    def _encoded(self, text: str) -> str:
        vector = np.zeros(self.dimensions, dtype="<f4")
        for word in text.lower().split():
            vector[int(hashlib.sha256(word.encode()).hexdigest(), 16) % self.dimensions] += 1
        vector /= max(float(np.linalg.norm(vector)), 1e-9)
        return base64.b64encode(vector.tobytes()).decode()
