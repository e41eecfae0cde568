#!/usr/bin/env python3
"""What `mlprov run` adds to a command, against what git needs to know the tree: `git add -A` and `git write-tree` in a
fresh index.

    cargo build --release && python3 benches/run.py [--files 5000] [--bytes 10000] [--rounds 15] [--runs 200] [--dir DIR]

In one repository, in turn, medians. Also many runs of one commit, eight at a time: wall time for each, and what became of
them. Wall time; CPU of everything that was started (wait4).
"""
import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def timed(argv, env, cwd):
    begin = time.perf_counter()
    child = subprocess.Popen(argv, env=env, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    wall = time.perf_counter() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{argv} failed with {child.returncode}")
    return wall * 1e3, (used.ru_utime + used.ru_stime) * 1e3


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=5000, help="source files")
    parser.add_argument("--bytes", type=int, default=10_000, help="of each")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--runs", type=int, default=200, help="of one commit, eight at a time")
    parser.add_argument("--dir", default=None, help="where to work")
    parser.add_argument("--binary", default=str(ROOT / "target" / "release" / "mlprov"))
    args = parser.parse_args()
    base = Path(tempfile.mkdtemp(prefix="mlprov-bench-", dir=args.dir))
    try:
        run(args, base)
    finally:
        shutil.rmtree(base)


def run(args, base):
    repo, home = base / "repo", base / "home"
    repo.mkdir()
    home.mkdir()
    env = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "MLPROV_", "XDG_"))}
    env.update(HOME=str(home), GIT_CONFIG_NOSYSTEM="1", MLPROV_NO_PROGRESS="1")
    for role in ("AUTHOR", "COMMITTER"):
        env[f"GIT_{role}_NAME"], env[f"GIT_{role}_EMAIL"] = "bench", "bench@example.org"

    def sh(*argv):
        subprocess.run(argv, cwd=repo, env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    rng = random.Random(7)
    sh("git", "init", "-q", "-b", "main")
    sh("git", "config", "gc.auto", "0")
    for i in range(args.files):
        directory = repo / "src" / f"d{i // 100:03}"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / f"f{i}.py").write_bytes(rng.randbytes(args.bytes // 2).hex().encode())
    for i in range(1000):
        directory = repo / "data" / f"d{i // 100}"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / f"{i}.bin").write_bytes(rng.randbytes(1000))
    sh(args.binary, "init", "--yes")
    sh(args.binary, "track", "data")
    (repo / ".gitignore").write_text("/data\n/out-*\n")
    sh("git", "add", "-A")
    sh("git", "commit", "-q", "-m", "start")
    time.sleep(2.1)
    sh(args.binary, "track", "data")

    index, objects = base / "index", base / "objects"
    script = 'rm -rf "$GIT_INDEX_FILE" "$GIT_OBJECT_DIRECTORY"; mkdir "$GIT_OBJECT_DIRECTORY"; git add -A && git write-tree'
    git_env = dict(env, GIT_INDEX_FILE=str(index), GIT_OBJECT_DIRECTORY=str(objects))
    git_env["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = str(repo / ".git" / "objects")
    samples = {"true": [], "git add -A, write-tree": [], "mlprov run -- true": []}
    for n in range(args.rounds + 2):
        taken = (
            timed(["true"], env, repo),
            timed(["sh", "-c", script], git_env, repo),
            timed([args.binary, "run", "-d", "data", "--", "true"], env, repo),
        )
        for kind, sample in zip(samples, taken):
            if n >= 2:
                samples[kind].append(sample)
    m = statistics.median
    print(f"{args.files} files of {args.bytes} bytes, a dataset of 1000 files, {args.rounds} rounds in turn")
    print(f"{'':24} {'wall ms':>9} {'CPU ms':>8}")
    for kind, of in samples.items():
        print(f"{kind:24} {m(s[0] for s in of):9.1f} {m(s[1] for s in of):8.1f}")
    floor, ours = m(s[0] for s in samples["git add -A, write-tree"]), m(s[0] for s in samples["mlprov run -- true"])
    print(f"{'added, to the floor':24} {ours / floor:9.2f}   (bound: 2 x + 50 ms = {2 * floor + 50:.0f} ms, it is {ours:.0f} ms)")

    begin = time.perf_counter()
    for first in range(0, args.runs, 8):
        command = lambda n: [args.binary, "run", "--sweep", "s", "-o", f"out-{n}", "--", "sh", "-c", f"echo {n} > out-{n}"]
        quiet = dict(cwd=repo, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        children = [subprocess.Popen(command(n), **quiet) for n in range(first, min(first + 8, args.runs))]
        if any(child.wait() for child in children):
            sys.exit("a run failed")
    each = (time.perf_counter() - begin) / args.runs * 1e3
    refs = subprocess.check_output(["git", "for-each-ref", "refs/mlprov/keep/"], cwd=repo, env=env, text=True)
    log = subprocess.check_output([args.binary, "--json", "log", "--kind", "run.finished"], cwd=repo, env=env, text=True)
    recorded = len(json.loads(log)["entries"]) - args.rounds - 2
    print(f"{args.runs} runs, 8 at a time: {each:.1f} ms each, {each / ours:.2f} of a single one; {recorded} recorded, {len(refs.splitlines())} kept refs")
    if recorded != args.runs:
        sys.exit("a run was lost")


if __name__ == "__main__":
    main()
