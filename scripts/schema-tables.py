#!/usr/bin/env python3
"""Makes schemas/kubernetes/*.tsv: what the API types of Kubernetes hold, release by release.

    scripts/schema-tables.py SCHEMAS FACTS MODELS...

SCHEMAS is the folder `kubernetes_validate/kubernetes-json-schema` of the Python package kubernetes-validate 1.37.0 (types and fields of
1.25 to 1.37). FACTS is a folder with openapi-*.csv, api-resources*.csv of 1.31, 1.34 and 1.37, and rbac-special.csv: enumerations, list
keys, resources, verbs and what is served only when asked for, as the API server itself publishes them; and config-fields.csv, the fields
of the files that the components read, as their own code declares them; deprecated-apis.csv lies beside the folder. MODELS are the unpacked folders of the npm packages @kubernetes-models/argo-cd 4.0.0 and @kubernetes-models/flux-cd 4.0.0: the fields of
their custom resources. Descriptions are left out. The same input gives the same bytes.
"""
import csv, json, pathlib, re, sys

FIRST, LAST = 25, 37
OUT = pathlib.Path(__file__).parent.parent / "schemas/kubernetes"
SCALARS = {"string": "s", "boolean": "b", "number": "n", "object": "o"}
WELL_KNOWN = {
    "apimachinery.pkg.api.resource.Quantity": "q",
    "apimachinery.pkg.util.intstr.IntOrString": "x",
    "apimachinery.pkg.apis.meta.v1.Time": "t",
    "apimachinery.pkg.apis.meta.v1.MicroTime": "m",
    "apimachinery.pkg.runtime.RawExtension": "a",
}


def short(name):
    return name.rsplit("/", 1)[-1].removeprefix("io.k8s.")


def shape(schema):
    """One letter for a scalar, `[`, `{` before that of items and values, the name of a type with fields."""
    if "$ref" in schema:
        name = short(schema["$ref"])
        return WELL_KNOWN.get(name, name)
    types = schema.get("type", [])
    kind = types if isinstance(types, str) else next((t for t in types if t != "null"), None)
    if kind == "array":
        return "[" + shape(schema.get("items", {}))
    if kind == "object" and "additionalProperties" in schema and schema["additionalProperties"] not in (True, False):
        return "{" + shape(schema["additionalProperties"])
    if kind == "integer":
        return "i" if schema.get("format") == "int32" else "l"
    if kind == "string" and schema.get("format") == "byte":
        return "B"
    return SCALARS.get(kind, "a")


