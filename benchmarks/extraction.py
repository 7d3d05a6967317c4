"""Reading beside its peers: of each kind of file how many are read, in what time, and what share of their words is kept.

Every peer runs in an environment of its own, made below `--cache` at first use, and reads the same files one by one in one
process; starting and importing is not counted, a file that takes too long is a failure and its peer is started anew. The share
is that of a file's words that other means find (the parts' XML, OLE streams, ...), each as often as it stands there; the mean of
the files is told. A file that is refused keeps none.
"""

from __future__ import annotations

import argparse
import base64
import math
import re
import selectors
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from lakedocs.extract.isolation import IsolatedReader
from lakedocs.extract.limits import Limits
from lakedocs.extract.read import read_document

KINDS = ("docx", "xlsx", "pptx", "pdf", "msg", "eml", "csv")
RAW = {"docx": "python-docx", "xlsx": "calamine", "pptx": "python-pptx", "pdf": "pypdfium2", "msg": "extract-msg", "eml": "email", "csv": "csv"}
OURS, ISOLATED = "lakedocs", "lakedocs isolated"
_HERE = Path(__file__).parent
_START_SECONDS = 300.0
_WORD = re.compile(r"\w+")
_TIKA = "3.3.1"
_POM = f"""<project><modelVersion>4.0.0</modelVersion>
<groupId>peers</groupId><artifactId>tika</artifactId><version>1</version><dependencies>
<dependency><groupId>org.apache.tika</groupId><artifactId>tika-core</artifactId><version>{_TIKA}</version></dependency><dependency>
<groupId>org.apache.tika</groupId><artifactId>tika-parsers-standard-package</artifactId><version>{_TIKA}</version>
<exclusions><exclusion><groupId>com.github.junrar</groupId><artifactId>junrar</artifactId></exclusion></exclusions>
</dependency></dependencies></project>"""


@dataclass(frozen=True)
class Peer:
    """A reader, its environment and what that needs (`bare` without what those need in turn); a whole system or a library of some kinds."""

    name: str
    environment: str
    packages: tuple[str, ...]
    kinds: tuple[str, ...] = KINDS
    bare: tuple[str, ...] = ()
    is_system: bool = False


_PLAIN = ("python-docx", "python-calamine", "openpyxl", "python-pptx", "pypdfium2", "pdfplumber", "extract-msg", "pypdf", "lxml", "olefile")
PEERS = (
    *(Peer(name, "plain", _PLAIN, tuple(kind for kind, raw in RAW.items() if raw == name)) for name in RAW.values()),
    Peer("openpyxl", "plain", _PLAIN, ("xlsx",)),
    Peer("pdfplumber", "plain", _PLAIN, ("pdf",)),
    # of a mail it gives the source as it is: no reading that could be compared
    Peer("markitdown", "markitdown", ("markitdown[docx,xlsx,xls,pptx,pdf,outlook]",), tuple(kind for kind in KINDS if kind != "eml"), is_system=True),
    # its extra for PDF brings torch, which its strategy for files with text doesn't use: what that imports is named here
    Peer("unstructured", "unstructured", ("unstructured[docx,xlsx,pptx,msg,csv]", "pdfminer.six", "pdf2image", "pi-heif", "pypdf", "pikepdf",
                                          "unstructured.pytesseract", "opencv-python-headless", "scipy", "rapidfuzz", "matplotlib", "onnx",
                                          "onnxruntime", "transformers"), bare=("unstructured-inference",), is_system=True),
    # its PDF models are no part of the office backends, and can't be had from a package
    Peer("docling", "docling", ("docling-slim[format-office]",), ("docx", "xlsx", "pptx", "csv"), is_system=True),
    Peer("tika", "tika", (), is_system=True),
)  # fmt: skip
REFERENCE = Peer("reference", "plain", _PLAIN)


@dataclass
class Result:
    """What one reader made of the files of one kind; `shares` are of each file's words that it keeps."""

    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    chars: int = 0
    shares: list[float] = field(default_factory=list)


class NotThereError(Exception):
    """A reader's process ends before it has read anything."""


