# Everything a newcomer needs is `make demo` and `make test`; everything a change must pass is `make check`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DOCS_READY := $(VENV)/.docs-ready
PEERS := .venv-peers
PEERS_READY := $(PEERS)/.ready
PEERS_JAX := .venv-peers-jax
PEERS_JAX_READY := $(PEERS_JAX)/.ready
PEERS_PIP := $(PEERS)/bin/pip install --quiet --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo test test-all check format lint types imports docs benchmarks benchmarks-peers clean

help: ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable . --group dev
	@touch $(READY)

$(DOCS_READY): $(READY)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --group docs
	@touch $(DOCS_READY)

demo: $(READY) ## run the edge of stability on real digits and write its report
	$(BIN)/phenoscope run edge_of_stability

test: $(READY) ## the test suite
	$(BIN)/pytest --quiet --numprocesses auto --dist loadfile

test-all: $(READY) ## the test suite with every smoke run of the atlas
	$(BIN)/pytest --quiet --numprocesses auto --dist loadfile --all-smoke

check: lint types imports docs test ## the gate: what a change must pass

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(READY)
	$(BIN)/pyright --pythonpath $(BIN)/python

imports: $(READY)
	$(BIN)/lint-imports

format: $(READY) ## put the code into shape
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format --quiet .

docs: $(DOCS_READY) ## build the documentation site, which opens from disk: site/index.html
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

benchmarks: $(READY) ## time products and cohorts here; writes benchmarks/results/
	$(BIN)/python -m benchmarks

# Peers come without their own dependencies: one of them names torchvision, which nothing here needs. A peer that
# cannot be installed is left out, and the benchmarks report it as missing.
$(PEERS_READY): pyproject.toml constraints.txt Makefile
	$(PYTHON) -m venv $(PEERS)
	$(PEERS_PIP) --upgrade "pip>=25.1"
	$(PEERS_PIP) --editable .
	$(PEERS_PIP) einops einconv linear_operator opt-einsum tqdm unfoldNd
	-$(PEERS_PIP) --no-deps pyhessian==0.1
	-$(PEERS_PIP) --no-deps curvlinops-for-pytorch==3.0.1 backpack-for-pytorch==1.7.1
	-$(PEERS_PIP) --no-deps hessian-eigenthings==1.0.0a5
	-$(PEERS_PIP) --no-deps rebasin==0.0.47 torchview==0.2.7 graphviz==0.21
	@touch $(PEERS_READY)

# neural-tangents is of 2023: it needs a JAX, a NumPy and a SciPy of its time, and nothing of PyTorch.
$(PEERS_JAX_READY): Makefile
	$(PYTHON) -m venv $(PEERS_JAX)
	-$(PEERS_JAX)/bin/pip install --quiet --disable-pip-version-check "jax==0.4.23" "jaxlib==0.4.23" "numpy<2" "scipy<1.12" frozendict absl-py
	-$(PEERS_JAX)/bin/pip install --quiet --disable-pip-version-check --no-deps neural-tangents==0.6.5
	@touch $(PEERS_JAX_READY)

benchmarks-peers: $(PEERS_READY) $(PEERS_JAX_READY) ## against peers, in an environment of their own: WHAT="products eigenvalues"
	$(PEERS)/bin/python -m benchmarks $(WHAT)

clean: ## remove the environment and caches, keep runs
	rm -rf $(VENV) $(PEERS) $(PEERS_JAX) .ruff_cache .import_linter_cache .hypothesis build dist site
