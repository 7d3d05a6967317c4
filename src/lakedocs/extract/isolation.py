"""Parsing where it can be killed: one reused child process per worker, bounded in time and memory.

The parent sends a request per line as JSON and reads one JSON line back; a child that stays silent too long, dies or
runs out of memory is replaced, and its document ends with a status instead of taking the worker along. Each child has a
folder for attachments of its own, which goes with it however it ended; it writes nowhere else (see `guard`).
"""

from __future__ import annotations

import atexit
import errno
import fcntl
import gc
import json
import os
import re
import resource
import select
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields, replace
from itertools import repeat
from operator import attrgetter
from pathlib import Path
from typing import Any

from lakedocs.extract.extensions import extension_of
from lakedocs.extract.limits import Limits
from lakedocs.extract.versions import UNFINISHED
from lakedocs.records import Document, Element, Flag, Guess, Image, Place, Shows, Status

_START_SECONDS = 60.0
_IDLE_SECONDS = 10.0
_GRACE_SECONDS = 30
_PIPE_BYTES = 1 << 20
_GARBAGE_AFTER = 20_000
_STORAGE_ERRORS = frozenset(
    {errno.EACCES, errno.EPERM, errno.EIO, errno.ENOENT, errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ESTALE,
     errno.ETIMEDOUT, errno.ENODEV, errno.ENOTCONN, errno.EAGAIN}
)  # fmt: skip
"""What says nothing of the document: rights, a full or failing disk, a volume that is away."""
_NO_MEMORY = "Parsing needs more than {} MB of memory."
_ABORTED_SHARE = 0.3
"""Of its bound: native code that had so much when it gave up asked for more (it doubles what it holds, or more) and got none."""
_RUST_WORDS = b"memory allocation of "
"""How Rust ends where one piece of memory is too much to be given."""
_SAID, _SAID_BYTES = "said", 4096
_MAILS = ("msg", "eml")
_TRY_AGAIN = "check its rights and the storage; it is tried again in the next run."


