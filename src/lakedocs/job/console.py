"""What a person sees while the job runs: a live line per task, or plain lines where no terminal watches."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from lakedocs.job.runner import Outcome, State

_MARKS = {
    State.WAITING: "[dim]·[/]", State.RUNNING: "[cyan]▶[/]", State.SUCCEEDED: "[green]✔[/]", State.FAILED: "[red]✘[/]",
    State.TIMED_OUT: "[red]✘[/]", State.SKIPPED: "[yellow]–[/]", State.EXCLUDED: "[dim]–[/]",
}  # fmt: skip


@dataclass
class _Line:
    outcome: Outcome
    started: float = 0.0
    total: int = 0
    done: int = 0

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started if self.outcome.state is State.RUNNING else self.outcome.seconds


class LiveConsole:
    """Watches a run on a console.

    Args:
        console: where to write.
        keys: the tasks in order.
        count_done: how many units of a task are done so far.
    """

    def __init__(self, console: Console, keys: list[str], count_done: Callable[[str], int]) -> None:
        self._console = console
        self._count_done = count_done
        self._lines = {key: _Line(Outcome(key, State.WAITING)) for key in keys}
        self._said = ""
        self._live = Live(console=console, refresh_per_second=4, transient=False) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._live:
            self._said = ""
            self._live.update(self._shown())
            self._live.stop()

    def announce(self, key: str, units: int) -> None:
        """A task knows of that many more units to do."""
        self._lines[key].total += units

    def hear(self, text: str) -> None:
        """An answer, as far as it has come; the whole one is printed at the end."""
        self._said = text

    def changed(self, outcome: Outcome) -> None:
        line = self._lines[outcome.task_key]
        if outcome.state is State.RUNNING:
            line.started = time.monotonic()
        line.outcome = outcome
        line.done = line.total if outcome.state is State.SUCCEEDED else self._count_done(outcome.task_key)
        if self._live:
            self._live.update(self._shown())
        else:
            self._console.print(_plain(line), highlight=False, soft_wrap=True)

    def tick(self) -> None:
        for key, line in self._lines.items():
            if line.outcome.state is State.RUNNING:
                line.done = min(self._count_done(key), line.total)
        if self._live:
            self._live.update(self._shown())

    def _shown(self) -> Group:
        return Group(self._table(), Text(f"\n{self._said}" if self._said else ""))

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False)
        for name, justify in (("", "left"), ("task", "left"), ("state", "left"), ("done", "right"), ("rate", "right"), ("seconds", "right")):
            table.add_column(name, justify=justify)  # type: ignore[arg-type]  # the literals are right, their tuple's type is wider
        for key, line in self._lines.items():
            seconds = f"{line.seconds:.1f}" if line.seconds else ""
            state = f"{line.outcome.state}" + (f": {line.outcome.error}" if line.outcome.error else "")
            table.add_row(_MARKS[line.outcome.state], key, state, _share(line), _rate(line), seconds)
        return table


def _share(line: _Line) -> str:
    return f"{line.done:,} of {line.total:,}" if line.total else ""


def _rate(line: _Line) -> str:
    return f"{line.done / line.seconds:.1f}/s" if line.total and line.seconds > 0.5 else ""


def _plain(line: _Line) -> str:
    parts = [f"{line.outcome.task_key}: {line.outcome.state}"]
    if line.outcome.state is not State.RUNNING and line.outcome.seconds:
        parts.append(f"{line.outcome.seconds:.1f} s")
        if line.total:
            parts.append(f"{_share(line)}, {_rate(line)}")
    if line.outcome.error:
        parts.append(line.outcome.error)
    return "; ".join(parts)
