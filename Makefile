# Every target sets up what it needs. `make help` lists them.

PYTHON ?= python3
VENV   ?= .venv
BUILD  ?= .
PORT   ?= 8000

# One thread a process: equal sums everywhere, and two notebooks do not fight for two cores.
export OMP_NUM_THREADS = 1

python = "$(VENV)/bin/python"
site   = $(BUILD)/_build/html

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help book serve test lint units notebooks site browser execute bench results figures lab \
  student fork hooks constraints clean distclean

help: ## list the targets
	@echo 'usage: make TARGET [VENV=.venv] [PYTHON=python3] [BUILD=.] [PORT=8000]'
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' Makefile

# ---------------------------------------------------------------- the environment
# The file VENV/.installed-GROUP says that a dependency group of pyproject.toml is in place. It is
# written last: what failed or was interrupted is done again, what is done costs nothing.

ifneq ($(words $(VENV)),1)
  $(error VENV="$(VENV)": the name of the environment must not contain spaces)
endif

installed = $(patsubst %,$(VENV)/.installed-%,$(1))
pip       = PIP_USER=0 $(python) -m pip install --quiet --no-input --disable-pip-version-check
check     = import sys; sys.exit(sys.version_info < (3, 11))
stop      = { echo 'error: $(1)' >&2; exit 1; }
too_old   = Python 3.11 or newer is needed: install it, or name one with PYTHON=
no_venv   = $(VENV) could not be made: install the module venv (Debian: apt-get install python3-venv)
unusable  = the Python in $(VENV) is too old or has no pip: remove $(VENV), or name another with VENV=
no_packages = some packages are missing, see above. Without a network, name a mirror with \
  PIP_INDEX_URL; without space (PyTorch takes 6 GB), another place with VENV=; with a Python that \
  PyTorch does not support, another with PYTHON=

$(VENV)/bin/python:
	@"$(PYTHON)" -c '$(check)' || $(call stop,$(too_old))
	@"$(PYTHON)" -m venv "$(VENV)" || $(call stop,$(no_venv))

$(VENV)/.installed-%: $(VENV)/bin/python pyproject.toml constraints.txt
	@$(python) -c 'import pip; $(check)' || $(call stop,$(unusable))
	@echo 'Installing what pyproject.toml names for: $*'
	@$(python) -m pip install --help | grep -e --group >/dev/null || \
	  $(pip) --upgrade pip -c constraints.txt || $(call stop,$(no_packages))
	@$(pip) --group $* -c constraints.txt || $(call stop,$(no_packages))
	@touch $@

# ---------------------------------------------------------------- the book

book: $(call installed,site) ## build the site, without PyTorch; a warning is an error
	@"$(VENV)/bin/jupyter-book" build book --toc "$(CURDIR)/_toc.yml" -q -W -n --keep-going \
	  --path-output "$(BUILD)"

serve: book ## build the site and show it on PORT
	@$(python) -m http.server --bind 127.0.0.1 --directory "$(site)" "$(PORT)"

execute: $(call installed,notebooks) ## run the notebooks and store their outputs (ONLY=book/03_*.ipynb: only some)
	@$(python) -m tools.execute_notebooks $(ONLY)

figures: $(call installed,notebooks) ## redraw the pictures of img/ that are made by code
	@$(python) -m tools.draw_figures

results: $(call installed,notebooks) ## measure the experiments of chapters 9 and 10 again (MNIST=folder: where it is)
	@$(python) -m tools.measure_chapter_09 $(if $(MNIST),--mnist "$(MNIST)")
	@$(python) -m tools.measure_results

bench: $(call installed,notebooks) ## time `fit` against the usual beginner's training loop
	@$(python) -m tools.bench_training

lab: $(call installed,notebooks) ## open the notebooks in JupyterLab
	@$(python) -m jupyterlab book

student: $(call installed,notebooks) ## write the edition without solutions
	@$(python) -m tools.student_edition

fork: ## name the repository everywhere (URL=https://github.com/you/your-fork)
	@"$(PYTHON)" -m tools.fork $(if $(URL),--url "$(URL)") $(if $(BRANCH),--branch "$(BRANCH)")

# ---------------------------------------------------------------- the tests

everything = $(call installed,site notebooks test)

test: lint units notebooks book site ## check everything (make -k test: also after a failure)

lint: $(everything) ## check style, docstrings, types, the form of the notebooks, the links
	$(python) -m ruff check --quiet .
	$(python) -m ruff format --check --quiet .
	$(python) -m numpydoc lint $$(find utils -name '*.py')
	$(python) -m mypy
	$(python) -m tools.execute_notebooks --check --no-execute
	$(python) -m tools.fork --check

units: browser ## run the unit tests and the examples of all docstrings
	$(python) -m pytest -q tests utils --doctest-modules --ignore=tests/test_site.py \
	  -n2 --dist=loadfile

notebooks: $(everything) ## run every cell of every notebook, and compare with what is stored
	$(python) -m pytest -q book --nbval --nbval-current-env -n2 --dist=loadscope

site: browser book ## open the built site in a browser
	BOOK_SITE="$(site)" $(python) -m pytest -q tests/test_site.py

browser: $(everything) ## find a Chromium for the tests, or try to fetch one
	@$(python) -m tools.find_browser || $(python) -m playwright install chromium || true

# ---------------------------------------------------------------- the house

hooks: $(call installed,notebooks test maintain) ## check each commit before it is made (pre-commit)
	@$(python) -m pre_commit install

constraints: $(call installed,maintain) ## pin what pyproject.toml asks for (UPGRADE=1: in the newest versions)
	@$(python) -m uv pip compile --quiet --universal --python-version 3.11 --no-annotate \
	  --custom-compile-command 'make constraints' $(if $(UPGRADE),--upgrade) \
	  --group site --group notebooks --group test --group maintain -o constraints.txt

clean: ## remove what was built, and caches
	@rm -rf "$(BUILD)/_build" build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis
	@find . -path './.?*' -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints \) \
	  -prune -exec rm -rf {} +

distclean: clean ## also remove the environment .venv
	@rm -rf .venv
