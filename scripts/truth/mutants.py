"""One fault at a time in a valid manifest: at every path, and every field of a type that a manifest leaves out, put in."""
import copy, hashlib, pathlib, random

import yaml

SCHEMAS = pathlib.Path(__file__).parent.parent.parent / "schemas/kubernetes"

ABSENT = object()
TEXTS = ["", "A b%", "-a.", "a..b", "a/b", "/a/../b", "UPPER", "1", "a" * 64, "a" * 254, "é"]
NUMBERS = [-1, 0, 1, 65536, 1 << 31]
ADDED = {
    "s": ["", "a", "A b%"], "b": [True, False], "i": [-1, 0, 1], "l": [-1, 0, 1], "n": [-1, 1.5], "q": ["1", "-1", "x"], "x": [0, "10%", "x"],
    "t": ["2026-01-01T00:00:00Z", "x"], "m": ["2026-01-01T00:00:00.000000Z"], "B": ["aGk=", "-"], "a": [{}, None], "o": [{}],
}


class Loader(yaml.CSafeLoader):
    """Times are texts, as they are to Kubernetes."""


Loader.yaml_implicit_resolvers = {
    first: [rule for rule in rules if rule[0] != "tag:yaml.org,2002:timestamp"] for first, rules in yaml.CSafeLoader.yaml_implicit_resolvers.items()}


class Dumper(yaml.CSafeDumper):
    def ignore_aliases(self, data):
        return True


def load_all(text):
    return [d for d in yaml.load_all(text, Loader) if isinstance(d, dict) and d.get("kind") and d.get("apiVersion")]


def dump(document):
    return yaml.dump(document, Dumper=Dumper, sort_keys=False, default_flow_style=False, width=10_000, allow_unicode=True)


def lines(text):
    """The line of each path: of the key of a value in a map, of an item itself; counted from 1."""
    found = {(): 1}

    def walk(node, path):
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                found[(*path, key.value)] = key.start_mark.line + 1
                walk(value, (*path, key.value))
        elif isinstance(node, yaml.SequenceNode):
            for at, item in enumerate(node.value):
                found[(*path, at)] = item.start_mark.line + 1
                walk(item, (*path, at))

    walk(yaml.compose(text, yaml.CSafeLoader), ())
    return found


class Types:
    """The types of the newest release."""

    def __init__(self):
        self.fields, self.kinds = {}, {}
        for row in self.rows("types"):
            if row[3].endswith("-"):
                self.fields.setdefault(row[0], {})[row[1]] = row[2], row[5].split("|") if row[5] else []
        for row in self.rows("kinds"):
            self.kinds["/".join(filter(None, row[:2])), row[2]] = row[3]

    @staticmethod
    def rows(name):
        return [line.split("\t") for line in (SCHEMAS / f"{name}.tsv").read_text().splitlines() if not line.startswith("#")]

    def places(self, document):
        """(path, value, shape) of all values, the outer ones first."""
        todo = [((), document, self.kinds.get((document["apiVersion"], document["kind"]), "a"))]
        while todo:
            path, value, shape = todo.pop(0)
            yield path, value, shape
            if isinstance(value, dict):
                fields = self.fields.get(shape)
                for key, inner in value.items():
                    known = fields.get(key, ("a",))[0] if fields else shape[1:] if shape.startswith("{") else "a"
                    todo.append(((*path, key), inner, known))
            elif isinstance(value, list):
                todo += [((*path, at), inner, shape[1:] if shape.startswith("[") else "a") for at, inner in enumerate(value)]


TYPES = Types()


def changed(document, path, value):
    """The document with another value at a path, or without it."""
    copied = copy.deepcopy(document)
    at = copied
    for key in path[:-1]:
        at = at[key]
    if value is ABSENT:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return copied


def values(value, path, shape):
    """(name, other value) to put in the place of one."""
    yield "absent", ABSENT
    yield "null", None
    if isinstance(value, bool):
        yield "not", not value
        yield "text", "x"
    elif isinstance(value, (int, float)):
        for number in (*NUMBERS, value + 1):
            yield f"number {number}", number
        yield "text", "x"
    elif isinstance(value, str):
        for text in TEXTS:
            yield f"text {text[:8]}{len(text)}", text
        yield "case", value.swapcase()
        yield "cut", value[:-1]
        yield "twice", value + value
        yield "number", 7
    elif isinstance(value, list):
        yield "[]", []
        yield "[null]", [None]
        yield "{}", {}
        if value:
            yield "first twice", [value[0], *copy.deepcopy(value)]
            yield "plus null", [*value, None]
            yield "plus {}" if isinstance(value[0], dict) else "plus empty", [*value, {} if isinstance(value[0], dict) else ""]
        if len(value) > 1:
            yield "last gone", value[:-1]
            yield "turned", value[::-1]
    elif isinstance(value, dict):
        yield "{}", {}
        yield "[]", []
        yield "text", "x"
        yield "unknown", {**value, "unknownField": 1}
        if shape.startswith("{"):
            for text in ("", "A b%", "a" * 64, "a/b", "UPPER"):
                yield f"key {text[:8]}", {text: inner for inner in list(value.values())[:1]} or {text: "a"}


def additions(document, path, value, shape, pool):
    """(name, value) of fields that a map leaves out."""
    for field, (held, enum) in TYPES.fields.get(shape, {}).items():
        if field in value or field in ("status", "managedFields"):
            continue
        given = [None, *ADDED.get(held, [[], [None], [{}]] if held[0] == "[" else [{}, {"a": "b"}] if held[0] == "{" else [{}])]
        given += enum + pool.get((shape.rsplit(".", 1)[-1], field), [])[:4]
        for added in given:
            yield (*path, field), added


def pool_of(documents):
    """The values that each field of a type has anywhere."""
    pool = {}
    for document in documents:
        for path, value, shape in TYPES.places(document):
            if isinstance(value, dict) and shape in TYPES.fields:
                for field, inner in value.items():
                    seen = pool.setdefault((shape.rsplit(".", 1)[-1], field), [])
                    if inner not in seen:
                        seen.append(inner)
    return pool


def generic(path):
    return ".".join("[]" if isinstance(key, int) else key for key in path)


def mutants(document, pool, seen):
    """(name, path, document with one fault). `seen` keeps what another manifest of the kind was asked already."""
    kind = document["kind"]
    texts = sorted({value for _, value, _ in TYPES.places(document) if isinstance(value, str)})
    for path, value, shape in TYPES.places(document):
        if path in ((), ("apiVersion",), ("kind",)):
            continue
        others = list(values(value, path, shape))
        if isinstance(value, str):
            # Something that is right elsewhere; the same choice in every run.
            chance = random.Random(hashlib.sha1(repr((kind, path)).encode()).digest())
            others += [("elsewhere", text) for text in chance.sample(texts, min(2, len(texts)))]
        for name, other in others:
            known = kind, generic(path), name, repr(value) if isinstance(value, (str, bool, int)) else sorted(value) if isinstance(value, dict) else ""
            if repr(known) not in seen:
                seen.add(repr(known))
                yield name, path, changed(document, path, other)
        if isinstance(value, dict):
            for at, added in additions(document, path, value, shape, pool):
                known = repr((kind, shape, generic(at), added, sorted(value)))
                if known not in seen:
                    seen.add(known)
                    yield f"added {added!r:.60}", at, changed(document, at, added)