def simple(definition):
    """The shape of a type without fields of its own."""
    return None if "properties" in definition else shape({k: v for k, v in definition.items() if k != "$ref"})


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    schemas, facts = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    fields, kinds, plain = {}, {}, {}
    for minor in range(FIRST, LAST + 1):
        bit = 1 << (minor - FIRST)
        definitions = json.load(open(schemas / f"v1.{minor}.0-local/_definitions.json"))["$defs"]
        for name, definition in definitions.items():
            name = short(name)
            if name in WELL_KNOWN:
                continue
            if (alias := simple(definition)) is not None:
                plain[name] = alias
                continue
            properties = definition["properties"]
            required = definition.get("required", [])
            for field, schema in properties.items():
                key = (name, field, shape(schema))
                have, need = fields.get(key, (0, 0))
                fields[key] = (have | bit, need | (bit if field in required else 0))
            fields.setdefault((name, "", ""), (0, 0))
            have, need = fields[name, "", ""]
            fields[name, "", ""] = (have | bit, need)
            kind, version = (properties.get(k, {}).get("enum", []) for k in ("kind", "apiVersion"))
            if len(kind) == 1 and len(version) == 1:
                group, _, v = version[0].rpartition("/")
                key = (group, v, kind[0], name)
                kinds[key] = kinds.get(key, 0) | bit
    enums, keys = {}, {}
    for release in ("1.31", "1.34", "1.37"):
        for r in csv.DictReader(open(facts / f"openapi-{release}.csv")):
            at = (r["definition"], r["field"])
            if r["enum"]:
                enums.setdefault(at, set()).update(r["enum"].split("|"))
            if r["list_type"] in ("map", "set"):
                keys[at] = r["list_map_keys"].replace(";", ",") or "="
    # Types that a kind reaches; the rest are answers of subresources.
    reached, todo = set(), [name for *_, name in kinds]
    refs = {}
    for (name, field, ref) in fields:
        refs.setdefault(name, set()).add(ref.lstrip("[{"))
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo += [ref for ref in refs.get(name, ()) if ref in refs]
    rows = []
    for (name, field, ref), (have, need) in sorted(fields.items()):
        if name not in reached or not field:
            continue
        prefix, target = re.match(r"([\[{]*)(.*)", ref).groups()
        target = plain.get(target, target)
        rows.append((name, field, prefix + target, f"{have:x}", f"{need:x}", "|".join(sorted(enums.get((name, field), ()))), keys.get((name, field), "")))
    empty = [name for name in reached if not any(r[0] == name for r in rows)]
    assert not empty, empty
    OUT.mkdir(parents=True, exist_ok=True)
    source = "kubernetes-validate 1.37.0 (PyPI), and the API servers of 1.31, 1.34 and 1.37. Made by scripts/schema-tables.py"
    write("types.tsv", f"API types: {source}.", ["type", "field", "shape", "releases", "required", "enum", "list keys"], rows)
    # Served only when asked for: by the newest release, since that of the others changes with every one.
    off = {(r["group"], r["version"], r["kind"]) for r in csv.DictReader(open(facts / "api-resources.csv")) if r["served"] != "default" and not r["subresource"]}
    rows = [(g, v, k, n, f"{m:x}", "off" if (g, v, k) in off else "") for (g, v, k, n), m in sorted(kinds.items())]
    write("kinds.tsv", f"Kinds: {source}.", ["group", "version", "kind", "type", "releases", "state"], rows)
    lives(facts)
    resources(facts)
    files(facts)
    if sys.argv[3:]:
        models([pathlib.Path(folder) for folder in sys.argv[3:]])


class TypeScript:
    """The declarations of one `.d.ts`: the name of its interface elsewhere, and its shape."""

    WORDS = {"string": "s", "boolean": "b", "number": "n", "any": "a", "unknown": "a", "object": "a"}

    def __init__(self, text):
        self.text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
        self.at = 0

    def token(self):
        match = re.compile(r'\s*("[^"]*"|[\w.]+|[^\s\w])').match(self.text, self.at)
        self.at = match.end()
        return match.group(1)

    def peek(self):
        at, token = self.at, self.token()
        self.at = at
        return token

    def shape(self):
        """Of a type: a letter or a name behind `[` and `{`, a dict for fields in place, a set for words."""
        token = self.token()
        if token == "{":
            found = self.fields()
        elif token == "Array":
            assert self.token() == "<"
            found = self.shape()
            assert self.token() == ">"
            found = "[" + found if isinstance(found, str) else ("[", found)
        elif token.startswith('"'):
            found = {token.strip('"')}
        else:
            found = self.WORDS.get(token, token)
        while self.peek() == "|":
            self.token()
            other = self.shape()
            found = found | other if isinstance(found, set) and isinstance(other, set) else "a"
        return found

    def fields(self):
        """The fields of a body up to its end: shape and whether it is required; or the shape of a map of names."""
        found = {}
        # What a class has beside its fields comes behind them.
        while (token := self.token()) not in ("}", "static", "constructor"):
            if token == "[":
                while self.token() != "]":
                    pass
                assert self.token() == ":"
                value = self.shape()
                found = "{" + value if isinstance(value, str) else "a"
            else:
                optional = self.peek() == "?" and self.token()
                assert self.token() == ":", token
                shape = self.shape()
                if isinstance(found, dict):
                    found[token.strip('"')] = (shape, not optional)
            if self.peek() == ";":
                self.token()
        return found

    def declared(self):
        # A class has the fields of what it extends, too.
        head = re.search(r"export declare class (\w+)[^{]*\{|export type I(\w+) = ", self.text)
        alias = re.search(r"export type \{ I\w+ as (\w+)", self.text)
        if not head or not alias:
            return None
        self.at = head.end()
        return alias.group(1), self.fields() if head.group(1) else self.shape()


