# Bits to Latents. `make book` builds it, `make test` checks it; `make` alone lists everything.
# Needs Python 3.11 or newer and make. All else goes into .venv, .make and _build, and `make clean` removes it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
PORT ?= 8000
# yes: test the built book in a browser, too. no: leave those tests out.
BROWSER ?= yes
# How many tests run at a time.
JOBS ?= 2
# Where torch comes from. On Linux the wheel on PyPI carries several GB of CUDA; this index has the CPU build.
# Empty: whatever pip finds.
ifeq ($(shell uname -s),Linux)
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
endif

BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest -q
# The book's models are small: a second thread of torch's gains nothing, and crawls beside another process that computes.
ONE_THREAD := OMP_NUM_THREADS=1
PARALLEL := $(ONE_THREAD) $(PYTEST) --numprocesses $(JOBS)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*##/ { printf "%-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# -- to read --------------------------------------------------------------------------------------

book: .make/installed .make/static/katex/katex.min.css  ## build the book
	@echo "Building the book (the first time runs every notebook: some minutes)."
	@$(ONE_THREAD) $(BIN)/python tools/build.py

serve: book  ## show the built book on a local address
	@echo "The book stands at http://localhost:$(PORT)/ (Ctrl-C ends)."
	@$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

lab: .make/installed  ## open the notebooks in JupyterLab
	@$(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) --notebook-dir=. --LabApp.default_url=/lab/tree/book

# -- to check -------------------------------------------------------------------------------------

test: book  ## run every test
	@echo "Lint and unit tests"
	@$(PARALLEL) --dist loadfile tests/lint tests/unit
	@echo "Every notebook, run from top to bottom and compared with its stored output"
	@TQDM_DISABLE=1 $(PARALLEL) --dist loadfile --nbval --nbval-current-env book
ifeq ($(BROWSER),no)
	@echo "BROWSER=no: the tests of the built book and of JupyterLab in a browser were left out."
else
	@$(BIN)/python tools/find_browser.py
	@echo "The built book in a browser"
	@$(PARALLEL) --dist worksteal tests/browser
	@echo "JupyterLab in a browser"
	@$(PYTEST) tests/lab
endif

flaky: book  ## run the browser and training tests 20 times
	@for i in $$(seq 20); do echo "Round $$i of 20"; $(PYTEST) -x tests/unit/test_training.py tests/browser tests/lab || exit 1; done

mutate: .make/installed  ## plant errors in vaelib; each must turn a named test red
	@$(BIN)/python tests/mutate.py

bench: book  ## print build time, notebook times, page weights, widget latency and training speed
	@$(BIN)/python benchmarks/run.py

binder:  ## install what Binder installs in a fresh environment and run every notebook there
	@$(PYTHON) benchmarks/binder.py

size: .make/installed  ## count vaelib's lines of code
	@$(BIN)/python tools/size.py

# -- to write -------------------------------------------------------------------------------------

notebooks: .make/installed  ## run the notebooks in place and keep the outputs that tests compare
	@$(BIN)/python tools/notebooks.py

experiments: .make/installed  ## run the long experiments again and store their results
	@for script in experiments/*.py; do echo "$$script"; $(BIN)/python $$script || exit 1; done

clean:  ## remove everything these commands made
	rm -rf .venv .make _build *.egg-info .pytest_cache .hypothesis
	find . \( -name __pycache__ -o -name .ipynb_checkpoints \) -type d -prune -exec rm -rf {} +

# -- underneath -----------------------------------------------------------------------------------

# torch comes first, from an index of its own; requirements.txt pins the version.
.make/installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name it with: make book PYTHON=python3.12"; exit 1; }
	@echo "Installing into .venv (some minutes)."
	@$(PYTHON) -m venv .venv || { echo "Python's venv module is missing; on Debian: apt install python3-venv"; exit 1; }
	@torch=$$(grep '^torch==' requirements.txt); \
		{ [ -n "$(TORCH_INDEX)" ] && $(BIN)/pip install -q --retries 0 --timeout 20 --index-url "$(TORCH_INDEX)" "$$torch" 2>/dev/null; } || \
		{ echo "Taking $$torch from where pip finds it."; $(BIN)/pip install -q "$$torch"; } || \
		{ echo "pip could not install $$torch; its message stands above. Is there a network?"; exit 1; }
	@$(BIN)/pip install -q -r requirements.txt || { echo "pip could not install requirements.txt; its message stands above."; exit 1; }
	@mkdir -p .make && touch $@

.make/static/katex/katex.min.css: .make/installed tools/fetch_katex.py
	@echo "Fetching KaTeX's fonts."
	@$(BIN)/python tools/fetch_katex.py

.PHONY: help book serve lab test flaky mutate bench binder size notebooks experiments clean
