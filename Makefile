# make run: from nothing to an answer. make test: every test. make check: format, lint, types, layers.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
AZUREML := .venv-azureml
WHEELS := $(wildcard ../shared/wheels)
LINKS := $(if $(WHEELS),--find-links $(WHEELS))
DATA ?= ../shared
QUESTION ?= When does the lease of the Rotterdam office end?

.DEFAULT_GOAL := help
.PHONY: help java setup run train test check format lock azureml test-azureml ner bench bench-kill bench-embedding bench-redaction bench-faults \
  bench-discovery bench-extraction bench-pdf bench-mail bench-regions fuzz samples clean

help: ## What there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

java:
	@./scripts/check-java

$(STAMP): requirements.lock pyproject.toml | java
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed; name it with PYTHON=/path/to/python3.11." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@echo "Installing what requirements.lock names; this takes a few minutes, once."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -r requirements.lock $(LINKS)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	@$(BIN)/python -m compileall -q src
	@touch $(STAMP)

setup: java $(STAMP) ## Make the environment

run: setup ## Run the ten tasks on samples/ and ask a question
	@$(BIN)/lakedocs run --source samples --param question="$(QUESTION)"

train: setup ## Train the classifiers on the shipped examples and compare them
	@$(BIN)/lakedocs train

test: setup test-azureml ## Run all tests
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

$(AZUREML)/.installed: requirements/azureml.lock pyproject.toml $(STAMP)
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(AZUREML)
	@$(BIN)/uv pip install --quiet --python $(AZUREML)/bin/python -r requirements/azureml.lock
	@$(BIN)/uv pip install --quiet --python $(AZUREML)/bin/python --no-deps -e .
	@touch $@

azureml: setup $(AZUREML)/.installed ## Make .venv-azureml, the environment of `lakedocs models azureml`

test-azureml: azureml ## Run the tests of the Azure ML endpoint in its environment
	$(AZUREML)/bin/python -m pytest --confcutdir tests/azureml tests/azureml

check: setup ## Format, lint, types and layers
	$(BIN)/ruff format --check src tests benchmarks scripts
	$(BIN)/ruff check src tests benchmarks scripts
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/unit/test_layers.py

format: setup ## Format the code
	$(BIN)/ruff format src tests benchmarks scripts
	$(BIN)/ruff check --fix src tests benchmarks scripts

lock: setup ## Resolve requirements.lock anew
	$(BIN)/uv pip compile pyproject.toml requirements/local.in --group local --group dev --no-emit-index-url --no-annotate --no-header \
	  --python-version 3.11 --universal -q | grep -vE '^(nvidia-|cuda-|triton)' > requirements.lock.new && mv requirements.lock.new requirements.lock
	$(BIN)/uv pip compile pyproject.toml requirements/azureml.in --no-emit-index-url --no-annotate --no-header \
	  --python-version 3.11 --universal -q -o requirements/azureml.lock

samples: setup ## Write samples/ and the shipped training examples anew
	$(BIN)/python tests/make_samples.py
	$(BIN)/python scripts/make_examples.py

ner: setup ## Train the embedded model that finds names, on the data sets in DATA (minutes on a graphics card, hours without)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --group ner
	$(BIN)/python -m scripts.ner.train $(DATA) --all

bench: setup ## Speed and memory on FOLDER: first run, re-run, one change, and growth from a sixteenth to all of it
	$(BIN)/python benchmarks/pipeline.py $(FOLDER)

bench-embedding: setup ## Speed of the embedder's runtimes beside sentence-transformers, on the passages of the lake in ROOT
	$(BIN)/python benchmarks/embedding.py $(ROOT)

bench-redaction: setup ## Speed of redaction beside Presidio's own engine, on the texts of the lake in ROOT, and whether both find the same
	$(BIN)/python benchmarks/redaction.py $(ROOT)

bench-kill: setup ## Kill ten runs at random moments, run again, compare the rows
	$(BIN)/python benchmarks/kill_sweep.py $(FOLDER)

bench-faults: setup ## Passages through services on loopback of which a fifth of all calls fail: calls, time, nothing lost, nothing twice
	$(BIN)/python benchmarks/faults.py

bench-discovery: setup ## A run with five new files among a million: seconds and memory
	$(BIN)/python benchmarks/discovery.py

bench-mail: setup ## Share of words and attachments of mails that are kept, in FOLDER
	$(BIN)/python benchmarks/mail_words.py $(FOLDER)

bench-regions: setup ## Share of words kept, region by region of the Office files in FOLDER
	$(BIN)/python benchmarks/regions.py $(FOLDER)

bench-pdf: setup ## Words and seconds of readers of PDFs on FOLDER
	$(BIN)/python benchmarks/pdf_words.py $(FOLDER)

bench-extraction: setup ## Speed and completeness of reading beside its peers, on N files of each kind of FOLDER
	$(BIN)/python benchmarks/extraction.py $(or $(FOLDER),samples) $(if $(N),--files $(N)) $(ARGUMENTS)

fuzz: setup ## N damaged versions of the files in FOLDER through the reader: each must end with a status, and nothing else happen
	$(BIN)/python -m scripts.fuzz.run $(or $(FOLDER),samples) $(if $(N),--count $(N)) $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY))

clean: ## Remove what a local run leaves
	rm -rf .lakedocs dist build
