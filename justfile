# Every recipe works in an empty clone: it first makes .venv complete, which takes a moment
# only when pyproject.toml or constraints.txt has changed since the last time.

set shell := ["sh", "-eu", "-c"]

# Compiled modules are kept: each process of the tests would take ten seconds to compile them.
export PYTHONDONTWRITEBYTECODE := ""

python := ".venv/bin/python"
# Which build of torch: auto takes the CPU's where no NVIDIA GPU is found; cpu; gpu.
torch := env("DEALKIN_TORCH", "auto")
cpu_index := "https://download.pytorch.org/whl/cpu"
# What .venv has to fit; written down in it once it does.
wanted := torch + " " + sha256_file("pyproject.toml") + " " + sha256_file("constraints.txt")

# What there is to do
_default:
    @{{ just_executable() }} --list --unsorted

# Set up everything, for working on Dealkin too
setup: (_install "dev")

# Serve the demo workspace, made at the first call
demo *options: (_install "")
    @.venv/bin/dealkin demo {{ options }}

# Serve your workspace
serve *options: (_install "")
    @.venv/bin/dealkin serve {{ options }}

# Run the tests on all cores; options go to pytest
test *options: setup
    @{{ python }} -m pytest -n auto {{ options }}

# Run the tests that are soon done: on SQLite, without a browser, no property tests and none that is slow here
quick *options: setup
    @{{ python }} -m pytest -n auto --quick -m "not postgresql and not browser and not property and not slow" {{ options }}

# Run all tests in full, on PostgreSQL too where CI tries a part; options go to pytest
everything *options: setup
    @EVERYTHING=1 {{ python }} -m pytest -n auto {{ options }}

# Look at every page in all states, widths and themes with axe; options go to pytest
accessibility *options: setup
    @EVERYTHING=1 {{ python }} -m pytest -n auto tests/browser/test_accessibility.py {{ options }}

# Formatting, lint, types and import contracts
lint: setup
    .venv/bin/ruff format --check .
    .venv/bin/ruff check .
    .venv/bin/mypy
    .venv/bin/lint-imports

# Everything that must hold before a commit
check: lint
    {{ python }} -m pytest -n auto

# Format, and fix what can be fixed automatically
fmt: setup
    .venv/bin/ruff format .
    .venv/bin/ruff check --fix .

# Measure speed and quality; options go to the runner
bench *options: setup
    @{{ python }} -m tests.benchmarks {{ options }}

# Kill writing processes, and look whether anything is lost; options go to the runner
torture *options: setup
    @{{ python }} -m tests.torture {{ options }}

# Send bad input to every address and operation, 10,000 cases each or FUZZ_CASES, and every payload to every parameter; options go to pytest
fuzz *options: setup
    @FUZZ_CASES="${FUZZ_CASES:-10000}" {{ python }} -m pytest tests/web/test_bad_input.py tests/web/test_parameters.py tests/web/api/test_generated_calls.py --timeout 14400 {{ options }}

# Import whole exports in a browser, and undo them: 5,000 connections and 8,800 deals
full-size *options: setup
    @FULL_SIZE=1 {{ python }} -m pytest tests/browser/test_imports.py {{ options }}

# Rebuild every stored vector and index
reindex: (_install "")
    @.venv/bin/dealkin reindex

# Renew constraints.txt: the newest versions that pyproject.toml allows
lock:
    #!/bin/sh
    set -eu
    folder=$(mktemp -d)
    trap 'rm -r "$folder"' EXIT
    # The oldest Python that the project supports: what it can install, newer ones can.
    python3.11 -m venv --upgrade-deps "$folder"
    {{ just_executable() }} torch=cpu _packages "$folder/bin/python" ".[bench,dev]"
    "$folder/bin/python" - > "$folder/constraints.txt" <<'END'
    import re
    from importlib.metadata import distributions

    print("# The versions that the set-up installs. Renewed by `just lock`, not by hand.")
    versions = {re.sub(r"[-_.]+", "-", found.name).lower(): found.version for found in distributions()}
    for name in sorted(versions.keys() - {"dealkin", "pip"}):
        # Without the build (+cpu): the constraint holds for every build of that version.
        print(f"{name}=={versions[name].split('+')[0]}")
    END
    mv "$folder/constraints.txt" constraints.txt

# Build the wheel, with the locked versions beside it, in build/release
release: setup
    rm -rf build/release
    {{ python }} -m pip wheel --no-deps --wheel-dir build/release .
    cp constraints.txt build/release

# Ask an index of advisories about every locked version
audit: setup
    @{{ python }} .ci/audit.py

# Make the bill of materials (CycloneDX) of what is installed, and list the licences in it
sbom: setup
    @{{ python }} .ci/bill.py

# Make .venv complete: the application, with `extra` the tools named by it
_install extra:
    #!/bin/sh
    set -eu
    has() { test -f "$1" && test "$(cat "$1")" = "{{ wanted }}"; }
    if has .venv/.dealkin-dev || { test -z "{{ extra }}" && has .venv/.dealkin; }; then exit; fi

    echo "Setting up .venv; this takes some minutes the first time." >&2
    test -x {{ python }} || python3 -m venv .venv
    rm -f .venv/.dealkin .venv/.dealkin-dev
    {{ just_executable() }} torch={{ quote(torch) }} _packages {{ python }} \
        ".{{ if extra == "" { "" } else { "[" + extra + "]" } }}" --constraint constraints.txt
    .venv/bin/dealkin model prepare >&2 || {
        echo "Without it, texts are compared by their words until it is there. The light English model,"
        echo "DEALKIN_MODEL=minilm, ranks English as well and other languages by little but words."
    } >&2
    printf %s "{{ wanted }}" > .venv/.dealkin{{ if extra == "" { "" } else { "-" + extra } }}

# Install `what` for the Python `into`, with the build of torch that was chosen
_packages into what *options:
    #!/bin/sh
    set -eu
    case "{{ torch }}" in
        cpu) gpu=no ;;
        gpu) gpu=yes ;;
        auto) if nvidia-smi >/dev/null 2>&1 || test "$(uname -s)" != Linux; then gpu=yes; else gpu=no; fi ;;
        *) echo "DEALKIN_TORCH is auto, cpu or gpu, not '{{ torch }}'." >&2; exit 2 ;;
    esac

    with_uv() {
        command -v uv >/dev/null || return 1
        if test $gpu = yes; then backend=auto; else backend=cpu; fi
        uv pip install --python "{{ into }}" --torch-backend $backend {{ options }} --editable "{{ what }}"
    }
    with_pip() {
        "{{ into }}" -m pip --version >/dev/null 2>&1 || "{{ into }}" -m ensurepip
        if test $gpu = no; then
            # Alone and without its dependencies, so that only torch is looked for there.
            pin=$(sed -n 's/^ *"\(torch==[^"]*\)".*/\1/p' pyproject.toml)
            "{{ into }}" -m pip install --no-deps --retries 1 --timeout 15 --index-url {{ cpu_index }} "$pin" || {
                echo "The CPU build of $pin was found neither at {{ cpu_index }}"
                echo "nor in a folder that PIP_FIND_LINKS names. DEALKIN_TORCH=gpu takes the build that"
                echo "your package index has: on Linux one with several GB of GPU libraries."
                exit 1
            } >&2
        fi
        "{{ into }}" -m pip install {{ options }} --editable "{{ what }}"
    }
    with_uv || with_pip
