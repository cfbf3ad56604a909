# Every target sets up what it needs. `make help` lists them.

PYTHON ?= python3
VENV   ?= .venv
BUILD  ?= .
PORT   ?= 8000

# One thread a process: equal sums everywhere, and two notebooks do not fight for two cores.
export OMP_NUM_THREADS = 1

bin  = $(VENV)/bin
site = $(BUILD)/_build/html

python = $(if $(shell command -v "$(PYTHON)"),"$(PYTHON)",$(error \
  $(PYTHON) is not installed: install Python 3.11 or newer, or name one with PYTHON=))
set_up = @$(python) tools/environment.py "$(VENV)"

.DEFAULT_GOAL := help
.PHONY: help book serve test execute bench results figures lab student fork hooks constraints clean distclean

help: ## list the targets
	@echo 'usage: make TARGET [VENV=.venv] [PYTHON=python3] [BUILD=.] [PORT=8000]'
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' Makefile

book: ## build the site, without PyTorch; a warning is an error
	$(set_up) site
	@"$(bin)/jupyter-book" build book --toc "$(CURDIR)/_toc.yml" -q -W -n --keep-going \
	  --path-output "$(BUILD)"

serve: book ## build the site and show it on PORT
	@"$(bin)/python" tools/serve.py "$(site)" --port "$(PORT)"

test: ## check everything (STAGES="lint units notebooks build site": only some)
	$(set_up) site notebooks test
	@"$(bin)/python" tools/run_tests.py --site "$(site)" $(STAGES)

execute: ## run the notebooks and store their outputs (ONLY=book/03_*.ipynb: only some)
	$(set_up) notebooks
	@"$(bin)/python" tools/execute_notebooks.py $(ONLY)

bench: ## time `fit` against the usual beginner's training loop
	$(set_up) notebooks
	@"$(bin)/python" tools/bench_training.py

results: ## measure the long experiments of chapter 10 again (half an hour or less)
	$(set_up) notebooks
	@"$(bin)/python" tools/measure_results.py

figures: ## redraw the pictures of img/ that are made by code
	$(set_up) notebooks
	@"$(bin)/python" tools/draw_figures.py

lab: ## open the notebooks in JupyterLab
	$(set_up) notebooks
	@"$(bin)/jupyter-lab" book

student: ## write the edition without solutions
	$(set_up) notebooks
	@"$(bin)/python" tools/student_edition.py

fork: ## name the repository everywhere (URL=https://github.com/you/your-fork)
	@$(python) tools/fork.py $(if $(URL),--url "$(URL)") $(if $(BRANCH),--branch "$(BRANCH)")

hooks: ## check each commit before it is made (pre-commit)
	$(set_up) notebooks test maintain
	@"$(bin)/pre-commit" install

constraints: ## pin the newest versions that pyproject.toml allows
	$(set_up) maintain
	@"$(bin)/python" tools/pin_versions.py

clean: ## remove what was built, and caches
	@rm -rf "$(BUILD)/_build" build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	@find . -path './.?*' -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints \) \
	  -prune -exec rm -rf {} +

distclean: clean ## also remove the environment .venv
	@rm -rf .venv
