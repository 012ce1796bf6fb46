#!/usr/bin/env python3
"""Adds a release of Kubernetes to the tables under schemas/, or reads the newest one again.

    scripts/add-release.py 1.38.0     what the release says of itself goes to schemas/release.tsv, and from there into the tables
    scripts/add-release.py --check    nothing is fetched: schemas/release.tsv must be in the tables as they are

Needs Go. The release is fetched as Go modules (k8s.io/kubernetes 1.38.0 and k8s.io/api 0.38.0 with their neighbours) and asked by its own
code: scripts/release-facts prints its flags, feature gates, admission plugins, the fields and defaults of the files that its components
read, and enumerations; fields of objects and resources come from the OpenAPI and discovery files of the module, lifecycles from the
marks in k8s.io/api. Rows that the release no longer has end before it, new ones begin with it; nothing else changes. CONTRIBUTING.md
says what is left to do by hand.
"""
import json, pathlib, re, subprocess, sys, tempfile

import go_module

ROOT = pathlib.Path(__file__).parent.parent
FACTS = ROOT / "schemas/release.tsv"
MODEL = ROOT / "src/model.rs"


def constant(name):
    return int(re.search(rf"{name}_RELEASE: u8 = (\d+);", MODEL.read_text()).group(1))


# What a release says of itself.

SCALARS = {"string": "s", "boolean": "b", "number": "n", "object": "o"}
WELL_KNOWN = {
    "apimachinery.pkg.api.resource.Quantity": "q",
    "apimachinery.pkg.util.intstr.IntOrString": "x",
    "apimachinery.pkg.apis.meta.v1.Time": "t",
    "apimachinery.pkg.apis.meta.v1.MicroTime": "m",
    "apimachinery.pkg.runtime.RawExtension": "a",
    "apimachinery.pkg.apis.meta.v1.FieldsV1": "a",
}


def short(name):
    return name.rsplit("/", 1)[-1].removeprefix("io.k8s.")


def shape(schema):
    """One letter for a scalar, `[`, `{` before that of items and values, the name of a type with fields."""
    if "$ref" in schema:
        name = short(schema["$ref"])
        return WELL_KNOWN.get(name, name)
    kind = schema.get("type")
    if kind == "array":
        return "[" + shape(schema.get("items", {}))
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return "{" + shape(schema["additionalProperties"])
    if kind == "integer":
        return "i" if schema.get("format") == "int32" else "l"
    if kind == "string" and schema.get("format") == "byte":
        return "B"
    return SCALARS.get(kind, "a")


def objects(kubernetes, enumerations, off):
    """Rows of `type` and `kind`: what the published OpenAPI of the API server says of objects."""
    definitions = json.load(open(kubernetes / "api/openapi-spec/swagger.json"))["definitions"]
    definitions = {short(name): definition for name, definition in definitions.items()}
    plain = {name: shape(definition) for name, definition in definitions.items() if "properties" not in definition}
    fields, kinds = {}, []
    for name, definition in definitions.items():
        if name in WELL_KNOWN or name in plain:
            continue
        for field, schema in definition["properties"].items():
            around, target = re.match(r"([\[{]*)(.*)", shape(schema)).groups()
            required = "yes" if field in definition.get("required", []) else ""
            enum = "|".join(sorted(enumerations.get((name, field), ())))
            fields.setdefault(name, []).append((name, field, around + plain.get(target, target), required, enum))
        # What is of several groups belongs to none: the options of a request.
        named = definition.get("x-kubernetes-group-version-kind", [])
        if len(named) == 1:
            group, version, kind = (named[0][key] for key in ("group", "version", "kind"))
            kinds.append((group, version, kind, name, "off" if (group, version, kind) in off else ""))
    # Types that a kind reaches; the rest are answers of subresources.
    reached, todo = set(), [kind[3] for kind in kinds]
    while todo:
        name = todo.pop()
        if name in fields and name not in reached:
            reached.add(name)
            todo += [row[2].lstrip("[{") for row in fields[name]]
    return [row for name in reached for row in fields[name]], kinds


