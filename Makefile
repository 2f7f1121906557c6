# Needs Python 3.11 or newer, pip and make. Everything else goes into .venv, at the versions and hashes in requirements/.

NEW_ENOUGH := -c 'import sys; sys.exit(sys.version_info < (3, 11))'
PYTHON ?= $(shell for each in python3.11 python3 python3.12 python3.13 python; do \
	$$each $(NEW_ENOUGH) 2>/dev/null && { echo $$each; break; }; done)
BIN := .venv/bin
TESTS ?= tests

# pip's own notices are not about this project.
PIP = PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/pip

.DEFAULT_GOAL := help
.PHONY: help demo dev test stripe longlife accessibility soak models fuzz chaos planted importproof reconcileproof mutants bench nightly check format lint types imports \
	docs coverage diagram screenshots messages histories decisions lock sbom clean

help: ## Show what there is to make.
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

demo: .venv/local ## Tell an account's life on real parts, checked; under two minutes.
	@$(BIN)/reprise demo

dev: .venv/local ## Run the whole system on this machine, until Ctrl-C.
	@$(BIN)/reprise dev

# Four processes, for two processors: some tests wait for time-outs. Whoever has none left takes from who has most.
# Where an environment forbids to keep compiled modules, each of the hundreds of processes would compile them anew.
test: export PYTHONDONTWRITEBYTECODE =
test: .venv/dev ## Run the tests; installs Debian's Chromium for those of the pages where it can.
	@$(BIN)/python -m tests.browser.chromium
	$(BIN)/pytest -n 4 --dist worksteal $(TESTS)

stripe: .venv/dev ## Try at Stripe what Reprise takes Stripe to do: STRIPE_API_KEY=sk_test_... make stripe
	@$(BIN)/python -m tests.assumptions

longlife: .venv/dev ## Run the tests that take minutes: floods as large as Temporal lets through.
	$(BIN)/pytest -m long tests/workflows

accessibility: .venv/dev ## Run axe over every page in every standing, three widths, both schemes; minutes.
	@$(BIN)/python -m tests.browser.chromium
	$(BIN)/pytest -m long tests/browser

soak: .venv/dev ## Run under load and see that memory, descriptors, threads, connections stay flat: make soak DURATION=900
	$(BIN)/python -m tests.soak --duration $(or $(DURATION),900) --rate $(or $(RATE),1)

models: .venv/dev ## Live random lives beside the rules in plain Python: make models EXAMPLES=5000
	EXAMPLES=$(or $(EXAMPLES),5000) $(BIN)/pytest -n 2 --dist loadfile \
		tests/statemachine/test_against_reference.py tests/workflows/test_against_reference.py

chaos: .venv/dev ## Kill, pause and fail everything, check every account: make chaos DURATION=600 SEED=1
	$(BIN)/python -m tests.chaos $(if $(DURATION),--duration $(DURATION)) $(if $(SEED),--seed $(SEED))

planted: .venv/dev ## See that the check of `make chaos` finds bugs that are planted in copies of the code.
	$(BIN)/python -m tests.chaos.planted $(if $(DURATION),--duration $(DURATION)) $(if $(SEED),--seed $(SEED))

importproof: .venv/dev ## Import 2,000 accounts, killed halfway, and see that each is there once: make importproof ROWS=2000
	$(BIN)/python -m tests.import_proof $(if $(ROWS),--rows $(ROWS))

reconcileproof: .venv/dev ## Hold 10,000 accounts against Stripe, killed halfway, and see what differs: make reconcileproof ROWS=10000
	$(BIN)/python -m tests.reconcile_proof $(if $(ROWS),--rows $(ROWS)) $(if $(RATE),--rate $(RATE))

mutants: .venv/dev ## Change the code in places, see that tests notice: make mutants COUNT=300 SEED=1 PART=core
	$(BIN)/python -m tests.mutants $(if $(COUNT),--count $(COUNT)) $(if $(SEED),--seed $(SEED)) \
		$(if $(PART),--part $(PART)) $(if $(WITHIN),--within $(WITHIN)) $(if $(QUICK),--quick) $(if $(AGAIN),--again) $(ID)

bench: .venv/dev ## Measure Reprise beside bare Temporal workflows and the bare chart; three minutes.
	$(BIN)/python -m benchmarks $(if $(STRICT),--strict)

fuzz: .venv/dev ## Fuzz API, pages, tokens, webhooks, sandbox and commands for long: make fuzz EXAMPLES=100
	FUZZ_EXAMPLES=$(or $(EXAMPLES),100) $(BIN)/pytest -n 2 --dist loadfile \
		tests/api/fuzz tests/portal/test_forms.py tests/api/test_unauthenticated.py

# One after another: each of them needs the whole machine. What a target printed last stands in the summary.
NIGHTLY := longlife accessibility models fuzz chaos.SEED=1 chaos.SEED=2 chaos.SEED=3 planted importproof reconcileproof mutants soak