class Reader:
    """A reader in its process, killed and started anew where a file takes too long."""

    def __init__(self, command: Sequence[str], seconds: float) -> None:
        self._command, self._seconds = command, seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._buffer = b""

    def read(self, path: Path) -> tuple[float, str, str]:
        """(seconds, outcome, text) of a file."""
        if self._process is None:
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)
            if self._line(_START_SECONDS) is None:
                self.close()
                raise NotThereError
        assert self._process.stdin is not None
        start = time.perf_counter()
        with suppress(BrokenPipeError):
            self._process.stdin.write(f"{path.resolve()}\n".encode())
        line = self._line(self._seconds)
        if line is None:
            outcome = "died" if self._process.poll() is not None else "hung"
            self.close()
            return time.perf_counter() - start, outcome, ""
        seconds, outcome, text = line.decode("ascii").split("\t")
        return float(seconds), outcome, base64.b64decode(text).decode("utf-8")

    def close(self) -> None:
        """End the process; the next `read` starts another."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
        self._buffer = b""

    def _line(self, seconds: float) -> bytes | None:
        assert self._process is not None
        assert self._process.stdout is not None
        pieces, deadline = [self._buffer], time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in pieces[-1]:
                if (left := deadline - time.monotonic()) <= 0 or not selector.select(left):
                    return None
                pieces.append(self._process.stdout.read(1 << 20) or b"")
                if not pieces[-1]:
                    self._process.wait()
                    return None
        line, _, self._buffer = b"".join(pieces).partition(b"\n")
        return line.rstrip(b"\r")


def command_of(peer: Peer, cache: Path) -> list[str]:
    """How the peer's process is started; its environment is made where it is not there yet."""
    if peer.environment == "tika":
        return ["java", "-Xmx4g", "-cp", f"{_tika(cache)}/*", str(_HERE / "TikaReader.java")]
    folder = cache / peer.environment
    python = folder / "bin" / "python"
    if not (folder / "made").exists():
        uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
        print(f"Making the environment of {peer.name} ...", flush=True)
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python, *peer.packages], check=True)
        if peer.bare:
            subprocess.run([uv, "pip", "install", "--quiet", "--no-deps", "--python", python, *peer.bare], check=True)
        (folder / "made").touch()
    return [str(python), str(_HERE / "peer_reader.py"), peer.name]


def _tika(cache: Path) -> Path:
    folder = cache / "tika"
    if not (folder / "made").exists():
        print("Fetching tika ...", flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "pom.xml").write_text(_POM)
        subprocess.run(["mvn", "--quiet", "--batch-mode", "dependency:copy-dependencies", "-DoutputDirectory=jars"], cwd=folder, check=True)
        (folder / "made").touch()
    return folder / "jars"


