# The environment is .venv; PYTHON picks the interpreter that makes it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Node programs that the tests talk to; without npm those tests are skipped.
PEERS := $(if $(shell command -v npm),$(patsubst %/package.json,%/node_modules/.installed,$(wildcard tests/peers/*/package.json)))
# The program and the app on it until Ctrl-C; `make demo DEMO_ARGS=` runs it for a while and prints what was recorded.
DEMO_ARGS ?= --serve
# Playwright keeps an event loop running in its thread: tests of browsers have processes of their own.
BROWSER_SDK := tests/peers/test_browser_sdk.py
# In their order: files of few tests and much work, which xdist puts at the end, would have one core wait for the other.
PYTEST_ARGS ?= -n 2 --dist loadfile --no-loadscope-reorder
UNIT_ARGS ?=
BROWSER_ARGS ?= -n 1

# Programs that tests run besides: Debian's, installed where that may be done without asking; without them those tests
# are skipped. Each is named with its package.
PROGRAMS := chromium:chromium prometheus:prometheus amtool:prometheus-alertmanager dunst:dunst xvfb-run:xvfb xauth:xauth \
  dbus-run-session:dbus notify-send:libnotify-bin
program = $(firstword $(subst :, ,$(1)))
package = $(lastword $(subst :, ,$(1)))
MISSING := $(strip $(foreach each,$(PROGRAMS),$(if $(shell command -v $(call program,$(each))),,$(call package,$(each)))))

# A collector of OpenTelemetry for the tests, built once for each manifest; it takes some minutes, beside other work.
COLLECTOR_DIR := tests/peers/collector
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/obsv
COLLECTOR = $(CACHE)/otelcol-$(shell sha256sum $(COLLECTOR_DIR)/builder.yaml | cut -c1-12)
BUILDER_VERSION := v0.165.0

# Apache Kafka for the tests, 43 MB.
KAFKA_POM := tests/peers/kafka/pom.xml
KAFKA = $(CACHE)/kafka-$(shell sha256sum $(KAFKA_POM) | cut -c1-12)

# What checks the app's scripts: types, lint and format, tests. Without npm all of that is left out.
SCRIPTS := tests/scripts
NPM := $(shell command -v npm)
SCRIPTS_STAMP := $(if $(NPM),$(SCRIPTS)/node_modules/.installed)
BIOME := $(SCRIPTS)/node_modules/.bin/biome
BIOME_ARGS := --config-path=$(SCRIPTS)/rules.jsonc src/obsv/dashboards $(SCRIPTS)

.PHONY: collector kafka demo test installed programs lint lint-scripts format-scripts unit unit-browsers unit-scripts test-all bench docs screenshots clean

demo: $(STAMP)
	$(BIN)/obsv demo $(DEMO_ARGS)

# Lint takes the time in which tests wait; its output follows theirs.
test: programs
	@$(MAKE) --no-print-directory -j 4 installed
	@status=0; mkdir -p build; \
	$(MAKE) --no-print-directory lint >build/lint.log 2>&1 & lint=$$!; \
	$(MAKE) --no-print-directory unit || status=1; \
	wait $$lint || status=1; \
	cat build/lint.log; \
	exit $$status

installed: $(STAMP) $(PEERS) $(SCRIPTS_STAMP)

programs:
ifneq ($(MISSING),)
	@if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	  apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(MISSING) >/dev/null; \
	else echo "Not installed, so their tests are skipped: $(MISSING)"; fi
endif

collector:
	@test -x $(COLLECTOR) || { \
	  command -v go >/dev/null || { echo "make collector needs Go."; exit 1; }; \
	  work=$$(mktemp -d) && trap 'rm -rf "$$work"' EXIT && mkdir -p $(CACHE) && \
	  GOBIN=$$work nice -n 15 go install go.opentelemetry.io/collector/cmd/builder@$(BUILDER_VERSION) && \
	  cd $$work && CGO_ENABLED=0 nice -n 15 ./builder --config $(CURDIR)/$(COLLECTOR_DIR)/builder.yaml && \
	  mv $$work/out/otelcol $(COLLECTOR); }

kafka:
	@test -d $(KAFKA) || { \
	  command -v mvn >/dev/null || { echo "make kafka needs Maven and Java 17."; exit 1; }; \
	  mkdir -p $(CACHE) && nice -n 15 mvn -q -B -f $(KAFKA_POM) dependency:copy-dependencies -DincludeScope=runtime \
	    -DoutputDirectory=$(KAFKA).new && mv $(KAFKA).new $(KAFKA); }

lint: $(STAMP) lint-scripts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lint-scripts: $(SCRIPTS_STAMP)
ifdef NPM
	$(BIOME) ci --error-on-warnings $(BIOME_ARGS)
	$(SCRIPTS)/node_modules/.bin/tsc --project $(SCRIPTS)
else
	@echo "npm: not found, the app's scripts are not checked"
endif

format-scripts: $(SCRIPTS_STAMP)
	$(BIOME) check --write $(BIOME_ARGS)

unit-scripts: $(SCRIPTS_STAMP)
ifdef NPM
	cd $(SCRIPTS) && node --test
else
	@echo "npm: not found, the tests of the app's scripts are left out"
endif

# The two halves use the time in which the other waits; the browsers' output follows when both are done.
unit: $(STAMP) $(PEERS) $(SCRIPTS_STAMP)
	@status=0; mkdir -p build; \
	$(MAKE) --no-print-directory unit-browsers >build/browsers.log 2>&1 & browsers=$$!; \
	$(MAKE) --no-print-directory unit-scripts || status=1; \
	$(BIN)/python -m pytest $(PYTEST_ARGS) $(UNIT_ARGS) --ignore tests/browser --ignore $(BROWSER_SDK) || status=1; \
	wait $$browsers || status=1; \
	cat build/browsers.log; \
	exit $$status

unit-browsers: $(STAMP) $(PEERS) $(SCRIPTS_STAMP)
	@$(BIN)/python -m pytest $(BROWSER_ARGS) tests/browser $(BROWSER_SDK)

# The compiled core under its tests, in a build that checks every access to memory and every undefined step.
SANITIZED := build/sanitized
SANITIZE_FLAGS := -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
SANITIZER = $(foreach library,asan ubsan,$(shell $${CC:-cc} -print-file-name=lib$(library).so))
sanitize: $(STAMP)
	rm -rf $(SANITIZED) && mkdir -p build && cp -r src $(SANITIZED) && rm -f $(SANITIZED)/obsv/record/core/*.so
	CFLAGS="$(SANITIZE_FLAGS)" LDFLAGS="-fsanitize=address,undefined" $(BIN)/python hatch_build.py $(SANITIZED)
	LD_PRELOAD="$(SANITIZER)" ASAN_OPTIONS=detect_leaks=0 PYTHONMALLOC=malloc PYTHONPATH=$(SANITIZED) OBSV_CORE=require \
	  $(BIN)/python -m pytest -p no:cacheprovider $(SANITIZE_TESTS)
SANITIZE_TESTS ?= tests/record/core/test_encode.py tests/record/core/test_texts.py tests/trace/test_compiled.py tests/runtime/test_cores.py

# The suite on every interpreter of 3.10 to 3.13 that is found.
test-all:
	@for version in 3.10 3.11 3.12 3.13; do \
	  if command -v python$$version >/dev/null && python$$version -c 'import venv' 2>/dev/null; then \
	    $(MAKE) unit PYTHON=python$$version VENV=.venv-$$version || exit 1; \
	  else echo "python$$version: not found, left out"; fi; \
	done

# Those of recording, or the ones named: `make bench BENCH="views views_10m pages query_apis otlp"`.
BENCH ?=
bench: $(STAMP)
	$(BIN)/pip install --quiet --group bench
	$(BIN)/python -m benchmarks $(BENCH) --write

docs: $(STAMP)
	$(BIN)/pip install --quiet --group docs
	$(BIN)/python docs/generate.py
	$(BIN)/mkdocs build --quiet --strict

screenshots: $(STAMP)
	$(BIN)/python tests/browser/screenshots.py

# Debian's python3 makes no environment without python3-venv. --group needs pip 25.1, which Debian 12 does not bring.
$(STAMP): pyproject.toml hatch_build.py $(wildcard src/obsv/record/core/*.[ch])
	test -x $(BIN)/pip || $(PYTHON) -m venv --clear $(VENV) || \
	  { apt-get update -qq && apt-get install -y -qq python3-venv && $(PYTHON) -m venv --clear $(VENV); }
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable '.[all]' --group lint --group test --group oracles --group objects --group clickhouse
	touch $(STAMP)

%/node_modules/.installed: %/package.json
	npm install --prefix $* --no-package-lock --no-audit --no-fund --loglevel error
	touch $@

$(SCRIPTS)/node_modules/.installed: $(SCRIPTS)/package-lock.json
	npm ci --prefix $(SCRIPTS) --no-audit --no-fund --loglevel error
	touch $@

clean:
	rm -rf tests/peers/*/node_modules $(SCRIPTS)/node_modules .venv .venv-3.* .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build