nightly: .venv/dev ## Run all that takes long, chaos with three seeds, and say how each went; hours.
	@all=0; told=$$(mktemp -d); \
	for each in $(NIGHTLY); do \
		began=$$(date +%s); \
		{ $(MAKE) --no-print-directory $$(echo $$each | tr . ' ') 2>&1; echo $$? >$$told/code; } | tee $$told/log; \
		read -r code <$$told/code; how=passed; \
		if [ $$code -ne 0 ]; then how=FAILED; all=1; fi; \
		last=$$(grep . $$told/log | grep -v '^make' | tail -n 1); \
		printf '%-15s %s in %5d s: %s\n' $$each $$how $$(($$(date +%s) - began)) "$$last" >>$$told/summary; \
	done; \
	echo; cat $$told/summary; rm -r $$told; exit $$all

check: lint types imports docs ## Everything that CI runs before the tests.

format: .venv/dev ## Write files as they should look: formatting, order of imports, what ruff can mend by itself.
	$(BIN)/ruff check --fix-only reprise tests docs examples benchmarks
	$(BIN)/ruff format reprise tests docs examples benchmarks

lint: .venv/dev ## Check style and formatting, and that what is imported is asked for, and the other way round.
	$(BIN)/ruff check reprise tests docs examples benchmarks
	$(BIN)/ruff format --check reprise tests docs examples benchmarks
	$(BIN)/deptry .

types: .venv/dev ## Check types, strictly.
	$(BIN)/mypy
	$(BIN)/mypy examples/receiver.py

imports: .venv/dev ## Check that imports go one way.
	$(BIN)/lint-imports

docs: .venv/dev ## Build the documents into dist/docs, strictly: each warning and each link without a target is an error.
	$(BIN)/sphinx-build -q -W --keep-going -c docs -d dist/doctrees . dist/docs

coverage: .venv/dev ## Run the tests and print which branches of reprise/ none takes, last those of the core.
	@rm -f .coverage .coverage.*
	$(BIN)/coverage run -m pytest -n 4 --dist worksteal $(TESTS)
	$(BIN)/coverage combine -q
	$(BIN)/coverage report
	$(BIN)/coverage report --include 'reprise/statemachine/*'

diagram: .venv/local ## Write what documents have from the code: the charts of states, tables of settings, errors, exit codes, webhooks.
	$(BIN)/python -m tests.docs.charts
	$(BIN)/python -m tests.docs.configuration
	$(BIN)/python -m tests.docs.exit_codes
	$(BIN)/python -m tests.docs.errors
	$(BIN)/python -m tests.docs.webhooks
	$(BIN)/python -m tests.docs.pages

screenshots: .venv/dev ## Picture every page in every state into screenshots/, and what the documents show.
	@$(BIN)/python -m tests.browser.chromium
	$(BIN)/python -m tests.browser.screenshots screenshots

messages: .venv/dev ## Take the texts of the pages out of the code, into every language's catalogue.
	@$(BIN)/python -m tests.portal.messages

histories: .venv/dev ## Record what a release leaves behind: make histories VERSION=0.2.0
	$(BIN)/python -m tests.workflows.record $(or $(VERSION),$(error say which: make histories VERSION=0.2.0))

decisions: .venv/dev ## Write down what each edition of the rules decides: only for one by which no account runs yet.
	$(BIN)/python -m tests.statemachine.decided

lock: ## Write requirements/ anew from pyproject.toml.
	UV_CUSTOM_COMPILE_COMMAND="make lock" .venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
		--extra local --group build pyproject.toml -o requirements/local.txt
	UV_CUSTOM_COMPILE_COMMAND="make lock" .venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
		--extra local --group dev pyproject.toml -c requirements/local.txt -o requirements/dev.txt

sbom: .venv/dev ## Write which packages Reprise runs on, as locked: dist/sbom.json, CycloneDX.
	@$(BIN)/python -m tests.supply_chain.sbom dist/sbom.json

clean: ## Remove what was made here: environment, caches, data of `reprise dev`.
	rm -rf .venv .reprise .coverage dist screenshots .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .mutants
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ---------------------------------------------------------------- the environment; each file says what is installed

.venv/made:
	@$(or $(PYTHON),false) $(NEW_ENOUGH) 2>/dev/null || { \
		echo "Reprise needs Python 3.11 or newer; $(or $(PYTHON),python3) is: $$($(or $(PYTHON),python3) -V 2>&1 | tail -n 1)."; \
		echo "Install one, or say where it is: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	@echo "Making .venv with $$($(PYTHON) -V) ..."
	@$(PYTHON) -m venv .venv || { echo "The module venv is missing or broken: install it (on Debian: python3-venv)."; exit 1; }
	@touch $@

.venv/local: .venv/made requirements/local.txt pyproject.toml
	@echo "Installing Reprise with its dev server, as locked in requirements/local.txt; once, a minute or so ..."
	@$(PIP) install -q --require-hashes -r requirements/local.txt
	@$(PIP) install -q --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev: .venv/local requirements/dev.txt
	@echo "Installing what the tests need, as locked in requirements/dev.txt ..."
	@$(PIP) install -q --require-hashes -r requirements/dev.txt
	@touch $@
