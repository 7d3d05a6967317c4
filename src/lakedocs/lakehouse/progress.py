"""Live counts from workers to whoever watches: one byte appended per unit done, to a file per worker; no service needed."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO


@lru_cache(maxsize=32)
def _file(folder: str, task_key: str, pid: int) -> BinaryIO:
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    return open(path / f"{task_key}.{pid}", "ab", buffering=0)


def tick(folder: str, task_key: str, units: int = 1) -> None:
    """Count units as done; nothing happens where no folder is watched."""
    if folder and units:
        _file(folder, task_key, os.getpid()).write(b"." * units)


def done(folder: Path, task_key: str) -> int:
    """How many units of a task the workers have counted."""
    return sum(path.stat().st_size for path in folder.glob(f"{task_key}.*"))


def reset(folder: Path) -> None:
    """Forget the counts of an earlier run."""
    for path in folder.glob("*.*"):
        path.unlink(missing_ok=True)
