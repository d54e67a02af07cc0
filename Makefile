# Two commands on a machine with python3 (3.11 or later) and nothing else:
#   make demo    installs ferkit into .venv, trains the quickstart recipe and says where its report lies
#   make test    installs ferkit into .venv and runs the whole test suite
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FRESH := .venv-dist
FAST := not slow and not data and not conformance and not subprocess and not campaign and not browser

.PHONY: demo test test-fast browser campaign check docs reference format build

demo: $(VENV)/.installed
	$(BIN)/ferkit run recipes/quickstart.toml

# Two processes of one thread: torch's threads and two processes' would wait for each other.
test: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal --durations=15

# The quick part of the tests, to run after each change.
test-fast: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal -m "$(FAST)"

# The page of `ferkit serve` in Chromium, which must be installed.
browser: $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet --group browser
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m browser tests/serve

# Kills, damaged files and broken plugins, at a tenth of the full size: up to 20 minutes. FERKIT_CAMPAIGN_SCALE=1
# is the full size (hours), such as 52,000 recipes and 10,000 images. FERKIT_CAMPAIGN_SEED repeats a campaign.
campaign: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal -m campaign tests/campaign tests/cli/test_run.py

# What a commit must pass beside the tests.
check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The documentation, into site/. Warnings are errors, such as a broken link. With --quiet mkdocs would ignore them.
docs: $(VENV)/.installed-dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --config-file docs/mkdocs.yml --strict
	@echo "Open site/index.html"

# The reference pages in docs/site/reference/, from the code. A test compares them with it.
reference: $(VENV)/.installed-dev
	$(BIN)/python -m docs.hooks.reference

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The wheel and the sdist, into dist/: built, checked, and tried in a fresh environment. The environment of the
# build needs no ferkit, so that on a new machine PyTorch is installed only once.
build: $(VENV)/.created
	$(BIN)/python -m pip install --quiet 'build>=1.2'
	rm -rf dist
	$(BIN)/python -m build --outdir dist
	$(BIN)/python .ci/check_dist.py dist
	$(PYTHON) -m venv --clear $(FRESH)
	$(FRESH)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(FRESH)/bin/python -m pip install --quiet dist/*.whl
	$(FRESH)/bin/python .ci/try_install.py

# Touched last: a half-made environment is made anew.
$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "ferkit needs Python 3.11 or later; $(PYTHON) is older. Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/.installed: pyproject.toml setup.py | $(VENV)/.created
	@echo "Installing ferkit and what it needs into $(VENV) (PyTorch is large: minutes)"
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@
