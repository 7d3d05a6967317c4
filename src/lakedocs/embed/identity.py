"""Which model the settings name: where it lies, and a key that changes with its weights, not with its place."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from lakedocs.embed.packaged import packaged_folder, packaged_key
from lakedocs.embed.reading import VERSION
from lakedocs.services.options import EmbeddingSettings


def model_source(settings: EmbeddingSettings) -> str:
    """The path or name that the model is loaded from."""
    return str(packaged_folder()) if settings.engine == "packaged" else settings.model


def local_key(settings: EmbeddingSettings) -> str:
    """Name, checksum and dimensions of a model; a model in a folder is known by its weights, not by where it lies."""
    # vectors of a model in eight bits differ from its own by more than rounding
    small = ":int8" if settings.precision == "int8" else ""
    if settings.engine == "packaged":
        return packaged_key() + small
    folder = Path(settings.model)
    if not folder.is_dir():
        return f"{settings.model}:{settings.dimensions}:{VERSION}{small}"
    return f"{folder.name}:{folder_digest(folder)}:{settings.dimensions}:{VERSION}{small}"


def folder_digest(folder: Path) -> str:
    """8 hex digits of a model's weights and configuration."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".safetensors", ".bin", ".json"))
    return _digest(tuple(map(_state_of, files)))


def _state_of(path: Path) -> tuple[str, int, int]:
    """A file with its size and time: weights are gigabytes, and are not read again while these stay."""
    status = path.stat()
    return str(path), status.st_size, status.st_mtime_ns


@lru_cache(maxsize=8)
def _digest(files: tuple[tuple[str, int, int], ...]) -> str:
    digest = hashlib.sha256()
    for path, _, _ in files:
        with open(path, "rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:8]
