//! "Did you mean": the nearest of the words that are known.

/// Edits up to which a word is near.
const MAX_EDITS: usize = 4;

/// Words that are looked through: more are no vocabulary that somebody misspells.
const MAX_WORDS: usize = 2_000;

/// The word that is nearest to a misspelt one, if one is near.
pub fn nearest<'w>(word: &str, words: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let letters: Vec<char> = word.chars().collect();
    let mut row = Vec::new();
    let (distance, near) = words
        .take(MAX_WORDS)
        .filter(|w| w.chars().count().abs_diff(letters.len()) <= MAX_EDITS)
        .map(|w| {
            let same = w.eq_ignore_ascii_case(word);
            let edits = if same {
                0
            } else {
                distance(w, &letters, &mut row)
            };
            (edits, w)
        })
        .min_by_key(|(d, _)| *d)?;
    (distance <= MAX_EDITS && distance < word.len()).then_some(near)
}

/// Edit distance (Levenshtein) of two short words; long ones count as far, and so do those that are too far apart already at their
/// beginning. `row` is only memory to be used again.
fn distance(a: &str, b: &[char], row: &mut Vec<usize>) -> usize {
    if a.len() > 80 || b.len() > 80 {
        return usize::MAX;
    }
    row.clear();
    row.extend(0..=b.len());
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cb, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            left = (diagonal + usize::from(ca != *cb))
                .min(left + 1)
                .min(*cell + 1);
            diagonal = std::mem::replace(cell, left);
        }
        if row.iter().all(|edits| *edits > MAX_EDITS) {
            return usize::MAX;
        }
    }
    row.last().copied().unwrap_or_default()
}