class IsolatedReader:
    """Reads documents in a child process; not thread-safe, use one per worker process."""

    def __init__(self, limits: Limits, passwords: tuple[str, ...] = ()) -> None:
        self._limits = limits
        self._passwords = passwords
        self._child: subprocess.Popen[bytes] | None = None
        self._work: tempfile.TemporaryDirectory[str] | None = None
        self._image_folder: Path | None = None
        self._died_with_mb = 0
        self._buffer = bytearray()

    def read(self, path: str, name: str, image_folder: Path | None) -> Document:
        """The file as a document; `timed_out`, `too_large` or `corrupt` where the child did not survive it."""
        if image_folder is not None and image_folder != self._image_folder:
            image_folder.mkdir(parents=True, exist_ok=True)  # the child writes in it, and not above it
            self._image_folder = image_folder
        start = time.monotonic()
        document = self._read(path, name, image_folder)
        return replace(document, seconds=round(time.monotonic() - start, 3))

    def _read(self, path: str, name: str, image_folder: Path | None) -> Document:
        asked = {"path": path, "name": name, "images": str(image_folder or ""), "passwords": self._passwords}
        document = self._read_as(asked | {"attachments": self._limits.attachments})
        if document.parser != UNFINISHED or not document.is_final or extension_of(name) not in _MAILS:
            return document
        # an attachment may be what it was lost on, and the mail's own words are read without them
        alone = self._read_as(asked | {"attachments": 0})
        return document if alone.parser == UNFINISHED else replace(alone, reason=f"Read without its attachments: {document.reason}")

    def _read_as(self, asked: dict[str, Any]) -> Document:
        path, name = asked["path"], asked["name"]
        request = json.dumps(asked) + "\n"
        line = self._asked(request) or self._asked_again(request)
        if line is None:
            child = self._child
            if child is not None and child.poll() is None:
                self.close()
                return self._failed(path, name, Status.TIMED_OUT, f"Parsing took more than {self._limits.seconds:g} seconds.")
            code = child.returncode if child is not None else 0
            if code == -signal.SIGABRT and (self._died_with_mb > self._limits.memory_mb * _ABORTED_SHARE or _RUST_WORDS in self._last_words()):
                return self._failed(path, name, Status.TOO_LARGE, _NO_MEMORY.format(self._limits.memory_mb))
            return self._failed(path, name, Status.CORRUPT, f"The parser crashed on it (exit status {code}).")
        answer = json.loads(line)
        if "memory" in answer:
            self.close()
            return self._failed(path, name, Status.TOO_LARGE, _NO_MEMORY.format(self._limits.memory_mb))
        if "storage" in answer:
            return replace(self._failed(path, name, Status.CORRUPT, f"It could not be opened ({answer['storage']}): {_TRY_AGAIN}"), is_final=False)
        if "bug" in answer:
            return self._failed(path, name, Status.CORRUPT, f"The parser failed on it ({answer['bug']}).")
        with _no_search_for_garbage():
            return replace(_document(answer), peak_mb=answer["peak_mb"])

    def _asked(self, request: str) -> bytes | None:
        child = self._started()
        assert child.stdin is not None
        try:
            child.stdin.write(request.encode("utf-8"))
            child.stdin.flush()
        except BrokenPipeError:
            self._wait(child)
            return None
        return self._line(self._limits.seconds)

    def _asked_again(self, request: str) -> bytes | None:
        """A child that went for idleness just as it was asked ended well and read nothing: another one is asked."""
        if self._child is None or self._child.poll() != 0:
            return None
        return self._asked(request)

    def _wait(self, child: subprocess.Popen[bytes]) -> None:
        """Wait for a child that is ending, and note what memory it had."""
        if child.returncode is None:
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            self._died_with_mb = usage.ru_maxrss // 1024

    def _last_words(self) -> bytes:
        """The beginning of what a child's native code said before it gave up; never shown to anyone."""
        path = Path(self._work.name) / _SAID if self._work is not None else None
        if path is None or not path.exists():
            return b""
        with path.open("rb") as file:
            return file.read(_SAID_BYTES)

    def close(self) -> None:
        """End the child; the next `read` starts another."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            for stream in (self._child.stdin, self._child.stdout):
                if stream is not None:
                    try:
                        stream.close()
                    except BrokenPipeError:
                        continue  # what was still buffered for the dead child
            self._child = None
        if self._work is not None:
            self._work.cleanup()
            self._work = None
        self._buffer.clear()

    def _failed(self, path: str, name: str, status: Status, reason: str) -> Document:
        self.close()
        size = Path(path).stat().st_size if Path(path).exists() else 0
        return Document(name, status, reason, parser=UNFINISHED, size_bytes=size)

    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is None:
            return self._child
        self.close()
        self._work = tempfile.TemporaryDirectory(prefix="lakedocs-", ignore_cleanup_errors=True)
        command = [sys.executable, "-m", __name__, self._limits.model_dump_json(), self._work.name]
        self._child = subprocess.Popen(  # noqa: S603 - our own module
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
        )
        assert self._child.stdout is not None
        with suppress(OSError):  # the kernel grants so much or not; a long answer then takes fewer turns
            fcntl.fcntl(self._child.stdout.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        atexit.register(self.close)
        if self._line(_START_SECONDS) is None:
            self.close()
            raise OSError("The parser process did not start.")
        return self._child

    def _line(self, seconds: float) -> bytes | None:
        """The child's next line; None when it dies or the time is up."""
        assert self._child is not None
        assert self._child.stdout is not None
        deadline = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self._child.stdout, selectors.EVENT_READ)
            searched = 0
            while (end := self._buffer.find(b"\n", searched)) < 0:
                searched = len(self._buffer)
                remaining = deadline - time.monotonic()
                if remaining <= 0 or not selector.select(remaining):
                    return None
                chunk = os.read(self._child.stdout.fileno(), 1 << 20)
                if not chunk:
                    self._wait(self._child)
                    return None
                self._buffer += chunk
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line


_PLACE = attrgetter(*(field.name for field in fields(Place)))
_COLUMNS = ("kind", "level", "region", *(f"place.{field.name}" for field in fields(Place)))
_IMAGE = attrgetter("sha256", "media_type", "size_bytes", "width_px", "height_px")


