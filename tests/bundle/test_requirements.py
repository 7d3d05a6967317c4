"""Each cluster's tasks import only what their requirements and the runtime give."""

from __future__ import annotations

import subprocess
import sys

import pytest

READERS = (
    "docx", "pptx", "openpyxl", "pdfplumber", "pypdfium2", "python_calamine", "extract_msg", "olefile", "chardet", "ftfy", "striprtf", "tnefparse", "xlrd",
    "asn1crypto", "lxml", "PIL",
)  # fmt: skip
MODELS = ("transformers", "sentence_transformers", "openvino", "openai", "tokenizers", "rs_bpe")
REDACTION = ("presidio_analyzer", "presidio_anonymizer", "spacy", "phonenumbers", "tldextract")
SEARCH = ("lancedb", "azure")
# Pillow, the last of the readers, comes with the ML runtime's matplotlib
LOCAL = ("filelock", "jinja2", "matplotlib", "networkx", "torch")


@pytest.mark.parametrize(
    ("modules", "absent"),
    [
        ([f"lakedocs.tasks.t{name}" for name in ("01_ingest_word_docs", "05_ingest_msg_csv")], (*MODELS, *REDACTION, *SEARCH, *LOCAL)),
        ([f"lakedocs.tasks.t{name}" for name in ("06_redact_pii", "07_local_e5_model_classification", "08_embeddings", "09_push_to_ai_search",
                                                 "10_agent_query")], READERS),
        (["lakedocs.lakehouse.maintenance"], (*READERS, *REDACTION)),
        ([f"lakedocs.train.{name}" for name in ("prepare", "tfidf", "boosting", "finetune", "compare")], (*READERS[:-1], *SEARCH)),
        (["lakedocs.cli", "lakedocs.lakehouse.shell", "lakedocs.lakehouse.tracking"], (*READERS, *MODELS, *REDACTION, *SEARCH, *LOCAL)),
    ],
    ids=["ingest", "models", "upkeep", "training", "every task"],
)  # fmt: skip
def test_a_task_starts_without_what_its_cluster_lacks(modules: list[str], absent: tuple[str, ...]) -> None:
    blocked = "".join(f"sys.modules[{name!r}] = None; " for name in absent)
    code = f"import sys; {blocked}" + "; ".join(f"import {module}" for module in modules)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
