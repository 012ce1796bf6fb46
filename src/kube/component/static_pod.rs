//! Static pods, and pod templates of hosted control planes: the command line of a container.

use super::{ComponentKind, Form, Instance, Setting};
use crate::kube::{Container, Object, PodSpec};
use crate::yaml::Node;
use std::borrow::Cow;

pub(super) fn instances(object: Object<'_>) -> Vec<Instance<'_>> {
    let pod = PodSpec::of(object);
    pod.into_iter()
        .flat_map(PodSpec::containers)
        .filter_map(|c| instance(object, c))
        .collect()
}

/// A word of a command line: its text, the scalar that holds it, and where it begins in the scalar's text.
struct Word<'d> {
    text: Cow<'d, str>,
    node: Node<'d>,
    at: usize,
}

/// Whether a container runs a component, or kube-proxy.
pub(super) fn is_system_program(container: Container<'_>) -> bool {
    let list = container
        .node
        .field("command")
        .or_else(|| container.node.field("args"));
    let first = list
        .and_then(|list| list.items().next())
        .and_then(Node::text)
        .map(basename);
    first.is_some_and(|name| name == "kube-proxy" || ComponentKind::named(name).is_some())
}

fn instance<'d>(object: Object<'d>, container: Container<'d>) -> Option<Instance<'d>> {
    let mut words: Vec<Word<'d>> = Vec::new();
    for field in ["command", "args"] {
        for node in container
            .node
            .field(field)
            .into_iter()
            .flat_map(Node::items)
        {
            let text = node.text()?;
            words.push(Word {
                text: text.into(),
                node,
                at: 0,
            });
        }
    }
    let program = program(&words, container);
    if let Some(component) = program {
        let start = usize::from(container.node.field("command").is_some());
        return Some(build(
            object,
            container,
            component,
            words.get(start..).unwrap_or_default(),
        ));
    }
    // `sh -c "exec kube-apiserver --flag=value"`: the script's last command.
    let script = words
        .iter()
        .position(|w| is_shell_command_flag(&w.text))
        .and_then(|i| words.get(i + 1))?;
    let words = shell_words(script.node)?;
    let start = words
        .iter()
        .rposition(|w| ComponentKind::named(basename(&w.text)).is_some())?;
    let component = ComponentKind::named(basename(&words.get(start)?.text))?;
    Some(build(object, container, component, words.get(start + 1..)?))
}

/// The component that a container runs: by the first word of its command, or by its image where it gives arguments only.
fn program(words: &[Word<'_>], container: Container<'_>) -> Option<ComponentKind> {
    let first = words.first()?;
    if container.node.field("command").is_some() {
        return ComponentKind::named(basename(&first.text));
    }
    let image = container.node.field("image").and_then(Node::as_str)?;
    ComponentKind::named(basename(crate::kube::image::Reference::parse(image).name))
}

fn basename(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn is_shell_command_flag(word: &str) -> bool {
    word.len() >= 2 && word.starts_with('-') && !word.starts_with("--") && word.ends_with('c')
}

fn build<'d>(
    object: Object<'d>,
    container: Container<'d>,
    component: ComponentKind,
    words: &[Word<'d>],
) -> Instance<'d> {
    let pair = container
        .node
        .pair("command")
        .or_else(|| container.node.pair("args"));
    let anchor = pair.map_or_else(|| container.node.lacking(), |(_, list)| list.lacking());
    Instance {
        component,
        form: Form::CommandLine,
        object,
        settings: settings(words),
        anchor,
    }
}

/// `--flag=value`, `--flag value` and `--flag`, as pflag reads them.
fn settings<'d>(words: &[Word<'d>]) -> Vec<Setting<'d>> {
    let mut found = Vec::new();
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let Some(flag) = word.text.strip_prefix("--").filter(|f| !f.is_empty()) else {
            continue;
        };
        if let Some((name, value)) = flag.split_once('=') {
            let at = word.at + 2 + name.len() + 1;
            found.push(Setting {
                name: name.to_owned().into(),
                value: value.to_owned().into(),
                node: word.node,
                at: Some(at),
            });
            continue;
        }
        let name = flag.to_owned().into();
        match words.next_if(|next| !next.text.starts_with('-')) {
            Some(value) => found.push(Setting {
                name,
                value: value.text.clone(),
                node: value.node,
                at: Some(value.at),
            }),
            None => found.push(Setting {
                name,
                value: "true".into(),
                node: word.node,
                at: None,
            }),
        }
    }
    found
}

/// The words of a shell script's last simple command; `None` where it expands something that cannot be known.
fn shell_words(script: Node<'_>) -> Option<Vec<Word<'_>>> {
    let text = script.text()?;
    let mut words = Vec::new();
    let mut word: Option<(usize, String)> = None;
    let mut quote = None;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (None, '\'' | '"') => {
                // A quoted word begins behind its quote, so that offsets of plain values stay right.
                word.get_or_insert((at + 1, String::new()));
                quote = Some(c);
            }
            (None | Some('"'), '\\') => match chars.next() {
                Some((_, '\n' | '\r')) | None => {}
                Some((_, next)) => word.get_or_insert((at + 1, String::new())).1.push(next),
            },
            (None, ' ' | '\t' | '\n' | '\r') => words.extend(word.take()),
            (None, ';' | '|' | '&') => {
                word = None;
                words.clear();
            }
            (_, c) => word.get_or_insert((at, String::new())).1.push(c),
        }
    }
    words.extend(word);
    Some(
        words
            .into_iter()
            .map(|(at, text)| Word {
                text: text.into(),
                node: script,
                at,
            })
            .collect(),
    )
}
