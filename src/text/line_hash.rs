//! GitHub's identity of a line: the hash that its code scanning gives an alert, computed as github/codeql-action does, so that the
//! alert stays the same one whether we send the hash or the upload action computes it.

use super::{Span, SpanSet};

/// Characters of the window that is hashed from a line's start on.
const WINDOW: usize = 100;
const BASE: u64 = 37;
const END: u16 = 0xFFFF;

/// For each line that holds a character, in order: its 1-based number, and hash and occurrence as `1f2e:1`. Lines whose window reaches
/// into what must not be shown have none, and count as no occurrence: what a hash covers can be found by trying.
pub fn line_hashes(text: &str, bom: bool, secrets: &SpanSet) -> Vec<(u32, String)> {
    let mut hasher = Hasher {
        window: [0; WINDOW],
        starts: [None; WINDOW],
        hash: 0,
        at: 0,
        secret: None,
        pushed: 0,
        counts: std::collections::HashMap::new(),
        found: Vec::new(),
    };
    let first = (0..WINDOW).fold(1_u64, |power, _| power.wrapping_mul(BASE));
    let (mut line, mut line_start, mut after_cr) = (0, true, false);
    let units = text.char_indices().flat_map(|(at, c)| {
        let secret = secrets.holds(Span::of(at..at));
        let mut units = [0; 2];
        let len = c.encode_utf16(&mut units).len();
        units.into_iter().take(len).map(move |unit| (unit, secret))
    });
    let mark = bom.then_some((0xFEFF, false));
    for (unit, secret) in mark.into_iter().chain(units).chain([(END, false)]) {
        let lf_of_crlf = after_cr && unit == 10;
        after_cr = false;
        // Blanks do not count, so that indenting a line anew leaves it the same.
        if unit == 9 || unit == 32 || lf_of_crlf {
            continue;
        }
        after_cr = unit == 13;
        let unit = if after_cr { 10 } else { unit };
        hasher.emit();
        if line_start {
            line += 1;
            hasher.begin(line);
        }
        line_start = unit == 10;
        if secret {
            hasher.secret = Some(hasher.pushed);
        }
        hasher.push(u64::from(unit), first);
    }
    for _ in 0..WINDOW {
        hasher.emit();
        hasher.push(0, first);
    }
    hasher.found
}

struct Hasher {
    window: [u64; WINDOW],
    /// The line that begins at a place of the window, and how many units came before it.
    starts: [Option<(u32, usize)>; WINDOW],
    /// How many units came before the last one that must not be shown.
    secret: Option<usize>,
    pushed: usize,
    hash: u64,
    at: usize,
    counts: std::collections::HashMap<u64, u32>,
    found: Vec<(u32, String)>,
}

impl Hasher {
    /// The window has come round to the start of a line: its hash is complete.
    fn emit(&mut self) {
        let Some((line, from)) = self.starts.get_mut(self.at).and_then(Option::take) else {
            return;
        };
        if self.secret.is_some_and(|secret| secret >= from) {
            return;
        }
        let count = self.counts.entry(self.hash).or_default();
        *count += 1;
        self.found.push((line, format!("{:x}:{count}", self.hash)));
    }

    fn begin(&mut self, line: u32) {
        if let Some(start) = self.starts.get_mut(self.at) {
            *start = Some((line, self.pushed));
        }
    }

    fn push(&mut self, unit: u64, first: u64) {
        if let Some(place) = self.window.get_mut(self.at) {
            let leaving = std::mem::replace(place, unit);
            self.hash = self
                .hash
                .wrapping_mul(BASE)
                .wrapping_add(unit)
                .wrapping_sub(first.wrapping_mul(leaving));
        }
        self.at = (self.at + 1) % WINDOW;
        self.pushed += 1;
    }
}
