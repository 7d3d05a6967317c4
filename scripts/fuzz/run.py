"""Thousands of damaged files through the reader that the pipeline uses: each must end with a status, and nothing else may happen.

Every mutation follows from the seed and its number alone; what fails is kept with the command that repeats it. The exit
status is 1 where a parser failed on what it did not foresee, died, hung, left a process or a file, or reached outside.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import psutil
from scripts.fuzz.mutations import mutated

from lakedocs.extract.extensions import extension_of
from lakedocs.extract.isolation import IsolatedReader
from lakedocs.extract.limits import Limits
from lakedocs.records import Document, Status

_LIMITS = Limits(seconds=10, memory_mb=1024)
_BUG = re.compile(r"The parser failed on it \((\w+)\)")
_CRASH = re.compile(r"The parser crashed on it \(exit status (-?\d+)\)")
_KEPT_IMAGE = re.compile(r"[0-9a-f]{2}/[0-9a-f]{64}\.\w+")
_LARGEST_BYTES = 8 * 2**20
_WATCH = """
import os, sys
_ALLOWED = tuple(os.environ["FUZZ_ALLOWED"].split(os.pathsep))
_LOG = os.open(os.environ["FUZZ_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_STARTED = []
def _note(text):
    os.write(_LOG, (text + chr(10)).encode("utf-8", "replace"))
def _hook(event, arguments):
    if event == "open":
        path, _, flags = arguments
        if isinstance(flags, int) and flags & _WRITES and isinstance(path, (str, bytes, os.PathLike)):
            path = os.path.abspath(os.fsdecode(path))
            if not path.startswith(_ALLOWED):
                _note("written outside")
    elif event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.posix_spawn", "os.exec"):
        _note(event)
sys.addaudithook(_hook)
"""


@dataclass
class Outcome:
    """What became of the mutations of one kind of file."""

    statuses: Counter[str] = field(default_factory=Counter)
    bugs: Counter[str] = field(default_factory=Counter)
    crashes: Counter[str] = field(default_factory=Counter)
    not_final: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    peak_mb: int = 0


def main() -> int:
    """Read the arguments, run, print the table; 1 when something is not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="real files to damage, folders below included")
    parser.add_argument("--count", type=int, default=10_000, help="how many mutations")
    parser.add_argument("--first", type=int, default=0, help="the number of the first one")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--keep", type=Path, default=Path(".fuzz"), help="where files that fail are kept")
    parser.add_argument("--only", type=int, help="repeat this one, and keep it whatever becomes of it")
    arguments = parser.parse_args()
    files = sorted(
        path for path in arguments.folder.rglob("*") if path.is_file() and path.stat().st_size < _LARGEST_BYTES and extension_of(path.name)
    )
    if not files:
        print("No files there.", file=sys.stderr)
        return 2
    first, count = (arguments.first, arguments.count) if arguments.only is None else (arguments.only, 1)
    with tempfile.TemporaryDirectory(prefix="lakedocs-fuzz-") as work:
        return Run(files, arguments.folder, arguments.seed, arguments.keep, Path(work)).all(first, count, keep_all=arguments.only is not None)


def mutation(files: list[Path], seed: str, number: int) -> tuple[Path, bytes]:
    """(the file it is made of, its bytes) of a number."""
    random = Random(f"{seed}:{number}")
    path = random.choice(files)
    return path, mutated(path.read_bytes(), random, random.choice(files).read_bytes())


class Run:
    """One run over a folder, with what is counted on the way."""

    def __init__(self, files: list[Path], folder: Path, seed: str, keep: Path, work: Path) -> None:
        self._files, self._folder, self._seed, self._keep = files, folder, seed, keep
        self._outcomes: dict[str, Outcome] = {}
        self._temporary, self._images, self._log = work / "temporary", work / "images", work / "watch.log"
        self._source = work / "source"
        self._left_behind = 0
        self._watched(work)

    def _watched(self, work: Path) -> None:
        """The reader's process notes what it writes elsewhere, whom it calls and what it starts: the hook is loaded before any of our code."""
        for folder in (self._temporary, self._images, self._source, work / "hook"):
            folder.mkdir()
        (work / "hook" / "sitecustomize.py").write_text(_WATCH)
        self._log.touch()
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(work / "hook"), os.environ.get("PYTHONPATH", ""))))
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        tempfile.tempdir = str(self._temporary)
        os.environ["FUZZ_LOG"] = str(self._log)
        os.environ["FUZZ_ALLOWED"] = os.pathsep.join((str(self._temporary), str(self._images), "/dev/null", "/proc/self/"))

    def all(self, first: int, count: int, *, keep_all: bool) -> int:
        """Read the mutations from `first` on; 1 when something is not as it must be."""
        reader = IsolatedReader(_LIMITS)
        started = time.monotonic()
        for number in range(first, first + count):
            path, data = mutation(self._files, self._seed, number)
            target = self._source / f"mutation{path.suffix}"
            target.write_bytes(data)
            document = reader.read(str(target), target.name, self._images)
            failed = self._judged(extension_of(path.name), document)
            self._cleared(number)
            if failed or keep_all:
                self._kept(number, path, data, document)
            target.unlink()
        reader.close()
        self._left_behind += len(list(self._temporary.iterdir()))
        children = psutil.Process().children(recursive=True)
        return self._told(count, time.monotonic() - started, len(children))

    def _judged(self, kind: str, document: Document) -> bool:
        outcome = self._outcomes.setdefault(kind, Outcome())
        outcome.statuses[document.status] += 1
        outcome.seconds += document.seconds
        outcome.slowest = max(outcome.slowest, document.seconds)
        outcome.peak_mb = max(outcome.peak_mb, document.peak_mb)
        bug, crash = _BUG.search(document.reason), _CRASH.search(document.reason)
        if bug:
            outcome.bugs[bug.group(1)] += 1
        if crash:
            outcome.crashes[crash.group(1)] += 1
        outcome.not_final += not document.is_final
        return bool(bug or crash or not document.is_final or document.status is Status.TIMED_OUT)

    def _cleared(self, number: int) -> None:
        """Empty the folder of images now and then; what is no image under its hash (or, of a child that was killed, half of one) is a fault."""
        for path in self._images.rglob("*"):
            if path.is_file() and not _KEPT_IMAGE.fullmatch(path.relative_to(self._images).as_posix()) and not path.name.endswith(".partial"):
                self._left_behind += 1
        if number % 200 == 0:
            shutil.rmtree(self._images)
            self._images.mkdir()

    def _kept(self, number: int, path: Path, data: bytes, document: Document) -> None:
        self._keep.mkdir(parents=True, exist_ok=True)
        (self._keep / f"{self._seed}-{number}{path.suffix}").write_bytes(data)
        with (self._keep / "failures.txt").open("a") as file:
            file.write(
                f"{number}\t{path.relative_to(self._folder)}\t{document.status}\t{document.reason}\t{document.seconds:.1f} s\t"
                f"repeat: make fuzz FOLDER={self._folder} SEED={self._seed} ONLY={number}\n"
            )

    def _told(self, count: int, seconds: float, children: int) -> int:
        statuses = [status for status in Status if any(status in outcome.statuses for outcome in self._outcomes.values())]
        print(
            f"{'kind':6}{'files':>7}"
            + "".join(f"{status:>12}" for status in statuses)
            + f"{'bugs':>6}{'crashes':>9}{'ms a file':>11}{'slowest s':>11}"
        )
        for kind, outcome in sorted(self._outcomes.items()):
            files = outcome.statuses.total()
            print(
                f"{kind:6}{files:>7}" + "".join(f"{outcome.statuses[status]:>12}" for status in statuses)
                + f"{outcome.bugs.total():>6}{outcome.crashes.total():>9}{1000 * outcome.seconds / files:>11.0f}{outcome.slowest:>11.1f}"
            )  # fmt: skip
        outcomes = self._outcomes.values()
        for kind, outcome in sorted(self._outcomes.items()):
            for name, times in (outcome.bugs + outcome.crashes).most_common():
                print(f"  {kind}: {name} {times} times")
        noted = Counter(self._log.read_text().splitlines())
        faults = {
            "unforeseen exceptions": sum(outcome.bugs.total() for outcome in outcomes),
            "crashes": sum(outcome.crashes.total() for outcome in outcomes),
            "timed out": sum(outcome.statuses[Status.TIMED_OUT] for outcome in outcomes),
            "taken for a fault of the storage": sum(outcome.not_final for outcome in outcomes),
            "processes left": children,
            "files left or written outside": noted["written outside"] + self._left_behind,
            "calls to the network or to programs": noted.total() - noted["written outside"],
        }
        print(f"{count} mutations, seed {self._seed}, {seconds:.0f} s; " + "; ".join(f"{name}: {times}" for name, times in faults.items()))
        return 1 if any(faults.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
