#!/usr/bin/env python3
"""Runs a release build over inputs that are too heavy for `cargo test`, and fails where time, memory or the answer is wrong.

    scripts/hostile.py KUBEVET

tests/it/hostile.rs holds smaller twins and the inputs that are odd rather than heavy. hostile_pairs.py makes n of this beside n of that; it runs alone, too:

    scripts/hostile_pairs.py KUBEVET [--all | PIECE OF A NAME]
"""
import os, pathlib, subprocess, sys, tempfile, threading, time
import hostile_pairs

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  hostPID: true\n  containers: []\n"
BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 20))
OURS = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"

# Name: text, arguments, exit status, what stdout or stderr must hold, MB of memory, seconds.
CASES = {
    "a million documents": (lambda f: f.writelines(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{i}}}\n---\n" for i in range(1_000_000)),
                            [], 0, "checked 1000000 objects", 300, 40),
    "a million pods with findings": (lambda f: f.writelines(POD + "---\n" for _ in range(1_000_000)), [], 1, "1000000 findings, 1000 shown", 500, 60),
    "101 MB": (lambda f: f.write(OURS + "data:\n" + "  k: v\n" * 14_500_000), [], 0, "larger than --max-file-size", 60, 5),
    "90 MB in one scalar": (lambda f: f.write(OURS + "data:\n  k: |\n" + "    " + "x" * 90_000_000 + "\n"), [], 0, "checked 1 object", 600, 20),
    "90 MB of one list": (lambda f: f.write(OURS + "data:\n" + "- a\n" * 22_000_000), [], 1, "more values than kubevet reads", 1200, 30),
    "JSON on one line of 30 MB": (lambda f: f.write('{"apiVersion":"v1","kind":"List","items":[' + ",".join(['{"apiVersion":"v1","kind":"Pod","spec":{"hostPID":true,"é":1}}'] * 450_000) + "]}"),
                                  [], 1, "450000 findings, 1000 shown", 1500, 40),
    "nested 100,000 times": (lambda f: f.write(OURS + "data: " + "[" * 100_000 + "]" * 100_000 + "\n---\n" + POD), [], 1, "than kubevet reads", 60, 5),
    "alias chain of 200,000": (lambda f: f.write(OURS + "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 200_000)) + "---\n" + POD), [], 1, "than kubevet reads", 150, 5),
    "alias bomb": (lambda f: f.write(OURS + BOMB + "---\n" + POD), [], 1, "excessive aliasing", 60, 5),
    "500,000 comment lines behind a key": (lambda f: f.write(POD + "  tolerations: # kubevet: ignore[pod/host-ipc] x\n" + "  # c\n" * 500_000 + "  - {}\n"), [], 1, "pod/host-pid", 60, 10),
    "300,000 keys in one map": (lambda f: f.write(OURS + "data:\n" + "".join(f"  k{i}: v\n" for i in range(300_000)) + "  k7: v\n"), [], 1, "is set twice", 150, 10),
    "200,000 labels that are asked for": (lambda f: f.write("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  selector:\n    matchLabels:\n" + "".join(f"      l{i}: a\n" for i in range(200_000))
                                          + "  template:\n    metadata:\n      labels:\n" + "".join(f"        l{i}: a\n" for i in range(1, 200_000)) + "    spec: {hostPID: true, containers: [{name: a, image: 'a:1'}]}\n"),
                                          [], 1, "asks for l0=a", 150, 10),
    "200,000 claims and their users": (lambda f: f.write(POD.replace("[]", "[{name: a, image: a, resources: {claims: [" + ", ".join(f"{{name: c{i}}}" for i in range(200_001)) + "]}}]")
                                       + "  resourceClaims:\n" + "".join(f"  - {{name: c{i}, resourceClaimName: c}}\n" for i in range(200_000))), [], 1, "no resource claim `c200000`", 150, 10),
    "100,000 volumes and their mounts": (lambda f: f.write(POD.replace("[]", "[{name: a, image: a, volumeMounts: [" + ", ".join(f"{{name: v{i}, mountPath: /v{i}}}" for i in range(100_000)) + "]}]")
                                         + "  volumes:\n" + "".join(f"  - {{name: v{i}, hostPath: {{path: /v{i}}}}}\n" for i in range(100_000))), [], 1, "pod/host-pid", 300, 10),
    "50,000 resources and 50,000 verbs": (lambda f: f.write("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r}\nrules:\n- apiGroups: ['']\n  resources:\n" + "".join(f"  - r{i}\n" for i in range(50_000))
                                          + "  verbs:\n" + "".join(f"  - v{i}\n" for i in range(50_000))), [], 1, "the API server has no verb", 150, 10),
    "50,000 audit rules": (lambda f: f.write("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n" + "".join(f"- {{level: Metadata, resources: [{{group: '', resources: [r{i}]}}]}}\n" for i in range(50_000))),
                           ["--profile", "all"], 1, "1 file", 150, 10),
    "300,000 containers": (lambda f: f.write(POD.replace("[]", "\n" + "".join(f"    - {{name: c{i}, image: a}}\n" for i in range(300_000)))), [], 1, "300000 findings, 1000 shown", 600, 30),
    "100,000 suppressions": (lambda f: f.writelines(f"{POD.replace('true', f'true # kubevet: ignore[pod/host-pid] {i}')}---\n" for i in range(100_000)), ["--fail-on", "critical"], 0, "100000 suppressed", 400, 60),
}


def peak(child):
    """Peak memory in MB and exit status, once the child has ended."""
    _, status, usage = os.wait4(child.pid, 0)
    return usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, (write, arguments, exit_status, text, memory, seconds) in CASES.items():
            path = pathlib.Path(folder, "input.yaml")
            # In a process of its own: a child begins with the memory of its parent, and would be blamed for it.
            writer = os.fork()
            if writer == 0:
                with path.open("w", encoding="utf-8") as file:
                    write(file)
                os._exit(0)
            os.waitpid(writer, 0)
            out = pathlib.Path(folder, "out")
            start = time.monotonic()
            with out.open("wb") as sink:
                child = subprocess.Popen([sys.argv[1], "check", "--max-file-size", "100MB", *arguments, path], stdout=sink, stderr=subprocess.STDOUT)
                timer = threading.Timer(seconds * 3, child.kill)
                timer.start()
                used, status = peak(child)
                timer.cancel()
            took = time.monotonic() - start
            printed = out.stat().st_size
            with out.open("rb") as file:
                found = any(text.encode() in line for line in file)
            right = status == exit_status and found and used <= memory and took <= seconds
            failed += not right
            print(f"{'ok  ' if right else 'FAIL'} {name}: exit {status}, {used:.0f} MB, {took:.1f} s, {printed} bytes out", flush=True)
            if not right:
                with out.open("rb") as file:
                    file.seek(max(0, printed - 600))
                    print(file.read().decode(errors="replace"))
    print(f"{len(CASES) - failed} passed, {failed} failed")
    failed += len(hostile_pairs.run(sys.argv[1]))
    sys.exit(1 if failed else 0)


main()