# Types of Kubernetes' own in the models.
OF_KUBERNETES = {
    "IIoK8sApimachineryPkgApisMetaV1ObjectMeta": "apimachinery.pkg.apis.meta.v1.ObjectMeta",
    "IIoK8sApimachineryPkgApisMetaV1LabelSelector": "apimachinery.pkg.apis.meta.v1.LabelSelector",
    "IIoK8sApimachineryPkgApisMetaV1Time": "t",
    "IIoK8sApimachineryPkgUtilIntstrIntOrString": "x",
}


def models(folders):
    """The types of custom resources that are published as models."""
    known, files = {}, {}
    for folder in folders:
        for path in sorted(folder.rglob("*.d.ts")):
            declared = TypeScript(path.read_text()).declared()
            if declared:
                known[declared[0]] = declared[1]
                files[declared[0]] = ".".join(path.relative_to(folder / "package").with_suffix("").with_suffix("").parts)
    every = f"{(1 << (LAST - FIRST + 1)) - 1:x}"
    rows, kinds, done = {}, [], {}

    def shape(value, name):
        """As the tables have it."""
        if isinstance(value, set):
            return "s"
        if isinstance(value, tuple):
            return value[0] + shape(value[1], name)
        if isinstance(value, dict):
            fields_of(name, value)
            return name if value else "a"
        around, target = re.match(r"([\[{]*)(.*)", value).groups()
        target = OF_KUBERNETES.get(target, target)
        if target in known:
            # What stands for another shape.
            target = of(target) if isinstance(known[target], dict) else shape(known[target], name)
        elif target.startswith("IIo"):
            target = "a"
        return around + target

    def of(alias):
        if alias not in done:
            done[alias] = files[alias] if known[alias] else "a"
            fields_of(files[alias], known[alias])
        return done[alias]

    def fields_of(name, fields):
        for field, (value, required) in fields.items():
            # Nobody writes what a controller reports. Words are left out: every release of a project adds some.
            code = "a" if field == "status" else shape(value, f"{name}/{field}")
            rows[name, field] = (name, field, code, every, every if required else "0", "", "")

    for alias, fields in sorted(known.items()):
        kind, version = (fields.get(key, ("",))[0] if isinstance(fields, dict) else "" for key in ("kind", "apiVersion"))
        if isinstance(kind, set) and isinstance(version, set) and "items" not in fields:
            (kind,), (version,) = kind, version
            fields["kind"], fields["apiVersion"] = ("s", True), ("s", True)
            kinds.append((*version.split("/"), kind, of(alias), every))
    source = "@kubernetes-models/argo-cd 4.0.0 and @kubernetes-models/flux-cd 4.0.0 (npm). Made by scripts/schema-tables.py"
    write("../programs/custom-types.tsv", f"Types of custom resources: {source}", ["type", "field", "shape", "releases", "required", "enum", "list keys"], [rows[key] for key in sorted(rows)])
    write("../programs/custom-kinds.tsv", f"Kinds of custom resources: {source}", ["group", "version", "kind", "type", "releases"], sorted(kinds))


# Shapes of the fields of files. `a` where Go takes more than one form, or none that the table tells.
OF_GO = {"string": "s", "boolean": "b", "int": "l", "int32": "i", "uint32": "l", "int64": "l", "float32": "n", "float64": "n", "duration": "d", "time": "t",
         "quantity": "q", "base64": "B", "custom:QuantityValue": "q", "custom:BootstrapTokenString": "s"}
# Not read from files: answers, questions, and records that a component keeps for itself.
PASSING = {"Event", "ImageReview", "ImagePullIntent", "ImagePulledRecord", "SerializedNodeConfigSource", "KubeControllerManagerConfiguration", "ClusterStatus", "Config", "EncryptionConfig"}


