#!/usr/bin/env python3
"""Makes schemas/programs/custom-types.tsv and custom-kinds.tsv: the fields of the custom resources of Argo CD and Flux.

    npm pack @kubernetes-models/argo-cd@4.0.0 @kubernetes-models/flux-cd@4.0.0
    scripts/custom-tables.py ARGO-CD FLUX-CD

Both are folders that such a package was unpacked into. The packages are too large for the repository. Descriptions are left out. The
same input gives the same bytes.
"""
import pathlib, re, sys

OUT = pathlib.Path(__file__).parent.parent / "schemas/programs"


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
            rows[name, field] = (name, field, code, "-", "-" if required else "", "")

    for alias, fields in sorted(known.items()):
        kind, version = (fields.get(key, ("",))[0] if isinstance(fields, dict) else "" for key in ("kind", "apiVersion"))
        if isinstance(kind, set) and isinstance(version, set) and "items" not in fields:
            (kind,), (version,) = kind, version
            fields["kind"], fields["apiVersion"] = ("s", True), ("s", True)
            kinds.append((*version.split("/"), kind, of(alias), "-"))
    write("types", ["type", "field", "shape", "releases", "required", "enum"], [rows[key] for key in sorted(rows)])
    write("kinds", ["group", "version", "kind", "type", "releases"], sorted(kinds))


def write(name, header, rows):
    assert all(len(row) == len(header) and not any("\t" in cell for cell in row) for row in rows)
    source = "@kubernetes-models/argo-cd 4.0.0 and @kubernetes-models/flux-cd 4.0.0 (npm). Made by scripts/custom-tables.py"
    lines = [f"# {name.capitalize()} of custom resources: {source}", "# " + "\t".join(header)] + ["\t".join(row) for row in rows]
    (OUT / f"custom-{name}.tsv").write_text("\n".join(lines) + "\n")


if len(sys.argv) != 3:
    sys.exit(__doc__)
models([pathlib.Path(folder) for folder in sys.argv[1:]])
