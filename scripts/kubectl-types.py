#!/usr/bin/env python3
"""Compares kubevet with a real kubectl on objects of the wrong shape.

    scripts/kubectl-types.py KUBEVET KUBECTL FOLDER [COUNT]

Takes objects of Kubernetes' own kinds from the manifests of FOLDER and gives one value of each another type, COUNT times (600 if it is
not said), always the same. `kubectl set env --local` decodes an object into its type without a cluster: what it cannot decode must have
a finding of kubevet about a type, a format or a range; what it decodes must have none about a type. Versions that the newest release
does not serve are left out, since kubevet says only that. Differences are printed.
"""
import pathlib, random, sys, tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from mutants import findings, mutants, objects, run, write, wrong_type

OF_TYPES = {"schema/type", "schema/format", "schema/range", "schema/enum"}


def refusal(kubectl, path):
    """Why kubectl cannot decode the file; empty where it can."""
    out = run([kubectl, "set", "env", "--local", "-f", str(path), "-o", "json", "A=b"])
    return next((line for line in out.stderr.splitlines() if "unable to decode" in line), "")


def main():
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    kubevet, kubectl, folder = sys.argv[1:4]
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 600
    made = mutants(objects(kubectl, folder), count, random.Random(1), [wrong_type])
    with tempfile.TemporaryDirectory() as place:
        names = write(made, place)
        found = findings(kubevet, place)
        with ThreadPoolExecutor(2) as pool:
            refusals = dict(zip(names, pool.map(lambda name: refusal(kubectl, pathlib.Path(place) / name), names)))
        counts, wrong = Counter(), 0
        for name, refused in refusals.items():
            rules = {f["rule"] for f in found.get(name, [])}
            agrees = bool(rules & OF_TYPES) if refused else "schema/type" not in rules
            counts["refused" if refused else "decoded", "agrees" if agrees else "differs"] += 1
            if not agrees:
                wrong += 1
                said = [f"{f['line']}: {f['rule']} {f['message']}" for f in found.get(name, []) if f["rule"].startswith("schema/")]
                print(f"{name} {refused or 'decoded'}\n    " + "\n    ".join(said), end="\n\n")
    for (verdict, agreement), n in sorted(counts.items()):
        print(f"{n:4} {verdict}, kubevet {agreement}")
    sys.exit(1 if wrong else 0)


main()
