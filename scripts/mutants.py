"""Real objects with one thing wrong, always the same: for the scripts that compare kubevet with other programs."""
import json, pathlib, subprocess
from concurrent.futures import ThreadPoolExecutor

KINDS = ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod", "Service", "Ingress", "ConfigMap", "Secret", "Role", "ClusterRoleBinding",
         "NetworkPolicy", "HorizontalPodAutoscaler", "PersistentVolumeClaim", "PodDisruptionBudget", "StorageClass", "ServiceAccount"]
WRONG = {"str": [7, True, {}, [], 1.5], "int": ["7", True, 1.5, {}, [1], 1 << 70, "many"], "bool": ["true", 1, {}, []], "dict": ["x", [], 3, [{}]], "list": ["x", {}, True],
         "float": ["x", {}], "NoneType": [1]}


def run(command):
    return subprocess.run(command, capture_output=True, text=True, errors="replace")


def is_ours(version):
    """Whether it is a version of Kubernetes' own that the newest release serves."""
    group, slash, _ = version.partition("/")
    return "beta" not in version and (not slash or "." not in group or group.endswith(".k8s.io"))


def objects(kubectl, folder):
    """The objects of KINDS in the folder's manifests that kubectl reads, in the order of their files."""
    paths = sorted(p for p in pathlib.Path(folder).rglob("*.y*ml") if p.suffix in (".yaml", ".yml") and "kind:" in p.read_text(errors="replace"))

    def of(path):
        out = run([kubectl, "patch", "--local", "-f", str(path), "-o", "json", "--type=merge", "-p", "{}"])
        found, at, decoder = [], 0, json.JSONDecoder()
        while out.returncode == 0 and (at := out.stdout.find("{", at)) >= 0:
            value, at = decoder.raw_decode(out.stdout, at)
            found += value.get("items", [value])
        return found

    with ThreadPoolExecutor(2) as pool:
        return [o for found in pool.map(of, paths) for o in found if o.get("kind") in KINDS and o.get("apiVersion") and is_ours(o["apiVersion"])]


def places(value, path=()):
    """Every value below the root but for what names the object, with the map or list that holds it."""
    for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        here = (*path, key)
        if here[0] in ("apiVersion", "kind") or here == ("metadata", "name"):
            continue
        yield value, key, inner
        if isinstance(inner, (dict, list)):
            yield from places(inner, here)


def wrong_type(source, dice):
    """A copy with one value of another type, or null; `None` where nothing can be changed."""
    copy = json.loads(json.dumps(source))
    if found := list(places(copy)):
        holder, key, value = dice.choice(found)
        holder[key] = dice.choice([None, *WRONG[type(value).__name__]])
        return copy


def wrong_field(source, dice):
    """A copy with one field misspelt or left out; `None` where there is none."""
    copy = json.loads(json.dumps(source))
    if found := [(holder, key) for holder, key, _ in places(copy) if isinstance(holder, dict)]:
        holder, key = dice.choice(found)
        value = holder.pop(key)
        if dice.random() < 0.6:
            at = dice.randrange(len(key) + 1)
            holder[key[:at] + dice.choice("eZ") + key[at:]] = value
        return copy


def mutants(sources, count, dice, ways):
    """So many objects, of all kinds alike, each with one thing wrong."""
    by_kind = {}
    for source in sources:
        by_kind.setdefault((source["apiVersion"], source["kind"]), []).append(source)
    made = []
    while len(made) < count:
        mutant = dice.choice(ways)(dice.choice(by_kind[dice.choice(sorted(by_kind))]), dice)
        if mutant:
            made.append(mutant)
    return made


def findings(kubevet, folder):
    """What kubevet finds in a folder of files, by the name of the file."""
    found = {}
    out = run([kubevet, "check", "--no-config", "--profile", "all", "--output-format", "jsonl", str(folder)])
    for finding in map(json.loads, out.stdout.splitlines()):
        found.setdefault(pathlib.Path(finding["file"]).name, []).append(finding)
    return found


def write(made, folder):
    """Each object in a file of its own; the names."""
    for number, mutant in enumerate(made):
        (pathlib.Path(folder) / f"{number:05}.json").write_text(json.dumps(mutant, indent=1))
    return [f"{number:05}.json" for number in range(len(made))]
