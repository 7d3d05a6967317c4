"""Documents per second and peak memory on a folder: first run, re-run, one change; and how time grows from a sixteenth over a quarter to all of it.

make bench FOLDER=~/documents
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

import click
from measured import Measured, run


def count(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))


def share(source: Path, target: Path, one_in: int) -> Path:
    """One document in so many, in an order that says nothing of kind or size: copies would be embedded once and flatter the growth."""
    paths = [path for path in source.rglob("*") if path.is_file()]
    paths.sort(key=lambda path: hashlib.sha256(str(path.relative_to(source)).encode()).digest())
    for path in paths[::one_in]:
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
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
@click.option("--scale/--no-scale", default=True, show_default=True, help="Also a sixteenth and a quarter of the documents.")
def main(folder: Path, scale: bool) -> None:
    """Print one table about the documents in FOLDER; the growth means something from some hundred documents on."""
    print(f"{'run':<12} {'files':>7} {'seconds':>9} {'files/s':>9} {'MiB':>9} {'ratio':>7} {'status':>6}")
    with tempfile.TemporaryDirectory(prefix="lakedocs-bench-") as work:
        source = Path(work) / "source"
        shutil.copytree(folder, source)
        root = Path(work) / "lake"
        files = count(source)
        first = run(source, root)
        print(line("all", files, first, first.seconds), flush=True)
        for one_in in (4, 16) if scale else ():
            part = share(source, Path(work) / f"source{one_in}", one_in)
            print(line(f"1 in {one_in}", count(part), run(part, Path(work) / f"lake{one_in}"), first.seconds), flush=True)
        print(line("all again", files, run(source, root), first.seconds), flush=True)
        change_one(source)
        print(line("one change", files, run(source, root), first.seconds), flush=True)


if __name__ == "__main__":
    main()
