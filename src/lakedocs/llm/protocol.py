"""What the pipeline asks of a language model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said.

    Attributes:
        first_token_ms: time to the first piece of text, in milliseconds.
        inter_token_ms: mean time between pieces.
    """

    text: str = field(repr=False)
    tokens_in: int = 0
    tokens_out: int = 0
    first_token_ms: float = 0.0
    inter_token_ms: float = 0.0


class ChatModel(Protocol):
    """Answers conversations; may be asked from several threads."""

    @property
    def key(self) -> str:
        """Identifies the model: what one model said is not taken for another's."""

    def ask(self, messages: Sequence[Message], shape: type[BaseModel], on_text: Callable[[str], None] | None = None) -> Reply:
        """A reply that should be JSON of this shape; who reads it checks.

        Args:
            messages: the conversation.
            shape: a model whose JSON schema the reply follows.
            on_text: told the whole text so far, whenever more has come; it begins anew where the service broke off.

        Raises:
            RefusedError: when the service refuses this conversation.
            ServiceError: when it refuses the caller, or has not answered in time.
        """
