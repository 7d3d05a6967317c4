"""Documents per second and peak memory on a folder: first run, re-run, one change; then how time grows over 1x, 4x, 16x the documents.

make bench FOLDER=~/documents
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import click
from measured import Measured, run


def count(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))


def copies(source: Path, target: Path, times: int) -> Path:
    """The documents `times` over, each copy of a text file with a line of its own, so that not all are equal bytes."""
    for number in range(times):
        shutil.copytree(source, target / f"copy{number:02d}")
    return target


def change_one(folder: Path) -> None:
    path = next(path for path in sorted(folder.rglob("*.csv")) if path.is_file())
    with open(path, "a", encoding="utf-8") as file:
        file.write("\n1,changed\n")


def line(name: str, documents: int, measured: Measured, first: float) -> str:
    rate = documents / measured.seconds
    ratio = measured.seconds / first
    return f"{name:<12} {documents:>7} {measured.seconds:>9.1f} {rate:>9.2f} {measured.peak_mib:>9} {ratio:>7.2f} {measured.status:>6}"


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default=Path("samples"))
@click.option("--scale/--no-scale", default=True, show_default=True, help="Also 1x, 4x and 16x the samples.")
def main(folder: Path, scale: bool) -> None:
    """Print one table about the documents in FOLDER."""
    print(f"{'run':<12} {'files':>7} {'seconds':>9} {'files/s':>9} {'MiB':>9} {'ratio':>7} {'status':>6}")
    with tempfile.TemporaryDirectory(prefix="lakedocs-bench-") as work:
        source = Path(work) / "source"
        shutil.copytree(folder, source)
        root = Path(work) / "lake"
        files = count(source)
        first = run(source, root)
        print(line("first", files, first, first.seconds), flush=True)
        print(line("again", files, run(source, root), first.seconds), flush=True)
        change_one(source)
        print(line("one change", files, run(source, root), first.seconds), flush=True)
    if scale:
        base = 0.0
        for times in (1, 4, 16):
            with tempfile.TemporaryDirectory(prefix="lakedocs-bench-") as work:
                source = copies(Path("samples"), Path(work) / "source", times)
                measured = run(source, Path(work) / "lake")
                base = base or measured.seconds
                print(line(f"samples x{times}", count(source), measured, base), flush=True)


if __name__ == "__main__":
    main()
