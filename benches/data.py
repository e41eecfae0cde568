#!/usr/bin/env python3
"""What tracking data costs, as ratios of one run: ours, the floor (`cp -r` and `sync -f`, or `git status` of the
same tree), and whichever peers are installed (dvc, git-lfs, restic; b3sum, which only reads and hashes).

    cargo build --release && python3 benches/data.py [SET ...] [--rounds 3] [--scale 1.0] [--dir DIR] [--peers]

Sets: MANY (100,000 files of 1-16 KB in 1,000 directories), MIXED (20,000 files around 100 KB), BIG (one file of 4 GiB),
MILLION (1,000,000 files of 1 KB). Warm cache; every step in turn, medians of the rounds. Wall time, CPU of everything
that was started (wait4), and the most memory of the started process itself, without mapped files (RssAnon, looked at
every 10 ms). Bytes are copied and durable when a step ends. New directories for each round, and one clean-up at the end
(BIG: after each round): for five minutes after many files were deleted ext4 makes new ones more slowly.
"""
import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SETS = {
    # files, directories, smallest and largest size (bytes)
    "MANY": (100_000, 1000, 1 << 10, 16 << 10),
    "MIXED": (20_000, 200, 60 << 10, 150 << 10),
    "BIG": (1, 1, 4 << 30, 4 << 30),
    "MILLION": (1_000_000, 1000, 1 << 10, 1 << 10),
}


def make(name, scale, place):
    """The same arguments give the same bytes."""
    files, dirs, low, high = SETS[name]
    if files == 1:
        low = high = int(high * scale)
    else:
        files, dirs = max(1, int(files * scale)), max(1, int(dirs * scale))
    rng = random.Random(name)
    block = rng.randbytes(8 << 20)
    for d in range(dirs):
        (place / f"d{d % 10}" / f"e{d}").mkdir(parents=True, exist_ok=True)
    for n in range(files):
        d = n % dirs
        size = rng.randint(low, high)
        with open(place / f"d{d % 10}" / f"e{d}" / f"f{n:07}.bin", "wb") as out:
            out.write(n.to_bytes(8, "little"))
            left = size - 8
            while left > 0:
                piece = min(left, len(block) - 4096)
                begin = rng.randrange(4096)
                out.write(block[begin : begin + piece])
                left -= piece


