#!/usr/bin/env python3
"""Draws docs/picture.svg: what `kubevet check` shows on a terminal, from its real output.

    scripts/picture.py KUBEVET           writes the picture
    scripts/picture.py KUBEVET --check   fails where the picture is out of date
"""
import html, pathlib, re, subprocess, sys

HERE = pathlib.Path(__file__).parent.parent
FILES = ["clusters/prod/kubeadm-config.yaml"]
COLORS = {30: "#6e7681", 31: "#ff7b72", 32: "#7ee787", 33: "#e3b341", 34: "#79c0ff", 35: "#d2a8ff", 36: "#56d4dd", 37: "#c9d1d9"}
LINE, CHAR = 17, 8.05


def style(codes, now):
    now = dict(now)
    codes = [int(c or 0) for c in codes.split(";")]
    while codes:
        code = codes.pop(0)
        if code == 0:
            now = {}
        elif code == 1:
            now["font-weight"] = "bold"
        elif code == 2:
            now["opacity"] = "0.7"
        elif code == 4:
            now["text-decoration"] = "underline"
        elif code == 38 and codes[:1] == [2]:
            now["fill"] = "#%02x%02x%02x" % tuple(codes[1:4])
            codes = codes[4:]
        elif code == 39:
            now.pop("fill", None)
        elif code in COLORS or code - 60 in COLORS:
            now["fill"] = COLORS.get(code) or COLORS[code - 60]
    return now


def draw(text):
    lines = text.rstrip("\n").split("\n")
    width = max(len(re.sub("\x1b\\[[0-9;]*m", "", line)) for line in lines)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * CHAR + 32:.0f}" height="{len(lines) * LINE + 32}">',
           '<rect width="100%" height="100%" rx="8" fill="#0d1117"/>',
           '<g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="13" fill="#c9d1d9">']
    for number, line in enumerate(lines):
        column, now, spans = 0, {}, []
        for part in re.split("(\x1b\\[[0-9;]*m)", line):
            if part.startswith("\x1b"):
                now = style(part[2:-1], now)
            elif part:
                attributes = "".join(f' {k}="{v}"' for k, v in sorted(now.items()))
                length = len(part) * CHAR
                spans.append(f'<tspan x="{16 + column * CHAR:.1f}" textLength="{length:.1f}"{attributes}>{html.escape(part)}</tspan>')
                column += len(part)
        if spans:
            # Chromium collapses the blanks of a text that does not say so itself.
            out.append(f'<text y="{28 + number * LINE}" xml:space="preserve">{"".join(spans)}</text>')
    return "\n".join([*out, "</g>", "</svg>", ""])


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    kubevet = pathlib.Path(sys.argv[1]).resolve()
    command = [kubevet, "check", "--output-format", "graphical", "--color", "always", *FILES]
    run = subprocess.run(command, capture_output=True, text=True, cwd=HERE / "testdata/demo")
    # Their number grows, and the picture need not with it.
    shown = re.sub(r" with \d+ rules", "", run.stdout + run.stderr)
    picture = draw(f"$ kubevet check {FILES[0]}\n" + shown)
    path = HERE / "docs/picture.svg"
    if "--check" in sys.argv:
        if path.read_text() != picture:
            sys.exit("docs/picture.svg is out of date: run scripts/picture.py")
    else:
        path.write_text(picture)


main()
