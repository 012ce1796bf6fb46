//! "Did you mean": the nearest of the words that are known.

/// The word that is nearest to a misspelt one, if one is near.
pub fn nearest<'w>(word: &str, words: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let near = words
        .map(|w| match w.eq_ignore_ascii_case(word) {
            true => (0, w),
            false => (distance(w, word), w),
        })
        .min_by_key(|(d, _)| *d)?;
    (near.0 <= 4 && near.0 < word.len()).then_some(near.1)
}

/// Edit distance (Levenshtein) of two short words; long ones count as far.
fn distance(a: &str, b: &str) -> usize {
    if a.len() > 80 || b.len() > 80 {
        return usize::MAX;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (cb, above) in b.iter().zip(row.iter().skip(1)) {
            left = (diagonal + usize::from(ca != *cb))
                .min(left + 1)
                .min(above + 1);
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
