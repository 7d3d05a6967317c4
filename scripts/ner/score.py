"""How well names are found: by span, by word, for each type."""

from __future__ import annotations

from collections.abc import Sequence

from scripts.ner.examples import UNKNOWN, Example

from lakedocs.redact.ner.tagger import Tagger


def scored(tagger: Tagger, examples: Sequence[Example], bar: float = 0.5) -> dict[str, object]:
    """Precision, recall and F1 of exact spans for each type, and of characters whatever the type."""
    types = sorted({span.entity for example in examples for span in example.spans} - {UNKNOWN})
    annotated = {entity for example in examples for entity in example.annotated}
    found = [tagger.names(example.text, dict.fromkeys(annotated, bar)) for example in examples]
    result: dict[str, object] = {}
    for entity in types:
        right = said = there = 0
        for example, names in zip(examples, found, strict=True):
            wanted = {(span.start, span.end) for span in example.spans if span.entity == entity}
            given = {(name.start, name.end) for name in names if name.entity == entity}
            right, said, there = right + len(wanted & given), said + len(given), there + len(wanted)
        result[entity] = _rates(right, said, there)
    right = said = there = words = false = 0
    for example, names in zip(examples, found, strict=True):
        wanted = {n for span in example.spans for n in range(span.start, span.end)}
        given = {n for name in names for n in range(name.start, name.end)}
        unknown = {n for span in example.spans if span.entity == UNKNOWN for n in range(span.start, span.end)}
        right, said, there = right + len((wanted & given) - unknown), said + len(given - unknown), there + len(wanted - unknown)
        if not example.spans:
            words, false = words + len(example.text.split()), false + len(names)
    result["characters"] = _rates(right, said, there)
    result["false per 1000 words"] = round(1000 * false / max(words, 1), 2)
    return result


def _rates(right: int, said: int, there: int) -> tuple[float, float, float]:
    precision, recall = right / max(said, 1), right / max(there, 1)
    return round(precision, 3), round(recall, 3), round(2 * precision * recall / max(precision + recall, 1e-9), 3)
