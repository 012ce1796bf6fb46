//! Bytes → text, as kubectl reads them: UTF-8, UTF-16 with a byte order mark, and invalid bytes
//! as U+FFFD; behind a byte order mark of UTF-8 as `NO_UTF8`, since kubectl rejects them there.

/// Stands for invalid bytes that kubectl rejects. No text that it accepts has this character.
pub const NO_UTF8: char = '\u{FFFE}';

/// How the bytes of a file were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Valid UTF-8; offsets of the text are offsets of the file, behind a mark of 3 bytes if any.
    Utf8,
    /// Valid UTF-8 behind a byte order mark.
    Utf8Bom,
    /// UTF-16 with a byte order mark: offsets are those of the decoded text.
    Utf16,
    /// Not valid UTF-8: invalid bytes were replaced, so offsets are those of the decoded text.
    Invalid,
}

impl Encoding {
    /// Bytes of the file before the text begins.
    pub const fn bom_len(self) -> u32 {
        matches!(self, Self::Utf8Bom) as u32 * 3
    }

    /// Whether the text stands in the file byte by byte, so that it can be edited in place.
    pub const fn is_verbatim(self) -> bool {
        matches!(self, Self::Utf8 | Self::Utf8Bom)
    }
}

/// The text of a file and how it was written.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// The text, without a byte order mark.
    pub text: String,
    /// How it was written.
    pub encoding: Encoding,
}

/// Decodes the bytes of a file; never fails.
pub fn decode(mut bytes: Vec<u8>) -> Decoded {
    let encoding = match bytes.as_slice() {
        [0xEF, 0xBB, 0xBF, ..] => {
            bytes.drain(..3);
            Encoding::Utf8Bom
        }
        [0xFF, 0xFE, ..] => return utf16(&bytes, u16::from_le_bytes),
        [0xFE, 0xFF, ..] => return utf16(&bytes, u16::from_be_bytes),
        _ => Encoding::Utf8,
    };
    match String::from_utf8(bytes) {
        Ok(text) => Decoded { text, encoding },
        Err(e) if encoding == Encoding::Utf8Bom => Decoded {
            text: marked(e.as_bytes()),
            encoding: Encoding::Invalid,
        },
        Err(e) => Decoded {
            text: String::from_utf8_lossy(e.as_bytes()).into_owned(),
            encoding: Encoding::Invalid,
        },
    }
}

fn marked(bytes: &[u8]) -> String {
    bytes.utf8_chunks().fold(String::new(), |mut text, chunk| {
        text.push_str(chunk.valid());
        text.extend((!chunk.invalid().is_empty()).then_some(NO_UTF8));
        text
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Decoded {
    let units = bytes.chunks(2).skip(1).map(|pair| match *pair {
        [a, b] => unit([a, b]),
        _ => 0xFFFD,
    });
    let text = char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    Decoded {
        text,
        encoding: Encoding::Utf16,
    }
}
