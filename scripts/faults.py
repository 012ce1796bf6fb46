"""Shows that a fault makes a test fail: puts each of testdata/faults.toml into a copy of the tree and runs the tests there.

    scripts/faults.py [WORD ...]            the faults whose name or file holds one of the words; all without words
    scripts/faults.py --stale               only says which faults no longer fit the tree

    scripts/faults.py --together [WORD ...] many faults in one build, a few builds for all: much faster, and less certain

A fault is a text of a file and what takes its place. It is caught if a test fails, and has survived if none does: then a test is
missing. `tests` names those that are likely to catch it; only if they do not, all are run. `shows` is what the output of the tests holds if it is
caught, by which one of many faults in a build is told from the others. Exit status 1: one survived, or is stale.
"""
import argparse, fcntl, itertools, os, pathlib, re, shutil, subprocess, sys, tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent


def copy(to):
    """The tracked files as they are now; what has not changed keeps its time, so that cargo builds little."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    wanted = {name for name in names if name and (ROOT / name).is_file()}
    for path in [p for p in to.rglob("*") if p.is_file() and str(p.relative_to(to)) not in wanted]:
        path.unlink()
    for name in wanted:
        source, target = ROOT / name, to / name
        if not target.exists() or target.read_bytes() != source.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def stale(fault, tree):
    """Why a fault does not fit; nothing if it does."""
    path = tree / fault["file"]
    if not path.is_file():
        return f"there is no file {fault['file']}"
    count = path.read_text().count(fault["old"])
    if count == 0:
        return f"its text is no longer in {fault['file']}"
    if count > 1:
        return f"its text is in {fault['file']} {count} times"
    return "it changes nothing" if fault["old"] == fault["new"] else None


def cargo(tree, target, arguments):
    command = ["cargo", "test", "--no-fail-fast", "--quiet", *arguments]
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target), "RUST_BACKTRACE": "0"}
    environment.pop("UPDATE", None)
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, errors="replace")


def judge(ran):
    """(the tests that failed, why the run says nothing)"""
    failed = sorted(set(re.findall(r"^    (\w+(?:::\w+)+)$", ran.stdout, re.M)))
    if failed or ran.returncode == 0:
        return failed, None
    errors = re.findall(r"^error.*", ran.stderr, re.M) or ran.stderr.splitlines()[-1:]
    return [], "; ".join(errors[:2])


def details(ran):
    """Of the tests that go through policies and cases, which of these."""
    names = re.findall(r"^(?:\[\d+m)?([a-z0-9-]+/[a-z0-9-]+)(?:: must pass)?$|^(testdata/[\w./-]+):$", ran.stdout, re.M)
    return list(dict.fromkeys(a or b for a, b in names))


def trial(fault, tree, target):
    path = tree / fault["file"]
    before = path.read_text()
    path.write_text(before.replace(fault["old"], fault["new"]))
    try:
        for arguments in [["--test", "it", "--", *fault["tests"]]] * bool(fault.get("tests")) + [[]]:
            ran = cargo(tree, target, arguments)
            failed, broken = judge(ran)
            if broken:
                return f"SAYS NOTHING: {broken}"
            if failed:
                within = details(ran)
                return f"caught by {', '.join(failed[:4])}" + (f" and {len(failed) - 4} more" if len(failed) > 4 else "") + (f" ({', '.join(within[:3])})" if within else "")
        return "SURVIVED: no test fails"
    finally:
        path.write_text(before)


def together(faults, tree, target):
    """Tries many faults at once; yields each with what became of it. Those that would show the same wait for the next build."""
    while faults:
        texts, taken, waiting = {}, [], []
        for fault in faults:
            path = tree / fault["file"]
            text = texts.get(path) or path.read_text()
            if text.count(fault["old"]) != 1 or any(f["shows"] == fault["shows"] for f in taken):
                waiting.append(fault)
                continue
            texts[path] = text.replace(fault["old"], fault["new"])
            taken.append(fault)
        before = {path: path.read_text() for path in texts}
        try:
            for path, text in texts.items():
                path.write_text(text)
            ran = cargo(tree, target, [])
        finally:
            for path, text in before.items():
                path.write_text(text)
        failed, broken = judge(ran)
        print(f"one build of {len(taken)}: {broken or ', '.join(failed)}; {', '.join(details(ran))}", flush=True)
        for fault in taken:
            shown = fault["shows"] in ran.stdout
            yield fault, f"SAYS NOTHING: {broken}" if broken else f"caught: {fault['shows']}" if shown else f"SURVIVED: {fault['shows']!r} is not shown"
        faults = waiting


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", metavar="WORD")
    parser.add_argument("--stale", action="store_true", help="run nothing")
    parser.add_argument("--together", action="store_true", help="many in one build")
    parser.add_argument("--tree", type=pathlib.Path, default=ROOT / "target/faults/tree", help="where the copy is")
    parser.add_argument("--target", type=pathlib.Path, default=ROOT / "target/faults/target", help="where it is built")
    asked = parser.parse_args()
    faults = tomllib.loads((ROOT / "testdata/faults.toml").read_text())["fault"]
    faults = [f for f in faults if not asked.words or any(w in f["name"] or w in f["file"] for w in asked.words)]
    if not asked.stale:
        asked.tree.mkdir(parents=True, exist_ok=True)
        # Two at once would put each other's faults into the copy.
        lock = (asked.tree.parent / "lock").open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
        copy(asked.tree)
    unfit = [(fault, f"STALE: {why}") for fault in faults if (why := stale(fault, ROOT))]
    fit = [fault for fault in faults if not stale(fault, ROOT)]
    if asked.stale:
        fit = []
    several = ((fault, trial(fault, asked.tree, asked.target)) for fault in fit)
    results = together(fit, asked.tree, asked.target) if asked.together else several
    wrong = 0
    for fault, result in itertools.chain(unfit, results):
        wrong += not result.startswith("caught")
        print(f"{fault['name']}: {result}", flush=True)
    print(f"{len(faults)} faults, {wrong} not caught")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