def discovery(kubernetes):
    """Rows of `resource`: what discovery lists; and with each its version."""
    for group in json.load(open(kubernetes / "api/discovery/aggregated_v2.json"))["items"] + core(kubernetes):
        name = group["metadata"].get("name", "")
        for version in group["versions"]:
            for resource in version["resources"]:
                kind = resource["responseKind"]["kind"]
                # A request for a namespace is one within that namespace.
                inside = resource["scope"] == "Namespaced" or resource["resource"] == "namespaces"
                scope = "namespaced" if inside else "cluster"
                yield version["version"], (name, resource["resource"], kind, scope, " ".join(resource["verbs"]))
                for sub in resource.get("subresources", []):
                    yield version["version"], (name, f"{resource['resource']}/{sub['subresource']}", "", scope, " ".join(sub["verbs"]))


def core(kubernetes):
    """The core group, which has a file of its own, in the form of the others."""
    resources = {}
    for entry in json.load(open(kubernetes / "api/discovery/api__v1.json"))["resources"]:
        name, _, sub = entry["name"].partition("/")
        if sub:
            at = resources.setdefault(name, {"resource": name, "verbs": [], "responseKind": {"kind": ""}, "scope": "Namespaced" if entry["namespaced"] else "Cluster"})
            at.setdefault("subresources", []).append({"subresource": sub, "verbs": entry["verbs"]})
        else:
            at = resources.setdefault(name, {"subresources": []})
            at.update(resource=name, verbs=entry["verbs"], responseKind={"kind": entry["kind"]}, scope="Namespaced" if entry["namespaced"] else "Cluster")
    return [{"metadata": {}, "versions": [{"version": "v1", "resources": list(resources.values())}]}]


def lifecycles(api):
    """Rows of `lifecycle`: the versions of kinds that k8s.io/api marks as deprecated or removed."""
    call = re.compile(r"func \(in \*(\w+)\) APILifecycle(Deprecated|Removed|Replacement)\(\)[^{]*\{\s*return (.*)\n")
    for path in sorted(api.rglob("*lifecycle.go")):
        group = re.search(r'GroupName = "(.*)"', (path.parent / "register.go").read_text())
        marks = {}
        for kind, what, value in call.findall(path.read_text()):
            marks.setdefault(kind, {})[what] = value
        for kind, mark in marks.items():
            minor = lambda what: re.search(r"\d+, (\d+)", mark[what]).group(1) if what in mark else "255"
            other = dict(re.findall(r'(\w+): "([^"]*)"', mark.get("Replacement", "")))
            replacement = f"{other['Group']}/{other['Version']} {other['Kind']}" if other else ""
            if not kind.endswith("List") and (minor("Deprecated"), minor("Removed")) != ("255", "255"):
                yield group.group(1), path.parent.name, kind, minor("Deprecated"), minor("Removed"), replacement


# Not read from files: answers, questions, and records that a component keeps for itself.
PASSING = {"Event", "EventList", "ImageReview", "ImagePullIntent", "ImagePulledRecord", "SerializedNodeConfigSource", "KubeControllerManagerConfiguration",
           "ClusterStatus", "Config", "EncryptionConfig", "PolicyList", "WatchEvent", "CredentialProviderRequest", "CredentialProviderResponse"}
CONFIGURED = {"KubeletConfiguration": "kubelet", "KubeProxyConfiguration": "kube-proxy", "KubeSchedulerConfiguration": "kube-scheduler"}


def flag(component, name, kind, default, state):
    if kind in ("stringSlice", "flags.UniqueStrings", "stringArray", "int32Slice", "namedCertKey") and default.startswith("["):
        default = default[1:-1]
    return component, name, kind, default, state


def flattened(value, path, names):
    """Settings and texts of a configuration, by the rules of fields.tsv."""
    if path + "{}" in names:
        return [(names[path + "{}"], ",".join(f"{k}={v}" for k, v in sorted((value or {}).items())))]
    if path + "[]" in names:
        return [(names[path + "[]"], ",".join(map(str, value or [])))]
    if isinstance(value, dict):
        return [pair for key, inner in value.items() for pair in flattened(inner, f"{path}.{key}".lstrip("."), names)]
    if isinstance(value, list):
        return []
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return [(names.get(path, path), text)]


