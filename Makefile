# make venv            only the virtual environment, which the others make too
# make demo            watch the embedded demo at high speed; FAULT=name breaks it (make faults lists them);
#                      AFTER=1 shows what follows the verdict
# make test            lint, types and the tests, in minutes
# make test-all        the same with every test in its complete form: nightly, and before a release
# make bench           the speed figures, as ratios
# make rooms           the modules that one reading passes from YAML to comment
# make matrix          docs/reference/faults.md: what happens under every fault of demo/toxic
# make fuzz            each reader of other people's texts, SECONDS=60 each; what reaches new code is kept in out/fuzz
# make properties      the secrets, hostile-text and guard properties over ten thousand examples each
# make bill            docs/reference/dependencies.md: what is installed, how large it is, and why
# make docs            the generated pages of docs/reference: commands, plan, evidence, verdict.json
# make picture         the docs' pictures, of the demo's comment and of report.html; needs Chromium and an emoji font
# make npm             axe-core and mermaid, for tests and the demo's page, from npm into .venv/npm
# make audit           known vulnerabilities of what is locked; for a release, as it asks a service
# make kill            200 random points at which the pipeline is killed or its disk fails, then resumed (an hour)
# make calibrate       docs/explanation/calibration.md anew: thousands of windows with known faults, judged
# make real            docs/explanation/real-services.md: windows on real services, healthy and broken (an hour);
#                      needs redis-server and PostgreSQL
PYTHON ?= python3
FAULT ?= none
SPEED ?= 600
SECONDS ?= 60
POINTS ?= 200
PROPERTIES := tests/test_secrets.py tests/redaction/test_redactor.py tests/report/test_text.py tests/report/test_report.py \
    tests/report/test_hostile_evidence.py tests/report/test_hostile_written.py tests/publish/test_notification.py \
    tests/publish/test_folding.py tests/publish/test_comment_state.py tests/plan/test_guard_property.py \
    tests/plan/test_guard_on_the_wire.py tests/stages/logs/test_repeats.py
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest -q --dist worksteal
STAMP := .venv/.installed
COMPILED := out/.compiled
# The files of such tests: each worker would collect all others too.
TIMED = $(shell grep -rlE 'mark\.(waits|alone)\b' tests --include='test_*.py')
# Where it is set, each of the processes that the tests start would compile our modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: venv demo test test-processor test-time test-all matrix lint lint-types lint-text format faults bench rooms calibrate real kill lock schemas clean fuzz properties bill audit docs npm picture

venv: $(STAMP)

demo: $(STAMP)
	@$(BIN)/python -m demo --fault $(FAULT) --speed $(SPEED) $(if $(AFTER),--after)

faults: $(STAMP)
	@$(BIN)/python -m demo.serve --help

# Most tests need the processor, the live windows need their time: the windows go first, types and others fill their pauses.
test: $(STAMP) lint-text
	@$(MAKE) --no-print-directory --jobs 3 lint-types test-processor test-time

test-processor: $(STAMP) $(COMPILED)
	nice -n 19 $(PYTEST) -n 4 -m "not waits and not alone and not complete"

# pytest rewrites each assertion of a new or changed test, which each worker would do for itself.
$(COMPILED): $(STAMP) $(shell find tests -name '*.py')
	@mkdir -p out
	@$(PYTEST) --collect-only -q > out/collected.log 2>&1 || { cat out/collected.log; exit 1; }
	@touch $@

# Two bars of dots at once cannot be read, so this one's output comes at its end.
test-time: $(STAMP) $(COMPILED)
	@{ $(PYTEST) -n 6 -m "waits and not alone and not complete" $(TIMED) \
	    && $(PYTEST) -n 0 -m "alone and not complete" $(TIMED); } \
	    > out/test-time.log 2>&1; code=$$?; cat out/test-time.log; exit $$code

