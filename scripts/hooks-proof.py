#!/usr/bin/env python3
"""Proves the hooks with the real pre-commit (or prek): a commit with a bad manifest is refused at the right line, the fixed one passes;
and so is each file of a cluster that is known by its name alone. What is a link, or none of kubevet's, does not reach it.

    scripts/hooks-proof.py RUNNER HOOK [FOLDER-OF-KUBEVET]

RUNNER is the pre-commit program, HOOK an id of .pre-commit-hooks.yaml; the folder is put on the PATH for `kubevet-system`.
"""
import os, pathlib, subprocess, sys, tempfile

HERE = pathlib.Path(__file__).resolve().parent.parent
BAD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  hostPID: true\n  containers: [{name: p, image: registry.example.com/p:1.0.0, securityContext: {runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}}}]\n"

KUBECONFIG = "apiVersion: v1\nkind: Config\nclusters:\n- {name: c, cluster: {server: 'https://h', insecure-skip-tls-verify: true}}\n"
KUBELET = "[Service]\nExecStart=/usr/bin/kubelet --anonymous-auth=true\n"
# A key that protects nothing.
KEY = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIBdaGCEXnhcEadkNXPnaZjfQubqsmydE2JDWpHn0AqUB\n-----END PRIVATE KEY-----\n"
# Files without an extension of YAML: each is refused.
BY_NAME = {
    "etc/systemd/system/kubelet.service": KUBELET,
    "etc/systemd/system/kubelet.service.d/10-kubeadm.conf": KUBELET,
    "etc/default/kubelet": "KUBELET_EXTRA_ARGS=--anonymous-auth=true\n",
    "etc/kubernetes/pki/sa.key": KEY,
    "etc/kubernetes/admin.conf": KUBECONFIG,
    "dev.kubeconfig": KUBECONFIG,
    ".kube/config": KUBECONFIG,
    "etcd.env": "ETCD_CLIENT_CERT_AUTH=false\nETCD_LISTEN_CLIENT_URLS=http://0.0.0.0:2379\n",
    "args/kube-apiserver": "--anonymous-auth=true\n--authorization-mode=AlwaysAllow\n",
    "POD.YML": BAD,
}


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
        for name, text in BY_NAME.items():
            path = repository / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            git(repository, "add", "-f", name)
            refused = git(repository, "commit", "-m", name, env=env)
            if refused.returncode == 0 or f"{name}:" not in refused.stdout + refused.stderr:
                sys.exit(f"{name} was not refused: {refused.stdout}{refused.stderr}")
            git(repository, "rm", "-q", "-f", name)
        (repository / "notes.txt").write_text(BAD)
        (repository / "link.yaml").symlink_to("notes.txt")
        git(repository, "add", "-A")
        passed = git(repository, "commit", "-m", "others", env=env)
        if passed.returncode:
            sys.exit(f"a link was refused: {passed.stdout}{passed.stderr}")
    print(f"{hook}: refuses the bad manifest at its line, and {len(BY_NAME)} other files; passes the fixed one")


main()