def file_defaults(kind, text, shapes):
    """Rows of `file-default`: what a file gets for a field that it leaves out."""
    lines = (ROOT / "schemas/components/fields.tsv").read_text().splitlines()
    known = (line.split("\t") for line in lines if not line.startswith("#"))
    names = {row[1]: row[3] for row in known if row[0] == CONFIGURED[kind]}
    configuration = {k: v for k, v in json.loads(text).items() if k not in ("apiVersion", "kind", "profiles")}
    settings = dict(flattened(configuration, "", names))
    # An empty file leaves out what is zero.
    for path, setting in names.items():
        settings.setdefault(setting, {"b": "false", "i": "0", "l": "0"}.get(shapes.get(path.rstrip("[]{}")), ""))
    return [("file", CONFIGURED[kind], setting, value) for setting, value in settings.items()]


def collect(release):
    """All that the release says of itself, by table."""
    minor = release.split(".")[1]
    kubernetes = go_module.fetch(f"k8s.io/kubernetes@v{release}")
    staging = release.replace("1.", "0.", 1)
    resources = list(discovery(kubernetes))
    asked = [f"{row[0]}/{version}/{row[1]}" for version, row in resources if "/" not in row[1]]
    printed = ask(release, asked)
    enumerations, shapes = {}, {}
    for name, field, value in printed["enum"]:
        enumerations.setdefault((short(name), field), set()).add(value)
    kind_of = {(row[0], version, row[1]): row[2] for version, row in resources}
    off = {(group, version, kind_of[group, version, resource]) for group, version, resource in printed["off"]}
    types, kinds = objects(kubernetes, enumerations, off)
    read = {f"{group}.{version}.{kind}" for group, version, kind in printed["file-kind"] if kind not in PASSING and not kind.endswith("Options")}
    file_fields = [row for row in printed["file-field"] if row[0].split("/")[0] in read]
    for name, key, code in file_fields:
        kind, _, path = name.partition("/")
        shapes.setdefault(kind.rsplit(".", 1)[1], {})[".".join(filter(None, [*path.split("/"), key]))] = code
    facts = {
        "type": types,
        "kind": kinds,
        "file-type": [(*row, "", "") for row in file_fields] + [(name, key, "s", "", "") for name in read for key in ("apiVersion", "kind")],
        "file-kind": [(*row, ".".join(row)) for row in printed["file-kind"] if ".".join(row) in read],
        "resource": merged_verbs(row for _, row in resources),
        "lifecycle": list(lifecycles(go_module.fetch(f"k8s.io/api@v{staging}"))),
        "flag": [flag(*row) for row in printed["flag"]],
        "gate": printed["gate"],
        "plugin": printed["plugin"],
        "file-default": [row for kind, text in printed["file-default"] if kind in CONFIGURED for row in file_defaults(kind, text, shapes[kind])],
    }
    return {table: sorted({tuple(row) for row in rows}) for table, rows in facts.items()}


def merged_verbs(rows):
    """A resource of several versions once."""
    table = {}
    for group, name, kind, scope, verbs in rows:
        table.setdefault((group, name, kind, scope), set()).update(verbs.split())
    return [(*key, " ".join(sorted(verbs))) for key, verbs in table.items()]


def ask(release, arguments):
    """Builds the printer of facts against the release, and runs it."""
    with tempfile.TemporaryDirectory() as folder:
        build = pathlib.Path(folder) / "facts"
        build.mkdir()
        go_module.prepare(build, release, (ROOT / "scripts/release-facts").glob("*.go"))
        lines = []
        for tag, given in (("all", arguments), ("proxy", [])):
            go_module.build(build, "facts", "-tags", tag)
            lines += subprocess.check_output([build / "facts", *given], text=True).splitlines()
    printed = {}
    for line in lines:
        table, *row = line.split("\t")
        printed.setdefault(table, []).append(tuple(row))
    return printed


# The facts of a release as a file: a row for each, its table first; `"` stands for what is the same as in the row above.

def write_facts(release, facts):
    lines = [f"# Facts of Kubernetes {release}, in the columns of the tables that they go into. Made by scripts/add-release.py."]
    above = ()
    for table, rows in facts.items():
        for row in rows:
            row = (table, *row)
            same = next((at for at, pair in enumerate(zip(row, above)) if pair[0] != pair[1]), 0)
            lines.append("\t".join(('"',) * same + row[same:]))
            above = row
    FACTS.write_text("\n".join(lines) + "\n")


