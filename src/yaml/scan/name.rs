//! Anchors, aliases, tags and directives.

use super::{Mark, ScanError, Scanner, Token, TokenKind};

impl<'t> Scanner<'t> {
    fn word(&mut self) -> &'t str {
        let start = self.mark.at;
        while matches!(self.byte(0), b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_' | b'-') {
            self.skip_ascii(1);
        }
        self.slice(start, self.mark.at)
    }

    pub(super) fn anchor(&mut self, alias: bool) -> Result<(), ScanError> {
        self.save_key()?;
        self.key_allowed = false;
        let start = self.mark;
        self.skip_ascii(1);
        let name = self.word();
        let ends = self.is_blank_or_end(0)
            || matches!(
                self.byte(0),
                b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`'
            );
        if name.is_empty() || !ends {
            return Err(ScanError::new(
                start.at,
                "a name of letters, digits, `-` and `_` must follow `&` or `*`",
                "Quote the value if it is a string.",
            ));
        }
        let kind = if alias {
            TokenKind::Alias(name)
        } else {
            TokenKind::Anchor(name)
        };
        self.push(kind, start);
        Ok(())
    }

    pub(super) fn tag(&mut self) -> Result<(), ScanError> {
        self.save_key()?;
        self.key_allowed = false;
        let start = self.mark;
        let (handle, suffix) = if self.byte(1) == b'<' {
            self.skip_ascii(2);
            let suffix = self.tag_text(start, "")?;
            if self.byte(0) != b'>' {
                return Err(Self::no_tag(start));
            }
            self.skip_ascii(1);
            ("", suffix)
        } else {
            let handle = self.handle();
            if handle.len() > 1 && handle.ends_with('!') {
                (handle, self.tag_text(start, "")?)
            } else {
                let suffix = self.tag_text(start, handle)?;
                if suffix.is_empty() {
                    ("", handle.to_owned())
                } else {
                    ("!", suffix)
                }
            }
        };
        if !self.is_blank_or_end(0) {
            return Err(Self::no_tag(start));
        }
        self.push(TokenKind::Tag(handle, suffix), start);
        Ok(())
    }

    fn no_tag(start: Mark) -> ScanError {
        ScanError::new(
            start.at,
            "this is not a valid tag, although `!` begins one",
            "Quote the value if it is a string.",
        )
    }

    /// `!`, `!!` or `!name!`; or the beginning of a tag without a handle.
    fn handle(&mut self) -> &'t str {
        let start = self.mark.at;
        self.skip_ascii(1);
        self.word();
        if self.byte(0) == b'!' {
            self.skip_ascii(1);
        }
        self.slice(start, self.mark.at)
    }

    /// The characters of a URI behind `head`, whose `!` is left out.
    fn tag_text(&mut self, start: Mark, head: &str) -> Result<String, ScanError> {
        let mut text: Vec<u8> = head.bytes().skip(1).collect();
        let mut found = !head.is_empty();
        loop {
            match self.byte(0) {
                b'%' => self.escaped_octets(start, &mut text)?,
                byte @ (b'0'..=b'9'
                | b'A'..=b'Z'
                | b'a'..=b'z'
                | b'_'
                | b'-'
                | b';'
                | b'/'
                | b'?'
                | b':'
                | b'@'
                | b'&'
                | b'='
                | b'+'
                | b'$'
                | b','
                | b'.'
                | b'!'
                | b'~'
                | b'*'
                | b'\''
                | b'('
                | b')'
                | b'['
                | b']') => {
                    text.push(byte);
                    self.skip_ascii(1);
                }
                _ => break,
            }
            found = true;
        }
        if !found {
            return Err(Self::no_tag(start));
        }
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// `%C3%A9`: the octets of one character.
    fn escaped_octets(&mut self, start: Mark, into: &mut Vec<u8>) -> Result<(), ScanError> {
        let mut left = 1;
        let mut first = true;
        while left > 0 {
            let octet = self
                .hex(1, 2)
                .filter(|_| self.byte(0) == b'%')
                .and_then(|code| u8::try_from(code).ok());
            let octet = octet.ok_or_else(|| Self::no_tag(start))?;
            if first {
                left = match octet {
                    0..0x80 => 1,
                    0xC0..0xE0 => 2,
                    0xE0..0xF0 => 3,
                    0xF0..0xF8 => 4,
                    _ => return Err(Self::no_tag(start)),
                };
                first = false;
            } else if octet & 0xC0 != 0x80 {
                return Err(Self::no_tag(start));
            }
            into.push(octet);
            self.skip_ascii(3);
            left -= 1;
        }
        Ok(())
    }

    /// A number of so many hexadecimal digits.
    pub(super) fn hex(&self, ahead: usize, digits: usize) -> Option<u32> {
        let from = self.mark.at + ahead;
        let text = self.text.get(from..from + digits)?;
        // `from_str_radix` takes a sign.
        let hex = text.bytes().all(|b| b.is_ascii_hexdigit());
        hex.then(|| u32::from_str_radix(text, 16).ok())?
    }

    pub(super) fn directive(&mut self) -> Result<(), ScanError> {
        self.unroll(-1);
        self.remove_key()?;
        self.key_allowed = false;
        let start = self.mark;
        let wrong = || {
            ScanError::new(
                start.at,
                "kubectl does not know this directive",
                "Quote the value if it is a string, or delete the line.",
            )
        };
        self.skip_ascii(1);
        let name = self.word();
        if !self.is_blank_or_end(0) {
            return Err(wrong());
        }
        self.skip_blanks();
        let kind = match name {
            "YAML" => {
                let major = self.number().ok_or_else(wrong)?;
                if self.byte(0) != b'.' {
                    return Err(wrong());
                }
                self.skip_ascii(1);
                TokenKind::Version(major, self.number().ok_or_else(wrong)?)
            }
            "TAG" => {
                if self.byte(0) != b'!' {
                    return Err(wrong());
                }
                let handle = self.handle();
                let whole = handle == "!" || handle.len() > 1 && handle.ends_with('!');
                if !whole || !self.is_blank(0) {
                    return Err(wrong());
                }
                self.skip_blanks();
                let prefix = self.tag_text(start, "").map_err(|_| wrong())?;
                if !self.is_blank_or_end(0) {
                    return Err(wrong());
                }
                TokenKind::TagPrefix(handle, prefix)
            }
            _ => return Err(wrong()),
        };
        let end = self.mark.at;
        self.skip_blanks();
        self.skip_comment();
        if !self.is_break_or_end(0) {
            return Err(wrong());
        }
        self.skip_break(None);
        let start = start.at;
        self.queue.push_back(Token { kind, start, end });
        Ok(())
    }

    /// A number of one or two digits.
    fn number(&mut self) -> Option<u8> {
        let start = self.mark.at;
        while self.byte(0).is_ascii_digit() {
            self.skip_ascii(1);
        }
        let digits = self.slice(start, self.mark.at);
        (digits.len() <= 2).then(|| digits.parse().ok())?
    }
}
