"""Builds a Go program of ours against a release of Kubernetes, which is fetched as Go modules."""
import json, pathlib, re, subprocess


def fetch(module):
    """The folder of a module: `k8s.io/api@v0.37.2`."""
    return pathlib.Path(json.loads(subprocess.check_output(["go", "mod", "download", "-json", module], cwd="/"))["Dir"])


def prepare(folder, release, sources):
    """A module in a folder that has these files and uses the release with its neighbours, which are published apart."""
    module = (fetch(f"k8s.io/kubernetes@v{release}") / "go.mod").read_text()
    neighbours = re.findall(r"^\t(k8s\.io/\S+) => \./staging", module, re.M)
    staging = release.replace("1.", "0.", 1)
    for source in sources:
        (folder / source.name).write_text(source.read_text())
    (folder / "go.mod").write_text(
        f"module {folder.name}\n\ngo {re.search(r'^go (.*)', module, re.M).group(1)}\n\nrequire k8s.io/kubernetes v{release}\n\n"
        + "".join(f"replace {name} => {name} v{staging}\n" for name in neighbours))
    subprocess.run(["go", "mod", "tidy"], cwd=folder, check=True)


def build(folder, output, *arguments):
    subprocess.run(["go", "build", *arguments, "-o", output, "."], cwd=folder, check=True)