def read_facts():
    first, *lines = FACTS.read_text().splitlines()
    facts, above = {}, ()
    for line in lines:
        row = tuple(line.split("\t"))
        above = tuple(above[at] if value == '"' else value for at, value in enumerate(row))
        facts.setdefault(above[0], []).append(above[1:])
    return first.split()[4].rstrip(","), facts


# The tables.

def table(name):
    lines = (ROOT / f"schemas/{name}.tsv").read_text().splitlines()
    return [line for line in lines if line.startswith("#")], [line.split("\t") for line in lines if not line.startswith("#")]


class Numbers:
    """The first and the last release in two columns; 63 is a last one that is to come."""

    def __init__(self, first, last):
        self.first, self.last = first, last

    def read(self, row):
        since, until = int(row[self.first]), int(row[self.last])
        return since, None if until == 63 else until

    def write(self, row, since, until):
        row[self.first], row[self.last] = str(since), str(63 if until is None else until)


class Range:
    """Both in one column: `31-34`, open at an end that the tables do not know."""

    def __init__(self, column):
        self.column = column

    def read(self, row):
        since, until = row[self.column].split("-")
        return int(since or 0), int(until) if until else None

    def write(self, row, since, until):
        row[self.column] = f"{since or ''}-{'' if until is None else until}"


def merge(rows, facts, release, releases, content, blank, speaks=lambda row: True):
    """Ends the rows that a release does not have and begins those that are new. `content` are the columns of facts, `speaks` says
    whether the facts are about a row at all."""
    missing = {tuple(fact) for fact in facts}
    kept = []
    for row in rows:
        since, until = releases.read(row)
        key = tuple(row[column] for column in content)
        # What ended with the release before is the same row, if it is back.
        if key in missing and until in (None, release - 1):
            missing.discard(key)
            releases.write(row, since, None)
        elif until is None and speaks(row):
            if since >= release:
                continue
            releases.write(row, since, release - 1)
        kept.append(row)
    for key in sorted(missing):
        row = list(blank)
        for column, value in zip(content, key):
            row[column] = value
        releases.write(row, release, None)
        kept.append(row)
    return kept


def merge_types(rows, facts, release, speaks):
    rows = merge(rows, [fact[:3] for fact in facts], release, Range(3), (0, 1, 2), [""] * 6, speaks)
    known = {fact[:3]: fact for fact in facts}
    values = {}
    for row in rows:
        values.setdefault((row[0], row[1]), set()).update(filter(None, row[5].split("|")))
    for row in rows:
        fact, here = known.get(tuple(row[:3])), row[3].endswith("-")
        since, until = Range(4).read(row) if row[4] else (None, 0)
        if here and fact and fact[3] and until is not None:
            assert until in (0, release - 1), f"{row}: required again, which is a row of its own"
            Range(4).write(row, max(release, Range(3).read(row)[0]) if since is None else since, None)
        elif until is None and (here and fact and not fact[3] or Range(3).read(row)[1] == release - 1):
            Range(4).write(row, since, release - 1)
            row[4] = "" if since >= release else row[4]
    for fact in facts:
        values.setdefault((fact[0], fact[1]), set()).update(filter(None, fact[4].split("|")))
    for row in rows:
        row[5] = "|".join(sorted(values[row[0], row[1]]))
    return rows


def merge_kinds(rows, facts, release, states=False):
    width = 6 if states else 5
    rows = merge(rows, [fact[:4] for fact in facts], release, Range(4), (0, 1, 2, 3), [""] * width)
    if states:
        # By the newest release, since that of the others changes with every one.
        off = {fact[:4] for fact in facts if fact[4]}
        for row in rows:
            row[5] = "off" if tuple(row[:4]) in off else ""
    return rows


def merge_resources(rows, facts, release):
    """Resources keep all verbs that some release had; what authorisation alone asks for (`by hand`) is in no discovery."""
    known = {(row[0], row[1]): row for row in rows}
    for group, name, kind, scope, verbs in facts:
        row = known.setdefault((group, name), [group, name, kind, scope, "", "255"])
        row[4] = " ".join(sorted({*row[4].split(), *verbs.split()}))
        row[5] = "255"
    listed = {fact[:2] for fact in facts}
    for row in rows:
        if row[5] == "255" and (row[0], row[1]) not in listed and row[6:] != ["by hand"]:
            row[5] = str(release)
    return list(known.values())


