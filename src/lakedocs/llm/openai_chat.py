"""Chat models of Azure OpenAI, and of any service with an API like OpenAI's (Databricks' serving endpoints among them)."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from openai import OpenAI
from pydantic import BaseModel

from lakedocs.errors import RefusedError
from lakedocs.llm.protocol import Message, Reply
from lakedocs.services.cl100k import count_cl100k
from lakedocs.services.openai_models import Deployment, Deployments
from lakedocs.services.options import CallSettings, ChatSettings
from lakedocs.services.rates import UNLIMITED, Rate

_TOKENS_A_MESSAGE = 4


class OpenAIChat:
    """Asks a chat model for JSON, streamed, with no variety: the same request should get the same reply."""

    def __init__(
        self, settings: ChatSettings, deployments: Sequence[Deployment], bounds: CallSettings, rate: Callable[[], Rate] = lambda: UNLIMITED
    ) -> None:
        self._settings = settings
        service = "Azure OpenAI" if settings.engine == "azure_openai" else "The chat model's service"
        self._deployments = Deployments(service, deployments, bounds, rate)

    @property
    def key(self) -> str:
        return self._settings.model

    def ask(self, messages: Sequence[Message], shape: type[BaseModel], on_text: Callable[[str], None] | None = None) -> Reply:
        tokens = sum(count_cl100k(message.text) + _TOKENS_A_MESSAGE for message in messages)
        said = {"messages": [{"role": message.role, "content": message.text} for message in messages], "response_format": self._format(shape)}
        clients, names = self._deployments.clients, self._deployments.names
        return self._deployments.caller.call(
            lambda number: self._streamed(clients[number], {"model": names[number], **said}, tokens, on_text), tokens + self._settings.answer_tokens
        )

    def _format(self, shape: type[BaseModel]) -> dict[str, Any]:
        if self._settings.structured == "object":
            return {"type": "json_object"}
        return {"type": "json_schema", "json_schema": {"name": shape.__name__, "strict": True, "schema": shape.model_json_schema()}}

    def _streamed(self, client: OpenAI, said: dict[str, Any], tokens_in: int, on_text: Callable[[str], None] | None) -> Reply:
        start = time.perf_counter()
        pieces: list[str] = []
        times: list[float] = []
        reason, usage = "", None
        stream = client.chat.completions.create(
            **said, temperature=0, max_tokens=self._settings.answer_tokens, stream=True, stream_options={"include_usage": True}
        )
        with stream:
            for event in stream:
                usage = event.usage or usage
                for choice in event.choices:
                    reason = choice.finish_reason or reason
                    if choice.delta.refusal:
                        raise RefusedError("The chat model refuses to answer.")
                    if choice.delta.content:
                        pieces.append(choice.delta.content)
                        times.append(time.perf_counter())
                        if on_text:
                            on_text("".join(pieces))
        if reason == "content_filter":
            raise RefusedError("The chat model's content filter cut the answer off.")
        if not reason:
            raise ValueError("the stream ended before the answer did")
        text = "".join(pieces)
        between = (times[-1] - times[0]) * 1000 / (len(times) - 1) if len(times) > 1 else 0.0
        return Reply(
            text, usage.prompt_tokens if usage else tokens_in, usage.completion_tokens if usage else count_cl100k(text),
            round((times[0] - start) * 1000, 1) if times else 0.0, round(between, 2),
        )  # fmt: skip
