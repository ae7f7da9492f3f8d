# make venv            only the virtual environment, which the others make too
# make demo            watch the embedded demo at high speed; FAULT=name breaks it (make faults lists them)
# make test            lint, types and all tests
# make bench           the speed figures, as ratios
# make matrix          docs/faults.md: what happens under every fault of demo/toxic
# make kill            200 random points at which the pipeline is killed or its disk fails, then resumed (an hour)
# make calibrate       docs/calibration.md anew: thousands of windows with known faults, judged
PYTHON ?= python3
FAULT ?= none
SPEED ?= 600
POINTS ?= 200
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: venv demo test matrix lint format faults bench calibrate kill lock schemas clean

venv: $(STAMP)

demo: $(STAMP)
	@$(BIN)/python -m demo --fault $(FAULT) --speed $(SPEED)

faults: $(STAMP)
	@$(BIN)/python -m demo.serve --help

test: $(STAMP) lint
	$(BIN)/python -m pytest -n 2 --dist worksteal -q

matrix: $(STAMP)
	PYTHONPATH=scripts $(BIN)/python -m tests.matrix.table

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/zizmor --offline --quiet --persona auditor .github
	@if command -v actionlint >/dev/null; then actionlint; \
	else echo "actionlint is not installed, so the workflows are not read by it: go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"; \
	     test "$$DEPLOY_VERDICT_ALLOW_SKIPS" != 0; fi

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP)
	$(BIN)/python -m tests.bench

# A quarter of an hour; prints which cell it is at.
calibrate: $(STAMP)
	PYTHONPATH=scripts nice $(BIN)/python -m tests.calibration

# SEED=7 repeats a seed; it is printed first.
kill: $(STAMP)
	PYTHONPATH=scripts $(BIN)/python -m tests.killing --points $(POINTS) $(if $(SEED),--seed $(SEED))

schemas: $(STAMP)
	$(BIN)/python scripts/write_schemas.py

# The virtual environment, made again whenever the lock changes.
$(STAMP): requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "deploy-verdict needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Say which one to use: make PYTHON=python3.12 ...")'
	@echo "installing the locked requirements into .venv, about half a minute" >&2
	@$(PYTHON) -m venv .venv || { echo "python3 cannot make virtual environments here; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $(STAMP)

# Needs uv on the PATH. The lock holds for every platform and for Python 3.11 on.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --annotation-style line requirements.in -o requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --annotation-style line requirements-dev.in -o requirements-dev.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --annotation-style line deploy/relay/requirements.in -o deploy/relay/requirements.txt

clean:
	rm -rf .venv out .mypy_cache .ruff_cache .pytest_cache .hypothesis