def files(facts):
    """The types of the files that components read, a type for each map in them."""
    every = (1 << (LAST - FIRST + 1)) - 1
    trees, masks = {}, {}
    for r in csv.DictReader(open(facts / "config-fields.csv")):
        if r["kind"] in PASSING:
            continue
        # `1.32 to 1.34`: somewhere in between. Before the first release nothing is asked.
        since = max(FIRST, int(re.match(r"1\.(\d+)", r["since"]).group(1))) if "earlier" not in r["since"] else FIRST
        until = int(re.search(r"1\.(\d+)$", r["until"]).group(1)) if r["until"] else LAST
        mask = sum(1 << (minor - FIRST) for minor in range(since, until + 1))
        kind = (r["group"], r["version"], r["kind"])
        masks[kind] = masks.get(kind, 0) | mask
        *outer, name = re.sub(r"\[\]|\{\}", "", r["path"]).split(".")
        maps = trees.setdefault(kind, {})
        row = maps.setdefault(tuple(outer), {}).setdefault(name, {})
        row[r["type"].removesuffix(" (pointer)")] = row.get(r["type"].removesuffix(" (pointer)"), 0) | mask
    rows, done = [], {}
    for kind, maps in trees.items():
        # Innermost first, so that versions share what is the same in both.
        for path in sorted(maps, key=len, reverse=True):
            merged = {} if path else {("apiVersion", "s"): masks[kind], ("kind", "s"): masks[kind]}
            for name, types in maps[path].items():
                inner = done.get((kind, path + (name,)), "a")
                for go, mask in types.items():
                    around, go = re.match(r"(list of |map of )?(.*)", go).groups()
                    around = {"list of ": "[", "map of ": "{"}.get(around, "")
                    code = inner if go in ("object", "objects") else OF_GO.get(go, "s" if go.startswith("string:") or go == "Stage" else "a")
                    merged[name, around + code] = merged.get((name, around + code), 0) | mask
            # For as long as its kind is for ever.
            own = [(*key, f"{every if mask == masks[kind] else mask:x}") for key, mask in merged.items()]
            known = (kind[0], kind[2], path, tuple(sorted(own)))
            if known not in done:
                done[known] = f"{kind[0]}.{kind[1]}.{'/'.join((kind[2],) + path)}"
                rows += [(done[known], name, shape, mask, "0", "", "") for name, shape, mask in own]
            done[kind, path] = done[known]
    write("file-types.tsv", "Types of the files that components read: their own declarations. Made by scripts/schema-tables.py",
          ["type", "field", "shape", "releases", "required", "enum", "list keys"], sorted(rows))
    rows = [(*kind, done[kind, ()], f"{mask:x}") for kind, mask in sorted(masks.items())]
    write("file-kinds.tsv", "Kinds of the files that components read: their own declarations. Made by scripts/schema-tables.py",
          ["group", "version", "kind", "type", "releases"], rows)


def resources(facts):
    """What RBAC can name: what discovery lists, what authorisation alone asks for, and what is gone."""
    ends = {}
    for r in csv.DictReader(open(facts / ".." / "deprecated-apis.csv")):
        minor = re.fullmatch(r"v1\.(\d+)", r["removed_in"])
        ends.setdefault((r["group"], r["kind"]), []).append(int(minor.group(1)) if minor else 255)
    table = {}

    def add(group, name, kind, scope, verbs, until=255):
        kind, scope, known, _ = table.get((group, name), (kind, scope, set(), until))
        table[group, name] = (kind, scope, known | set(verbs), until)

    for release in ("-1.31", "-1.34", ""):
        for r in csv.DictReader(open(facts / f"api-resources{release}.csv")):
            # The server that was asked has a custom resource, too.
            if "." in r["group"] and not r["group"].endswith(".k8s.io"):
                continue
            name = "/".join(filter(None, (r["resource"], r["subresource"])))
            # A request for a namespace is one within that namespace.
            inside = r["namespaced"] == "yes" or r["resource"] == "namespaces"
            # What the newest release lists is not gone; the rest went with the last version of its kind.
            until = 255 if not release else max(ends.get((r["group"], r["kind"]), [255]))
            add(r["group"], name, "" if r["subresource"] else r["kind"], "namespaced" if inside else "cluster", r["verbs"].split(), until)
    for r in csv.DictReader(open(facts / "rbac-special.csv")):
        # Words in capitals stand for anything.
        verbs = [re.sub(r"[A-Z].*", "*", verb) for verb in r["verbs"].split()]
        for name in r["resource"].split(", "):
            base = name.split("/")[0]
            kind, scope, *_ = table.get((r["group"], name)) or table.get((r["group"], base)) or table.get(("", base), ("", "cluster"))
            add(r["group"], name.replace("KEY", "*"), kind if (r["group"], name) in table else "", scope, verbs)
    # The kubelet's own role has it.
    for name in ("nodes", "pods", "services"):
        add("", name, "", "", ["proxy"])
    every = "create delete deletecollection get list patch update watch".split()
    for group, names in GONE.items():
        for name in names.split():
            plurals = lambda kind: {kind, kind + "s", kind + "es", kind[:-1] + "ies"}
            kind = next((k for g, k in ends if g == group and name in plurals(k.lower())), "")
            until = max(ends.get((group, kind), [22 if group == "extensions" else 25]))
            verbs = every + ["use"] if name == "podsecuritypolicies" else every
            for sub in [""] + SUBRESOURCES.get((group, name), []):
                add(group, name + sub, "" if sub else kind, "cluster" if name in CLUSTER else "namespaced", verbs, until)
    rows = [(g, n, k, scope, " ".join(sorted(verbs)), str(until)) for (g, n), (k, scope, verbs, until) in sorted(table.items())]
    write("resources.tsv", "What RBAC can name: the API servers of 1.31, 1.34 and 1.37, what authorisation asks for beside discovery, and what was removed. Made by scripts/schema-tables.py",
          ["group", "resource", "kind", "scope", "verbs", "gone from"], rows)


