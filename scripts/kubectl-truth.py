#!/usr/bin/env python3
"""Asks a real kubectl what it makes of documents, and writes the answers to testdata/kubectl/structure.json.

    scripts/kubectl-truth.py KUBECTL

The reader is tested against the answers (tests/it/reader.rs). Run by hand when a case is added or kubectl is
updated; it needs no cluster. Written with kubectl 1.37.1.
"""
import concurrent.futures, json, pathlib, subprocess, sys, tempfile

M = "apiVersion: x.io/v1\nkind: Foo\nmetadata:\n  name: x\n"
J = '{"apiVersion":"x.io/v1","kind":"Foo","metadata":{"name":"x"}'
BOMB = M + "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(f"a{i}: &a{i} [{','.join([f'*a{i-1}'] * 10)}]\n" for i in range(1, 8))

CASES = {}
for key in ["yes", "no", "on", "y", "null", "~", "1", "0644", "0x1F", "1.5", "1e3", "08", "true", '"yes"', "2001-12-14", "1_000",
            "", "!!str 1", "[a]", "{a: 1}", ".inf", "*A", "12345678901234567890", "-0", "+1", "<<"]:
    CASES[f"key {key}"] = M + f"v:\n  {key}: 1\n"
B = M + "b: &b {x: 1, yes: 2}\n"
C = B + "c: &c {x: 9, z: 1}\n"
CASES |= {
    "dup keys nonstrict": M + "a: 1\na: 2\n",
    "dup key yes/true": M + "v:\n  yes: 1\n  true: 2\n",
    "dup key 1 / \"1\"": M + "v:\n  1: a\n  \"1\": b\n",
    "dup 0x1 / 1": M + "v:\n  0x1: a\n  1: b\n",
    "merge": B + "v:\n  <<: *b\n  yes: 3\n",
    "merge after": B + "v:\n  yes: 3\n  <<: *b\n",
    "merge list": C + "v:\n  <<: [*b, *c]\n",
    "merge inline map": M + "v:\n  <<: {x: 1, yes: 2}\n",
    "merge scalar": M + "v:\n  <<: 3\n",
    "merge quoted key": B + "v:\n  \"<<\": *b\n",
    "merge tagged as a string": B + "v:\n  !!str <<: *b\n",
    "merge with a tag of its own": B + "v:\n  !own <<: *b\n",
    "merge with the tag of none": B + "v:\n  ! <<: *b\n",
    "merge quoted and tagged": B + "v:\n  !!merge \"<<\": *b\n",
    "merge key is an alias": B + "m: &m <<\nv:\n  *m : *b\n",
    "two merges": C + "v:\n  <<: *b\n  <<: *c\n",
    "merge nested order": M + "a: &a {k: 1}\nb: &b {k: 2}\nv:\n  <<: *a\n  <<: *b\n",
    "alias to undefined": M + "v: *nope\n",
    "anchor redefinition": M + "a: &x 1\nb: &x 2\nc: *x\n",
    "self alias": M + "v: &x [*x]\n",
    "alias across docs": M + "a: &x 1\n---\n" + M + "b: *x\n",
    "billion laughs": BOMB,
    "depth flow 50": M + "v: " + "[" * 50 + "]" * 50 + "\n",
    "tab indent": M + "v:\n\ta: 1\n",
    "tab after colon": M + "v:\t1\n",
    "tab before comment": M + "v: 1\t# c\n",
    "tab trailing": M + "v: 1\t\n",
    "tab in nested flow": M + "v: {\n\t\"x\": \"1\"\n\t}\n",
    "BOM": "\ufeff" + M,
    "BOM second doc": M + "---\n\ufeff" + M,
    "CRLF": (M + "v: 1\nt: |\n  a\n  b\n").replace("\n", "\r\n"),
    "CR only": (M + "v: 1\n").replace("\n", "\r"),
    "control char": M + "v: \"a\x01b\"\n",
    "control char in comment": M + "# \x02\nv: 1\n",
    "DEL 7f": M + "v: a\x7fb\n",
    "C1": M + "v: a\u0081b\n",
    "NEL u85": M + "v: a\u0085b\n",
    "u2028": M + "v: a\u2028b\n",
    "nbsp": M + "v: a\u00a0b\n",
    "nbsp indent": M + "v:\n\u00a0\u00a0x: 1\n",
    "emoji": M + "v: \U0001f600\n",
    "--- # comment": "--- # comment\n" + M,
    "--- {flow}": "--- {apiVersion: v1, kind: Foo, metadata: {name: x}}\n",
    "---foo": "---foo\n" + M,
    "--- text second": M + "--- foo\n" + M,
    "--- trailing ws": M + "---  \n" + M,
    "---\\t": M + "---\t\n" + M,
    "... end": M + "...\n",
    "... then doc": M + "...\n" + M,
    "... --- doc": M + "...\n---\n" + M,
    "%YAML 1.1": "%YAML 1.1\n---\n" + M,
    "%YAML 1.2": "%YAML 1.2\n---\n" + M,
    "%TAG": "%TAG ! tag:x,2000:\n---\n" + M,
    "empty docs": "---\n---\n" + M + "---\n---\n",
    "comment-only doc": "# c\n---\n" + M,
    "null doc": "null\n---\n" + M,
    "scalar doc": M + "---\nfoo\n",
    "seq doc": M + "---\n- foo\n",
    "empty file": "",
    "only comment": "# c\n",
    "JSON": J + ',"v":1}\n',
    "JSON dup": J + ',"v":1,"v":2}\n',
    "JSON 2 docs": J + "}\n" + J.replace('"x"}', '"y"}') + "}\n",
    "JSON escapes": J + ',"v":"a\\/b\\ud83d\\ude00"}\n',
    "JSON tabs": "{\n\t" + J[1:] + ',\n\t"v": {\n\t\t"w": 1\n\t}\n}\n',
    "JSON trailing comma": J + ',"v":1,}\n',
    "JSON newline in string": J + ',"v":"a\n b"}\n',
    "syntax err doc2": M + "---\na: b: c\n",
    "List": "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Foo\n  metadata: {name: x}\n- apiVersion: v1\n  kind: Foo\n  metadata: {name: y}\n",
    "doc sep in block scalar": M + "v: |\n  a\n  ---\n  b\n",
    "doc sep in dq col0": M + "v: \"a\n---\nb\"\n",
    "sep in block scalar col 0": M + "v: |\n---\n" + M,
    "key 1024 chars": M + "k" * 1000 + ": 1\n",
    "key 1025 chars": M + "k" * 1100 + ": 1\n",
    "block scalar no eol": M + "v: |\n  a",
    "block keep no eol": M + "v: |+\n  a",
    "block keep blank": M + "v: |+\n  a\n\n",
    "block indent indicator": M + "v: |2\n    a\n   b\n",
    "fold": M + "v: >\n  a\n  b\n\n  c\n   d\n",
    "plain multiline": M + "v: a\n  b\n\n  c\n",
    "under-indented flow": M + "v: [\na\n]\n",
    "under-indented dq": M + "v: \"a\nb\"\n",
    "unquoted colon": M + "v: a: b\n",
    "unquoted @": M + "v: @a\n",
    "unquoted `": M + "v: `a\n",
    "unquoted %": M + "v: %a\n",
    "flow w/o space": M + "v: {a:1, b: 2}\n",
    "flow colon adj": M + "v: {\"a\":1}\n",
    "flow empty val": M + "v: {a: , b}\n",
    "? key": M + "v:\n  ? a\n  : b\n",
    "- - nested": M + "v:\n- - a\n  - b\n",
    "seq same indent": M + "v:\n- a\n",
    "JSON w/ comment": "{ # c\n" + J[1:] + ',"v":"a\\/b"}\n',
    "case-insens keys": "apiversion: x.io/v1\nKind: Foo\nmetadata:\n  name: x\n",
    "missing kind": "apiVersion: v1\nmetadata:\n  name: x\n",
    "missing name": "apiVersion: v1\nkind: Foo\n",
    "long line 100k": M + "v: " + "x" * 100_000 + "\n",
    "template value": M + "v: {{ x }}\n",
    "template key": M + "{{ x }}: v\n",
}

