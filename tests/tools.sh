# shellcheck shell=bash
# Installs tools that tests/run and .ci/run need into one folder, target/test-env (or $BQCRED_TEST_ENV), which can be
# kept between runs or removed. To be sourced in the repository's top folder.

env_folder=${BQCRED_TEST_ENV:-${CARGO_TARGET_DIR:-target}/test-env}
mkdir -p "$env_folder"
env_folder=$(cd "$env_folder" && pwd)

say() { printf '%s: %s\n' "$0" "$*" >&2; }

# quietly LOG COMMAND...: runs a command whose output matters only if it fails.
quietly() {
    local log=$env_folder/$1.log
    shift
    if ! "$@" >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        say "failed: $*"
        return 1
    fi
}

# The first Python that the pinned versions are made for.
find_python() {
    local python
    for python in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s\n' "$python"
            return
        fi
    done
    say 'Python 3.11 or later, with venv, is needed'
    return 1
}

# Only what is imported is compiled, when it is imported: that is less than half of what is installed.
pip_options=(--disable-pip-version-check --no-compile)

# make_venv NAME REQUIREMENTS [PIP OPTION]...: a virtual environment, made anew when its list changes.
make_venv() {
    local folder=$env_folder/$1 list=$2 name=$1 python state
    shift 2
    python=$(find_python) || return
    state=$("$python" -c 'import sys; print(sys.executable, sys.version)' && cat "$list")
    [ -f "$folder/made-of" ] && [ "$(<"$folder/made-of")" = "$state" ] && return
    say "installing $list"
    rm -rf "$folder"
    quietly "$name-venv" "$python" -m venv "$folder" || return
    quietly "$name-pip" "$folder/bin/python" -m pip install "${pip_options[@]}" "$@" -r "$list" || return
    printf '%s\n' "$state" >"$folder/made-of"
}

# add_to_venv NAME FOLDER REQUIREMENTS: libraries for this environment in a folder of their own, for PYTHONPATH.
add_to_venv() {
    local venv=$env_folder/$1 folder=$env_folder/$2 list=$3
    [ -f "$folder/made-of" ] && cmp -s "$list" "$folder/made-of" && return
    say "installing $list"
    rm -rf "$folder"
    quietly "$2-pip" "$venv/bin/python" -m pip install "${pip_options[@]}" --no-deps --target "$folder" -r "$list"
    cp "$list" "$folder/made-of"
}

# cargo_tool NAME@VERSION: a subcommand of cargo, at $env_folder/cargo/bin; built anew when the version changes.
cargo_tool() {
    local name=${1%@*}
    grep -qsF "\"$name ${1#*@} (" "$env_folder/cargo/.crates.toml" && return
    say "installing $1"
    quietly "$name" cargo install --locked --root "$env_folder/cargo" "$1"
}

# The cargo-deny that deny.toml is written for.
install_cargo_deny() { cargo_tool cargo-deny@0.20.2; }
