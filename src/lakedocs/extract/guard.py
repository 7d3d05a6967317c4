"""What the process that reads documents may not do, whatever a parser is brought to: call others, start programs, write elsewhere.

A second lock behind parsers that are told to follow nothing. It sees what goes through Python (PEP 578), not what native
code does by itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from lakedocs.errors import DocumentError
from lakedocs.records import Status

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_BY_ITSELF = ("/dev/null", "/proc/self/clear_refs")
_REACHING_OUT = frozenset(
    {"socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname", "subprocess.Popen", "os.system", "os.exec",
     "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "os.kill"}
)  # fmt: skip
_CHANGING: dict[str, tuple[int, ...]] = {
    "os.mkdir": (0,), "os.rename": (0, 1), "os.link": (0, 1), "os.symlink": (0, 1), "os.remove": (0,), "os.rmdir": (0,),
    "os.chmod": (0,), "os.chown": (0,), "os.utime": (0,), "os.setxattr": (0,),
}  # fmt: skip
"""Event -> which of its arguments are paths."""


class Guard:
    """An audit hook: raises where a parser reaches outside its own temporary folder and the folder of images."""

    def __init__(self, work: str) -> None:
        self._work = work
        self.images = ""
        self._checks: dict[str, Callable[[tuple[Any, ...]], bool]] = {
            "open": self._is_open_outside,
            "os.truncate": lambda arguments: self._is_outside(arguments[0]),
            **dict.fromkeys(_REACHING_OUT, lambda arguments: True),
            **{event: lambda arguments, places=places: self._is_change_outside(arguments, places) for event, places in _CHANGING.items()},  # type: ignore[misc]
        }

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        check = self._checks.get(event)
        if check is not None and check(arguments):
            raise DocumentError(Status.CORRUPT, "Reading it would reach outside: nothing was written, and nobody called.")

    def _is_open_outside(self, arguments: tuple[Any, ...]) -> bool:
        path, _, flags = arguments
        return isinstance(flags, int) and bool(flags & _WRITES) and self._is_outside(path)

    def _is_change_outside(self, arguments: tuple[Any, ...], places: tuple[int, ...]) -> bool:
        # a path below an open folder (what rmtree does) is inside where that folder is
        if any(isinstance(argument, int) and argument > 2 for argument in arguments[-1:]):
            return False
        return any(self._is_outside(arguments[place]) for place in places)

    def _is_outside(self, path: object) -> bool:
        if not isinstance(path, str | bytes | os.PathLike):
            return False  # a descriptor, opened before
        if os.fsdecode(path) in _BY_ITSELF:
            return False
        whole = os.path.realpath(os.fsdecode(path))
        allowed = (folder for folder in (self._work, self.images) if folder)
        return not any(whole == folder or whole.startswith(folder + os.sep) for folder in map(os.path.realpath, allowed))
