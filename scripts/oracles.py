#!/usr/bin/env python3
"""Measures a build against the cases in ../shared, and fails where a rule that exists gets one wrong.

    scripts/oracles.py KUBEVET SHARED

oracles: the Pod Security cases and those of schema validators must be all found, at the exact line, without a false alarm;
testdata/oracles/map*.tsv say which rules answer which question. Of the other refusals of a real API server as many must be found as
were when REACHED was written, with no more false alarms. field, field-2: every expectation whose rule exists must hold. Rules and formats that are still to come are
left out, and counted. components, apiserver-mutants: of what Kubernetes' own code refuses, and takes, by kind as much must be right as
testdata/oracles/floors.tsv says (UPDATE=1 raises it).
"""
import collections, json, os, pathlib, re, subprocess, sys, tempfile

HERE = pathlib.Path(__file__).parent.parent


# Refusals of the API server that are found, and objects that it takes and we do not; see testdata/oracles/map-apiserver.tsv.
REACHED = (1113, 0)


def rules(kubevet):
    run = subprocess.run([kubevet, "rules", "--output-format", "json"], capture_output=True, text=True, check=True)
    return {rule["id"] for rule in json.loads(run.stdout)["rules"]}


def score(kubevet, shared, known, source, table_name, pattern, enough=all):
    """What score.py prints of the questions of a source that match a pattern, and the fields of the line that counts them. Which of
    the rules that answer a question must exist is `enough`."""
    rows, later = [], 0
    for row in (HERE / "testdata/oracles" / table_name).read_text().splitlines():
        parts = row.split("\t")
        if parts[0] != source or len(parts) < 3 or not re.match(pattern, parts[1]):
            continue
        if enough([any(known_matches(k, rule) for k in known) for rule in parts[2].split(",") if rule != "-"]):
            rows.append(row)
        else:
            later += 1
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as table:
        table.write("\n".join(rows) + "\n")
        table.flush()
        command = f"{kubevet} check -q --no-config --profile all --kubernetes-version {{k8s_version}} --output-format jsonl {{path}}"
        arguments = ["--map", table.name, "--sources", source, "--all-versions", "--no-contested", "--list", "-1", "--cmd", command]
        run = subprocess.run([sys.executable, shared / "oracles/score.py", *arguments], capture_output=True, text=True)
    line = next((l for l in run.stdout.splitlines() if l.startswith(source + " ")), "")
    print(f"{source}: {len(rows)} controls, {later} still to come: {' '.join(line.split())}")
    return run.stdout + run.stderr, line.split()


def questions(*of):
    """Questions of a source: `psa` has the admission controller's own cases, `apiserver` a real server's verdicts, `kubeconform` its own."""
    printed, fields = score(*of)
    # source asked fail TP miss mispl recall pass FA FA-rate line-q any exact crash none unmap
    good = len(fields) > 12 and fields[2] == fields[3] and fields[8] == "0" and fields[10] == fields[11] and fields[12] == "100.0%"
    if not good:
        print(printed)
    return good


def refusals(kubevet, shared, known):
    """Everything else that a real API server refuses."""
    printed, fields = score(kubevet, shared, known, "apiserver", "map-apiserver.tsv", r"schema/", any)
    found, alarms = REACHED
    good = len(fields) > 8 and int(fields[3]) >= found and int(fields[8]) <= alarms
    if not good:
        print(printed)
    return good


