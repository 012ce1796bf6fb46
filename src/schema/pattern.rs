//! Regular expressions as the API server reads them (Go's RE2): whether it takes one, and whether a text matches it.

use regex_automata::nfa::thompson;
use regex_automata::nfa::thompson::pikevm::{Cache, PikeVM};
use regex_automata::util::syntax;
use std::collections::HashMap;
use std::iter::Peekable;
use std::str::Chars;

/// Bytes that a compiled pattern may take; of a larger one nothing is said.
const SIZE: usize = 1 << 20;

/// Bytes that all compiled patterns of a run may take.
const ALL: usize = 64 << 20;

/// Steps that matching may take in a run: seconds.
const STEPS: usize = 1 << 30;

/// Most repetitions that RE2 counts.
const REPEATS: u32 = 1000;

/// Why the API server rejects a pattern, if it does.
pub(super) fn problem(pattern: &str) -> Option<&'static str> {
    PatternParser::new(pattern).read().err()
}

/// Bytes that a pattern takes when it is compiled, up to a limit; `None` where that is more.
#[cfg(feature = "user-schemas")]
pub(super) fn size(pattern: &str, limit: usize) -> Option<usize> {
    /// For one that is not of the kind that is matched in linear time.
    const IRREGULAR: usize = 256 << 10;
    let config = thompson::Config::new().nfa_size_limit(Some(limit));
    match thompson::NFA::compiler().configure(config).build(pattern) {
        Ok(nfa) => Some(nfa.memory_usage()),
        Err(e) if e.size_limit().is_some() => None,
        Err(_) => Some(IRREGULAR),
    }
}

/// What became of a pattern.
enum Compiled {
    Ready(Box<(PikeVM, Cache)>),
    /// None that the API server takes, or that can be read here.
    Wrong,
    TooLarge,
}

/// Patterns that are ready to be matched, each by its text.
pub struct Patterns {
    known: HashMap<String, Compiled>,
    /// Bytes that those which are yet to come may take.
    room: usize,
    /// Steps that matching may still take: one for a byte of a text and a state of its pattern.
    steps: usize,
    /// Whether something was too large to be matched.
    pub(super) gave_up: bool,
}

impl Default for Patterns {
    fn default() -> Self {
        Self {
            known: HashMap::new(),
            room: ALL,
            steps: STEPS,
            gave_up: false,
        }
    }
}

impl Patterns {
    /// Whether a pattern matches somewhere in a text, as far as it is known.
    pub(super) fn matches(&mut self, pattern: &str, text: &str) -> Option<bool> {
        if !self.known.contains_key(pattern) {
            let compiled = self.compiled(pattern);
            self.known.insert(pattern.to_owned(), compiled);
        }
        let Compiled::Ready(ready) = self.known.get_mut(pattern)? else {
            let large = matches!(self.known.get(pattern), Some(Compiled::TooLarge));
            self.gave_up |= large;
            return None;
        };
        let (regex, cache) = &mut **ready;
        let steps = regex.get_nfa().states().len() * text.len().max(1);
        let Some(left) = self.steps.checked_sub(steps) else {
            self.gave_up = true;
            return None;
        };
        self.steps = left;
        Some(regex.is_match(cache, text))
    }

    fn compiled(&mut self, pattern: &str) -> Compiled {
        let Ok(ours) = PatternParser::new(pattern).read() else {
            return Compiled::Wrong;
        };
        let limit = SIZE.min(self.room);
        let size = thompson::Config::new().nfa_size_limit(Some(limit));
        let built = PikeVM::builder()
            .syntax(syntax::Config::new().utf8(false))
            .thompson(size.utf8(false))
            .build(&ours);
        let regex = match built {
            Ok(regex) => regex,
            // It was compiled up to the limit all the same.
            Err(e) if e.size_limit().is_some() => {
                self.room -= limit / 2;
                return Compiled::TooLarge;
            }
            Err(_) => return Compiled::Wrong,
        };
        let cache = regex.create_cache();
        let size = regex.get_nfa().memory_usage() + cache.memory_usage();
        self.room = self.room.saturating_sub(size);
        Compiled::Ready(Box::new((regex, cache)))
    }
}

