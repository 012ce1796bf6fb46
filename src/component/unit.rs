//! systemd units and their drop-ins, environment files and files of arguments.

use super::command::{Flags, Word, basename, component, flags, shell_words};
use super::form::{FileName, Form, OwnFormat};
use super::{ComponentKind, Instance, InstanceContext, Setting, forms, k3s};
use crate::kube::{Completeness, Object};
use crate::text::last_part;
use crate::yaml::{Format, Node, NodeKind};

const GROUP: &str = "systemd.io";

/// The command line of a systemd unit, an environment file or a file of arguments.
pub static FORM: Form = Form {
    name: "unit",
    file_groups: &[GROUP],
    format,
    formats: &[
        OwnFormat {
            format: Format::Unit,
            gvk: (GROUP, "Unit"),
            words: &[
                "kube", "etcd", "ETCD_", "KUBE", "k3s", "rke2", "k0s", "K3S_", "RKE2_",
            ],
        },
        OwnFormat {
            format: Format::Arguments,
            gvk: (GROUP, "Unit"),
            words: &["--"],
        },
    ],
    instances,
    own_settings: |object| k3s::of_unit(object.node),
    is_transparent: true,
    ..Form::EMPTY
};

fn format(file: &FileName<'_>) -> Option<Format> {
    const VARIABLES: [&str; 4] = ["etcd.env", "etcd.conf", "kubelet.env", "kubeadm-flags.env"];
    let FileName { name, parent, .. } = *file;
    let of_program = name.starts_with("kube") || matches!(name, "etcd" | "k3s" | "rke2");
    let is_unit = VARIABLES.contains(&name)
        || name.ends_with(".service.env")
        || file.is("service")
        || file.is("conf") && parent.ends_with(".service.d");
    match parent {
        _ if is_unit => Some(Format::Unit),
        "default" | "sysconfig" if of_program => Some(Format::Unit),
        "args" if of_program => Some(Format::Arguments),
        _ => None,
    }
}

fn instances<'d>(object: Object<'d>, around: InstanceContext<'_>) -> Vec<Instance<'d>> {
    let root = object.node;
    if root.kind() == NodeKind::Seq {
        return arguments(object, around).into_iter().collect();
    }
    let (commands, variables) = read(root);
    let mut found: Vec<_> = commands
        .into_iter()
        .flat_map(|command| exec_start(object, command, around))
        .collect();
    found.extend(of_variables(object, &variables, around));
    found
}

/// What a unit or an environment file sets, whatever program it is for: its variables, and the flags of its commands.
pub fn settings(object: Object<'_>) -> Vec<Setting<'_>> {
    if object.gvk.group != GROUP {
        return Vec::new();
    }
    let (commands, variables) = read(object.node);
    let flags = commands
        .into_iter()
        .flat_map(|command| flags(None, &shell_words(command, 0)).settings);
    let variables = variables.iter().map(|v| of_variable(v, v.0.clone()));
    variables.chain(flags).collect()
}

/// The section and content of the kubelet's own unit: a drop-in shows a part of one.
pub fn kubelet_unit(object: Object<'_>) -> Option<(Node<'_>, Node<'_>)> {
    let (key, section) = object
        .node
        .pairs()
        .find(|(key, _)| key.text() == Some("Service"))?;
    let commands = || {
        section
            .pairs()
            .filter(|(key, _)| key.text() == Some("ExecStart"))
    };
    let replaced = commands().any(|(_, v)| v.text().is_none_or(|v| v.trim().is_empty()));
    let runs = commands().any(|(_, v)| {
        let word = v.text().and_then(|v| v.split_whitespace().next());
        word.is_some_and(|word| last_part(word, b'/') == "kubelet")
    });
    (runs && !replaced).then_some((key, section))
}

/// The commands of a unit and the variables of it or of an environment file.
pub(super) fn read(root: Node<'_>) -> (Vec<Node<'_>>, Vec<Variable<'_>>) {
    let mut commands = Vec::new();
    let mut variables = Vec::new();
    for (section, content) in root.pairs() {
        match section.text() {
            Some("Service") if content.kind() == NodeKind::Map => {
                // An empty ExecStart forgets those before it.
                for (key, value) in content.pairs() {
                    match key.text() {
                        Some("ExecStart") if value.text().is_none_or(|v| v.trim().is_empty()) => {
                            commands.clear();
                        }
                        Some("ExecStart") => commands.push(value),
                        Some("Environment") => variables.extend(assignments(value)),
                        _ => {}
                    }
                }
            }
            Some(_) if content.kind() != NodeKind::Map => {
                variables.extend(variable(section, content));
            }
            _ => {}
        }
    }
    (commands, variables)
}

fn exec_start<'d>(
    object: Object<'d>,
    command: Node<'d>,
    around: InstanceContext<'_>,
) -> Vec<Instance<'d>> {
    let words = shell_words(command, 0);
    let of_program = |word: &Word<'_>| {
        let mut forms = forms::ALL.iter();
        forms.find(|form| form.programs.contains(&basename(&word.text)))
    };
    let program = words.iter().zip(1..);
    let mut program = program.filter_map(|(word, next)| Some((of_program(word)?, next)));
    if let Some((form, next)) = program.next() {
        let rest = words.get(next..).unwrap_or_default();
        return (form.of_command)(object, rest, around);
    }
    let Some((component, rest)) = component(&words) else {
        return Vec::new();
    };
    let flags = flags(Some(component), rest);
    vec![one(object, component, flags, command, around)]
}

