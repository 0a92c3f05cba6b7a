# Sourced by bin/run, bin/test and bin/check: goes to the checkout and keeps .venv as uv.lock says.
# Quiet when there is nothing to do. Works with bash 3.2, so that a Mac can run it too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

UV_VERSION=0.13.9
export UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=.venv

say() { printf '%s\n' "$*" >&2; }

fail() {
  say "$@"
  exit 1
}

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
  local name
  for name in python3 python3.14 python3.13 python3.12 python3.11 python; do
    if command -v "$name" >/dev/null && new_enough "$name"; then
      command -v "$name"
      return
    fi
  done
  fail "Tapback needs Python 3.11 or newer, and there is none on the PATH. Install it and run this again."
}

make_environment() {
  local python
  if [ -x .venv/bin/python ] && new_enough .venv/bin/python; then return; fi
  python=$(find_python)
  say "Making the environment in .venv with $("$python" --version) ..."
  rm -rf .venv
  "$python" -m venv .venv >&2 || {
    rm -rf .venv
    fail "This Python cannot make environments. On Debian and Ubuntu: apt-get install python3-venv"
  }
}

# Prints the uv to use: one on the PATH that can read our lock, or else our own inside .venv.
find_uv() {
  local found
  for found in "$(command -v uv || true)" .venv/bin/uv; do
    if [ -x "$found" ] && uv_new_enough "$found"; then
      echo "$found"
      return
    fi
  done
  say "Getting uv $UV_VERSION ..."
  if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    .venv/bin/python -m ensurepip >/dev/null || fail "There is neither uv nor pip. Install uv $UV_VERSION or newer."
  fi
  .venv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION" >&2 ||
    fail "uv could not be installed. Is there a way to pypi.org from here?"
  echo .venv/bin/uv
}

uv_new_enough() {
  local has
  has=$("$1" --version 2>/dev/null | cut -d' ' -f2)
  [ -n "$has" ] && [ "$(printf '%s\n' "$UV_VERSION" "$has" | sort -V | head -n 1)" = "$UV_VERSION" ]
}

# sync_environment run|dev: installs what the lock names, and nothing when that was done before.
# What only development needs is added, never taken away, when the product starts.
sync_environment() {
  local uv
  if synced "$1" || synced dev; then return; fi
  make_environment
  uv=$(find_uv)
  say "Installing what uv.lock names ..."
  if [ "$1" = dev ]; then
    "$uv" sync --frozen --quiet
  else
    "$uv" sync --frozen --quiet --no-dev --inexact
  fi
  cat uv.lock pyproject.toml >".venv/synced-$1"
}

synced() {
  [ -x .venv/bin/inbox ] && new_enough .venv/bin/python &&
    cat uv.lock pyproject.toml | cmp -s - ".venv/synced-$1"
}
