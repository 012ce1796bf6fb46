#!/bin/sh
# Seeds for all targets, in corpus/<target>: the examples of the policies, the manifests of the test data, and rare forms of text.
set -eu
cd "$(dirname "$0")"
exec python3 - <<'PY'
import hashlib
import json
import pathlib
import textwrap

LARGEST = 8192  # what the README tells the fuzzer to read

# What no manifest of ours shows: rare line breaks and encodings, and documents inside of scalars of each style.
RARE = [
    b"\xef\xbb\xbfa: 1\r\n---\r\nb: |\r\n  c\r\n",
    "a: \u00e9\n--- \U0001f600\nb: 1\n".encode("utf-16"),
    "# kubevet: a\u2028a: b\u0085c: 'd\u2029\n\n  ---\n\n  e: 1'\n".encode(),
    b"a: |\r  b: 1\r  c: 2\rd: >-\r\r  e\r  f\r",
    b'{"a": "\\ud83d\\ude00\\/b: 1\\n---\\nc: \\"\\\\u00e9d\\""}{"e": [1, {}]}\n',
    b"a: |\n  b: \"c: |\\n  d: 'e''s'\\n\\\n    f: 1\"\n  g: >\n    h: 1\n\n     i\n",
    b"a: !!binary Yjog\n? [b]\n: {\n\tc: 'd\n\te'}\n",
    b"a: &a {b: 1}\nc: &c\n  d: 2\n  <<: [*a, {e: 3}]\n  d: 4\nf: {<<: *c, <<: *a}\n",
]


def examples(policy):
    """The block scalars below `examples:`, found by their indentation: Python has no YAML reader of its own."""
    lines = policy.read_text().partition("\nexamples:\n")[2].splitlines(keepends=True)
    for number, header in enumerate(lines):
        if not header.rstrip().endswith("|"):
            continue
        indent = len(header) - len(header.lstrip())
        body = []
        for line in lines[number + 1 :]:
            if line.strip() and len(line) - len(line.lstrip()) <= indent:
                break
            body.append(line)
        yield textwrap.dedent("".join(body))


def texts(root):
    for policy in sorted(root.glob("policies/**/*.yaml")):
        yield from examples(policy)
    for path in sorted(root.glob("testdata/**/*")):
        if path.suffix in {".yaml", ".yml", ".json"}:
            yield path.read_bytes().decode(errors="surrogateescape")
    # kubectl's own answers, and what they were asked for.
    kubectl = root / "testdata/kubectl"
    for case in json.loads((kubectl / "structure.json").read_text()).values():
        yield case["text"]
    yield "".join(f"- {written}\n" for written, _ in json.loads((kubectl / "scalars.json").read_text()))


seeds = {text.encode(errors="surrogateescape") for text in texts(pathlib.Path(".."))}
seeds = {seed for seed in seeds.union(RARE) if len(seed) <= LARGEST}
for target in ("reader", "spans", "engine", "documents"):
    folder = pathlib.Path("corpus", target)
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        (folder / hashlib.sha1(seed).hexdigest()).write_bytes(seed)
print(f"{len(seeds)} seeds for each target")
PY
