"""Encoders small enough to be made by a test."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from transformers import BertConfig, BertForSequenceClassification, BertModel, PreTrainedTokenizerFast

_SIZES = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}


def tiny_encoder(folder: Path) -> Path:
    """An encoder of ten words with random weights, as a folder that transformers loads."""
    BertModel(BertConfig(vocab_size=_tiny_tokenizer(folder), **_SIZES)).save_pretrained(folder)
    return folder


def tiny_cross_encoder(folder: Path, scores: int = 1) -> Path:
    """The same with random scores of a pair of texts on top, as a folder that sentence-transformers loads as a cross-encoder."""
    torch.manual_seed(0)
    config = BertConfig(vocab_size=_tiny_tokenizer(folder), num_labels=scores, initializer_range=1.0, **_SIZES)
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


def _tiny_tokenizer(folder: Path) -> int:
    """The size of its vocabulary; it is saved in the folder."""
    words = ["[PAD]", "[UNK]", "rejected", "wrong", "recommend", "file", "concerns", "describes", "2019", "2020"]
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]").save_pretrained(folder)
    return len(words)


def tiny_sentence_model(folder: Path) -> Path:
    """An E5-like sentence-transformers model of letters with random weights, in `folder`."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer
    from transformers import BertTokenizerFast

    base = folder.parent / "base"
    letters = [*"abcdefghijklmnopqrstuvwxyz.:", *(f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")]
    (folder.parent / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters]))
    BertTokenizerFast(str(folder.parent / "vocab.txt"), model_max_length=64).save_pretrained(base)
    torch.manual_seed(0)
    config = BertConfig(vocab_size=70, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64, max_position_embeddings=64)
    BertModel(config).save_pretrained(base)
    word = Transformer(str(base), max_seq_length=64)
    SentenceTransformer(modules=[word, Pooling(32, pooling_mode="mean")]).save(str(folder))
    return folder