@contextmanager
def _no_search_for_garbage() -> Iterator[None]:
    """While a document is made of its answer: nothing becomes garbage, and looking for it takes two thirds of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _document(data: dict[str, Any]) -> Document:
    return Document(
        name=data["name"],
        status=Status(data["status"]),
        reason=data["reason"],
        flags=tuple(Flag(flag) for flag in data["flags"]),
        parser=data["parser"],
        content_hash=data["content_hash"],
        size_bytes=data["size_bytes"],
        elements=tuple(_elements(*data["elements"])),
        images=tuple(
            Image(sha256, media_type, size, width, height, Place(*place), Shows(shows))
            for (sha256, media_type, size, width, height), place, shows in data["images"]
        ),
        children=tuple(_document(child) for child in data["children"]),
        guesses=tuple(Guess(*guess) for guess in data["guesses"]),
    )


def _data(document: Document) -> dict[str, Any]:
    return {
        "name": document.name,
        "status": document.status,
        "reason": document.reason,
        "flags": document.flags,
        "parser": document.parser,
        "content_hash": document.content_hash,
        "size_bytes": document.size_bytes,
        "elements": ([element.text for element in document.elements], [_column(document.elements, name) for name in _COLUMNS]),
        "images": [(_IMAGE(image), _PLACE(image.place), image.shows) for image in document.images],
        "children": [_data(child) for child in document.children],
        "guesses": [(guess.what, guess.value, guess.confidence) for guess in document.guesses],
    }


def _column(elements: tuple[Element, ...], name: str) -> list[Any]:
    """The values of a field; one where all elements have it, as of most fields they do."""
    values = list(map(attrgetter(name), elements))
    return values[:1] if values.count(values[0] if values else None) == len(values) else values


def _elements(texts: list[str], columns: list[list[Any]]) -> Iterator[Element]:
    """Elements of their columns: a list per field is written and read in a fifth of the time of one per element. Never more than there are texts."""
    kinds, levels, regions, *place = (repeat(column[0], len(texts)) if len(column) == 1 else column for column in columns)
    return map(Element, kinds, texts, levels, regions, map(Place, *place))


def _serve(limits: Limits, work: str) -> None:
    """The child's loop: one request line in, one answer line out, until its parent goes or has nothing to ask for a while."""
    import logging
    import warnings

    from lakedocs.extract.guard import Guard
    from lakedocs.extract.read import read_document

    gc.freeze()  # what was imported stays: no look for garbage goes through it again
    gc.set_threshold(_GARBAGE_AFTER, 20, 20)
    logging.disable(logging.CRITICAL)  # parsers log what they read
    warnings.simplefilter("ignore")
    idle_bytes = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() if Path("/proc/self/statm").exists() else 0
    bound = idle_bytes + limits.memory_mb * 2**20
    if idle_bytes:
        resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core holds the document
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.file_mb * 2**20,) * 2)
    sys.dont_write_bytecode = True
    tempfile.tempdir = work
    guard = Guard(work)
    sys.addaudithook(guard)
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(Path(work) / _SAID, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), 2)
    os.dup2(2, 1)  # what a library prints must not mix with the answers
    out.write(b"{}\n")
    out.flush()
    while line := _next_line():
        request = json.loads(line)
        images = Path(request["images"]) if request["images"] else None
        guard.images = request["images"]
        answer: dict[str, Any]
        try:
            signal.alarm(int(limits.seconds) + _GRACE_SECONDS)  # if the parent is gone, nobody else ends this
            _forget_peak()
            within = limits.model_copy(update={"attachments": request["attachments"]})
            answer = _data(read_document(request["path"], request["name"], within, images, tuple(request["passwords"])))
            answer["peak_mb"] = _peak_mb()
        except MemoryError:
            answer = {"memory": True}
        except OSError as error:
            answer = {"storage" if error.errno in _STORAGE_ERRORS else "bug": type(error).__name__}
        except Exception as error:  # noqa: BLE001 - the last line of defence: a parser's unforeseen failure is one document's status, with its type
            answer = {"bug": type(error).__name__}
        signal.alarm(0)
        os.ftruncate(2, 0)
        line = json.dumps(answer, ensure_ascii=True, separators=(",", ":")).encode("ascii")
        answer = {}  # the next document has the memory for itself
        out.write(line)
        out.write(b"\n")
        out.flush()
        line = b""


def _forget_peak() -> None:
    """Have the kernel measure this process's highest memory anew (proc(5), clear_refs); where it does not, the peak is that of its whole life."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak_mb() -> int:
    """The highest memory since then, in MB; 0 where nobody says."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return round(int(found.group(1)) / 1024) if found else 0


def _next_line() -> bytes:
    """The parent's next request; nothing when it is gone, or has been silent so long that the memory is better freed."""
    if not select.select([sys.stdin.buffer], [], [], _IDLE_SECONDS)[0]:
        return b""
    return sys.stdin.buffer.readline()


if __name__ == "__main__":
    _serve(Limits.model_validate_json(sys.argv[1]), sys.argv[2])