def change(place, share):
    """New content, of the same size, for a share of the files (of one file: in its middle)."""
    files = sorted(p for p in place.rglob("*.bin"))
    rng = random.Random("change")
    for path in files if len(files) == 1 else rng.sample(files, max(1, int(len(files) * share))):
        size = path.stat().st_size
        with open(path, "r+b") as out:
            out.seek(size // 2)
            out.write(rng.randbytes(min(max(1, int(size * share)), size - size // 2)))


def warm(place, size):
    """Has the machine hand out so much memory (bytes). In a guest the first use of a page may cost ten times as much as
    the next one, also for a page that was free for some seconds (free page reporting): whoever comes first pays."""
    with open(place / "warm", "wb") as out:
        for _ in range(size >> 22):
            out.write(bytes(4 << 20))
    (place / "warm").unlink()


class Memory(threading.Thread):
    """Follows one process until it ends. ru_maxrss would not do: a child begins with what its parent had."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.status, self.kilobytes = f"/proc/{pid}/status", 0
        self.start()

    def run(self):
        while True:
            try:
                with open(self.status) as status:
                    anon = [line for line in status if line.startswith("RssAnon")]
            except OSError:
                return
            if not anon:
                return  # it has ended
            self.kilobytes = max(self.kilobytes, int(anon[0].split()[1]))
            time.sleep(0.01)

    def peak(self):
        self.join()
        return self.kilobytes


class Bench:
    def __init__(self, args, base):
        self.args, self.base = args, base
        home = base / "home"
        home.mkdir()
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "MLPROV_", "XDG_", "DVC_"))}
        self.env.update(HOME=str(home), GIT_CONFIG_NOSYSTEM="1", RESTIC_PASSWORD="bench", DVC_NO_ANALYTICS="1")
        for role in ("AUTHOR", "COMMITTER"):
            self.env[f"GIT_{role}_NAME"], self.env[f"GIT_{role}_EMAIL"] = "bench", "bench@example.org"
        self.samples = {}
        self.size = 0

    def quiet(self, *argv, cwd):
        subprocess.run(argv, cwd=cwd, env=self.env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def timed(self, step, who, argv, cwd, sync=False):
        """Runs a command; with `sync`, until its bytes are on the disk."""
        if step != "nothing changed":
            warm(self.base, self.size * 3 // 2)
        begin = time.perf_counter()
        child = subprocess.Popen(argv, cwd=cwd, env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        memory = Memory(child.pid)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            sys.exit(f"{argv} failed with {child.returncode}")
        if sync:
            subprocess.run(["sync", "-f", str(cwd)], check=True)
        wall = time.perf_counter() - begin
        sample = (wall, used.ru_utime + used.ru_stime, memory.peak() / 1024)
        self.samples.setdefault((step, who), []).append(sample)

    def median(self, step, who):
        samples = self.samples.get((step, who))
        return samples and tuple(statistics.median(s[i] for s in samples) for i in range(3))


def project(bench, place, data):
    place.mkdir()
    bench.quiet("git", "init", "-q", "-b", "main", cwd=place)
    bench.quiet("git", "config", "gc.auto", "0", cwd=place)  # nothing goes on after the clock stops
    subprocess.run(["cp", "-r", str(data), str(place / "data")], check=True)


def round_of(bench, name, data, n):
    base, mlprov, peers = bench.base, bench.args.binary, bench.args.peers
    single = SETS[name][0] == 1
    settle = lambda: subprocess.run(["sync", "-f", str(base)], check=True)

    ours = base / f"{name}-ours-{n}"
    project(bench, ours, data)
    bench.quiet(mlprov, "init", "--yes", cwd=ours)
    floor = base / f"{name}-floor-{n}"
    floor.mkdir()
    settle()
    time.sleep(2.1)  # what was written just now is read again, by us as by git
    bench.timed("first track", "cp + sync", ["cp", "-r", str(data), "data"], floor, sync=True)
    bench.timed("first track", "mlprov", [mlprov, "track", "data"], ours)

    git = base / f"{name}-git-{n}"
    if not single:
        project(bench, git, data)
        bench.quiet("git", "add", "data", cwd=git)
        bench.quiet("git", "commit", "-qm", "data", cwd=git)
        time.sleep(2.1)
        bench.quiet("git", "status", cwd=git)
    settle()
    for _ in range(3):
        if not single:
            bench.timed("nothing changed", "git status", ["git", "status"], git)
        bench.timed("nothing changed", "mlprov track", [mlprov, "track", "data"], ours)
        bench.timed("nothing changed", "mlprov status", [mlprov, "status"], ours)
    change(ours / "data", 0.01)
    settle()
    bench.timed("1 % changed", "mlprov", [mlprov, "track", "data"], ours)

    if "restore" in subprocess.run([mlprov, "--help"], capture_output=True, text=True).stdout:
        shutil.move(ours / "data", base / f"{name}-moved-{n}")
        settle()
        bench.timed("restore", "mlprov", [mlprov, "restore", "data"], ours)
        again = base / f"{name}-floor2-{n}"
        again.mkdir()
        settle()
        bench.timed("restore", "cp + sync", ["cp", "-r", str(base / f"{name}-moved-{n}"), "data"], again, sync=True)

    if not peers:
        return
    if shutil.which("b3sum"):
        hash_all = "find . -type f -print0 | xargs -0 b3sum --no-names"
        bench.timed("first track", "b3sum (reads)", ["sh", "-c", hash_all], data)
    if shutil.which("dvc"):
        place = base / f"{name}-dvc-{n}"
        project(bench, place, data)
        bench.quiet("dvc", "init", "-q", cwd=place)
        bench.quiet("dvc", "config", "cache.type", "copy", cwd=place)
        settle()
        bench.timed("first track", "dvc", ["dvc", "add", "-q", "data"], place, sync=True)
        bench.timed("nothing changed", "dvc", ["dvc", "status", "-q"], place)
        shutil.move(place / "data", base / f"{name}-dvc-moved-{n}")
        bench.timed("restore", "dvc", ["dvc", "checkout", "-q"], place, sync=True)
    if shutil.which("git-lfs"):
        place = base / f"{name}-lfs-{n}"
        project(bench, place, data)
        bench.quiet("git", "lfs", "install", "--local", cwd=place)
        (place / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
        settle()
        bench.timed("first track", "git-lfs", ["git", "add", "."], place, sync=True)
    if shutil.which("restic"):
        place = base / f"{name}-restic-{n}"
        project(bench, place, data)
        bench.quiet("restic", "init", "-q", "-r", "repo", cwd=place)
        settle()
        bench.timed("first track", "restic", ["restic", "-q", "-r", "repo", "backup", "data"], place, sync=True)
        bench.timed("restore", "restic", ["restic", "-q", "-r", "repo", "restore", "latest", "-t", "out"], place, sync=True)


# Step, who, floor, bound: at most so many times the floor.
BOUNDS = {
    ("MIXED", "first track", "mlprov"): ("cp + sync", 1.0),
    ("MANY", "first track", "mlprov"): ("cp + sync", 0.7),
    ("BIG", "first track", "mlprov"): ("cp + sync", 1.15),
    ("MANY", "nothing changed", "mlprov track"): ("git status", 1.5),
    ("MANY", "nothing changed", "mlprov status"): ("git status", 1.5),
    ("MIXED", "nothing changed", "mlprov track"): ("git status", 1.5),
    ("MIXED", "nothing changed", "mlprov status"): ("git status", 1.5),
    ("MANY", "restore", "mlprov"): ("cp + sync", 1.0),
    ("MIXED", "restore", "mlprov"): ("cp + sync", 1.0),
}


def table(bench, name):
    print(f"\n{name}: {bench.args.rounds} rounds, scale {bench.args.scale}")
    print(f"{'step':16} {'who':15} {'wall s':>8} {'CPU s':>7} {'MB':>6}  ratio to the floor")
    for (step, who), _ in bench.samples.items():
        wall, cpu, memory = bench.median(step, who)
        floor, bound = BOUNDS.get((name, step, who), (None, None))
        base = bench.median(step, floor or ("cp + sync" if step != "nothing changed" else "git status"))
        note = f"{wall / base[0]:5.2f}" if base else ""
        note += f"  (bound {bound})" if bound else ""
        print(f"{step:16} {who:15} {wall:8.2f} {cpu:7.2f} {memory:6.0f}  {note}")
    noop, changed = bench.median("nothing changed", "mlprov track"), bench.median("1 % changed", "mlprov")
    if noop and changed and SETS[name][0] > 1:
        print(f"1 % changed, to nothing changed: {changed[0] / noop[0]:.2f}  (bound 3)")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", default=["MANY", "MIXED"], metavar="SET")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the set's files (of BIG: of its bytes)")
    parser.add_argument("--dir", default=None, help="where to work; on the disk that is to be measured")
    parser.add_argument("--peers", action="store_true", help="also dvc, git-lfs, restic and b3sum, where installed")
    parser.add_argument("--binary", default=str(ROOT / "target" / "release" / "mlprov"))
    args = parser.parse_args()
    base = Path(tempfile.mkdtemp(prefix="mlprov-bench-", dir=args.dir))
    try:
        for name in args.sets:
            if name not in SETS:
                sys.exit(f"{name} is no set; the sets are: {', '.join(SETS)}")
            data = base / name
            data.mkdir()
            make(name, args.scale, data)
            place = base / f"{name}-work"
            place.mkdir()
            bench = Bench(args, place)
            bench.size = sum(f.stat().st_size for f in data.rglob("*.bin"))
            for n in range(args.rounds):
                round_of(bench, name, data, n)
                if SETS[name][0] == 1:
                    for left in place.glob("BIG-*"):
                        shutil.rmtree(left)
            table(bench, name)
    finally:
        shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    main()
