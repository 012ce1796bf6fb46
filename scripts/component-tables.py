#!/usr/bin/env python3
"""Makes schemas/components/*.tsv from the facts that Kubernetes' and etcd's own code gives of itself.

    scripts/component-tables.py FACTS

FACTS is a folder with flags.csv, feature-gates.csv, component-facts.json, config-fields.csv and config-defaults.json: tables printed
by the compiled programs (k8s.io/kubernetes 1.25 to 1.37, etcd 3.5 to 3.7) or read from their source. The output is committed; the
same facts give the same bytes. distribution-defaults.tsv and fields.tsv beside it are kept by hand.
"""
import csv, json, pathlib, re, sys

COMPONENTS = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubelet"]
OUT = pathlib.Path(__file__).parent.parent / "schemas/components"


def minor(text, last):
    """`1.31`, `1.34 to 1.36`, `1.25 or earlier` and `` as a minor version: 0 is before all, 63 after all."""
    if not text:
        return 63
    if "earlier" in text:
        return 0
    return int(re.findall(r"\d+\.(\d+)", text)[-1 if last else 0])


def write(name, source, header, rows):
    lines = [f"# {source}. Made by scripts/component-tables.py.", "# " + "\t".join(header)]
    lines += ["\t".join(str(v) for v in row) for row in rows]
    assert all(len(row) == len(header) and not any("\t" in str(v) or "\n" in str(v) for v in row) for row in rows)
    (OUT / name).write_text("\n".join(lines) + "\n")
    print(f"{name}: {len(rows)} rows")


def default(row):
    text = row["default"].strip()
    if row["type"] in ("stringSlice", "flags.UniqueStrings", "stringArray", "int32Slice", "namedCertKey") and text.startswith("["):
        text = text[1:-1]
    return text


# Types whose flags append when they are repeated; those of others replace what was there.
APPENDING = {"stringSlice", "stringArray", "int32Slice", "namedCertKey", "mapStringString", "mapStringBool", "stringToString",
             "colonSeparatedMultimapStringString", "featuregate.featureGate", "reserved-memory"}


def flags(facts):
    rows = []
    for r in csv.DictReader(open(facts / "flags.csv")):
        if r["component"] in COMPONENTS:
            kind = "bool" if r["type"] == "bool" else "list" if r["type"] in APPENDING else "other"
            rows.append((r["component"], r["flag"], minor(r["since"], False), minor(r["until"], True), kind, default(r),
                         "deprecated" if r["deprecated"] == "yes" else ""))
    write("flags.tsv", "Flags by release: the FlagSets of the programs themselves",
          ["component", "flag", "since", "until", "type", "default", "state"], sorted(rows))


def gates(facts):
    """One row per gate and span of releases with the same stage, default and lock."""
    by_gate = {}
    for r in csv.DictReader(open(facts / "feature-gates.csv")):
        if r["component"] in ("kubeadm",):
            continue
        by_gate.setdefault(r["gate"], []).append(r)
    rows = []
    for gate, stages in sorted(by_gate.items()):
        stages.sort(key=lambda r: int(r["from"].split(".")[1]))
        removed = [int(r["removed_in"].split(".")[1]) for r in stages if r["removed_in"]]
        end = max(removed) - 1 if removed else 63
        seen = minor(stages[0]["first_seen_in"], False)
        for stage, following in zip(stages, stages[1:] + [None]):
            start = int(stage["from"].split(".")[1])
            until = int(following["from"].split(".")[1]) - 1 if following else end
            if until >= max(start, seen) and until >= 25:
                rows.append((gate, max(start, seen), until, stage["stage"], stage["default"], "locked" if stage["locked"] == "true" else ""))
    write("feature-gates.tsv", "Feature gates by release: the versioned specifications of Kubernetes 1.25 to 1.37",
          ["gate", "since", "until", "stage", "default", "state"], rows)


def plugins(facts):
    known = json.load(open(facts / "component-facts.json"))
    rows = [(f["name"], minor(f["since"], False), minor(f["removed"], False) - 1 if "removed" in f else 63, f["default"])
            for f in known if f["fact"] == "admission-plugin"]
    write("admission-plugins.tsv", "Admission plugins of the API server, and whether they are on by default",
          ["plugin", "since", "until", "default"], sorted(rows))
    fact = {f["fact"]: f["value"] for f in known if f["fact"].startswith("tls-")}
    weak = set(fact["tls-cipher-suites-insecure"])
    rows = [(name, "insecure" if name in weak else "tls13" if "_WITH_" not in name else "")
            for name in sorted(set(fact["tls-cipher-suites"]) | weak)]
    write("cipher-suites.tsv", "TLS cipher suites that the components accept, and what Go says of them", ["suite", "kind"], rows)


def fields(form):
    lines = (OUT / "fields.tsv").read_text().splitlines()
    return {row[1]: row[3] for row in (l.split("\t") for l in lines if not l.startswith("#")) if row[0] == form}


def flattened(value, path, names):
    """Settings and texts of a configuration, by the rules of fields.tsv."""
    if path + "{}" in names:
        text = ",".join(f"{k}={v}" for k, v in sorted((value or {}).items()))
        return [(names[path + "{}"], text)]
    if path + "[]" in names:
        return [(names[path + "[]"], ",".join(map(str, value or [])))]
    if isinstance(value, dict):
        return [pair for key, inner in value.items() for pair in flattened(inner, f"{path}.{key}".lstrip("."), names)]
    if isinstance(value, list):
        return []
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return [(names.get(path, path), text)]


def file_defaults(facts):
    """What a configuration file that leaves a field out gets: printed for 1.31, 1.34 and 1.37, so that each stands for those around it."""
    spans = {"1.31": (0, 33), "1.34": (34, 36), "1.37": (37, 63)}
    zeros = {(r["kind"], r["path"]): {"boolean": "false", "int": "0", "uint": "0"}.get(re.match("[a-z]*", r["type"]).group(), "")
             for r in csv.DictReader(open(facts / "config-fields.csv"))}
    rows = []
    for kind, component in [("KubeletConfiguration", "kubelet"), ("KubeProxyConfiguration", "kube-proxy"), ("KubeSchedulerConfiguration", "kube-scheduler")]:
        names, by_setting = fields(component), {}
        for entry in json.load(open(facts / "config-defaults.json")):
            if entry["kind"] == kind and entry["how"] == "empty document":
                config = {k: v for k, v in entry["config"].items() if k not in ("apiVersion", "kind", "profiles")}
                for release in entry["releases"]:
                    for setting, text in flattened(config, "", names):
                        by_setting.setdefault(setting, {})[release] = text
        # A default document leaves out what is zero.
        for path, setting in names.items():
            by_setting.setdefault(setting, dict.fromkeys(spans, zeros.get((kind, path.rstrip("[]{}")), "")))
        for setting, texts in by_setting.items():
            runs = []
            for release, (since, until) in spans.items():
                if release in texts and runs and runs[-1][2] == texts[release] and runs[-1][1] == since - 1:
                    runs[-1][1] = until
                elif release in texts:
                    runs.append([since, until, texts[release]])
            rows += [("file", component, setting, *run) for run in runs]
    write("file-defaults.tsv", "What a configuration file gets for a field that it leaves out: the defaulting of Kubernetes 1.31, 1.34 and 1.37",
          ["carrier", "component", "setting", "since", "until", "value"], sorted(rows))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    facts = pathlib.Path(sys.argv[1])
    flags(facts)
    gates(facts)
    plugins(facts)
    file_defaults(facts)


main()