# What a value may be written as, in a block and in brackets: all that a reader of another descent takes, refuses or values otherwise.
VALUES = [
    "'x'#c", "\"x\"#c", "[a]#c", "{a: 1}#c", "[-]", "[- a]", "[-1]", "[?a]", "[a?b]", "[?]", "[a:]", "[a:b]", "[a: b]", "[: a]", "[\"a\":b]", "[a, , b]", "[,]", "[a,]", "[a\n#c\n]", "[a #c\n]",
    "[a#c]", "{a}", "{a,b: 1}", "{? a}", "{? a : b}", "{a:}", "{a: }", "{: a}", "{\"a\": 1, \"b\":2}", "{a: {b}}", "{[a]: b}", "{a: b, <<: {c: d}}", "{http://a?b: c}", "http://a?b", "{u: http://a/b}",
    "a\u2028b", "a\u2029 b", "'a\u2028b'", "'a\u2028 ''b'", "\"a\u0085 b\"", "\"a\\\n  b\"", "\"a\\u0085b\"", "'a\n\n\n  b'", "\"a\n  \\  b\"", "\"\\/\"", "\"\\ud83d\\ude00\"", "\"\\x41\\u00e9\\U0001F600\"",
    "\"\\0\\a\\b\\e\\f\\v\\N\\_\\L\\P\"", "\"\\q\"", "\"\\x4\"", "\"\\'\"", "'\\n'", "a\ufeffb", "\ufeffa", "a\tb", "a \t# c", "\"a\tb\"", "a\n\t b", "'a\n\t b'", "a\n\tb: c",
    "|#c\n  a", "| #c\n  a", "|a\n  b", "|-2\n   a", "|2-\n   a", "|0\n a", "|12\n a", "|++\n a", "|\n\ta", "|\n  a\n \tb", "|\n\n   \n  a", "|\n   \n  a", "|+\n  a\n\n", "|-\n  a\n\n", "|\n  a\u2028  b\n", "|\n  a\u0085  b\n",
    "|\r\n  a\r\n  b\r\n", ">\n  a\n\n  b\n   c\n  d\n", ">-\n\n  a\n\tb", ">\n  a\u2028  b\n", ">+\n  a\n\n\n  b\n\n", "|1\n a\n  b", "&a b", "&a", "&a &b c", "&a !!str 1", "!!str &a 1", "&a: b", "*a", "&a,b c", "&\u00e9 b", "& a",
    "!!str", "!!str 1", "!!str yes", "!!int \"5\"", "!!int a", "!!int", "!!float 1", "!!float 0x10", "!!float a", "!!float 18446744073709551615", "!!bool yes", "!!bool \"on\"", "!!bool 1", "!!null a", "!!null ''", "!!null", "!!binary YQ==",
    "!!binary Y", "!!binary 'Y Q=='", "!!binary \"YQ\\n==\"", "!!timestamp 2001-12-14", "!!timestamp a", "!!timestamp 2001-02-30", "!!timestamp '2001-12-14T1:2:3.4Z'", "!!timestamp 2001-12-14 1:2:3", "!!seq [a]", "!!map {a: b}", "!!set {a}", "! 1", "! '<<'",
    "!a 1", "!a", "!<tag:yaml.org,2002:str> 1", "!<tag:yaml.org,2002:int> 1", "!<!a> 1", "!<> 1", "!< 1", "!a!b 1", "!!a%20b 1", "!!%zz 1", "!!str,a", "18446744073709551615", "18446744073709551616", "-9223372036854775809", "1e400", "-1e400", "1_0.5", ".5", "._5", "5.",
    "+.5e-3", "0b2", "0o8", "0x", "-0x1F", "+0b11", "1__0", "0_7", "1:30", "12e", "2001-1-1", "2001-12-14t21:59:43.10-05:00", "-", "?", ":", "?a", ":a", "-a", "--- a", "---", "... a", "...", "a: b", "a:\n  b", "- a", "? a", ",a", "]", "}", "@a", "`a", "%a", "|", ">",
    "a\n ---\n  b", "a\n---\nb", "'a\n... '", "'a\n ...'", "\"a", "'a", "[a", "{a", "[a\n- b]", "[a\n ]", "a #b", "a#b", "#", "# c", "a\n # c\n b", "{a: 'b\n\n c'}", "[[a], {b: c}, [d: e]]",
]
CASES |= {f"value {v}": M + f"v: {v}\n" for v in VALUES}
CASES |= {f"item {v}": M + f"v:\n- {v}\nw: 1\n" for v in VALUES}
CASES |= {f"in brackets {v}": M + f"v: [{v}]\n" for v in VALUES if "\n" not in v}
KEYS = ["1.1", "1e10", "9999999999.5", "123456.5", "1234567.5", "0.00001", "1e-5", "1e300", "-0.0", "1e400", "18446744073709551615", "18446744073709551616", ".nan", "-.INF", "+.inf", "!!binary YQ==", "!!int 5", "!!null x", "2001-12-14", "&a b", "'a'", "\"a\\x62\"",
        "\"\\x61piVersion\"", "[a]", "? a\n  ", "\"a\\\n  b\"", "'a\n  b'", "a b", "a  #b", "a#b", "-", "-a", "a?", "a,b", "a]", "<<", "=", "~", "a\u0085b", "a\u2028b", "\u2028a", "k" * 1020, "k" * 1024, "k" * 1025, "\u00e9" * 1023, "[" + "a, " * 339 + "b]"]
