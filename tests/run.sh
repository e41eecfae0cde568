#!/bin/sh
# All tests, with their own set-up. Needs Rust, a C compiler, git, python3 and a network for cargo.
set -eu
cd "$(dirname "$0")/.."

need() {
    command -v "$1" >/dev/null 2>&1 || { echo "tests/run.sh: $1 is needed ($2)" >&2; exit 2; }
}
need cargo "https://rustup.rs"
need cc "a C compiler, for libgit2"
need git "the tests make repositories"
need python3 "the demo trains a model"

# b3sum is the outsider that checks our manifests; it goes below target/, nowhere else.
tools=$PWD/target/tools
[ -x "$tools/bin/b3sum" ] || cargo install --quiet --locked --root "$tools" b3sum@1.8.7
PATH=$tools/bin:$PATH
export PATH

# Tools that look after git hooks: ours must get along with them.
if ! [ -x "$tools/pre-commit/bin/pre-commit" ]; then
    { python3 -m venv "$tools/pre-commit" && "$tools/pre-commit/bin/pip" install -q pre-commit==4.7.0; } ||
        echo "skipped: the pre-commit framework could not be installed" >&2
fi
if ! [ -x "$tools/npm/node_modules/.bin/lefthook" ]; then
    { command -v npm >/dev/null && mkdir -p "$tools/npm" &&
        npm install --silent --no-audit --no-fund --no-save --prefix "$tools/npm" husky@9.1.7 lefthook@2.2.2; } ||
        echo "skipped: husky and lefthook could not be installed" >&2
fi

export INSTA_UPDATE=no
cargo test --locked --all-targets "$@"
