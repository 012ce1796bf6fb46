#!/usr/bin/env python3
"""Proves the hooks with the real pre-commit (or prek): a commit with a bad manifest is refused at the right line, the fixed one passes.

    scripts/hooks-proof.py RUNNER HOOK [FOLDER-OF-KUBEVET]

RUNNER is the pre-commit program, HOOK an id of .pre-commit-hooks.yaml; the folder is put on the PATH for `kubevet-system`.
"""
import os, pathlib, subprocess, sys, tempfile

HERE = pathlib.Path(__file__).resolve().parent.parent
BAD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  hostPID: true\n  containers: [{name: p, image: registry.example.com/p:1.0.0, securityContext: {runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}}}]\n"


def git(folder, *arguments, env=None):
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=env)


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    runner, hook = sys.argv[1:3]
    env = dict(os.environ)
    if len(sys.argv) == 4:
        env["PATH"] = f"{pathlib.Path(sys.argv[3]).resolve()}:{env['PATH']}"
    with tempfile.TemporaryDirectory() as folder:
        # The hook repository is a clone, as a user's would be; uncommitted changes are not part of it.
        rev = git(HERE, "rev-parse", "HEAD").stdout.strip()
        env["PRE_COMMIT_HOME"] = env["PREK_HOME"] = str(pathlib.Path(folder, "cache"))
        repository = pathlib.Path(folder, "work")
        repository.mkdir()
        git(repository, "init", "-q")
        config = f"repos:\n  - repo: {HERE}\n    rev: {rev}\n    hooks:\n      - id: {hook}\n"
        (repository / ".pre-commit-config.yaml").write_text(config)
        (repository / "pod.yaml").write_text(BAD)
        (repository / "other.yaml").write_text("key: value\n")
        installed = subprocess.run([runner, "install"], cwd=repository, capture_output=True, text=True, env=env)
        if installed.returncode:
            sys.exit(f"install failed: {installed.stdout}{installed.stderr}")
        git(repository, "add", "-A")
        refused = git(repository, "commit", "-m", "bad", env=env)
        print(refused.stdout + refused.stderr)
        if refused.returncode == 0 or "pod.yaml:5:12: error[pod/host-pid]" not in refused.stdout + refused.stderr:
            sys.exit("the bad manifest was not refused at its line")
        (repository / "pod.yaml").write_text(BAD.replace("hostPID: true", "hostPID: false"))
        git(repository, "add", "-A")
        passed = git(repository, "commit", "-m", "good", env=env)
        if passed.returncode:
            sys.exit(f"the fixed manifest was refused: {passed.stdout}{passed.stderr}")
    print(f"{hook}: refuses the bad manifest at its line, passes the fixed one")


main()
