#!/usr/bin/env python3
"""Applies the problem matchers of editors/ to the real compact output: every line must match, with every field, in each severity.

    scripts/matchers-proof.py KUBEVET
"""
import json, pathlib, re, subprocess, sys

HERE = pathlib.Path(__file__).parent.parent


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    run = [sys.argv[1], "check", "-q", "--profile", "all", "--output-format"]
    demo = HERE / "testdata/demo"
    lines = subprocess.run([*run, "compact", demo], capture_output=True, text=True).stdout.splitlines()
    findings = [json.loads(line) for line in subprocess.run([*run, "jsonl", demo], capture_output=True, text=True).stdout.splitlines()]
    assert len(lines) == len(findings) > 20
    github = json.loads((HERE / "editors/github-problem-matcher.json").read_text())["problemMatcher"][0]["pattern"][0]
    vscode = json.loads((HERE / "editors/vscode-tasks.json").read_text())["tasks"][0]["problemMatcher"]["pattern"]
    words = {"critical": "error", "high": "error", "medium": "warning", "low": "notice", "info": "notice"}
    seen = set()
    for pattern in (github, vscode):
        for line, finding in zip(lines, findings):
            match = re.match(pattern["regexp"], line)
            assert match, f"no match: {line}"
            found = {name: match.group(pattern[name]) for name in ("file", "line", "column", "severity", "code", "message")}
            wanted = {"file": finding["file"], "line": str(finding["line"]), "column": str(finding["column"]), "code": finding["rule"],
                      "severity": words[finding["severity"]], "message": finding["message"]}
            assert found == wanted, f"{found} is not {wanted}"
            seen.add(finding["severity"])
    assert seen == set(words), f"severities without a finding: {set(words) - seen}"
    print(f"{len(lines)} lines match both problem matchers, in all severities")


main()
