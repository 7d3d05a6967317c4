"""Where the embedded model lies, and which one it is."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from lakedocs.errors import ModelError

FOLDER = Path(__file__).parent / "model"
NETWORK = "model.onnx.gz"
"""Packed: its weights are coarse."""
LISTS = FOLDER / "names.txt"
"""First and last names, a word a line behind a number: 1 first, 2 last, 3 both."""
EMBEDDED = "EmbeddedNames"
"""Its name in the audit."""
NAMES = ("PERSON", "LOCATION", "ORGANIZATION")
"""What always has letters; a date or a code may have none."""


@dataclass(frozen=True)
class ModelFacts:
    """What stands beside the model: its labels, the pieces that begin and end a window, and its checksum."""

    labels: tuple[str, ...]
    start_id: int
    end_id: int
    sha256: str

    @property
    def entities(self) -> tuple[str, ...]:
        """What it can tell apart."""
        return tuple(dict.fromkeys(label[2:] for label in self.labels if label != "O"))


def model_facts(folder: Path = FOLDER) -> ModelFacts:
    """The facts of the model in a folder.

    Raises:
        ModelError: when there is none.
    """
    try:
        row = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        return ModelFacts(tuple(row["labels"]), row["start_id"], row["end_id"], row["sha256"])
    except (OSError, ValueError, KeyError) as error:
        raise ModelError("The embedded model that finds names is not there; install lakedocs anew.") from error


def write_facts(folder: Path, labels: tuple[str, ...], start_id: int, end_id: int) -> None:
    """Write them beside the network and the tokenizer.json that lie there."""
    row = {"labels": labels, "start_id": start_id, "end_id": end_id, "sha256": checksum(folder)}
    (folder / "model.json").write_text(json.dumps(row) + "\n", encoding="utf-8")


def checksum(folder: Path) -> str:
    """Of the network, the tokenizer and the lists of names together."""
    digest = hashlib.sha256()
    for name in (NETWORK, "tokenizer.json", LISTS.name):
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()