/// What stands before an operator that repeats.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    Something,
    Repetition,
}

/// Reads a pattern and writes it in the other dialect as it goes: classes such as `\d` are those of ASCII, and what is literal is escaped.
struct PatternParser<'p> {
    rest: Peekable<Chars<'p>>,
    out: String,
}

type Read<T = ()> = Result<T, &'static str>;

impl<'p> PatternParser<'p> {
    fn new(pattern: &'p str) -> Self {
        Self {
            rest: pattern.chars().peekable(),
            out: String::with_capacity(pattern.len()),
        }
    }

    fn read(mut self) -> Read<String> {
        let mut open = 0_u32;
        let mut before = Before::Nothing;
        while let Some(c) = self.rest.next() {
            before = match c {
                '(' if self.group()? => {
                    open += 1;
                    Before::Nothing
                }
                // Only flags.
                '(' => before,
                ')' => {
                    open = open.checked_sub(1).ok_or("a `)` closes nothing")?;
                    self.out.push(c);
                    Before::Something
                }
                '|' => {
                    self.out.push(c);
                    Before::Nothing
                }
                '^' | '$' | '.' => {
                    self.out.push(c);
                    Before::Something
                }
                '[' => {
                    self.class()?;
                    Before::Something
                }
                '*' | '+' | '?' => self.repeat(&c.to_string(), before)?,
                '{' => match self.counts()? {
                    Some(counts) => self.repeat(&counts, before)?,
                    None => self.literal('{'),
                },
                '\\' => self.escape()?,
                _ => self.literal(c),
            };
        }
        if open > 0 {
            return Err("a `(` is not closed");
        }
        Ok(self.out)
    }

    fn literal(&mut self, c: char) -> Before {
        use std::fmt::Write;
        if c.is_ascii() && !c.is_ascii_alphanumeric() {
            // Writing to a string does not fail.
            let _ = write!(self.out, "\\x{{{:x}}}", u32::from(c));
        } else {
            self.out.push(c);
        }
        Before::Something
    }

    fn skip(&mut self, wanted: char) -> bool {
        self.rest.next_if_eq(&wanted).is_some()
    }

    fn repeat(&mut self, operator: &str, before: Before) -> Read<Before> {
        match before {
            Before::Nothing => return Err("a repetition repeats nothing"),
            Before::Repetition => return Err("a repetition follows another one"),
            Before::Something => {}
        }
        self.out.push_str(operator);
        if self.skip('?') {
            self.out.push('?');
        }
        Ok(Before::Repetition)
    }

    /// `{2}`, `{2,}`, `{2,3}` without the first brace; anything else is a brace of its own.
    fn counts(&mut self) -> Read<Option<String>> {
        let ahead: String = self
            .rest
            .clone()
            .take_while(|c| *c != '}')
            .take(16)
            .collect();
        let (least, most) = ahead.split_once(',').unwrap_or((&ahead, &ahead));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let closed = self.rest.clone().nth(ahead.chars().count()) == Some('}');
        if !closed || !digits(least) || !(most.is_empty() || digits(most)) {
            return Ok(None);
        }
        let fits = |text: &str| text.parse::<u32>().is_ok_and(|n| n <= REPEATS);
        let ordered = most.is_empty() || least.parse::<u32>().ok() <= most.parse::<u32>().ok();
        if !fits(least) || !(most.is_empty() || fits(most)) || !ordered {
            return Err("a repetition has counts that are above 1000 or out of order");
        }
        self.rest.by_ref().take_while(|c| *c != '}').for_each(drop);
        Ok(Some(format!("{{{ahead}}}")))
    }

