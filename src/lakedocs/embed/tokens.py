"""How a model counts: the tokens of a text with their places, and how many the model reads at once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

from lakedocs.embed.identity import model_source
from lakedocs.embed.reading import as_read
from lakedocs.errors import ModelError
from lakedocs.services.cl100k import count_cl100k
from lakedocs.services.options import EmbeddingSettings

Spans = Callable[[str], Sequence[tuple[int, int]]]
_RESERVED = 8
"""Tokens that the model adds: its special ones, and a prefix like E5's."""
_LONGEST_PASSAGE = 512
_WORD = re.compile(r"\s*\S+")


@lru_cache(maxsize=8)
def token_limit(settings: EmbeddingSettings) -> tuple[Spans, int]:
    """The tokenizer of a model and how many tokens a passage for it may have (512 at most, whatever the model reads).

    Raises:
        ModelError: when the model's files are not there.
    """
    if settings.engine == "azure_openai":
        return _cl100k_spans(), _LONGEST_PASSAGE - _RESERVED
    if settings.engine == "serving":  # its own tokenizer is not here, and may cut words into more pieces than this one
        return _cl100k_spans(), _LONGEST_PASSAGE * 3 // 4
    source = Path(model_source(settings))
    if (source / "tokenizer.json").is_file():
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return lambda text: tokenizer.encode(as_read(text), add_special_tokens=False).offsets, _sequence_length(source) - _RESERVED
    from transformers import AutoTokenizer

    try:
        found = AutoTokenizer.from_pretrained(settings.model)
    except (OSError, ValueError) as error:
        raise ModelError(f"The tokenizer of {settings.model} can't be loaded; name an installed path or volume.") from error
    length = min(int(found.model_max_length), _LONGEST_PASSAGE)
    return lambda text: found(as_read(text), add_special_tokens=False, return_offsets_mapping=True, verbose=False)[
        "offset_mapping"
    ], length - _RESERVED


def _sequence_length(folder: Path) -> int:
    """What sentence-transformers reads of a text: its own configuration before the tokenizer's and the network's."""
    for name, key in (("sentence_bert_config.json", "max_seq_length"), ("tokenizer_config.json", "model_max_length"),
                      ("config.json", "max_position_embeddings")):  # fmt: skip
        file = folder / name
        value = json.loads(file.read_text(encoding="utf-8")).get(key) if file.is_file() else None
        if value and 0 < int(value) < 1_000_000:
            return min(int(value), _LONGEST_PASSAGE)
    return _LONGEST_PASSAGE


def _cl100k_spans() -> Spans:
    count = count_cl100k

    def spans(text: str) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        for match in _WORD.finditer(as_read(text)):
            found += [match.span()] * max(count(match.group()), 1)
        return found

    return spans
