"""The exploration notebook runs on what a run has made."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.client import CellExecutionError

pytestmark = [pytest.mark.spark, pytest.mark.slow]

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "explore.ipynb"


def executed(undisturbed: Path, old: str, new: str) -> str:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    for cell in notebook.cells:
        cell.source = cell.source.replace('root = ".lakedocs"', f'root = "{undisturbed}"').replace(old, new)
    NotebookClient(notebook, timeout=180, kernel_name="python3").execute()
    return "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", []))


def test_the_notebook_shows_the_lake(undisturbed: Path) -> None:
    shown = executed(undisturbed, "", "")
    assert "EMAIL_ADDRESS" in shown
    assert "30 September 2027" in shown
    assert "10_agent_query" in shown


def test_a_broken_notebook_is_noticed(undisturbed: Path) -> None:
    with pytest.raises(CellExecutionError):
        executed(undisturbed, "from lakedocs.lakehouse import tables", "from lakedocs.lakehouse import no_such_thing")
