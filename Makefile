.DEFAULT_GOAL := help
# The first that really runs and is new enough; a name on the path may be an empty shim.
PYTHON ?= $(shell for each in python3 python3.13 python3.12 python3.11; do \
	$$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$each && break; done)
VENV := .venv
BIN := $(VENV)/bin

# What asks the database for more than rows; what is pure or a page of the browser ran on SQLite.
ON_POSTGRESQL := tests/ledger tests/monitoring tests/exchange/fhir tests/exchange/test_spreadsheets.py tests/diary \
	tests/clinic/test_demo.py tests/clinic/test_demo_steps.py tests/test_load.py -k 'not at_any_hour' \
	--ignore=tests/exchange/fhir/test_validators.py --ignore=tests/diary/test_browser.py --ignore=tests/diary/test_confidence.py

help: ## List what can be done
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(VENV)/run.stamp: requirements/run.txt pyproject.toml
	@test -n "$(PYTHON)" || \
		{ echo "Python 3.11 or newer is needed and was not found. Use make PYTHON=/path/to/python3.11"; exit 1; }
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/develop.stamp: requirements/develop.txt $(VENV)/run.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/develop.txt
	@touch $@

demo: $(VENV)/run.stamp ## Load the demo programme and serve it on 127.0.0.1:8000
	$(BIN)/sojourn demo $(ARGS)

serve: $(VENV)/run.stamp ## Serve the record in ./var on 127.0.0.1:8000
	$(BIN)/sojourn serve $(ARGS)

test: $(VENV)/develop.stamp ## Run every test: SQLite, PostgreSQL, browser
	$(BIN)/python -m pytest -n 2 --dist loadfile
	$(BIN)/python tests/with_postgresql.py $(BIN)/python -m pytest -n 2 --dist loadfile --reuse-db $(ON_POSTGRESQL)

check: $(VENV)/develop.stamp ## Style, types, rooms
	$(BIN)/ruff check src tests benchmarks examples validation/*.py
	$(BIN)/ruff format --check src tests benchmarks examples validation/*.py
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m django makemigrations --check --dry-run --settings sojourn.clinic.settings

bench: $(VENV)/develop.stamp ## Measure against named baselines (FULL=1 for the full size)
	$(BIN)/python benchmarks/run.py $(if $(FULL),--full,)

.venv-load/load.stamp: requirements/load.txt
	@test -d .venv-load || $(PYTHON) -m venv .venv-load
	.venv-load/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/load.txt
	@touch $@

load: $(VENV)/run.stamp .venv-load/load.stamp ## Play three minutes of a working day at 50 sites against the real server
	$(BIN)/python benchmarks/load.py --minutes 3 $(ARGS)

soak: $(VENV)/run.stamp .venv-load/load.stamp ## The same for half an hour: memory must not grow
	$(BIN)/python benchmarks/load.py --minutes 30 $(ARGS)

compare: $(VENV)/run.stamp .venv-load/load.stamp ## The same acts in Sojourn and in Django's admin with history, a baseline
	$(BIN)/python benchmarks/compare.py $(ARGS)

growth: $(VENV)/run.stamp ## Page times from 1,000 participants to 100,000 (FULL=1 to a million)
	$(BIN)/python benchmarks/growth.py $(if $(FULL),--full,)

sbom: $(VENV)/develop.stamp ## List what a release holds, as CycloneDX: dist/sbom.json
	@mkdir -p dist
	$(BIN)/cyclonedx-py requirements requirements/run.txt --output-reproducible -o dist/sbom.json

audit: $(VENV)/run.stamp ## Ask OSV whether a known weakness is in what is locked
	$(BIN)/python validation/audit.py

release: sbom ## Build, list and sign a release: KEY=PATH of an SSH key; into dist/release
	$(BIN)/python validation/release.py --sbom dist/sbom.json --key $(KEY)

conformance: $(VENV)/run.stamp ## Hold exports against XSDs and our checks; CORE=PATH runs the CDISC rules engine
	$(BIN)/python validation/conformance.py $(if $(CORE),--core $(CORE),)

validation: $(VENV)/develop.stamp ## Qualify this installation: requirements, risks, tests, clauses: dist/validation
	$(BIN)/python validation/build.py

.PHONY: help demo serve test check bench load soak compare growth sbom conformance validation audit release