def chosen(folder: Path, kind: str, count: int) -> list[Path]:
    """Up to `count` files of a kind, from all over the folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix.lower() == f".{kind}")
    return files if len(files) <= count else [files[index * len(files) // count] for index in range(count)]


def words(text: str) -> Counter[str]:
    return Counter(word for word in _WORD.findall(text.casefold()) if len(word) > 1)


def measured(reader: Reader, files: Sequence[Path], wanted: dict[Path, Counter[str]]) -> Result:
    """All files of a kind through one reader; the first is read twice, for what a library loads at its first file is not its speed."""
    result = Result()
    if files:
        reader.read(files[0])
    for path in files:
        seconds, outcome, text = reader.read(path)
        short = outcome.partition(":")[0]
        result.outcomes["empty" if short == "ok" and not text.strip() else short] += 1
        result.seconds += seconds
        result.chars += len(text)
        if total := wanted[path].total():
            result.shares.append((wanted[path] & words(text)).total() / total)
    return result


@dataclass
class Cost:
    """Seconds of reading by the clock and of the processor, in this process and in the isolated one."""

    here: float = 0.0
    there: float = 0.0
    here_cpu: float = 0.0
    there_cpu: float = 0.0


def isolation_cost(files: Sequence[Path], rounds: int = 3) -> Cost:
    """What isolation costs: all files here, all there, and again; by the clock each file's best round counts.

    The clock shows what other processes of the machine cost, too (an isolated file waits twice for its turn); the processor's time doesn't.
    """
    limits, cost = Limits(), Cost()
    reader = IsolatedReader(limits)
    reader.read(str(files[0]), files[0].name, None)
    here: dict[Path, float] = {}
    there: dict[Path, float] = {}
    for _ in range(rounds):
        start = time.process_time()
        for path in files:
            before = time.perf_counter()
            read_document(str(path), path.name, limits, None)
            here[path] = min(here.get(path, math.inf), time.perf_counter() - before)
        middle, children = time.process_time(), _cpu_of_children()
        for path in files:
            before = time.perf_counter()
            reader.read(str(path), path.name, None)
            there[path] = min(there.get(path, math.inf), time.perf_counter() - before)
        cost.here_cpu += middle - start
        cost.there_cpu += time.process_time() - middle + _cpu_of_children() - children
    reader.close()
    cost.here, cost.there = sum(here.values()), sum(there.values())
    return cost


def _cpu_of_children() -> float:
    return sum(sum(child.cpu_times()[:2]) for child in psutil.Process().children())


def main() -> None:
    """Read the arguments, measure kind by kind, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=60, help="so many of each kind")
    parser.add_argument("--seconds", type=float, default=30, help="a file that takes longer counts as failed")
    parser.add_argument("--cache", type=Path, default=Path(".bench"), help="where the peers' environments are kept")
    parser.add_argument("--kinds", nargs="*", default=KINDS, choices=KINDS)
    parser.add_argument("--peers", nargs="*", help="only these, and ours")
    arguments = parser.parse_args()
    arguments.cache.mkdir(parents=True, exist_ok=True)
    peers = [peer for peer in PEERS if arguments.peers is None or peer.name in arguments.peers]
    commands = {peer.name: command_of(peer, arguments.cache.resolve()) for peer in (REFERENCE, *peers)}
    ours = {name: [sys.executable, str(_HERE / "peer_reader.py"), name] for name in (OURS, ISOLATED)}
    print(
        f"{'kind':5} {'reader':18} {'files':>5} {'ok':>4} {'empty':>6} {'not ok':>7} {'hung':>5} {'seconds':>8} {'characters':>11} {'words kept':>11}"
    )
    totals: Counter[str] = Counter()
    verdicts: list[str] = []
    for kind in arguments.kinds:
        files = chosen(arguments.folder, kind, arguments.files)
        if not files:
            continue
        reference = Reader(commands["reference"], arguments.seconds)
        wanted = {path: words(reference.read(path)[2]) for path in files}
        reference.close()
        results: dict[str, Result] = {}
        for name, command in [*ours.items(), *((peer.name, commands[peer.name]) for peer in peers if kind in peer.kinds)]:
            reader = Reader(command, arguments.seconds)
            try:
                results[name] = measured(reader, files, wanted)
            except NotThereError:
                print(f"{kind:5} {name:18} does not start here: left out", flush=True)
                continue
            finally:
                reader.close()
            _print_row(kind, name, len(files), results[name])
            totals[name] += results[name].seconds  # type: ignore[assignment]
        verdicts.append(_verdict(kind, results, peers))
        cost = isolation_cost(files)
        clock, processor = cost.there / cost.here - 1, cost.there_cpu / cost.here_cpu - 1
        verdicts[-1] += f"; isolation {processor:+.0%} of the processor, {clock:+.0%} by the clock ({cost.here:.2f} -> {cost.there:.2f} s)"
    print("\nSeconds of all kinds that a reader reads: " + ", ".join(f"{name} {seconds:.1f}" for name, seconds in totals.items()))
    print("\n".join(verdicts))


def _print_row(kind: str, name: str, files: int, result: Result) -> None:
    counts = result.outcomes
    not_ok = files - counts["ok"] - counts["empty"] - counts["hung"]
    share = f"{sum(result.shares) / len(result.shares):>11.1%}" if result.shares else f"{'-':>11}"
    numbers = f"{files:>5} {counts['ok']:>4} {counts['empty']:>6} {not_ok:>7} {counts['hung']:>5}"
    print(f"{kind:5} {name:18} {numbers} {result.seconds:>8.2f} {result.chars:>11,} {share}", flush=True)


def _verdict(kind: str, results: dict[str, Result], peers: Sequence[Peer]) -> str:
    own = results[OURS].seconds
    systems = [f"{results[peer.name].seconds / own:.1f}x as long as ours: {peer.name}" for peer in peers if peer.is_system and peer.name in results]
    raw = results.get(RAW[kind])
    return f"{kind}: " + "; ".join(systems + ([f"ours takes {own / raw.seconds:.2f}x {RAW[kind]}"] if raw is not None else []))


if __name__ == "__main__":
    main()
