//! Block, quoted and plain scalars.

use super::{Folding, ScanError, Scanner, Token, TokenKind};
use crate::yaml::tree::Style;

impl Scanner<'_> {
    pub(super) fn block_scalar(&mut self, style: Style) -> Result<(), ScanError> {
        self.remove_key()?;
        self.key_allowed = true;
        let start = self.mark;
        self.skip_ascii(1);
        let (mut chomp, mut increment) = (0_u8, 0_isize);
        for _ in 0..2 {
            match self.byte(0) {
                sign @ (b'+' | b'-') if chomp == 0 => chomp = sign,
                b'0' if increment == 0 => {
                    return Err(ScanError::new(
                        self.mark.at,
                        "the indentation of a block scalar cannot be 0",
                        "Write a digit from 1 to 9, or none.",
                    ));
                }
                digit @ b'1'..=b'9' if increment == 0 => increment = isize::from(digit - b'0'),
                _ => break,
            }
            self.skip_ascii(1);
        }
        self.skip_blanks();
        self.skip_comment();
        if !self.is_break_or_end(0) {
            return Err(ScanError::new(
                self.mark.at,
                "text cannot follow `|` or `>` on its line",
                "Begin the text on the next line.",
            ));
        }
        self.end_line(None);
        let mut indent = (increment > 0).then(|| self.indent.max(0) + increment);
        let mut value = String::new();
        let (mut first_break, mut breaks) = (String::new(), String::new());
        let mut end = self.block_breaks(&mut indent, &mut breaks)?;
        let column = indent.unwrap_or(1);
        let mut was_blank = false;
        while self.mark.column.cast_signed() == column && !self.at_end() {
            let is_blank = self.is_blank(0);
            let folds =
                style == Style::Folded && !was_blank && !is_blank && first_break.starts_with('\n');
            if !folds {
                value.push_str(&first_break);
            } else if breaks.is_empty() {
                value.push(' ');
            }
            first_break.clear();
            value.push_str(&breaks);
            breaks.clear();
            was_blank = is_blank;
            let from = self.mark.at;
            while !self.is_break_or_end(0) {
                self.skip();
            }
            value.push_str(self.slice(from, self.mark.at));
            self.end_line(Some(&mut first_break));
            end = self.block_breaks(&mut indent, &mut breaks)?;
        }
        if chomp != b'-' {
            value.push_str(&first_break);
        }
        if chomp == b'+' {
            value.push_str(&breaks);
        }
        let kind = TokenKind::Scalar(value.into(), style);
        let start = start.at;
        self.queue.push_back(Token { kind, start, end });
        Ok(())
    }

    /// Reads empty lines and the indentation behind them, which tells what that of the scalar is; where its last line ended.
    fn block_breaks(
        &mut self,
        indent: &mut Option<isize>,
        breaks: &mut String,
    ) -> Result<usize, ScanError> {
        let mut end = self.mark.at;
        let mut widest = 0;
        loop {
            let column = self.mark.column.cast_signed();
            let indents = indent.is_none_or(|indent| column < indent);
            if indents && self.byte(0) == b' ' {
                self.skip_ascii(1);
                continue;
            }
            widest = widest.max(column);
            if indents && self.byte(0) == b'\t' {
                return Err(ScanError::tab(self.mark.at));
            }
            let ends = self.line_break(0).is_some() || self.at_end() && column > 0;
            if !ends {
                break;
            }
            self.end_line(Some(breaks));
            end = self.mark.at;
        }
        if indent.is_none() {
            *indent = Some(widest.max(self.indent + 1).max(1));
        }
        Ok(end)
    }

    pub(super) fn quoted(&mut self, style: Style) -> Result<(), ScanError> {
        self.save_key()?;
        self.key_allowed = false;
        let start = self.mark;
        let quote = if style == Style::Single { b'\'' } else { b'"' };
        let unclosed = || {
            ScanError::new(
                start.at,
                "this quote is never closed",
                "Close the quote, or double a quote inside single quotes.",
            )
        };
        self.skip_ascii(1);
        // Where the text begins that is not in the value.
        let mut from = self.mark.at;
        let mut folding = Folding::default();
        let mut value = String::new();
        loop {
            if self.at_end() || self.mark.column == 0 && self.is_marker() {
                return Err(unclosed());
            }
            folding.broken = false;
            while !self.is_blank_or_end(0) {
                match self.byte(0) {
                    b'\'' if quote == b'\'' && self.byte(1) == b'\'' => {
                        value.push_str(self.slice(from, self.mark.at));
                        value.push('\'');
                        self.skip_ascii(2);
                        from = self.mark.at;
                    }
                    byte if byte == quote => break,
                    b'\\' if quote == b'"' => {
                        value.push_str(self.slice(from, self.mark.at));
                        if self.line_break(1).is_some() {
                            self.skip_ascii(1);
                            self.skip_break(None);
                            folding.broken = true;
                            from = self.mark.at;
                            break;
                        }
                        self.escape(&mut value)?;
                        from = self.mark.at;
                    }
                    _ => self.skip(),
                }
            }
            if self.byte(0) == quote && !folding.broken {
                break;
            }
            value.push_str(self.slice(from, self.mark.at));
            self.fold(&mut folding, 0)?;
            folding.join(&mut value);
            from = self.mark.at;
        }
        let end = self.mark.at;
        let value = if value.is_empty() {
            self.slice(from, end).into()
        } else {
            value.push_str(self.slice(from, end));
            value.into()
        };
        self.skip_ascii(1);
        self.push(TokenKind::Scalar(value, style), start);
        Ok(())
    }

    /// Reads blanks and line breaks inside of a scalar; no tab may stand in the indentation.
    fn fold(&mut self, folding: &mut Folding, indent: isize) -> Result<(), ScanError> {
        loop {
            if self.is_blank(0) {
                let indents = folding.broken && self.mark.column.cast_signed() < indent;
                if indents && self.byte(0) == b'\t' {
                    return Err(ScanError::tab(self.mark.at));
                }
                if !folding.broken {
                    folding.blanks.push(char::from(self.byte(0)));
                }
                self.skip_ascii(1);
            } else if self.line_break(0).is_some() {
                let breaks = if folding.broken {
                    &mut folding.more_breaks
                } else {
                    &mut folding.first_break
                };
                self.skip_break(Some(breaks));
                folding.broken = true;
            } else {
                return Ok(());
            }
        }
    }

    /// Adds what an escape in double quotes stands for.
    fn escape(&mut self, value: &mut String) -> Result<(), ScanError> {
        let at = self.mark.at;
        let (digits, c) = match self.byte(1) {
            b'0' => (0, '\0'),
            b'a' => (0, '\x07'),
            b'b' => (0, '\x08'),
            b't' | b'\t' => (0, '\t'),
            b'n' => (0, '\n'),
            b'v' => (0, '\x0B'),
            b'f' => (0, '\x0C'),
            b'r' => (0, '\r'),
            b'e' => (0, '\x1B'),
            c @ (b' ' | b'"' | b'\'' | b'\\') => (0, char::from(c)),
            b'N' => (0, '\u{85}'),
            b'_' => (0, '\u{A0}'),
            b'L' => (0, '\u{2028}'),
            b'P' => (0, '\u{2029}'),
            b'x' => (2, '\0'),
            b'u' => (4, '\0'),
            b'U' => (8, '\0'),
            b'/' => {
                return Err(ScanError::new(
                    at,
                    "the escape `\\/` exists in JSON only, so kubectl rejects it",
                    "Write `/` without the backslash.",
                ));
            }
            _ => {
                return Err(ScanError::new(
                    at,
                    "this escape does not exist in double quotes",
                    "Write `\\\\` for a backslash, or use single quotes.",
                ));
            }
        };
        let c = if digits == 0 {
            Some(c)
        } else {
            self.hex(2, digits).and_then(char::from_u32)
        };
        let Some(c) = c else {
            let half = self.byte(1) == b'u'
                && self
                    .hex(2, 4)
                    .is_some_and(|code| (0xD800..0xE000).contains(&code));
            let message = if half {
                "half of a surrogate pair is valid in JSON only, so kubectl rejects it"
            } else {
                "this escape is not a valid character"
            };
            return Err(ScanError::new(
                at,
                message,
                "Write the character without an escape.",
            ));
        };
        value.push(c);
        self.skip_ascii(2 + digits);
        Ok(())
    }

    pub(super) fn plain(&mut self) -> Result<(), ScanError> {
        self.save_key()?;
        self.key_allowed = false;
        let start = self.mark.at;
        let indent = self.indent + 1;
        let mut end = start;
        let mut folding = Folding::default();
        // What is folded of the value, and where the text begins that comes behind it.
        let mut folded: Option<String> = None;
        let mut from = start;
        loop {
            if self.byte(0) == b'#' || self.mark.column == 0 && self.is_marker() {
                break;
            }
            while !self.is_blank_or_end(0) && !self.ends_plain() {
                if folding.broken {
                    let mut value = folded.take().unwrap_or_default();
                    value.push_str(self.slice(from, end));
                    folding.join(&mut value);
                    folded = Some(value);
                    from = self.mark.at;
                }
                self.skip();
                end = self.mark.at;
            }
            if !(self.is_blank(0) || self.line_break(0).is_some()) {
                break;
            }
            self.fold(&mut folding, indent)?;
            if self.flow == 0 && self.mark.column.cast_signed() < indent {
                break;
            }
        }
        if folding.broken {
            self.key_allowed = true;
        }
        let rest = self.slice(from, end);
        let value = match folded {
            Some(folded) => (folded + rest).into(),
            None => rest.into(),
        };
        let kind = TokenKind::Scalar(value, Style::Plain);
        self.queue.push_back(Token { kind, start, end });
        Ok(())
    }

    /// Whether a plain scalar ends before this character.
    fn ends_plain(&self) -> bool {
        match self.byte(0) {
            b':' => self.is_blank_or_end(1),
            b',' | b'?' | b'[' | b']' | b'{' | b'}' => self.flow > 0,
            _ => false,
        }
    }
}
