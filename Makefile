# Every target sets up what it needs. `make help` lists them.

PYTHON ?= python3
VENV   ?= .venv
BUILD  ?= .
PORT   ?= 8000

PY   = "$(VENV)/bin/python"
SITE = $(BUILD)/_build/html

# One thread a process: equal sums everywhere, and two notebooks do not fight for two cores.
export OMP_NUM_THREADS = 1

need = $(if $(shell command -v $(PYTHON)),,$(error $(PYTHON) is not installed: install Python 3.11 or newer, or name one with PYTHON=))
set_up = @$(need)$(PYTHON) tools/environment.py "$(VENV)"

.DEFAULT_GOAL := help
.PHONY: help book serve test execute figures lab student fork constraints clean distclean

help: ## list the targets
	@echo "usage: make TARGET [VENV=.venv] [PYTHON=python3] [BUILD=.] [PORT=8000]"
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

book: ## build the site (no PyTorch needed); warnings are errors
	$(set_up) site
	@"$(VENV)/bin/jupyter-book" build book --toc "$(CURDIR)/_toc.yml" -W -n --keep-going --path-output "$(BUILD)"

execute: ## run all notebooks and write them in canonical form
	$(set_up) notebooks
	@$(PY) tools/execute_notebooks.py
