#!/bin/sh
# Seeds for all targets, in corpus/<target>: the examples of the policies and the manifests of the test data.
set -eu
cd "$(dirname "$0")"
exec python3 - <<'PY'
import hashlib
import json
import pathlib
import textwrap

LARGEST = 8192  # what the README tells the fuzzer to read


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
seeds = {seed for seed in seeds if len(seed) <= LARGEST}
for target in ("reader", "spans", "engine"):
    folder = pathlib.Path("corpus", target)
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        (folder / hashlib.sha1(seed).hexdigest()).write_bytes(seed)
print(f"{len(seeds)} seeds for each target")
PY
