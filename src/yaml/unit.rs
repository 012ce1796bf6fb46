//! systemd units, environment files, files of arguments and of keys as trees, so that they have spans, comments and findings like the rest.
//!
//! A unit is a map of sections, each a map of its settings; an environment file is a map without sections; a file of arguments is a
//! list of its lines, one of keys and certificates a list of its blocks. Repeated settings are repeated keys: `Node::pairs` has them in their order. Values keep the backslashes that
//! continue their line.

use super::Format;
use super::builder::{Builder, Failure};
use crate::text::{Span, logical_lines};

/// Reads a text line by line. Lines that are none of these forms are left out, as systemd leaves them out with a warning.
pub(super) fn read(text: &str, format: Format, builder: &mut Builder<'_>) -> Result<(), Failure> {
    let list = matches!(format, Format::Arguments | Format::Pem);
    let mut section = false;
    builder.start(!list, false, 0, Span::empty(0))?;
    let end = Span::empty(Span::of(0..text.len()).end);
    if format == Format::Pem {
        for block in blocks(text) {
            builder.literal(block)?;
        }
        builder.end(end);
        return Ok(());
    }
    for (start, line) in logical_lines(text, &['\n']) {
        let content = line.trim();
        let start = start + (line.len() - line.trim_start().len());
        let whole = Span::of(start..start + content.len());
        if content.is_empty() || content.starts_with(['#', ';']) {
            continue;
        }
        if list {
            builder.literal(whole)?;
        } else if content.starts_with('[') && content.ends_with(']') {
            if std::mem::replace(&mut section, true) {
                builder.end(whole);
            }
            builder.literal(Span::new(whole.start + 1, whole.end - 1))?;
            builder.start(true, false, 0, Span::empty(whole.end))?;
        } else if let Some((name, value)) = content.split_once('=') {
            let name_end = start + name.trim_end().len();
            let value_start = start + name.len() + 1 + (value.len() - value.trim_start().len());
            builder.literal(Span::of(start..name_end))?;
            builder.literal(Span::of(
                value_start.min(start + content.len())..start + content.len(),
            ))?;
        }
    }
    if section {
        builder.end(end);
    }
    builder.end(end);
    Ok(())
}

/// From each `-----BEGIN` to the end of its `-----END` line.
fn blocks(text: &str) -> impl Iterator<Item = Span> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text.get(at..)?.find("-----BEGIN ")?;
        let last = start + text.get(start..)?.find("-----END ")?;
        let line = text.get(last..)?.lines().next()?.trim_end();
        at = last + line.len();
        Some(Span::of(start..at))
    })
}
