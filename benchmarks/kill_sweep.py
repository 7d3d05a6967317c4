"""Kills runs with SIGKILL at random moments, runs again, and compares every row with an undisturbed run's.

make bench-kill FOLDER=samples
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import click
from measured import run

sys.path.insert(0, str(Path(__file__).parents[1]))


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default=Path("samples"))
@click.option("--times", default=10, show_default=True)
@click.option("--seed", default=1, show_default=True)
def main(folder: Path, times: int, seed: int) -> None:
    """Print one line per kill: when, and whether the rows are the same afterwards."""
    from tests import pipeline

    from lakedocs.lakehouse.session import local_session
    from lakedocs.settings import Storage

    random.seed(seed)
    with tempfile.TemporaryDirectory(prefix="lakedocs-kill-") as work:
        whole = Path(work) / "undisturbed"
        first = run(folder, whole)
        spark = local_session(Storage(root=str(Path(work) / "session")))
        expected = pipeline.content(spark, whole)
        print(f"undisturbed: {first.seconds:.0f} s, {sum(map(len, expected.values()))} rows", flush=True)
        same = 0
        for number in range(times):
            root = Path(work) / f"killed{number}"
            root.mkdir()
            for shared in ("keys", "models"):
                shutil.copytree(whole / shared, root / shared)
            after = random.uniform(5, first.seconds * 0.95)
            killed_at(after, folder, root)
            again = run(folder, root)
            found = pipeline.content(spark, root) if again.status == 0 else {}
            others = [table for table in expected if found.get(table) != expected[table]]
            same += not others
            outcome = "failed" if again.status else f"OTHER ROWS in {', '.join(others)}" if others else "the same rows"
            print(f"killed after {after:5.1f} s, again {again.seconds:5.1f} s: {outcome}", flush=True)
            shutil.rmtree(root)
        print(f"{same} of {times} the same")
    sys.exit(same != times)


def killed_at(seconds: float, folder: Path, root: Path) -> None:
    command = [sys.executable, "-m", "lakedocs", "run", "--source", str(folder), "--root", str(root), "--param", "overrides=slices.documents=2"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


if __name__ == "__main__":
    main()