CASES |= {f"key of a map {k[:40]} {len(k)}": M + f"v:\n  {k}: {{x: 1}}\n" for k in KEYS}
CASES |= {f"key in brackets {k[:40]} {len(k)}": M + f"v: {{{k}: x}}\n" for k in KEYS if "\n" not in k}
# Text around documents.
AROUND = ["---\r{}", "--- #c\r{}", "---#c\n{}", "---\x0b\n{}", "\n---\n\n---\n{}", "---\n---#c\n{}", "---\n...\n{}", "---\n# c\n...\n{}", "---\n%TAG ! c", "---\n%X\n{}", "---\n# c\n%X\n{}", "---\n%YAML 1.1\n---\n{}", "---\n%YAML 1.1\n{}", "---\n---\n%YAML 1.1\n---\n{}", "{}---\n%X\n{}", "---\n %X\n{}", "---\n\r\r...\r{}", "---\n#c\u2028...\n{}", "---\n\r\ufeff{}", "---\n\r---\r{}", "---\n#c\r--- \r{}", "...\n{}", "{}...\n...\n", "{}... a\n", "{}...a\n", "{}---\n\t\n", "{}---\n \t# c\n", "{}--- \t\n---\t# c\n",
          "%YAML 1.1\n{}", "%YAML 1.1\r---\r{}", "%TAG !e! tag:yaml.org,2002:\r---\rv: !e!str 1\r{}", "%X\r---\r{}", "{}%YAML 1.1\n", "\ufeff---\n{}", "\ufeff\ufeff{}", "{}---\n\ufeff{}", "\t{}", " {}", "\u2028{}", "{}\u2028", "{}\u0085", "{}}}\n", "{}\r---\rv: 1\r"]
