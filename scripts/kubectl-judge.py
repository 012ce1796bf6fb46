#!/usr/bin/env python3
"""Asks a real kubectl about every file that kubevet has a yaml/* finding on.

    scripts/kubectl-judge.py KUBEVET KUBECTL FOLDER

kubectl reads the file without a cluster (`kubectl patch --local`). A yaml/* finding on a file that kubectl accepts is printed,
and makes the exit status 1 unless the rule is about what kubectl changes without a word (ALTERS).
"""
import json, subprocess, sys
from collections import Counter, defaultdict

# kubectl takes such files, but not as they are written: it drops or overrides a part.
ALTERS = {"yaml/duplicate-key", "yaml/dropped-document", "yaml/merge-order"}


def accepts(kubectl, path):
    command = [kubectl, "patch", "--local", "-f", path, "-o", "json", "--type=merge", "-p", "{}"]
    run = subprocess.run(command, capture_output=True, text=True, errors="replace")
    return run.returncode == 0, run.stderr.strip()[:160]


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    kubevet, kubectl, folder = sys.argv[1:]
    run = subprocess.run([kubevet, "check", "--profile", "all", "--output-format", "jsonl", folder], capture_output=True, text=True)
    if run.returncode not in (0, 1):
        sys.exit(f"kubevet ended with {run.returncode}: {run.stderr}")
    rules = defaultdict(set)
    for line in run.stdout.splitlines():
        finding = json.loads(line)
        if finding["rule"] == "kubevet/panic":
            sys.exit(f"defect: {line}")
        if finding["rule"].startswith("yaml/"):
            rules[finding["file"]].add(finding["rule"])
    counts = Counter()
    wrong = 0
    for path in sorted(rules):
        accepted, why = accepts(kubectl, path)
        for rule in sorted(rules[path]):
            verdict = "accepted" if accepted else "refused"
            counts[rule, verdict] += 1
            if accepted and rule not in ALTERS:
                wrong += 1
                print(f"{path}: {rule}, but kubectl accepts it")
            elif not accepted and rule in ALTERS:
                print(f"{path}: {rule}; kubectl refuses it anyway: {why}")
    for (rule, verdict), n in sorted(counts.items()):
        print(f"{n:4} {rule} on a file that kubectl {verdict}")
    print(run.stderr.strip().splitlines()[-1])
    sys.exit(1 if wrong else 0)


main()
