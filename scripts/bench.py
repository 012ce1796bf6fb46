#!/usr/bin/env python3
"""Whole runs: what checking costs as a multiple of only walking and reading the same files, and what memory it takes.

    scripts/bench.py [--rounds N] FOLDER...        the program against its own floor, in turn, median of N rounds
    scripts/bench.py --against OLD FOLDER...       this build against another binary of kubevet
    scripts/bench.py --one [--against OLD] FOLDER  one file of each of some kinds, named alone in a repository of all of FOLDER
    scripts/bench.py --memory                      1,000,000 small documents in one file, 10,000 files, one small file

Build first (`cargo build --release`), or name another program in KUBEVET; on a machine with nothing else to do. Figures are of whole processes.
"""
import argparse, os, pathlib, shutil, statistics, subprocess, sys, tempfile, time

HERE = pathlib.Path(__file__).parent.parent
BINARY = pathlib.Path(os.environ.get("KUBEVET", HERE / "target/release/kubevet"))
POD = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c{i}\n  namespace: default\ndata:\n  key: value {i}\n  other: text\n---\n"
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: web-{i}
  namespace: shop
spec:
  selector:
    matchLabels: {{app: web-{i}}}
  template:
    metadata:
      labels: {{app: web-{i}}}
    spec:
      securityContext: {{runAsNonRoot: true, seccompProfile: {{type: RuntimeDefault}}}}
      containers:
        - name: web
          image: registry.example.com/web:1.0.0
          securityContext: {{allowPrivilegeEscalation: false, capabilities: {{drop: [ALL]}}}}
---
apiVersion: v1
kind: Service
metadata:
  name: web-{i}
  namespace: shop
spec:
  selector: {{app: web-{i}}}
  ports: [{{port: 80}}]
"""


def run(command):
    """Wall seconds, CPU seconds and peak memory in MB of one process."""
    start = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(child.pid, 0)
    return time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def compare(title, first, second, rounds):
    samples = []
    for _ in range(rounds + 1):
        samples.append((run(first), run(second)))
    samples = samples[1:]  # the first round warms the cache
    for which, name in enumerate(["wall s", "CPU s", "peak MB"]):
        a = statistics.median(s[0][which] for s in samples)
        b = statistics.median(s[1][which] for s in samples)
        ratio = statistics.median(s[0][which] / s[1][which] for s in samples if s[1][which])
        print(f"{title:34} {name:8} {a:9.3f} {b:9.3f}   ratio {ratio:.2f}")


def memory():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        one = folder / "one/documents.yaml"
        one.parent.mkdir()
        with one.open("w") as file:
            file.writelines(POD.format(i=i) for i in range(1_000_000))
        many = folder / "many"
        for i in range(10_000):
            path = many / f"{i % 100}/{i}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(DEPLOYMENT.format(i=i))
        small = folder / "small/pod.yaml"
        small.parent.mkdir()
        small.write_text(DEPLOYMENT.format(i=1))
        size = one.stat().st_size / 1e6
        cases = [(f"1,000,000 documents, {size:.0f} MB", one), ("10,000 files, 20,000 objects", many), ("one small file", small)]
        for title, path in cases:
            samples = [run([BINARY, "check", "--max-file-size", "1GB", "-q", path]) for _ in range(5)]
            wall, cpu, peak = (statistics.median(s[i] for s in samples) for i in range(3))
            print(f"{title:34} wall {wall:.3f} s, CPU {cpu:.3f} s, peak {peak:.1f} MB")


def one_file(folder, against, rounds):
    """A file that is named alone, as editors and pre-commit do; its floor is walking and reading the whole repository."""
    with tempfile.TemporaryDirectory() as repository:
        shutil.copytree(folder, repository, symlinks=True, dirs_exist_ok=True)
        subprocess.run(["git", "init", "--quiet", repository], check=True)
        files = sorted(path for path in pathlib.Path(repository).rglob("*.yaml") if path.is_file())
        texts = [(path, path.read_text(errors="replace")) for path in files]
        for kind in ["Deployment", "ClusterRoleBinding", "Namespace", "ConfigMap", "ClusterConfiguration"]:
            path = next((path for path, text in texts if f"\nkind: {kind}\n" in text), None)
            if path:
                first = [BINARY, "check", "-q", path]
                second = [against, *first[1:]] if against else [BINARY, "check", "--only-read", repository]
                compare(f"one {kind} of {len(files)} files", first, second, rounds)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--against")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--one", action="store_true")
    options = parser.parse_args()
    if not BINARY.exists():
        sys.exit("build first: cargo build --release")
    if options.memory:
        memory()
    for folder in options.folders:
        if options.one:
            one_file(folder, options.against, options.rounds)
            continue
        check = [BINARY, "check", "-q", folder]
        other = [options.against, *check[1:]] if options.against else [*check, "--only-read"]
        compare(folder, check, other, options.rounds)
        if not options.against:
            compare(folder + ", 1 thread", [*check, "--threads", "1"], [*other, "--threads", "1"], options.rounds)


main()
