# Two commands do everything on a new Debian 13 machine, as root: `make demo` and `make test`.
PYTHON ?= /usr/bin/python3
UV_VERSION := 0.13.9
BIN := .venv/bin
FLEET := $(PYTHON) -m fleet
# Fleets that tests use side by side: three where 18 GiB of memory are free, also as /dev/shm, where hosts keep theirs.
FREE := { awk '/^MemAvailable/ {print $$2}' /proc/meminfo; df --output=avail /dev/shm | tail -1; }
FLEETS ?= $(shell $(FREE) | awk '$$1 < 18 * 2^20 {short = 1} END {print short ? 2 : 3}')
SIDE_BY_SIDE := -n $(FLEETS) --dist loadfile --no-loadscope-reorder --durations=10
# Times that the benchmarks measure each thing.
ROUNDS ?= 2
# Files whose words are not checked: the rejected words themselves, the history, and texts of others.
UNWORDED = CHANGELOG.md LICENSE pyproject.toml uv.lock tools/rejected-words.txt *requirements.txt collections
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Where this is set, as in many container images, each run compiles Ansible again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup packages demo demo-down deploy status lint style ansible-lint unit app-test fleet-test site-test host-test molecule test test-long bench

help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: .venv/ready ## Install the control node's tools, pinned, into .venv

.venv/ready: pyproject.toml uv.lock
	$(PYTHON) -m venv .cache/uv
	.cache/uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	.cache/uv/bin/uv sync --quiet --frozen --python $(PYTHON)
	touch $@

packages: ## Install the Debian packages that the demo and the tests need
	@tools/install-packages python3 python3-venv openssh-client curl redis-server chromium-headless-shell openssl gpg gpg-agent docker-compose age
	@tools/install-packages $$($(FLEET) prerequisites)

demo: packages setup ## Boot three hosts on this machine and bring them to the serving stack
	$(FLEET) up 3 --publish $$(python bench/stack.py port)
	test -e inventory-demo/group_vars/all/stacks.yml || cp inventory/group_vars/all/stacks.yml inventory-demo/group_vars/all/
	ansible-playbook -i inventory-demo site.yml
	@echo "The page on this machine: http://127.0.0.1:$$(python bench/stack.py port)/   Its inventory: inventory-demo/   (make demo-down ends it)"

demo-down: ## End the demo and remove its hosts
	$(FLEET) down

deploy: setup ## Bring the hosts of inventory/ to the serving stack
	ansible-playbook site.yml

status: setup ## Tell the state of the site of inventory/; red if it has problems or is not as the inventory says
	ansible-playbook playbooks/status.yml

lint: style ansible-lint ## Check style of everything

style: packages setup ## Check style of all but playbooks and roles
	ruff check . tools/document-*
	ruff format --check . tools/document-*
	mypy
	codespell $$(git ls-files -- $(UNWORDED:%=':!%'))
	yamllint --strict .
	check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	hadolint app/Dockerfile $$(git ls-files "tests/site/*Dockerfile")
	shellcheck $$(git grep -lE '^#!.*\b(sh|bash)$$' -- ':!*.py')

ansible-lint: packages setup ## Check style of playbooks and roles
	nice ansible-lint

unit: packages setup ## Decide without hosts: unit tests
	nice pytest -n auto tests/unit

app-test: packages setup ## Test the app with a real Redis, server and browser
	.cache/uv/bin/uv run --quiet --isolated --no-project --python $(PYTHON) \
		--with-requirements app/requirements.txt --with pytest==9.2.0 --with playwright==1.65.2 pytest app/tests

fleet-test: packages setup ## Test the test hosts
	pytest tests/fleet

molecule: packages setup ## Test the main job on a fleet of its own
	molecule test

site-test: packages setup ## Test what the README promises on real fleets, molecule's first
	pytest $(SIDE_BY_SIDE) tests/site -m "not long"

# The "+" shows its output as it comes, where that of others is shown at their end.
host-test: packages setup ## fleet-test and site-test side by side
	+pytest $(SIDE_BY_SIDE) tests/site tests/fleet -m "not long"

# What needs no hosts goes on beside what does, one after another: making hosts leaves time for it, and is what the
# tests of hosts wait for.
test: packages setup ## Everything that a change must pass
	$(MAKE) --jobs=2 --output-sync=target host-test app-test style unit ansible-lint

# A third fleet would slow the page that the visitors of a part ask for.
test-long: FLEETS := 2
test-long: packages setup ## What takes too long for every change: PART=name, by default all parts of tests/parts.toml
	FLEETS=$(FLEETS) python tests/long.py $(PART)

bench: packages setup ## Measure flotilla beside other ways to the same state, on hosts of its own: an hour
	python -m bench --rounds $(ROUNDS)
