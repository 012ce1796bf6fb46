//! Lines that a backslash continues, as units, scripts and environment files have them.

/// Lines that end with one of some breaks, those that end with a backslash together with the next; each with its offset.
pub(crate) fn logical_lines<'t>(
    text: &'t str,
    breaks: &'t [char],
) -> impl Iterator<Item = (usize, &'t str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let mut len = 0;
        for line in rest.split_inclusive(breaks) {
            len += line.len();
            if !line.trim_end_matches(['\n', '\r']).ends_with('\\') {
                break;
            }
        }
        let start = at;
        at += len;
        Some((start, rest.get(..len).unwrap_or_default()))
    })
}
