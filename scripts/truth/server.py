#!/usr/bin/env python3
"""What a real API server says of objects: builds one of a release from its Go modules, starts it, and asks it.

    scripts/truth/server.py RELEASE FOLDER [PORT]

Builds the server into FOLDER/build, if it is not there (needs Go; ten minutes of a quiet machine), and runs it with an empty store on the
loopback interface until it is stopped. judge.py asks it. Admission is that of an untouched server without ServiceAccount and
NamespaceLifecycle, which ask for other objects.
"""
import http.client, json, pathlib, re, ssl, subprocess, sys, tempfile

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
import go_module

PORT = 16443
TOKEN = "truth"


def built(release, folder):
    build = folder / "build"
    server = build / "server"
    if not server.exists():
        build.mkdir(parents=True, exist_ok=True)
        go_module.prepare(build, release, [HERE / "server.go"])
        go_module.build(build, server.name)
    return server


def serve(release, folder, port):
    server = built(release, folder)
    with tempfile.TemporaryDirectory() as data:
        (pathlib.Path(data) / "tokens.csv").write_text(f'{TOKEN},truth,truth,"system:masters"\n')
        flags = ["--disable-admission-plugins=ServiceAccount,NamespaceLifecycle"]
        return subprocess.run([server.resolve(), data, str(port), *flags], cwd=data).returncode


class Client:
    """One connection to a server that runs."""

    def __init__(self, port=PORT):
        self.connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=60, context=ssl._create_unverified_context())
        self.resources = {}

    def request(self, method, path, body=None, content="application/json"):
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": content, "Accept": "application/json"}
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def address(self, document):
        """Where objects of this version and kind are created, as kubectl finds it; none if the server has no such kind."""
        version, kind = document.get("apiVersion"), document.get("kind")
        if not isinstance(version, str) or not isinstance(kind, str):
            return None
        if version not in self.resources:
            path = f"/apis/{version}" if "/" in version else f"/api/{version}"
            status, answer = self.request("GET", path)
            known = json.loads(answer)["resources"] if status == 200 else []
            self.resources[version] = path, {r["kind"]: r for r in known if "/" not in r["name"]}
        path, known = self.resources[version]
        resource = known.get(kind)
        if resource is None:
            return None
        metadata = document.get("metadata")
        namespace = metadata.get("namespace") if isinstance(metadata, dict) else None
        within = f"/namespaces/{namespace}" if isinstance(namespace, str) and re.fullmatch("[a-z0-9-]+", namespace) else "/namespaces/default"
        return f"{path}{within if resource['namespaced'] else ''}/{resource['name']}?dryRun=All&fieldValidation=Strict"

    def verdict(self, text, document):
        """Nothing where the server takes an object, or else the reason and the fields that it names with what it says of each."""
        path = self.address(document)
        if path is None:
            return {"reason": "NoMatch", "message": "no match", "causes": []}
        status, answer = self.request("POST", path, text.encode(), "application/yaml")
        answer = json.loads(answer)
        if status in (200, 201) or answer.get("reason") == "AlreadyExists":
            return None
        causes = (answer.get("details") or {}).get("causes") or []
        return {"reason": answer.get("reason"), "message": answer.get("message", ""),
                "causes": [[c.get("field", ""), c.get("reason", ""), c.get("message", "")] for c in causes]}


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    sys.exit(serve(sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) == 4 else PORT))