fn one<'d>(
    object: Object<'d>,
    component: ComponentKind,
    flags: Flags<'d>,
    anchor: Node<'d>,
    around: InstanceContext<'_>,
) -> Instance<'d> {
    Instance {
        component,
        form: &FORM,
        completeness: if flags.open {
            Completeness::Partial
        } else {
            Completeness::Complete
        },
        object,
        releases: around.releases(component, None),
        settings: flags.settings,
        anchor: anchor.lacking(),
    }
}

/// A file of arguments, one or more a line, called like its program (MicroK8s).
fn arguments<'d>(object: Object<'d>, around: InstanceContext<'_>) -> Option<Instance<'d>> {
    let component = ComponentKind::named(basename(around.path))?;
    let lines = object.node.items();
    let words: Vec<Word<'d>> = lines.flat_map(|line| shell_words(line, 0)).collect();
    let flags = flags(Some(component), &words);
    let first = object.node.items().next().unwrap_or(object.node);
    Some(one(object, component, flags, first, around))
}

/// A variable: its name, the scalar that holds its value, and where that begins in the scalar's text.
pub(super) type Variable<'d> = (String, Node<'d>, usize);

/// A variable as the setting that it stands for.
pub(super) fn of_variable<'d>(variable: &Variable<'d>, name: String) -> Setting<'d> {
    let (spelling, node, at) = variable;
    let text = node.text().and_then(|t| t.get(*at..)).unwrap_or_default();
    let value = match node.text().and_then(|t| t.get(..*at)) {
        // A line of its own, which may end with a quote.
        Some("" | "\"" | "'") => text.trim_end().trim_end_matches(['"', '\'']),
        // One word of several.
        _ => text.split(['"', '\'', ' ']).next().unwrap_or(text),
    };
    Setting {
        name: name.into(),
        spelling: spelling.clone().into(),
        value: value.to_owned().into(),
        node: *node,
        at: Some(*at),
        name_span: node.key_node().unwrap_or(*node).into(),
    }
}

/// A line of an environment file.
fn variable<'d>(key: Node<'d>, value: Node<'d>) -> Option<Variable<'d>> {
    let name = key.text()?.trim_start_matches("export ").trim();
    let text = value.text()?;
    let quote = usize::from(text.starts_with(['"', '\'']));
    Some((name.to_owned(), value, quote))
}

/// `Environment="A=b c" D=e`
fn assignments(value: Node<'_>) -> Vec<Variable<'_>> {
    let words = shell_words(value, 0);
    let split = words.into_iter().filter_map(|word| {
        let (name, _) = word.text.split_once('=')?;
        Some((name.to_owned(), word.node, word.at + name.len() + 1))
    });
    split.collect()
}

/// `ETCD_…` is etcd's; `KUBELET_…ARGS` holds arguments of the kubelet. Neither is all of them.
fn of_variables<'d>(
    object: Object<'d>,
    variables: &[Variable<'d>],
    around: InstanceContext<'_>,
) -> Vec<Instance<'d>> {
    let mut etcd = Vec::new();
    let mut kubelet = Vec::new();
    for variable in variables {
        let (name, node, at) = variable;
        let text = node.text().and_then(|t| t.get(*at..)).unwrap_or_default();
        if let Some(flag) = etcd_flag(name) {
            etcd.push(of_variable(variable, flag));
        } else if name.starts_with("KUBELET_") && text.contains("--") {
            let end = text.find(['"', '\'']).unwrap_or(text.len());
            let mut words = shell_words(*node, *at);
            words.retain(|w| w.at < at + end);
            kubelet.extend(flags(Some(ComponentKind::Kubelet), &words).settings);
        }
    }
    let both = [
        (ComponentKind::Etcd, etcd),
        (ComponentKind::Kubelet, kubelet),
    ];
    let found = both.into_iter().filter_map(|(component, settings)| {
        Instance::partial(component, &FORM, object, settings, around)
    });
    found.collect()
}

/// The flag that a variable of etcd stands for.
pub(super) fn etcd_flag(variable: &str) -> Option<String> {
    let name = variable.strip_prefix("ETCD_")?;
    Some(name.to_ascii_lowercase().replace('_', "-"))
}