    /// What follows a `(`; whether it opens a group, and not only sets flags.
    fn group(&mut self) -> Read<bool> {
        const LOOK: &str = "it looks around (`(?=`, `(?!`, `(?<=`, `(?<!`), which RE2 cannot";
        if !self.skip('?') {
            self.out.push('(');
            return Ok(true);
        }
        let python = self.skip('P');
        if self.skip('<') {
            let name: String = self.rest.by_ref().take_while(|c| *c != '>').collect();
            if !python && name.starts_with(['=', '!']) {
                return Err(LOOK);
            }
            let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if name.is_empty() || !name.chars().all(word) {
                return Err("a group has a name that is none");
            }
            self.out.push('(');
            return Ok(true);
        }
        self.out.push_str("(?");
        while let Some(c) = self.rest.next().filter(|_| !python) {
            self.out.push(c);
            match c {
                ':' => return Ok(true),
                ')' => return Ok(false),
                'i' | 'm' | 's' | 'U' | '-' => {}
                '=' | '!' => return Err(LOOK),
                _ => break,
            }
        }
        Err("a group begins with `(?` and something that RE2 does not know")
    }

    fn class(&mut self) -> Read {
        const OPEN: &str = "a `[` is not closed";
        self.out.push('[');
        if self.skip('^') {
            self.out.push('^');
        }
        let mut first = true;
        loop {
            let c = self.rest.next().ok_or(OPEN)?;
            if c == ']' && !first {
                break;
            }
            first = false;
            if c == '[' && self.rest.peek() == Some(&':') && self.named()? {
                continue;
            }
            let next = self.rest.peek().copied();
            if c == '\\' && next.is_some_and(|n| "dswDSWpP".contains(n)) {
                self.escape()?;
                continue;
            }
            let low = self.member(c)?;
            let mut ahead = self.rest.clone();
            let ranges = ahead.next() == Some('-') && ahead.next().is_some_and(|n| n != ']');
            if ranges {
                self.skip('-');
                self.out.push('-');
                let c = self.rest.next().ok_or(OPEN)?;
                if self.member(c)? < low {
                    return Err("a range of characters is out of order");
                }
            }
        }
        self.out.push(']');
        Ok(())
    }

    /// `[:alpha:]` within a class, behind its bracket; whether it is one.
    fn named(&mut self) -> Read<bool> {
        const NAMES: [&str; 14] = [
            "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print",
            "punct", "space", "upper", "word", "xdigit",
        ];
        // The longest name is shorter.
        let text: String = self.rest.clone().skip(1).take(16).collect();
        let Some((name, _)) = text.split_once(":]") else {
            return Ok(false);
        };
        if !NAMES.contains(&name.strip_prefix('^').unwrap_or(name)) {
            return Err("a class has a name that RE2 does not know");
        }
        self.rest.by_ref().take(name.len() + 3).for_each(drop);
        self.out.extend(["[:", name, ":]"]);
        Ok(true)
    }

    /// A character of a class, escaped or not.
    fn member(&mut self, c: char) -> Read<char> {
        let c = if c == '\\' { self.character()? } else { c };
        self.literal(c);
        Ok(c)
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Read<Before> {
        let next = self.rest.peek().copied();
        let same = match next {
            Some('d') => "[0-9]",
            Some('D') => "[^0-9]",
            Some('s') => "[\\t\\n\\f\\r ]",
            Some('S') => "[^\\t\\n\\f\\r ]",
            Some('w') => "[0-9A-Za-z_]",
            Some('W') => "[^0-9A-Za-z_]",
            Some('A') => "\\A",
            Some('z') => "\\z",
            Some('b') => "(?-u:\\b)",
            Some('B') => "(?-u:\\B)",
            Some('p') => "\\p",
            Some('P') => "\\P",
            Some('Q') => "",
            _ => {
                let c = self.character()?;
                return Ok(self.literal(c));
            }
        };
        self.rest.next();
        self.out.push_str(same);
        match next {
            Some('p' | 'P') => self.category()?,
            Some('Q') => self.quoted(),
            _ => {}
        }
        Ok(Before::Something)
    }

    /// `L` or `{Greek}` behind `\p`.
    fn category(&mut self) -> Read {
        let first = self.rest.next().ok_or("a `\\p` has no name")?;
        self.out.push(first);
        if first == '{' {
            for c in self.rest.by_ref() {
                self.out.push(c);
                if c == '}' {
                    return Ok(());
                }
            }
            return Err("a `\\p{` is not closed");
        }
        Ok(())
    }

    /// Literal text up to `\E`.
    fn quoted(&mut self) {
        while let Some(c) = self.rest.next() {
            if c == '\\' && self.skip('E') {
                return;
            }
            self.literal(c);
        }
    }

    /// An escaped character, behind its backslash.
    fn character(&mut self) -> Read<char> {
        const UNKNOWN: &str = "a backslash is followed by something that RE2 does not know";
        let c = self.rest.next().ok_or("it ends with a backslash")?;
        let code = match c {
            '1'..='7' if !self.rest.peek().is_some_and(|n| ('0'..='7').contains(n)) => {
                return Err("it refers back to a group (`\\1`), which RE2 cannot");
            }
            '0'..='7' => {
                let mut code = c.to_digit(8).unwrap_or_default();
                for _ in 0..2 {
                    let digit = self.rest.next_if(|n| n.is_digit(8));
                    let Some(digit) = digit.and_then(|n| n.to_digit(8)) else {
                        break;
                    };
                    code = code * 8 + digit;
                }
                code
            }
            'x' => {
                let braces = self.skip('{');
                let digits: String = if braces {
                    self.rest.by_ref().take_while(|n| *n != '}').collect()
                } else {
                    self.rest.by_ref().take(2).collect()
                };
                let pair = braces || digits.len() == 2;
                let code = u32::from_str_radix(&digits, 16).ok();
                code.filter(|_| pair).ok_or(UNKNOWN)?
            }
            'a' => 7,
            'f' => 12,
            'n' => 10,
            'r' => 13,
            't' => 9,
            'v' => 11,
            _ if c.is_ascii() && !c.is_ascii_alphanumeric() => u32::from(c),
            _ => return Err(UNKNOWN),
        };
        char::from_u32(code).ok_or(UNKNOWN)
    }
}

#[cfg(test)]
mod tests {
    use super::{Patterns, problem};

