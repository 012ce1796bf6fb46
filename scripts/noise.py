#!/usr/bin/env python3
"""How much is said: findings of the profile `default` per container, by rule.

    scripts/noise.py KUBEVET REPOSITORY...

Containers are counted in the text, without a YAML reader: `image:` in documents of a kind that makes Pods, in the files that are
plain manifests (no charts, no patches of kustomize). Findings are those of such files; one about a pod counts for each of its
containers. A container that nobody hardened and that asks for nothing special should have four at most: those with more are listed.
"""
import collections, json, pathlib, re, subprocess, sys

WORKLOAD = re.compile(r"""^["']?kind["']?:\s*["']?(Pod|PodTemplate|ReplicationController|ReplicaSet|Deployment|StatefulSet|DaemonSet|Job|CronJob)\b""", re.M)
IMAGE = re.compile(r"^[ \t]+(?:- +)?image:[ \t]*\S", re.M)
CONTAINER = re.compile(r"^.*/(?:containers|initContainers|ephemeralContainers)/\d+")
MOST = 4


def charts(root):
    return [chart.parent for chart in root.rglob("Chart.yaml")]


def containers(root):
    """How many containers each file of plain manifests has."""
    inside = charts(root)
    counts = {}
    for path in sorted(p for p in root.rglob("*") if p.suffix in (".yaml", ".yml") and p.is_file()):
        if any(chart in path.parents for chart in inside):
            continue
        text = path.read_text(errors="replace")
        documents = [d for d in re.split(r"^---.*$", text, flags=re.M) if WORKLOAD.search(d)]
        number = sum(len(IMAGE.findall(d)) for d in documents)
        if number:
            counts[str(path)] = number
    return counts


def findings(kubevet, root):
    run = subprocess.run([kubevet, "check", "-q", "--no-config", "--output-format", "json", root], capture_output=True, text=True)
    if run.returncode not in (0, 1):
        sys.exit(run.stderr)
    return [f for f in json.loads(run.stdout)["findings"] if f["state"] == "open"]


def of_each(found):
    """The rules that have a finding about each container: (file, object, container) → rules."""
    own, of_pod = collections.defaultdict(list), collections.defaultdict(list)
    for f in found:
        thing = f["object"] or {}
        pod = (f["file"], thing.get("kind"), thing.get("namespace"), thing.get("name"))
        within = CONTAINER.match(f["path"])
        if within:
            own[(*pod, within.group())].append(f["rule"])
        else:
            of_pod[pod].append(f["rule"])
    return {key: rules + of_pod[key[:4]] for key, rules in own.items()}


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    kubevet, *roots = sys.argv[1:]
    roots = [pathlib.Path(root) for root in roots]
    table, total, many = collections.defaultdict(dict), {}, []
    for root in roots:
        counts = containers(root)
        found = [f for f in findings(kubevet, root) if f["file"] in counts]
        total[root] = sum(counts.values())
        for rule, number in collections.Counter(f["rule"] for f in found).items():
            table[rule][root] = number
        sizes = collections.Counter(len(rules) for rules in of_each(found).values())
        sizes[0] = total[root] - sum(sizes.values())
        shown = ", ".join(f"{n} with {size}" for size, n in sorted(sizes.items()))
        print(f"{root.name}: {total[root]} containers in {len(counts)} files, {len(found)} findings; {shown}")
        many += [(len(rules), key, rules) for key, rules in of_each(found).items() if len(rules) > MOST]
    print(f"\n{'findings per container':44}" + "".join(f"{root.name[:20]:>22}" for root in roots))
    for rule, row in sorted(table.items(), key=lambda item: (-sum(item[1].values()), item[0])):
        cells = (f"{row[root]:6} {row[root] / max(total[root], 1):7.3f}" if root in row else "" for root in roots)
        print(f"{rule:44}" + "".join(f"{cell:>22}" for cell in cells))
    sums = (sum(row.get(root, 0) for row in table.values()) for root in roots)
    print(f"{'all':44}" + "".join(f"{n:14} {n / max(total[root], 1):7.3f}" for n, root in zip(sums, roots)))
    if many:
        print(f"\nmore than {MOST}:")
    for number, (file, kind, _, name, path), rules in sorted(many, key=lambda m: -m[0]):
        counted = ", ".join(f"{rule} x{n}" if n > 1 else rule for rule, n in collections.Counter(rules).items())
        print(f"{number:3} {file}: {kind} {name} {path}: {counted}")


main()
