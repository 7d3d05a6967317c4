"""Sentences that give orders to whoever reads them: documents are data, and what they order is not done.

Recognised by what such orders have in common in five languages: they speak of the reader's instructions, of its role, or of what it
should say or send instead of an answer. What else such a passage says is suspect, too: it counts only where no other passage answers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from lakedocs.records import Hit

_FORGET = r"(?:ignore|disregard|forget|override|bypass|skip|ignorier\w*|vergiss|missachte\w*|negeer|vergeet|ignora|olvida|ignorez|oublie[zr]?)"
_RULES = r"(?:instructions?|prompts?|rules|guidelines|directives|orders|anweisungen|vorgaben|instructies|opdrachten|instrucciones|consignes)"
_BEFORE = r"(?:above|previous|prior|before|earlier|preceding|everything|all that)"
_READER = (
    r"(?:ai|a\.i\.|(?:ai |language )(?:model|agent|system|assistant)|llm|chat ?bot|chatgpt|gpt|copilot|sprachmodell|taalmodel"
    r"|(?:ki|ai)-?assistent)"
)
_CALLED = r"(?:dear|attention|note to|message (?:to|for)|instructions? (?:to|for)|if you are|as)"
_BECOME = r"(?:you are|you're|act|behave|pretend|roleplay)"
_FROM_NOW = (
    r"(?:you are (?:now )?(?:in \w+ mode|no longer (?:bound|an?)|unrestricted)"
    r"|from now on,? you (?:will |must |shall )?(?:answer|respond|reply|say|act|are))"
)
_SAY = r"(?:reply|respond|answer|say|write|output|print|repeat|tell the user|reveal|show|antworte|schreibe|antwoord|schrijf|responde|escribe)"
_EXACTLY = r"(?:only|exactly|nothing but|with the (?:word|phrase|text)|the following|verbatim)"
_SECRETS = r"(?:system prompt|api[ -]?keys?|passwords?|credentials|secrets|confidential (?:data|information))"
_SEND = r"(?:send|forward|post|upload|e-?mail|exfiltrate|transmit|submit|leak|copy)"
_TALK = r"(?:conversation|chat(?: history)?|prompt|user'?s (?:question|query|data|messages?)|context (?:window|above)|passages above|everything you)"
_ALL = r"(?:this|it|everything|all of (?:this|it)|them)"
_PATTERNS = (
    rf"\b{_FORGET}\b[^.]{{0,60}}\b{_RULES}\b",
    rf"\b{_FORGET}\b[^.]{{0,40}}\b{_BEFORE}\b",
    rf"\b(?:your|deine|ihre|jouw|uw|tus)\s+(?:system|hidden|secret|original|initial|previous|new)\s+{_RULES}",
    r"\bsystem ?prompt\b",
    rf"\bnew\s+{_RULES}\s*(?:follow|:|from|for you)",
    rf"\b{_BECOME}\s+(?:now\s+)?(?:as\s+|to be\s+)?(?:an?\s+|the\s+|in\s+)?(?:\w+\s+){{0,3}}(?:{_READER}|assistant)\b",
    rf"\b{_FROM_NOW}\b",
    rf"\b{_CALLED}\s+(?:the\s+|an?\s+|any\s+|all\s+)?(?:\w+\s+){{0,2}}{_READER}s?\b",
    rf"^\W*(?:{_READER}|assistant)s?\s*[:,]",
    r"\b(?:instead of|rather than|before|do not|don't|never)\s+(?:answer|respond|reply)\w*\b",
    rf"\b{_SAY}\b[^.]{{0,30}}\b{_EXACTLY}\b",
    rf"\b{_SAY}\b[^.]{{0,40}}\b(?:{_SECRETS}|{_RULES})\b",
    rf"\b{_SEND}\b[^.]{{0,60}}\b(?:this|these|all|every|the)\b[^.]{{0,60}}\b{_TALK}\b",
    rf"\b{_SEND}\s+{_ALL}\b[^.]{{0,30}}\bto\s+(?:http|www|<|\S+@)",
    r"https?://\S*[?&]\w+=|!\[[^\]]*\]\(",
    r"<\s*/?\s*(?:system|assistant|user|instructions?)\b|\[/?INST\]|<\|[a-z_]+\|>|^\s*#{2,}\s*(?:system|instructions?)\b",
    r"\b(?:jailbreak|developer mode|dan mode|sudo mode|god mode)\b",
    r"\b(?:end of (?:document|context|passages?)|begin (?:system|admin) message)\b",
)
_ORDER = re.compile("|".join(f"(?:{pattern})" for pattern in _PATTERNS), re.IGNORECASE | re.MULTILINE)
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+(?=\S)|\n+")


def is_order(sentence: str) -> bool:
    """Whether a sentence tells a reader that is a machine what to do."""
    return _ORDER.search(sentence) is not None


def _without(hit: Hit, text: str, title: bool, headings: bool, place: bool) -> Hit:
    """The passage with this text, and without those of its titles."""
    return replace(
        hit, text=text, title="" if title else hit.title, heading_path="" if headings else hit.heading_path, place="" if place else hit.place
    )


def without_orders(hits: Sequence[Hit]) -> tuple[list[Hit], list[Hit], int]:
    """The passages that give no orders; the others without theirs; and how many orders there were."""
    pure: list[Hit] = []
    suspect: list[Hit] = []
    number = 0
    for hit in hits:
        orders = [sentence for sentence in _SENTENCE_END.split(hit.text) if is_order(sentence)]
        number += len(orders)
        told = [is_order(hit.title), is_order(hit.heading_path), is_order(hit.place)]
        number += sum(told)
        text = hit.text
        for order in orders:
            text = text.replace(order, " ")
        if not orders and not any(told):
            pure.append(hit)
        elif text.strip():
            suspect.append(_without(hit, text.strip(), *told))
    return pure, suspect, number
