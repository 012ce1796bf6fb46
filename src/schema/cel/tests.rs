//! Any text: no panic, no end of time, and spans that lie in it. What is rejected: `testdata/validation/expressions.yaml`.

use super::{Environment, compile};

/// Pieces of expressions, right and wrong.
const PIECES: [&str; 58] = [
    "object",
    "request",
    "params",
    "x",
    "y",
    ".",
    ".?",
    "[?",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "?",
    "!",
    "-",
    "+",
    "==",
    "&&",
    "||",
    "<",
    " in ",
    "'a'",
    "\"é",
    "'''",
    "r'\\d'",
    "b\"\\xff\"",
    "'\\u12'",
    "1",
    "0x",
    "1.5e",
    "7u",
    "99999999999999999999",
    "true",
    "null",
    "has",
    "all",
    "exists",
    "map",
    "filter",
    "optMap",
    "transformMap",
    "sortBy",
    "size",
    "format",
    "'%d %.3f %'",
    "matches",
    "duration",
    "cel.bind",
    "type",
    "JSONPatch{",
    "Object.spec{",
    "`a b`",
    "// é\n",
    "\u{0}",
];

fn environment() -> Environment<'static> {
    let mut environment =
        Environment::new(37, &[("object", "dyn"), ("request", "kubernetes.UserInfo")]);
    environment.patches = true;
    environment.bind = true;
    environment
}

#[track_caller]
fn judge(text: &str) -> bool {
    match compile(text, &environment()) {
        Ok(_) => true,
        Err(problem) => {
            assert!(
                text.get(problem.span.clone()).is_some(),
                "{text:?} {problem:?}"
            );
            assert!(!problem.message.is_empty());
            false
        }
    }
}

#[test]
fn any_text_is_judged() {
    let mut seed = 7_u64;
    let mut next = |below: usize| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap_or_default() % below
    };
    for _ in 0..20_000 {
        let len = next(14);
        let pieces = (0..len).map(|_| PIECES[next(PIECES.len())]);
        judge(&pieces.collect::<String>());
    }
}

#[test]
fn hostile_texts_are_judged() {
    let n = 20_000;
    let small = 90;
    for text in [
        "(".repeat(n),
        "[".repeat(n),
        "-".repeat(n) + "1",
        "!".repeat(n) + "true",
        "1 ? 2 : ".repeat(n) + "3",
        "x.".repeat(n),
        format!("object{}", ".a".repeat(n)),
        format!("object{}", ".?a".repeat(n)),
        format!("1{}", " + 1".repeat(n)),
        format!("true{}", " && true".repeat(n)),
        format!("[{}]", "[],".repeat(n)),
        format!("{{{}}}", "'a': 1,".repeat(n)),
        format!("{}1{}", "[1].map(x, ".repeat(small), ")".repeat(small)),
        format!("object{}", ".optMap(x, x)".repeat(small)),
        // Each loop doubles the type of the one before.
        format!(
            "{}1{}",
            "[1].map(x, cel.bind(y, ".repeat(30),
            ", {y: y}))".repeat(30)
        ),
        format!("cel.bind(a, {{}}, {}", "cel.bind(a, [a, a], ".repeat(60)) + "a" + &")".repeat(61),
        "'".to_owned() + &"a".repeat(200_000),
    ] {
        judge(&text);
    }
    assert!(judge(&format!("true{}", " && true".repeat(5_000))));
    assert!(!judge(&"(".repeat(300)));
}
