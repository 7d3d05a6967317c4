"""One `lakedocs run` as a process: its wall time and the peak memory of all its processes together."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Measured:
    """Wall time in seconds, peak memory (shared pages counted once) in MiB, exit status."""

    seconds: float
    peak_mib: int
    status: int


def run(source: Path, root: Path, arguments: Sequence[str] = ()) -> Measured:
    """Run the pipeline to its end and watch it."""
    command = [sys.executable, "-m", "lakedocs", "run", "--source", str(source), "--root", str(root), *arguments]
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        peak = max(peak, memory(process.pid))
        time.sleep(0.5)
    return Measured(time.monotonic() - start, peak // 2**20, process.returncode)


def memory(pid: int) -> int:
    """Bytes of a process and all below it."""
    total = 0
    try:
        processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    for process in processes:
        try:
            total += process.memory_full_info().pss
        except psutil.Error:
            continue  # it ended between two looks
    return total
