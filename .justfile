# The developer's commands: `just` lists them. `.ci/run` runs the same checks in a fresh environment.

bin := ".venv/bin"

# List these commands
default:
    @just --list --unsorted

# Create .venv and install the package with its development tools
setup:
    python3 -m venv .venv
    {{bin}}/pip install --quiet --editable '.[dev]'

# Run the tests that are not marked slow, in parallel
test *args:
    {{bin}}/python -m pytest {{args}}

# Run all tests
test-all:
    {{bin}}/python -m pytest
    {{bin}}/python -m pytest -m slow

# Check the branch coverage by the tests that are not slow
coverage:
    {{bin}}/python -m pytest --cov

# Run the tests that are not marked slow with the lowest versions of the dependencies, which needs the network
test-lowest:
    python3 -m venv --clear build/lowest
    {{bin}}/python -m tests.support.lowest_versions > build/lowest/requirements.txt
    build/lowest/bin/pip install --quiet --editable '.[dev]'
    build/lowest/bin/pip install --quiet --requirement build/lowest/requirements.txt
    # import-linter needs a newer Rich than the package does, and finds the same with any version
    build/lowest/bin/python -m pytest --deselect tests/test_architecture.py::test_the_contracts_between_the_folders_are_kept

# Check style, formatting, imports between folders, and spelling
lint:
    {{bin}}/ruff check .
    {{bin}}/ruff format --check .
    {{bin}}/lint-imports
    {{bin}}/codespell

# Format the code, and fix what ruff can fix
format:
    {{bin}}/ruff check --fix .
    {{bin}}/ruff format .

# Check the types
types:
    {{bin}}/mypy

# Write the generated parts of the documentation, and build the site in ./site
docs:
    {{bin}}/python docs/generate.py
    {{bin}}/python -m tests.support.event_schema > docs/reference/events.schema.json
    {{bin}}/python -m sphinx --fail-on-warning docs site

# Measure the time, memory and API calls of mirroring 10,000 photos
bench *args="10000 --info-only":
    {{bin}}/python tests/benchmarks/scale.py {{args}}

# Run all checks, then build the packages in ./dist (see docs/releasing.md)
release: lint types coverage
    {{bin}}/python -m pytest -m slow
    pipx run build