    #[test]
    fn takes_what_re2_takes() {
        let fine = [
            r"^(\d+|\*)(/\d+)?(\s+(\d+|\*)(/\d+)?){4}$",
            r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
            r"a{,2}{x} ^* [[] []a] [^]] [a-] [-a] [a-z-9] [&&~~-] \_ \/ \12 \0 \x41 \x{1F600}",
            r"(?i)a(?s:.)(?P<n>b)(?<m>c)(?-i) \Q(a[\E \pL \p{Greek} [[:alpha:]\d] a*? a{2,3}? []-a]",
        ];
        for pattern in fine {
            assert_eq!(problem(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn refuses_what_re2_refuses() {
        let wrong = [
            "(",
            "a)",
            "[a",
            "[",
            "[]",
            "*a",
            "(*a)",
            "a|+",
            "a**",
            "a{2}{3}",
            "a{1001}",
            "a{3,2}",
            r"(?!x)",
            r"(?=x)",
            r"(?<=x)",
            r"(?<!x)",
            r"(a)\1",
            r"\",
            r"\Z",
            r"\u0041",
            r"\C",
            r"[z-a]",
            r"[a-\d]",
            r"[[:foo:]]",
            r"(?P=a)",
            r"(?>a)",
            r"(?#a)",
            r"\8",
            r"\xg1",
            r"(?",
            r"(?P<a",
            r"\p",
        ];
        for pattern in wrong {
            assert!(problem(pattern).is_some(), "{pattern}");
        }
    }

    #[test]
    fn matches_as_re2_does() {
        let mut patterns = Patterns::default();
        let mut of = |pattern, text| patterns.matches(pattern, text).unwrap();
        assert!(of("^[0-9]+%?$", "25%"));
        assert!(!of("^[0-9]+%?$", "25 %"));
        assert!(of("b", "abc"));
        assert!(!of(r"^\d$", "\u{663}"), "digits are those of ASCII");
        assert!(of(r"^[\w.-]{2,}$", "a-b.c") && !of(r"^[\w.-]{2,}$", "a"));
        assert!(of(r"^[[^]$", "[") && of(r"^a{x}$", "a{x}") && of(r"^[&&a]$", "&"));
        assert!(of(r"^\Qa.b\E+$", "a.bb") && !of(r"^\Qa.b\E$", "axb"));
        assert!(of(r"\bfoo\b", "a foo b") && !of("^a$", "a\n"));
        assert!(of("^é.$", "éé"));
    }
}