def merge_lifecycles(rows, facts):
    """A replacement is what a reviewer calls so; the marks name the next version at best."""
    known = {tuple(row[:3]): row for row in rows}
    for fact in facts:
        known.setdefault(fact[:3], list(fact))[3:5] = fact[3:5]
    return list(known.values())


def tables(release, facts):
    """Each table, and what puts the facts of a release into its rows."""
    components = {fact[0] for fact in facts["flag"]}
    # The fields of a kind that is gone stay as they are: the kind tells.
    file_types = {fact[0] for fact in facts["file-type"]}
    yield "kubernetes/types", lambda rows: merge_types(rows, facts["type"], release, lambda row: True)
    yield "kubernetes/kinds", lambda rows: merge_kinds(rows, facts["kind"], release, states=True)
    yield "kubernetes/file-types", lambda rows: merge_types(rows, facts["file-type"], release, lambda row: row[0] in file_types)
    yield "kubernetes/file-kinds", lambda rows: merge_kinds(rows, facts["file-kind"], release)
    yield "kubernetes/resources", lambda rows: merge_resources(rows, facts["resource"], release)
    yield "kubernetes/api-lifecycle", lambda rows: merge_lifecycles(rows, facts["lifecycle"])
    yield "components/flags", lambda rows: merge(rows, facts["flag"], release, Numbers(2, 3), (0, 1, 4, 5, 6), [""] * 7, lambda row: row[0] in components)
    yield "components/feature-gates", lambda rows: merge(rows, facts["gate"], release, Numbers(1, 2), (0, 3, 4, 5), [""] * 6)
    yield "components/admission-plugins", lambda rows: merge(rows, facts["plugin"], release, Numbers(1, 2), (0, 3), [""] * 4)
    yield "components/file-defaults", lambda rows: merge(rows, facts["file-default"], release, Numbers(3, 4), (0, 1, 2, 5), [""] * 6)


# Tables whose rows have a first and a last release.
RANGES = {
    "kubernetes/types": Range(3), "kubernetes/kinds": Range(4), "kubernetes/file-types": Range(3), "kubernetes/file-kinds": Range(4),
    "components/flags": Numbers(2, 3), "components/feature-gates": Numbers(1, 2), "components/admission-plugins": Numbers(1, 2),
    "components/file-defaults": Numbers(3, 4),
}


def without(name, rows, release):
    """The rows as they were before a release was added."""
    if name not in RANGES:
        return rows
    kept = []
    for row in map(list, rows):
        since, until = RANGES[name].read(row)
        if until == release - 1:
            RANGES[name].write(row, since, None)
        if name.endswith("types") and row[4]:
            since_required, until = Range(4).read(row)
            Range(4).write(row, since_required, None if until == release - 1 else until)
            row[4] = "" if since_required == release else row[4]
        if since != release:
            kept.append(row)
    return kept


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    check = sys.argv[1] == "--check"
    if not check:
        write_facts(sys.argv[1], collect(sys.argv[1]))
    name, facts = read_facts()
    release, newest = int(name.split(".")[1]), constant("NEWEST")
    wrong = release != newest
    for table_name, merged in tables(release, facts):
        comments, rows = table(table_name)
        before = {tuple(row) for row in rows}
        if check:
            again = merged(without(table_name, rows, release))
            wrong |= report(table_name, before ^ {tuple(row) for row in again})
        rows = sorted(merged(rows), key=order)
        wrong |= report(table_name, before ^ {tuple(row) for row in rows})
        if not check:
            (ROOT / f"schemas/{table_name}.tsv").write_text("\n".join(comments + ["\t".join(row) for row in rows]) + "\n")
    if check:
        sys.exit("schemas/release.tsv is not what the tables have" if wrong else 0)
    MODEL.write_text(MODEL.read_text().replace(f"NEWEST_RELEASE: u8 = {newest};", f"NEWEST_RELEASE: u8 = {max(newest, release)};"))


def report(name, difference):
    if difference:
        print(f"{name}.tsv: {len(difference)} rows differ")
        for row in sorted(difference)[:5]:
            print("    " + "\t".join(row))
    return bool(difference)


def order(row):
    """Of the rows in a file: numbers as such."""
    return [(0, int(value), "") if value.isdigit() else (1, 0, value) for value in row]


main()
