#!/usr/bin/env python3
"""What a store in a bucket costs, as ratios of one run: ours against whichever of `s5cmd`, `rclone` and `aws` is
installed, on SeaweedFS on this machine, with and without an fsync for each object.

    tests/run.sh && cargo build --release && python3 benches/s3.py [SET ...] [--rounds 3] [--scale 1.0]
        [--fsync off|on|both] [--peers DIR] [--dir DIR]

Sets: as those of `benches/data.py` (MIXED, BIG, MANY). Each round has a server of its own, and each client a bucket of
its own; who comes first changes with the round. Clients, server and data share the machine, and so its cores: what a
client computes it takes from the server. Wall time; CPU and most memory (VmHWM, mapped files included) of the client's
own process; CPU of the server meanwhile, which is less moved by what else the machine does than time is. Uploads end when the server has answered; what is restored is on the disk when a step ends (ours does that
by itself, others are followed by `sync -f`; `to cache` is without). Nothing is deleted between timed steps.

Then `mlprov track` again with nothing changed: the requests that the server counted, and the time against the same on
the embedded store plus three round trips (signed requests, measured between).
"""
import argparse
import datetime
import hashlib
import hmac
import http.client
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from data import ROOT, SETS, make, warm  # noqa: E402

KEYS = ("testaccesskey", "testsecretkey123")
WEED = ROOT / "target" / "tools" / "testbed" / "weed" / "bin" / "weed"
UPLOAD_BOUND, RESTORE_BOUND, MEMORY_BOUND, NOOP_REQUESTS = 1.0, 1.2, 150, 3
AWS = "--endpoint-url {url}"
RCLONE = "--config /dev/null --s3-endpoint {url} --s3-no-check-bucket copy --transfers 16"
PEERS = {
    # program: upload of ./data, download to ./out
    "s5cmd": (f"{AWS} --log error cp data/ s3://{{bucket}}/data/", f"{AWS} --log error cp s3://{{bucket}}/data/* out/"),
    "rclone": (f"{RCLONE} data/ :s3:{{bucket}}/data", f"{RCLONE} :s3:{{bucket}}/data out"),
    "aws": (
        f"{AWS} s3 cp --only-show-errors --recursive data s3://{{bucket}}/data",
        f"{AWS} s3 cp --only-show-errors --recursive s3://{{bucket}}/data out",
    ),
}


def free_port():
    """One that nobody listens on, nor on the one 10,000 above (SeaweedFS takes both)."""
    while True:
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            try:
                other.bind(("127.0.0.1", port + 10_000))
                return port
            except (OSError, OverflowError):
                pass


