# Every target works on a fresh machine with Python and make: it sets up .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
LOWEST := .venv-lowest
# what drives each client and each library that has a lower bound
LOWEST_TESTS := tests/settings tests/delivery/test_backoff.py tests/pagerduty/test_rest.py \
	tests/pagerduty/test_events.py tests/testrail/test_client.py tests/testrail/test_attachments.py \
	tests/testrail/test_sending.py tests/slack/test_bot.py tests/slack/test_webhook.py \
	tests/slack/test_files.py tests/sandbox/test_official_clients.py tests/sandbox/test_process.py \
	tests/drivers/test_outcomes.py

.PHONY: test check lowest chaos fuzz demo record-demo corpus bench format clean
.DEFAULT_GOAL := test

$(STAMP): pyproject.toml requirements-dev.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -r requirements-dev.txt -e ".[sandbox,xdist]"
	touch $@

test: $(STAMP)
	sh scripts/install-browser
	$(BIN)/python -m pytest -n auto --dist loadfile

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Two hundred kills at random moments; takes half an hour on two cores.
chaos: $(STAMP)
	QLTY_CHAOS_KILLS=200 $(BIN)/python -m pytest -n auto tests/faults/test_kills.py

# Ten thousand malformed requests at the sandbox, and a thousand malformed reports; takes two
# minutes alone.
fuzz: $(STAMP)
	QLTY_FUZZ=10000 $(BIN)/python -m pytest tests/sandbox/test_fuzz.py tests/ingest/test_bad_input.py

# The integrations on the lowest versions of everything that pyproject.toml allows; two minutes alone.
lowest: $(STAMP)
	$(PYTHON) -m venv $(LOWEST)
	$(BIN)/python -m scripts.lowest > $(LOWEST)/constraints.txt
	$(LOWEST)/bin/python -m pip install --quiet -c $(LOWEST)/constraints.txt \
		-e ".[sandbox,xdist]" freezegun hypothesis jsonschema pagerduty responses trustme
	$(LOWEST)/bin/python -m pytest -n 2 -p no:cacheprovider $(LOWEST_TESTS)

# A real suite reports to a sandbox on this machine; see examples/storefront.
demo: $(STAMP)
	$(BIN)/python -m scripts.demo

record-demo: $(STAMP)
	$(BIN)/python -m scripts.record_demo docs/demo.txt

# Test suites of others, on which tests/corpus shows that nothing changes.
corpus: $(STAMP)
	$(BIN)/python -m scripts.fetch_corpus

# Ratios to bare pytest, with the targets beside them; takes about ten minutes.
bench: $(STAMP)
	$(BIN)/python -m bench

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) $(LOWEST) .bench .corpus build dist
