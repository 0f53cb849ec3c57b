# Every target builds the environment it needs; `make test` on a bare machine is enough.
VENV := .venv
PY := $(VENV)/bin/python

.PHONY: help setup demo test soak lint coverage pictures bench lock clean

help:            ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

setup: $(VENV)/.ready  ## the environment, in .venv

$(VENV)/.ready: pyproject.toml constraints.txt
	test -x $(PY) || python3 -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: setup      ## a board on this machine with five models, at http://localhost:8000
	$(VENV)/bin/holdout up --demo

lint: setup      ## ruff, mypy and the import directions
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

test: lint       ## everything that is tested, in random order
	$(PY) -m pytest -n 2 -m 'not slow'

soak: setup      ## every part killed at every state of a submission; takes long
	$(PY) -m pytest -m slow

coverage: setup  ## every branch of scoring and contract
	$(PY) -m pytest -q -n 2 -m 'not docker' tests/scoring tests/contract tests/cli tests/engine \
	  --cov=evaluator.scoring --cov=evaluator.contract --cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=100

pictures: setup  ## every page as a picture in var/pictures, light and dark, wide and narrow
	$(PY) -m pytest -q -p no:randomly tests/browser/pictures.py

bench: $(VENV)-bench/.ready  ## speed, as ratios to stated peers and limits
	$(VENV)-bench/bin/python -m bench

$(VENV)-bench/.ready: pyproject.toml constraints.txt bench/peers.txt
	test -x $(VENV)-bench/bin/python || python3 -m venv $(VENV)-bench
	$(VENV)-bench/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]' -r bench/peers.txt
	touch $@

lock: setup      ## write constraints.txt from what is installed
	$(PY) -m pip freeze --exclude-editable | sed 's/+cpu$$//' > constraints.txt

clean:           ## remove what was built
	rm -rf $(VENV) $(VENV)-bench build dist *.egg-info
