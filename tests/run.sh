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

export INSTA_UPDATE=no
cargo test --locked --all-targets "$@"