def verdicts(kubevet, shared, source, part):
    """Questions answered by Kubernetes' own code, against the floors of each kind, which is a part of their concept."""
    command = f"{kubevet} check -q --no-config --profile all --kubernetes-version {{k8s_version}} --output-format jsonl {{path}}"
    arguments = ["--map", HERE / f"testdata/oracles/map-{source}.tsv", "--sources", source, "--split", "open", "--mode", "file", "--no-contested", "--list", "0", "--cmd", command]
    with tempfile.NamedTemporaryFile("r", suffix=".json") as report:
        run = subprocess.run([sys.executable, shared / "oracles/score.py", *arguments, "--json", report.name], capture_output=True, text=True)
        answers = json.loads(report.read() or "{}")
    if not answers or answers["crashes"]:
        print(run.stdout, run.stderr)
        return False
    reached = collections.defaultdict(collections.Counter)
    for concept, counts in answers["concepts"].items():
        reached[concept.split("\t")[1].split("/")[part]].update(counts)
    table = HERE / "testdata/oracles/floors.tsv"
    rows = [row.split("\t") for row in table.read_text().splitlines()]
    floors = {row[1]: (int(row[2]), int(row[3])) for row in rows if row[0] == source}
    good = True
    for kind, counts in sorted(reached.items()):
        found, alarms = floors.get(kind, (0, counts["pass"]))
        if counts["tp"] < found or counts["fa"] > alarms:
            print(f"{source} {kind}: {counts['tp']} found of {counts['fail']}, {counts['fa']} false of {counts['pass']}; it was {found} and {alarms}")
            good = False
    whole = answers["sources"][source]
    lines = 100 * whole.get("line_any", 0) / max(1, whole.get("tp", 0))
    print(f"{source}: {whole.get('tp', 0)} found of {whole['fail']} ({100 * whole.get('tp', 0) / whole['fail']:.1f} %), {whole.get('fa', 0)} false of {whole['pass']}, {lines:.1f} % at the line")
    if os.environ.get("UPDATE"):
        kept = [row for row in rows if row[0] != source]
        new = [[source, kind, str(counts["tp"]), str(counts["fa"])] for kind, counts in sorted(reached.items())]
        table.write_text("\n".join("\t".join(row) for row in kept + new) + "\n")
    return good


# Cases of the field whose answer is to come with something larger.
LATER = {
    "326-pods-of-rollouts-and-workflows": "pods in custom resources",
}

# Cases of the field whose expectation is wrong, with the fact that decides.
WRONG = {
    "175-kops-policy-at-an-unmounted-path": "kops mounts the folder of auditPolicyFile (nodeup/pkg/model/kube_apiserver.go of 1.31 to 1.35)",
}


def field(kubevet, shared, known, folder):
    command = f"{kubevet} check -q --output-format jsonl --no-config --profile all {{path}}"
    run = subprocess.run([sys.executable, shared / "field/check.py", shared / folder, "--cmd", command], capture_output=True, text=True)
    wrong, later, case = [], 0, ""
    skip = case_formats(shared / folder, kubevet) | LATER.keys() | WRONG.keys()
    for line in run.stdout.splitlines():
        if line.startswith("FAIL "):
            case = line.split()[1]
        elif line.startswith("     ") and case:
            named = re.search(r"\b([a-z-]+/[a-z0-9*-]+)", line.split(":", 2)[-1]) if "missing" in line else None
            rule = named.group(1) if named else None
            if case in skip or (rule and not any(known_matches(k, rule) for k in known)):
                later += 1
            else:
                wrong.append(f"{case}: {line.strip()}")
    print(f"{folder}: {len(wrong)} wrong, {later} expectations of rules and formats still to come")
    print("\n".join(wrong))
    return not wrong


def known_matches(known, pattern):
    return re.fullmatch(pattern.replace("*", ".*"), known) is not None


def case_formats(folder, kubevet):
    """Cases that ask for a format that does not exist yet."""
    skip = set()
    for case in folder.glob("*/case.toml"):
        wanted = re.search(r'^format = "(\w+)"', case.read_text(), re.M)
        if wanted:
            run = subprocess.run([kubevet, "check", "--output-format", wanted.group(1), "/dev/null"], capture_output=True)
            if b"invalid value" in run.stderr:
                skip.add(case.parent.name)
    return skip


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    kubevet, shared = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    known = rules(kubevet)
    results = [
        questions(kubevet, shared, known, "psa", "map.tsv", r"baseline/|restricted/"),
        questions(kubevet, shared, known, "apiserver", "map-apiserver.tsv", r"baseline/|restricted/"),
        questions(kubevet, shared, known, "kubeconform", "map.tsv", ""),
        refusals(kubevet, shared, known),
        verdicts(kubevet, shared, "components", 0),
        verdicts(kubevet, shared, "apiserver-mutants", 1),
        field(kubevet, shared, known, "field"),
        field(kubevet, shared, known, "field-2"),
    ]
    sys.exit(0 if all(results) else 1)


main()