# Here each script is started anew, not forked from a process that has loaded the package.
test-all: export DEPLOY_VERDICT_FRESH_PROCESSES = 1
test-all: export DEPLOY_VERDICT_EXAMPLES = 200
test-all: $(STAMP) lint
	$(PYTEST) -n 2 -m "not waits and not alone"
	$(PYTEST) -n 8 -m "waits and not alone"
	$(PYTEST) -n 0 -m "alone"

matrix: $(STAMP)
	PYTHONPATH=scripts $(BIN)/python -m tests.matrix.table

lint: lint-text lint-types

lint-types: $(STAMP)
	nice -n 19 $(BIN)/mypy

lint-text: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/deptry --config tests/supply/deptry.toml -rf requirements.in,deploy/relay/requirements.in scripts
	$(BIN)/deptry --config tests/supply/deptry.toml -rf requirements.in,deploy/relay/requirements.in,requirements-dev.in,tests/real/requirements.in scripts demo tests
	$(BIN)/zizmor --offline --quiet --persona auditor .github action.yml docs/adopt/*.yml
	@if command -v actionlint >/dev/null; then actionlint; \
	else echo "actionlint is not installed, so the workflows are not read by it: go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"; \
	     test "$$DEPLOY_VERDICT_ALLOW_SKIPS" != 0; fi

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP)
	$(BIN)/python -m tests.bench

rooms: $(STAMP)
	@$(BIN)/python -m tests.rooms

# A quarter of an hour; prints which cell it is at.
calibrate: $(STAMP)
	PYTHONPATH=scripts nice $(BIN)/python -m tests.calibration

# The services have a virtual environment of their own. Goes on where it was stopped; AGAIN=1 forgets earlier windows.
real: $(STAMP) out/real/.installed
	PYTHONPATH=scripts nice $(BIN)/python -m tests.real $(if $(AGAIN),--again)

out/real/.installed: tests/real/requirements.txt
	$(PYTHON) -m venv out/real
	out/real/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/real/requirements.txt
	@touch out/real/.installed

# Four at a time would share the cores: a second of one is no second of all.
fuzz: $(STAMP)
	@for target in plan evidence log relay; do \
	    echo "fuzzing $$target for $(SECONDS) s" >&2; \
	    $(BIN)/python -m tests.fuzz $$target --seconds $(SECONDS) --kept out/fuzz || exit 1; \
	done

properties: $(STAMP)
	DEPLOY_VERDICT_EXAMPLES=10000 $(BIN)/python -m pytest -q -n 2 --dist worksteal $(PROPERTIES)

bill: $(STAMP)
	$(BIN)/python -m tests.supply.bill > docs/reference/dependencies.md.new && mv docs/reference/dependencies.md.new docs/reference/dependencies.md

# Where the service cannot be reached, this fails: nothing was learned, and that is not clean.
audit:
	$(PYTHON) -m venv out/audit
	out/audit/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-audit.txt
	out/audit/bin/pip-audit --strict --disable-pip --require-hashes -r requirements.txt
	out/audit/bin/pip-audit --strict --disable-pip --require-hashes -r deploy/relay/requirements.txt
	out/audit/bin/pip-audit --strict --disable-pip --require-hashes -r requirements-dev.txt
	out/audit/bin/pip-audit --strict --disable-pip --require-hashes -r tests/real/requirements.txt

# SEED=7 repeats a seed; it is printed first.
kill: $(STAMP)
	PYTHONPATH=scripts $(BIN)/python -m tests.killing --points $(POINTS) $(if $(SEED),--seed $(SEED))

schemas: $(STAMP)
	$(BIN)/python scripts/deploy_verdict schemas

docs: $(STAMP)
	PYTHONPATH=scripts $(BIN)/python -m tests.reference

npm:
	$(PYTHON) -m tests.npm

picture: $(STAMP)
	PYTHONPATH=scripts $(BIN)/python -m tests.picture

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
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --annotation-style line requirements-audit.in -o requirements-audit.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --annotation-style line tests/real/requirements.in -o tests/real/requirements.txt

clean:
	rm -rf .venv out .mypy_cache .ruff_cache .pytest_cache .hypothesis