class Seaweed:
    """A server with its own directory; both are gone at the end."""

    def __init__(self, base, fsync):
        self.dir = Path(tempfile.mkdtemp(prefix="weed-", dir=base))
        self.master, volume, filer, self.port, metrics = (self.ports) = [free_port() for _ in range(5)]
        self.url, self.metrics = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{metrics}/metrics"
        admin = {"name": "admin", "credentials": [{"accessKey": KEYS[0], "secretKey": KEYS[1]}],
                 "actions": ["Admin", "Read", "Write", "List", "Tagging"]}
        (self.dir / "s3.json").write_text(json.dumps({"identities": [admin]}))
        argv = [WEED, "-logtostderr", "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3",
                f"-dir={self.dir}", f"-master.port={self.master}", f"-volume.port={volume}", f"-filer.port={filer}",
                f"-s3.port={self.port}", f"-metricsPort={metrics}", f"-s3.config={self.dir / 's3.json'}",
                "-master.volumeSizeLimitMB=64", "-volume.max=500", "-volume.preStopSeconds=0",
                "-master.telemetry=false", "-master.peers=none", "-s3.port.iceberg=0", "-s3.port.lance=0",
                "-s3.allowDeleteBucketNotEmpty=false", "-s3.autoCreateBucket=false"]  # fmt: skip
        log = open(self.dir / "log", "wb")
        self.child = subprocess.Popen(argv, stdout=log, stderr=log, env={**os.environ, "GOMEMLIMIT": "400MiB"})
        self.until(lambda: self.ask("GET", "/") == 200)
        # It answers before it has a place for the first object.
        self.bucket("warm")
        self.until(lambda: self.ask("PUT", "/warm/first", body=b"x") == 200)
        if fsync:
            said = subprocess.run([WEED, "shell", f"-master=127.0.0.1:{self.master}"], text=True, check=True,
                                  input="fs.configure -locationPrefix=/buckets/ -fsync -apply\n", capture_output=True)
            if "fsync" not in said.stdout:
                sys.exit(f"fsync cannot be turned on: {said.stdout}{said.stderr}")

    def until(self, is_so):
        patience = time.monotonic() + 60
        while not is_so():
            if time.monotonic() > patience or self.child.poll() is not None:
                said = (self.dir / "log").read_text()[-2000:]
                self.stop()
                sys.exit(f"SeaweedFS does not start: {said}")
            time.sleep(0.1)

    def ask(self, method, path, query="", body=b""):
        """The status of a signed request (AWS Signature Version 4). None: no answer."""
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        digest, host, scope = hashlib.sha256(body).hexdigest(), f"127.0.0.1:{self.port}", f"{now[:8]}/us-east-1/s3/aws4_request"
        names = "host;x-amz-content-sha256;x-amz-date"
        head = f"host:{host}\nx-amz-content-sha256:{digest}\nx-amz-date:{now}\n"
        asked = "\n".join([method, path, query and f"{query}=", head, names, digest])
        text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(asked.encode()).hexdigest()}"
        key = b"AWS4" + KEYS[1].encode()
        for word in scope.split("/"):
            key = hmac.digest(key, word.encode(), "sha256")
        signed = hmac.digest(key, text.encode(), "sha256").hex()
        headers = {"x-amz-date": now, "x-amz-content-sha256": digest,
                   "Authorization": f"AWS4-HMAC-SHA256 Credential={KEYS[0]}/{scope}, SignedHeaders={names}, Signature={signed}"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path + (query and f"?{query}"), body, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except OSError:
            return None
        finally:
            connection.close()

    def bucket(self, name):
        versions = b'<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>'
        made = self.ask("PUT", f"/{name}"), self.ask("PUT", f"/{name}", "versioning", versions)
        if made != (200, 200):
            sys.exit(f"the bucket cannot be made: {made}")
        return name

    def requests(self):
        """S3 requests that it has answered so far."""
        time.sleep(0.1)  # it counts when an answer is out
        with urllib.request.urlopen(self.metrics, timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith("SeaweedFS_s3_request_total{"))

    def cpu(self):
        """Seconds, so far."""
        with open(f"/proc/{self.child.pid}/stat") as stat:
            words = stat.read().rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.child.send_signal(signal.SIGKILL)  # TERM takes it minutes
        self.child.wait()
        shutil.rmtree(self.dir, ignore_errors=True)
        for port in self.ports:
            for both in (port, port + 10_000):
                for left in Path("/tmp").glob(f"seaweedfs-*-{both}.sock"):
                    left.unlink(missing_ok=True)


class Memory(threading.Thread):
    """The most memory of one process: its own high-water mark, not that of whoever started it (as ru_maxrss is)."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.status, self.kilobytes = f"/proc/{pid}/status", 0
        self.start()

    def run(self):
        while True:
            try:
                with open(self.status) as status:
                    mark = [line for line in status if line.startswith("VmHWM")]
            except OSError:
                return
            if not mark:
                return  # it has ended
            self.kilobytes = int(mark[0].split()[1])
            time.sleep(0.01)

    def peak(self):
        self.join()
        return self.kilobytes


class Bench:
    def __init__(self, args, base, peers):
        self.args, self.base, self.peers = args, base, peers
        home = base / "home"
        home.mkdir()
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "MLPROV_", "XDG_", "AWS_", "RCLONE_"))}
        self.env.update(
            HOME=str(home), GIT_CONFIG_NOSYSTEM="1", AWS_ACCESS_KEY_ID=KEYS[0], AWS_SECRET_ACCESS_KEY=KEYS[1],
            AWS_REGION="us-east-1", AWS_DEFAULT_REGION="us-east-1", AWS_EC2_METADATA_DISABLED="true",
            RCLONE_S3_PROVIDER="SeaweedFS", RCLONE_S3_ENV_AUTH="true", RCLONE_S3_FORCE_PATH_STYLE="true",
        )  # fmt: skip
        for role in ("AUTHOR", "COMMITTER"):
            self.env[f"GIT_{role}_NAME"], self.env[f"GIT_{role}_EMAIL"] = "bench", "bench@example.org"
        self.samples = {}
        self.noop = []  # requests

    def quiet(self, *argv, cwd):
        done = subprocess.run(argv, cwd=cwd, env=self.env, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{argv} failed with {done.returncode}: {done.stderr[-2000:]}")

    def timed(self, step, who, argv, cwd, server, sync=False):
        log = open(self.base / "last", "wb+")
        begin, served = time.perf_counter(), server.cpu()
        child = subprocess.Popen(argv, cwd=cwd, env=self.env, stdout=log, stderr=log)
        memory = Memory(child.pid)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            sys.exit(f"{argv} failed with {child.returncode}: {(self.base / 'last').read_text()[-2000:]}")
        wall = time.perf_counter() - begin
        sample = (wall, used.ru_utime + used.ru_stime, memory.peak() / 1024, server.cpu() - served)
        if sync:
            self.samples.setdefault((f"{step} to cache", who), []).append(sample)
            subprocess.run(["sync", "-f", str(cwd)], check=True)
            sample = (time.perf_counter() - begin, *sample[1:])
        self.samples.setdefault((step, who), []).append(sample)

    def median(self, step, who):
        samples = self.samples.get((step, who))
        return samples and tuple(statistics.median(s[i] for s in samples) for i in range(4))

    def command(self, peer, way, server):
        """Its bucket bears its name."""
        return [self.peers[peer][0], *self.peers[peer][way].format(url=server.url, bucket=peer).split()]

    def settle(self):
        subprocess.run(["sync", "-f", str(self.base)], check=True)

    def fastest(self, step):
        found = [(self.median(s, who)[0], who) for s, who in self.samples if s == step and who in self.peers]
        return min(found, default=None)


def project(bench, place, data, *store):
    place.mkdir()
    bench.quiet("git", "init", "-q", "-b", "main", cwd=place)
    os.rename(data, place / "data")
    bench.quiet(bench.args.binary, "init", "--yes", *store, cwd=place)


def count_same(a, b):
    """Files and bytes below both."""
    sums = []
    for place in (a, b):
        sizes = [f.stat().st_size for f in place.rglob("*") if f.is_file()]
        sums.append((len(sizes), sum(sizes)))
    if sums[0] != sums[1]:
        sys.exit(f"{b} is not {a}: {sums}")


def round_of(bench, name, n, fsync):
    mlprov = bench.args.binary
    place = Path(tempfile.mkdtemp(prefix=f"{name}-{n}-", dir=bench.base))
    data = place / "made"
    data.mkdir()
    make(name, bench.args.scale, data)
    size = sum(f.stat().st_size for f in data.rglob("*.bin"))
    server = Seaweed(place, fsync)
    who = ["mlprov", *bench.peers]
    who = who[n % len(who):] + who[: n % len(who)]
    mode = "on" if fsync else "off"
    try:
        ours = place / "ours"
        project(bench, ours, data, "--store", f"s3://{server.bucket('mlprov')}/team", "--endpoint-url", server.url)
        data = ours / "data"
        time.sleep(2.1)  # what was written just now is read again
        for one in who:
            warm(place, min(size * 3 // 2, 2 << 30))
            bench.settle()
            step = f"upload, fsync {mode}"
            if one == "mlprov":
                bench.timed(step, one, [mlprov, "track", "data"], ours, server)
                continue
            there = place / one
            there.mkdir()
            (there / "data").symlink_to(data)
            server.bucket(one)
            bench.timed(step, one, bench.command(one, 1, server), there, server)
        if fsync:
            return
        noop(bench, place, server, ours, data)
        kept = place / "kept"
        os.rename(data, kept)
        for one in who:
            warm(place, min(size * 3 // 2, 2 << 30))
            bench.settle()
            if one == "mlprov":
                bench.timed("restore", one, [mlprov, "restore", "data"], ours, server)
                bench.samples.setdefault(("restore to cache", one), []).append(bench.samples["restore", one][-1])
                count_same(kept, data)
                continue
            (place / one / "out").mkdir()
            bench.timed("restore", one, bench.command(one, 2, server), place / one, server, sync=True)
            count_same(kept, place / one / "out")
    finally:
        server.stop()
        shutil.rmtree(place)
        bench.settle()


def noop(bench, place, server, ours, data):
    """Nothing changed: here, and on the embedded store."""
    embedded = place / "embedded"
    copy = place / "copy"
    subprocess.run(["cp", "-r", "--reflink=auto", str(data), str(copy)], check=True)
    project(bench, embedded, copy)
    bench.quiet(bench.args.binary, "track", "data", cwd=embedded)
    bench.settle()
    time.sleep(2.1)
    for where in (ours, embedded):
        bench.quiet(bench.args.binary, "track", "data", cwd=where)
    for _ in range(5):
        before = server.requests()
        bench.timed("nothing changed", "mlprov", [bench.args.binary, "track", "data"], ours, server)
        bench.noop.append(int(server.requests() - before))
        bench.timed("nothing changed", "embedded", [bench.args.binary, "track", "data"], embedded, server)
        begin = time.perf_counter()
        server.ask("GET", "/mlprov", "versioning")
        bench.samples.setdefault(("nothing changed", "a round trip"), []).append((time.perf_counter() - begin, 0, 0, 0))


def verdict(value, bound, unit=""):
    return f"bound {bound}{unit}: {'met' if value <= bound else 'NOT MET'}"


def table(bench, name):
    print(f"\n{name}: {bench.args.rounds} rounds, scale {bench.args.scale}; medians")
    print(f"{'step':18} {'who':14} {'wall s':>8} {'CPU s':>7} {'server':>7} {'MB':>6}  ratio to the fastest peer")
    for step, who in sorted(bench.samples, key=lambda key: (key[0] != "nothing changed", key[0], key[1])):
        if step == "nothing changed":
            continue
        wall, cpu, memory, served = bench.median(step, who)
        fastest = bench.fastest(step)
        note = f"{wall / fastest[0]:5.2f}" if fastest else ""
        if fastest and who == "mlprov":
            bound = UPLOAD_BOUND if step.startswith("upload") else RESTORE_BOUND
            each = " ".join(f"{a[0] / b[0]:.2f}" for a, b in zip(bench.samples[step, who], bench.samples[step, fastest[1]]))
            note += f"  of {fastest[1]} ({verdict(wall / fastest[0], bound)}; by round {each})"
        if who == "mlprov" and step.startswith("upload"):
            note += f"  memory {verdict(memory, MEMORY_BOUND, ' MB')}"
        print(f"{step:18} {who:14} {wall:8.2f} {cpu:7.2f} {served:7.2f} {memory:6.0f}  {note}")
    if bench.noop:
        ours, embedded, trip = (bench.median("nothing changed", who)[0] for who in ("mlprov", "embedded", "a round trip"))
        print(f"nothing changed: {max(bench.noop)} requests ({verdict(max(bench.noop), NOOP_REQUESTS)}); {ours * 1e3:.1f} ms, embedded "
              f"{embedded * 1e3:.1f} ms, a round trip {trip * 1e3:.1f} ms: {ours / (embedded + 3 * trip):.2f} of embedded + 3 round trips "
              f"({verdict(ours / (embedded + 3 * trip), 1.0)})")  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", default=["MIXED", "BIG"], metavar="SET")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the set's files (of BIG: of its bytes)")
    parser.add_argument("--fsync", choices=["off", "on", "both"], default="both", help="after each object, at the server")
    parser.add_argument("--peers", default="", help="where to look for s5cmd, rclone and aws before PATH")
    parser.add_argument("--without", default="", help="peers that are left out, with commas between them")
    parser.add_argument("--dir", default=None, help="where to work; data, server and what is restored lie there")
    parser.add_argument("--binary", default=str(ROOT / "target" / "release" / "mlprov"))
    args = parser.parse_args()
    if not WEED.exists():
        sys.exit("SeaweedFS is not installed (tests/run.sh does it)")
    peers = {}
    for name, (put, get) in PEERS.items():
        found = shutil.which(name, path=f"{args.peers}:{os.environ['PATH']}")
        if found and name not in args.without.split(","):
            peers[name] = (os.path.abspath(found), put, get)
        else:
            print(f"skipped: {name} ({'left out' if found else 'not installed'})")
    base = Path(tempfile.mkdtemp(prefix="mlprov-bench-", dir=args.dir))
    try:
        for name in args.sets:
            if name not in SETS:
                sys.exit(f"{name} is no set; the sets are: {', '.join(SETS)}")
            there = base / name
            there.mkdir()
            bench = Bench(args, there, peers)
            for n in range(args.rounds):
                for fsync in {"off": [False], "on": [True], "both": [False, True]}[args.fsync]:
                    round_of(bench, name, n, fsync)
            table(bench, name)
    finally:
        shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    main()
