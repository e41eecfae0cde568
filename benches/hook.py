#!/usr/bin/env python3
"""What the post-commit hook costs: `git commit` with ours against `git commit` with a hook that runs `true`.

    cargo build --release && python3 benches/hook.py [--files 50000] [--dataset 10000] [--rounds 40] [--commits 0]

Both kinds of commit are made in turn in one repository; medians are compared. CPU is that of everything
the commit started and waited for, from the operating system (wait4). There is no daemon to hide in.
Also: `mlprov --version` against `git --version`.
"""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def timed(argv, env, cwd):
    """Wall and CPU milliseconds of one command and all its waited-for descendants."""
    begin = time.perf_counter()
    child = subprocess.Popen(argv, env=env, cwd=cwd, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    wall = time.perf_counter() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{argv} failed with {child.returncode}")
    return wall * 1e3, (used.ru_utime + used.ru_stime) * 1e3


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=50_000, help="files that git tracks")
    parser.add_argument("--dataset", type=int, default=10_000, help="files of the tracked dataset")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--commits", type=int, default=0, help="entries in the log before measuring (by recorded commits)")
    parser.add_argument("--binary", default=str(ROOT / "target" / "release" / "mlprov"))
    args = parser.parse_args()
    base = Path(tempfile.mkdtemp(prefix="mlprov-bench-"))
    try:
        run(args, base)
    finally:
        shutil.rmtree(base)


def fill(args, repo, env):
    """Many commits of one tree, made without git commit and recorded as pre-push records what no hook saw."""
    if not args.commits:
        return
    lines = []
    for i in range(args.commits):
        message = f"filler {i}"
        lines.append(f"commit refs/heads/main\ncommitter bench <bench@example.org> {1_700_000_000 + i} +0000\n")
        lines.append(f"data {len(message)}\n{message}\n" + ("from refs/heads/main^0\n" if i == 0 else ""))
    subprocess.run(["git", "fast-import", "--quiet"], cwd=repo, env=env, input="".join(lines), text=True, check=True)
    tip = subprocess.check_output(["git", "rev-parse", "main"], cwd=repo, env=env, text=True).strip()
    push = f"refs/heads/main {tip} refs/heads/main {'0' * 40}\n"
    subprocess.run([args.binary, "hook", "pre-push", "x", "x"], cwd=repo, env=env, input=push, text=True, check=True)


def run(args, base):
    repo, home = base / "repo", base / "home"
    repo.mkdir()
    home.mkdir()
    env = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "MLPROV_", "XDG_"))}
    env.update(HOME=str(home), GIT_CONFIG_NOSYSTEM="1")
    for role in ("AUTHOR", "COMMITTER"):
        env[f"GIT_{role}_NAME"], env[f"GIT_{role}_EMAIL"] = "bench", "bench@example.org"

    def sh(*argv):
        subprocess.run(argv, cwd=repo, env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    sh("git", "init", "-q", "-b", "main")
    sh("git", "config", "gc.auto", "0")  # not in the middle of a measurement
    per_dir = 100
    for i in range(args.files):
        directory = repo / "src" / f"d{i // per_dir:04}"
        if i % per_dir == 0:
            directory.mkdir(parents=True)
        (directory / f"f{i}.py").write_text(f"x = {i}\n")
    for i in range(args.dataset):
        directory = repo / "data" / f"d{i // per_dir:04}"
        if i % per_dir == 0:
            directory.mkdir(parents=True)
        (directory / f"{i}.txt").write_text(f"sample {i}\n")
    sh(args.binary, "init", "--yes")
    sh(args.binary, "track", "data")
    sh("git", "add", "-A")
    sh("git", "commit", "-q", "-m", "start")
    sh("git", "gc", "-q")
    fill(args, repo, env)

    noop = base / "hooks-true"
    noop.mkdir()
    hook = noop / "post-commit"
    hook.write_text("#!/bin/sh\ntrue\n")
    hook.chmod(0o755)
    kinds = {"true": str(noop), "mlprov": str(repo / ".git" / "hooks")}
    wall, cpu = {k: [] for k in kinds}, {k: [] for k in kinds}
    size = lambda: int(subprocess.check_output([args.binary, "--json", "status"], cwd=repo, env=env).split(b'"logSize":')[1].split(b",")[0])
    before = size()
    for i in range(args.rounds + 3):
        for kind, hooks in kinds.items():
            (repo / "src" / "d0000" / "f0.py").write_text(f"x = '{kind} {i}'\n")
            sh("git", "add", "src/d0000/f0.py")
            w, c = timed(["git", "-c", f"core.hooksPath={hooks}", "commit", "-q", "-m", f"{kind} {i}"], env, repo)
            if i >= 3:  # the first rounds warm the caches
                wall[kind].append(w)
                cpu[kind].append(c)
    after = size()
    if after - before != args.rounds + 3:
        sys.exit(f"{args.rounds + 3} commits were made with our hook, {after - before} entries were recorded")

    version = {"git": [], "mlprov": []}
    for _ in range(args.rounds):
        version["git"].append(timed(["git", "--version"], env, repo)[0])
        version["mlprov"].append(timed([args.binary, "--version"], env, repo)[0])

    m = statistics.median
    print(f"{args.files} files in git, dataset of {args.dataset} files, log of {after} entries, {args.rounds} rounds in turn")
    print(f"{'git commit with':24} {'wall ms':>9} {'CPU ms':>8}")
    for kind in kinds:
        print(f"{'hook ' + kind:24} {m(wall[kind]):9.2f} {m(cpu[kind]):8.2f}")
    extra = m(a - b for a, b in zip(wall["mlprov"], wall["true"]))
    extra_cpu = m(a - b for a, b in zip(cpu["mlprov"], cpu["true"]))
    print(f"{'ours on top (of pairs)':24} {extra:9.2f} {extra_cpu:8.2f}   (bounds: 5 ms wall, 15 ms CPU)")
    ratio = m(version["mlprov"]) / m(version["git"])
    print(f"--version: git {m(version['git']):.2f} ms, mlprov {m(version['mlprov']):.2f} ms, ratio {ratio:.2f}   (bound: 2)")


if __name__ == "__main__":
    main()
