//! A page of text: built once, shown as Markdown or on a terminal.

use std::fmt::Write as _;

/// A part of a page.
pub(super) enum Block {
    /// A paragraph.
    Text(String),
    /// Items.
    List(Vec<String>),
    /// Lines as they are.
    Code(String),
}

/// A title, facts in a few words, and blocks under headings.
pub(super) struct Page {
    name: String,
    title: String,
    facts: Vec<(&'static str, String)>,
    sections: Vec<(String, Vec<Block>)>,
}

impl Page {
    /// A page without content.
    pub(super) fn new(name: &str, title: &str) -> Self {
        Self {
            name: name.to_owned(),
            title: title.to_owned(),
            facts: Vec::new(),
            sections: Vec::new(),
        }
    }

    /// Adds a fact, if there is something to say.
    pub(super) fn fact(&mut self, name: &'static str, value: String) {
        if !value.is_empty() {
            self.facts.push((name, value));
        }
    }

    /// Adds a section, if it has blocks.
    pub(super) fn heading(&mut self, title: &str, blocks: impl IntoIterator<Item = Block>) {
        let blocks: Vec<Block> = blocks.into_iter().collect();
        if !blocks.is_empty() {
            self.sections.push((title.to_owned(), blocks));
        }
    }

    /// The page in Markdown.
    pub(super) fn markdown(&self) -> String {
        let mut out = format!("# {}\n\n{}\n\n", self.name, self.title);
        for (name, value) in &self.facts {
            let _ = writeln!(out, "- **{name}**: {value}");
        }
        for (title, blocks) in &self.sections {
            let _ = writeln!(out, "\n## {title}");
            for block in blocks {
                let _ = match block {
                    Block::Text(text) => writeln!(out, "\n{text}"),
                    Block::List(items) => writeln!(out, "\n- {}", items.join("\n- ")),
                    Block::Code(code) => writeln!(out, "\n```yaml\n{code}```"),
                };
            }
        }
        out
    }

    /// The page for a terminal of 80 columns.
    #[cfg(feature = "cli")]
    pub(super) fn terminal(&self) -> String {
        let mut out = fill(&format!("{}: {}", self.name, self.title), "", "") + "\n";
        let width = self.facts.iter().map(|(name, _)| name.len()).max();
        let width = width.unwrap_or_default() + 2;
        for (name, value) in &self.facts {
            out += &fill(value, &format!("  {name:width$}"), &" ".repeat(width + 2));
        }
        for (title, blocks) in &self.sections {
            let _ = writeln!(out, "\n{title}");
            for block in blocks {
                match block {
                    Block::Text(text) => out += &fill(text, "  ", "  "),
                    Block::List(items) => {
                        out.extend(items.iter().map(|item| fill(item, "  - ", "    ")));
                    }
                    Block::Code(code) => {
                        code.lines()
                            .for_each(|line| _ = writeln!(out, "      {line}"));
                    }
                }
            }
        }
        out
    }
}

/// A paragraph in lines of 80 columns.
#[cfg(feature = "cli")]
fn fill(text: &str, first: &str, others: &str) -> String {
    let options = textwrap::Options::new(80)
        .initial_indent(first)
        .subsequent_indent(others)
        .break_words(false)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::fill(text, options) + "\n"
}
