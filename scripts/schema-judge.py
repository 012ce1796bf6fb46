#!/usr/bin/env python3
"""Compares kubevet with the PyPI package kubernetes-validate, the published schemas of Kubernetes in Python.

    PYTHON scripts/schema-judge.py KUBEVET KUBECTL FOLDER [COUNT]

PYTHON has kubernetes-validate 1.37.0. Takes the objects of Kubernetes' own kinds from the manifests of FOLDER as they are, and COUNT
(2,000 if it is not said) with a value of another type, a misspelt field or one left out, always the same. Prints which the one refuses
and the other takes, by the reason, with the first of each; kubevet refuses what has a finding of schema/* or api/*.
"""
import json, random, sys, tempfile
from collections import defaultdict
import kubernetes_validate
from mutants import findings, mutants, objects, write, wrong_field, wrong_type

NEWEST = "1.37"


def refusal(value):
    """Why the package refuses an object, by the keyword of its schema; empty where it takes it."""
    try:
        kubernetes_validate.validate(value, NEWEST, strict=True)
    except kubernetes_validate.SchemaNotFoundError:
        return "no schema"
    except kubernetes_validate.ValidationError as error:
        cause = error.__context__ or error
        return f"{getattr(cause, 'validator', 'schema')}: {error.message[:120]} at {'.'.join(map(str, getattr(cause, 'absolute_path', [])))}"
    return ""


def main():
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    kubevet, kubectl, folder = sys.argv[1:4]
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 2000
    real = objects(kubectl, folder)
    made = real + mutants(real, count, random.Random(2), [wrong_type, wrong_field])
    differences, both, neither = defaultdict(list), 0, 0
    with tempfile.TemporaryDirectory() as place:
        names = write(made, place)
        found = findings(kubevet, place)
    for number, (name, value) in enumerate(zip(names, made)):
        theirs = refusal(value)
        ours = [f for f in found.get(name, []) if f["rule"].split("/")[0] in ("schema", "api")]
        what = "as it is" if number < len(real) else "mutant"
        if theirs and ours:
            both += 1
        elif theirs:
            differences["only they refuse", what, theirs.split(":")[0]].append(f"{theirs}\n      {json.dumps(value)[:1500]}")
        elif ours:
            rules = "+".join(sorted({f["rule"] for f in ours}))
            differences["only kubevet refuses", what, rules].append(ours[0]["message"])
        else:
            neither += 1
    print(f"{len(real)} objects as they are, {count} mutants: both refuse {both}, both take {neither}")
    for (who, what, why), list_of in sorted(differences.items()):
        print(f"{len(list_of):5} {who}, {what}: {why}\n      " + "\n      ".join(sorted(set(list_of))[:4]))


main()
