"""An answer that a language model writes from the retrieved passages, and that is shown only as far as these bear it out.

The passages go to the model as JSON data; it has no tools and nothing else to act by. Its reply is a list of statements, which are
judged and handed on one by one while it still streams; what no passage bears out is withheld.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pydantic import ValidationError

from lakedocs.answer.answers import REFUSED, UNKNOWN, WITHHELD, Answer, Citation, Usage
from lakedocs.answer.draft import MOST_FOLLOW_UPS, Draft, Statement, again, drafted, request, whole_statements
from lakedocs.answer.options import AnswerSettings
from lakedocs.answer.support import Support
from lakedocs.embed.protocol import Embedder, Vectors
from lakedocs.errors import RefusedError, ServiceError
from lakedocs.llm.protocol import ChatModel, Message, Reply
from lakedocs.records import Hit
from lakedocs.services.options import ChatSettings

OnText = Callable[[str], None]
"""Told the answer so far, whenever there is more of it."""


class Grounded:
    """Answers questions from passages.

    Args:
        chat: the model.
        embedder: of the model by whose nearness a statement is compared with what it quotes.
        settings: how near that must be.
        limits: how long a request and a reply may be.
        cost: US dollars of tokens in and out.
    """

    def __init__(
        self, chat: ChatModel, embedder: Embedder, settings: AnswerSettings, limits: ChatSettings, cost: Callable[[int, int], float]
    ) -> None:
        self._chat = chat
        self._embedder = embedder
        self._settings = settings
        self._most_tokens = limits.context_tokens - limits.answer_tokens
        self._cost = cost

    def answer(self, question: str, vector: Vectors, hits: Sequence[Hit], milliseconds: dict[str, float], on_text: OnText | None = None) -> Answer:
        """The answer, or that it is not known, or withheld.

        Args:
            question: redacted.
            vector: the question's, shape (dimensions,).
            hits: what the search brought back, best first, without orders.
            milliseconds: time of each step; the caller goes on filling it.
            on_text: told the text of the statements that are borne out so far.

        Raises:
            ServiceError: when the model does not answer.
        """
        if not hits:
            return Answer(question, False, UNKNOWN, (), 0.0, 0, milliseconds)
        shown, conversation = request(question, hits, self._most_tokens)
        support = Support(question, vector, shown, self._embedder, self._settings)

        def follow(reply: str) -> None:
            if on_text and support.judge(whole_statements(reply)):
                on_text(_written(support.borne_out))

        try:
            draft, replies = self._drafted(conversation, follow)
        except RefusedError:  # a content filter, most often: one question's matter, not the others'
            return Answer(question, False, REFUSED, (), 0.0, len(shown), milliseconds, usage=Usage(self._chat.key))
        support.judge(draft.statements if draft else [])
        usage = self._usage(replies)
        if draft is None or not support.borne_out:
            text = WITHHELD if draft is None or support.withheld else UNKNOWN
            return Answer(question, False, text, (), 0.0, len(shown), milliseconds, withheld=support.withheld, usage=usage)
        confidence = min(draft.confidence, len(support.borne_out) / len(draft.statements))
        return Answer(
            question, True, _written(support.borne_out), _citations(support.borne_out), round(confidence, 4), len(shown), milliseconds,
            support.harmless(draft.follow_ups)[:MOST_FOLLOW_UPS], support.withheld, usage=usage,
        )  # fmt: skip

    def _drafted(self, conversation: list[Message], follow: OnText) -> tuple[Draft | None, list[Reply]]:
        """What the model replied, asked once more where that can't be read; none where it can't be read then either."""
        reply = self._chat.ask(conversation, Draft, follow)
        try:
            return drafted(reply.text), [reply]
        except ValidationError as error:
            conversation = again(conversation, reply.text, error)
        replies = [reply]
        try:
            replies.append(self._chat.ask(conversation, Draft, follow))
            return drafted(replies[-1].text), replies
        except (ValidationError, ServiceError):  # the first reply is paid for, whatever became of the second
            return None, replies

    def _usage(self, replies: Sequence[Reply]) -> Usage:
        tokens_in, tokens_out = sum(reply.tokens_in for reply in replies), sum(reply.tokens_out for reply in replies)
        cost = round(self._cost(tokens_in, tokens_out), 6)
        return Usage(self._chat.key, tokens_in, tokens_out, replies[0].first_token_ms, replies[-1].inter_token_ms, cost)


def _numbers(said: Sequence[tuple[Statement, Hit]]) -> dict[str, int]:
    """The number of each passage, in the order in which they are cited."""
    return {key: number for number, key in enumerate(dict.fromkeys(hit.passage_id for _, hit in said), start=1)}


def _written(said: Sequence[tuple[Statement, Hit]]) -> str:
    numbers = _numbers(said)
    return " ".join(f"{' '.join(statement.text.split())} [{numbers[hit.passage_id]}]" for statement, hit in said)


def _citations(said: Sequence[tuple[Statement, Hit]]) -> tuple[Citation, ...]:
    first = {hit.passage_id: (statement.quote, hit) for statement, hit in reversed(said)}
    return tuple(
        Citation(number, hit.doc_id, key, hit.title, hit.place, hit.label, quote)
        for key, number in _numbers(said).items()
        for quote, hit in (first[key],)
    )