CASES |= {f"around {a}": a.format(M, M) for a in AROUND}
CASES |= {f"around JSON {a}": a.format(J + "}", J + "}") for a in AROUND}
BEHIND = ["# c\n", " # c", " # c\n", "\n# c\n", "\n---\n" + M, "---\n" + M, "\nw: 1\n", "\n w: 1\n", ",", "}", "\n}\n", "null", "\n\n\n", "5 6", "[]", "\n{}", "{a: b}", J + "}x", J + "}\n---\n" + M, J + "}" + J + ",}", J + ', "v": "\\ud800"}', J + ',"v":1e400}', J + ',"v":01}', J + ",\"v\":\"\x7f\"}", J + ",\"v\":\"a\u2028b\"}"]
CASES |= {f"behind JSON {b}": J + "}" + b for b in BEHIND}


def ask(kubectl, text):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "t.yaml")
        path.write_bytes(text.encode(errors="surrogatepass"))
        command = [kubectl, "patch", "--local", "-f", str(path), "-o", "json", "--type=merge", "-p", "{}"]
        run = subprocess.run(command, capture_output=True, text=True)
    decoder, documents, at, out = json.JSONDecoder(), [], 0, run.stdout.strip()
    while at < len(out):
        document, at = decoder.raw_decode(out, at)
        documents.append(document)
        while at < len(out) and out[at].isspace():
            at += 1
    error = "" if run.returncode == 0 else run.stderr.strip().replace(str(path), "t.yaml")
    return {"text": text, "documents": documents, "error": error}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        answers = dict(zip(CASES, pool.map(lambda text: ask(sys.argv[1], text), CASES.values())))
    path = pathlib.Path(__file__).parent.parent / "testdata/kubectl/structure.json"
    path.write_text(json.dumps(answers, indent=1, ensure_ascii=True) + "\n")
    print(f"{len(answers)} cases, {sum(1 for a in answers.values() if a['error'])} refused")


main()
