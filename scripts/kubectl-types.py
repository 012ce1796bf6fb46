#!/usr/bin/env python3
"""Compares kubevet with a real kubectl on objects of the wrong shape.

    scripts/kubectl-types.py KUBEVET KUBECTL FOLDER [COUNT]

Takes objects of Kubernetes' own kinds from the manifests of FOLDER and gives one value of each another type, COUNT times (600 if it is
not said), always the same. `kubectl set env --local` decodes an object into its type without a cluster: what it cannot decode must have
a finding of kubevet about a type, a format or a range; what it decodes must have none about a type. Versions that the newest release
does not serve are left out, since kubevet says only that. Differences are printed.
"""
import json, pathlib, random, subprocess, sys, tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

KINDS = ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod", "Service", "Ingress", "ConfigMap", "Secret", "Role", "ClusterRoleBinding",
         "NetworkPolicy", "HorizontalPodAutoscaler", "PersistentVolumeClaim", "PodDisruptionBudget", "StorageClass", "ServiceAccount"]
WRONG = {"str": [7, True, {}, [], 1.5], "int": ["7", True, 1.5, {}, [1], 1 << 70, "many"], "bool": ["true", 1, {}, []], "dict": ["x", [], 3, [{}]], "list": ["x", {}, True],
         "float": ["x", {}], "NoneType": [1]}
OF_TYPES = {"schema/type", "schema/format", "schema/range", "schema/enum"}


def run(command, text=None):
    return subprocess.run(command, input=text, capture_output=True, text=True, errors="replace")


def is_ours(version):
    group, slash, _ = version.partition("/")
    return "beta" not in version and (not slash or "." not in group or group.endswith(".k8s.io"))


def objects(kubectl, folder):
    """The objects of the folder's manifests that kubectl decodes as they are, in the order of their files."""
    paths = sorted(p for p in pathlib.Path(folder).rglob("*.y*ml") if p.suffix in (".yaml", ".yml") and "kind:" in p.read_text(errors="replace"))

    def of(path):
        out = run([kubectl, "patch", "--local", "-f", str(path), "-o", "json", "--type=merge", "-p", "{}"])
        found, at, decoder = [], 0, json.JSONDecoder()
        while out.returncode == 0 and (at := out.stdout.find("{", at)) >= 0:
            value, at = decoder.raw_decode(out.stdout, at)
            found += value.get("items", [value])
        return found

    with ThreadPoolExecutor(2) as pool:
        return [o for found in pool.map(of, paths) for o in found if o.get("kind") in KINDS and is_ours(o["apiVersion"])]


def places(value, path=()):
    """Every value below the root but for what names the object, with the map or list that holds it."""
    for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        here = (*path, key)
        if here[0] in ("apiVersion", "kind") or here == ("metadata", "name"):
            continue
        yield value, key, inner
        if isinstance(inner, (dict, list)):
            yield from places(inner, here)


def mutate(source, dice):
    """A copy with one value of another type, or null; `None` where nothing can be changed."""
    copy = json.loads(json.dumps(source))
    all_places = list(places(copy))
    if not all_places:
        return None
    holder, key, value = dice.choice(all_places)
    holder[key] = dice.choice([None, *WRONG[type(value).__name__]])
    return copy


def refusal(kubectl, path):
    """Why kubectl cannot decode the file; empty where it can."""
    out = run([kubectl, "set", "env", "--local", "-f", str(path), "-o", "json", "A=b"])
    return next((line for line in out.stderr.splitlines() if "unable to decode" in line), "")


def main():
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    kubevet, kubectl, folder = sys.argv[1:4]
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 600
    dice = random.Random(1)
    by_kind = {}
    for o in objects(kubectl, folder):
        by_kind.setdefault((o["apiVersion"], o["kind"]), []).append(o)
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        names = []
        while len(names) < count:
            mutant = mutate(dice.choice(by_kind[dice.choice(sorted(by_kind))]), dice)
            if mutant:
                names.append(f"{len(names):05}.json")
                (place / names[-1]).write_text(json.dumps(mutant, indent=1))
        found = {}
        out = run([kubevet, "check", "--no-config", "--profile", "all", "--output-format", "jsonl", str(place)])
        for line in out.stdout.splitlines():
            finding = json.loads(line)
            found.setdefault(pathlib.Path(finding["file"]).name, []).append(finding)

        with ThreadPoolExecutor(2) as pool:
            refusals = dict(zip(names, pool.map(lambda name: refusal(kubectl, place / name), names)))
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
