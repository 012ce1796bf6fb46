#!/usr/bin/env python3
"""Asks a real API server and kubevet the same: which of the mutants of valid manifests are refused, and where.

    scripts/truth/judge.py KUBEVET FOLDER [--port N] [--kind K,K] [--added] [--limit N] [MANIFEST...]

server.py must run. The manifests are those beside this file unless others are given; what the server does not take as it is, is left out and told.
mutants.py makes the faults, those of fields put in only with --added. FOLDER keeps the server's verdicts, so that a second run asks kubevet alone, and gets report.tsv:
miss (the server refuses, kubevet is silent), false (the server takes it, kubevet does not), line (kubevet names neither the changed line
nor that of a field that the server names) with kind, path, fault, and what was said.
"""
import argparse, collections, hashlib, json, pathlib, re, subprocess, sys, tempfile

import mutants
import server

HERE = pathlib.Path(__file__).parent
# Rules that say the server refuses an object. Others speak of what it takes, too.
REFUSED = re.compile(r"(schema|yaml)/|api/(unknown-builtin|removed-version|not-yet-available|off-by-default|version-not-served-by-crd)$")
# Where the server's own words for a fault are those of another rule.
FAIR = re.compile(r"rbac/subject-namespace-missing|secrets/invalid-base64|volume/mount-not-found|workload/selector-mismatch|resources/request-exceeds-limit|crd/name-mismatch")


class Verdicts:
    """What the server said of a text, kept from run to run."""

    def __init__(self, path, client):
        self.client, self.known = client, {}
        if path.exists():
            self.known = dict(json.loads(line) for line in path.open())
        self.file = path.open("a")

    def of(self, text, document):
        key = hashlib.sha1(text.encode()).hexdigest()
        if key not in self.known:
            self.known[key] = self.client.verdict(text, document)
            self.file.write(json.dumps([key, self.known[key]]) + "\n")
        return self.known[key]


def kubevet_findings(kubevet, texts):
    """For each text the (line, rule, message) of kubevet."""
    with tempfile.TemporaryDirectory() as folder:
        for at, text in enumerate(texts):
            (pathlib.Path(folder) / f"{at}.yaml").write_text(text)
        command = [kubevet, "check", "-q", "--no-config", "--profile", "all", "--kubernetes-version", "1.37", "--output-format", "jsonl", folder]
        run = subprocess.run(command, capture_output=True, text=True)
    found = [[] for _ in texts]
    for line in run.stdout.splitlines():
        finding = json.loads(line)
        if "rule" in finding and (REFUSED.match(finding["rule"]) or FAIR.match(finding["rule"])):
            found[int(pathlib.Path(finding["file"]).stem)].append((finding["line"], finding["rule"], finding["message"]))
    return found


def field_path(field):
    """`spec.ports[0].name` as the keys of a path."""
    return tuple(int(part[1:-1]) if re.fullmatch(r"\[\d+\]", part) else part.strip("[]")
                 for part in re.findall(r"\[[^\]]*\]|[^.\[\]]+", field))


def fair_lines(text, path, verdict):
    """The lines of what was changed, that of the map around it, and those of the fields that the server names, or what is around them."""
    known = mutants.lines(text)
    fair = {line for at, line in known.items() if at[: len(path)] == path or len(path) == 1 and len(at) == 1}
    paths = [path, path[:-1]] + [field_path(cause[0]) for cause in verdict["causes"]]
    for at in paths:
        while at not in known:
            at = at[:-1]
        fair.add(known[at])
    return fair


def judge(asked, verdicts, kubevet):
    """(what, kind, path, fault, server, kubevet, text) of each that they do not agree on."""
    found = kubevet_findings(kubevet, [text for *_, text, _ in asked])
    for (kind, name, path, text, verdict), findings in zip(asked, found):
        at = mutants.generic(path)
        refused = [f for f in findings if REFUSED.match(f[1])]
        said = "; ".join(f"{line} {rule} {message}" for line, rule, message in findings)
        server_said = "" if verdict is None else "; ".join(f"{field} {reason} {message[:160]}" for field, reason, message in verdict["causes"][:3]) or verdict["message"][:300]
        if verdict is None:
            if refused:
                yield "false", kind, at, name, "", said, text
        elif not findings:
            yield "miss", kind, at, name, server_said, "", text
        elif not fair_lines(text, path, verdict) & {line for line, *_ in findings}:
            yield "line", kind, at, name, server_said, said, text


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("kubevet", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("manifests", nargs="*", type=pathlib.Path)
    parser.add_argument("--port", type=int, default=server.PORT)
    parser.add_argument("--kind", default="")
    parser.add_argument("--added", action="store_true")
    parser.add_argument("--limit", type=int, default=1 << 60)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    verdicts = Verdicts(options.folder / "verdicts.jsonl", server.Client(options.port))
    files = options.manifests or sorted((HERE / "manifests").glob("*.yaml"))
    documents = [document for file in files for document in mutants.load_all(file.read_text())]
    pool = mutants.pool_of(documents)
    kinds = set(filter(None, options.kind.split(",")))
    seen, counts, asked = set(), collections.Counter(), []
    report = (options.folder / "report.tsv").open("w")

    def flush():
        for row in judge(asked, verdicts, options.kubevet.resolve()):
            counts[row[0]] += 1
            *columns, text = row
            report.write("\t".join(re.sub(r"\s+", " ", column) for column in columns) + "\t" + json.dumps(text) + "\n")
        asked.clear()

    for document in documents:
        if kinds and document["kind"] not in kinds:
            continue
        text = mutants.dump(document)
        verdict = verdicts.of(text, document)
        if verdict is not None:
            print(f"not taken as it is: {document['kind']} {document['metadata'].get('name')}: {verdict['message'][:300]}", file=sys.stderr)
            continue
        asked.append((document["kind"], "as it is", (), text, None))
        for name, path, mutant in mutants.mutants(document, pool, seen):
            if counts["asked"] >= options.limit or (name.startswith("added") and not options.added):
                continue
            text = mutants.dump(mutant)
            verdict = verdicts.of(text, mutant)
            asked.append((document["kind"], name, path, text, verdict))
            counts["asked"] += 1
            counts["refused"] += verdict is not None
            if len(asked) >= 2000:
                flush()
    flush()
    print(", ".join(f"{counts[what]} {what}" for what in ("asked", "refused", "miss", "false", "line")))


if __name__ == "__main__":
    main()