# Resources that no release since 1.31 has. Their kinds tell when they went; the rest went before 1.25, and with their group.
GONE = {
    "": "nodes/spec",
    "admissionregistration.k8s.io": "externaladmissionhookconfigurations initializerconfigurations",
    "auditregistration.k8s.io": "auditsinks",
    "batch": "scheduledjobs",
    "extensions": "daemonsets deployments horizontalpodautoscalers ingresses jobs networkpolicies podsecuritypolicies replicasets replicationcontrollers thirdpartyresources",
    "networking.k8s.io": "clustercidrs",
    "policy": "podsecuritypolicies",
    "resource.k8s.io": "resourceclaimparameters resourceclasses resourceclassparameters",
    "settings.k8s.io": "podpresets",
}
# Not podsecuritypolicies: what may `use` one was asked in the namespace of the Pod.
CLUSTER = "auditsinks clustercidrs externaladmissionhookconfigurations initializerconfigurations nodes/spec resourceclasses thirdpartyresources".split()
SUBRESOURCES = {
    ("extensions", "daemonsets"): ["/status"],
    ("extensions", "deployments"): ["/rollback", "/scale", "/status"],
    ("extensions", "horizontalpodautoscalers"): ["/status"],
    ("extensions", "ingresses"): ["/status"],
    ("extensions", "jobs"): ["/status"],
    ("extensions", "replicasets"): ["/scale", "/status"],
    ("extensions", "replicationcontrollers"): ["/scale"],
}


def lives(facts):
    """Versions of Kubernetes' own kinds that were deprecated or removed."""
    minor = lambda text: re.fullmatch(r"v1\.(\d+)", text).group(1) if re.fullmatch(r"v1\.\d+", text) else "255"
    # kube-aggregator is not part of k8s.io/api.
    rows = [("apiregistration.k8s.io", "v1beta1", "APIService", "19", "22", "apiregistration.k8s.io/v1 APIService")]
    for r in csv.DictReader(open(facts / ".." / "deprecated-apis.csv")):
        ours = r["source"].startswith(("k8s.io/api", "kubernetes/kubernetes"))
        if ours and (minor(r["deprecated_in"]) != "255" or minor(r["removed_in"]) != "255"):
            replacement = "" if r["replacement"] == "(none)" else re.sub(r"^\(none: .*; ", "(none: ", r["replacement"])
            rows.append((r["group"], r["version"], r["kind"], minor(r["deprecated_in"]), minor(r["removed_in"]), replacement))
    write("api-lifecycle.tsv", "Deprecated and removed versions: lifecycle annotations of k8s.io/api 1.8 to 1.37, kubeadm's own. Made by scripts/schema-tables.py",
          ["group", "version", "kind", "deprecated", "removed", "replacement"], sorted(set(rows)))


def write(name, source, header, rows):
    assert all(len(row) == len(header) and not any("\t" in str(c) for c in row) for row in rows)
    bits = f"# Releases are a bit mask, the lowest bit is 1.{FIRST}."
    lines = [f"# {source}", bits, "# " + "\t".join(header)] + ["\t".join(row) for row in rows]
    (OUT / name).write_text("\n".join(lines) + "\n")
    print(f"{name}: {len(rows)} rows, {sum(map(len, lines))} bytes")


main()
