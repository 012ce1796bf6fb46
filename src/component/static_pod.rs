//! Static pods, and pod templates of hosted control planes: the command line of a container.

use super::command::{Word, basename, component, flags, shell_words};
use super::form::Form;
use super::{ComponentKind, Instance, InstanceContext, Setting, minor};
use crate::kube::image::Reference;
use crate::kube::{Completeness, Container, Object, PodSpec};
use crate::yaml::Node;

/// The command line of a container.
pub static FORM: Form = Form {
    name: "static-pod",
    object_groups: &["", "apps", "batch", "extensions"],
    instances,
    is_transparent: true,
    ..Form::EMPTY
};

fn instances<'d>(object: Object<'d>, around: InstanceContext<'_>) -> Vec<Instance<'d>> {
    let pod = PodSpec::of(object);
    pod.into_iter()
        .flat_map(PodSpec::containers)
        .filter_map(|c| instance(object, c, around))
        .collect()
}

/// The component that a container runs: by the first word of its command, or by its image where it gives arguments only.
pub(super) fn program(container: Container<'_>) -> Option<ComponentKind> {
    let command = container.node.field("command");
    let list = command.or_else(|| container.node.field("args"))?;
    let first = list.items().next()?.text()?;
    match command {
        Some(_) => ComponentKind::named(basename(first)),
        None => ComponentKind::named(basename(image(container)?.name)),
    }
}

fn image(container: Container<'_>) -> Option<Reference<'_>> {
    let image = container.node.field("image")?.as_str()?;
    Some(Reference::parse(image))
}

fn instance<'d>(
    object: Object<'d>,
    container: Container<'d>,
    around: InstanceContext<'_>,
) -> Option<Instance<'d>> {
    let program = program(container);
    let lists = ["command", "args"].map(|field| container.node.field(field));
    let scripted = || {
        let mut items = lists.iter().flatten().flat_map(|list| list.items());
        items.any(|word| word.text().is_some_and(is_shell_command_flag))
    };
    if program.is_none() && !scripted() {
        return None;
    }
    let words: Vec<Word<'d>> = lists
        .into_iter()
        .flatten()
        .flat_map(Node::items)
        .map(Word::of)
        .collect::<Option<_>>()?;
    if let Some(component) = program {
        let start = usize::from(container.node.field("command").is_some());
        let words = words.get(start..).unwrap_or_default();
        return Some(build(object, container, component, words, around));
    }
    // `sh -c "exec kube-apiserver --flag=value"`: the script's last command.
    let script = words
        .iter()
        .position(|w| is_shell_command_flag(&w.text))
        .and_then(|i| words.get(i + 1))?;
    let words = shell_words(script.node, 0);
    let (component, words) = component(&words)?;
    Some(build(object, container, component, words, around))
}

fn is_shell_command_flag(word: &str) -> bool {
    word.len() >= 2 && word.starts_with('-') && !word.starts_with("--") && word.ends_with('c')
}

fn build<'d>(
    object: Object<'d>,
    container: Container<'d>,
    component: ComponentKind,
    words: &[Word<'d>],
    around: InstanceContext<'_>,
) -> Instance<'d> {
    let pair = container
        .node
        .pair("command")
        .or_else(|| container.node.pair("args"));
    let anchor = pair.map_or_else(|| container.node.lacking(), |(_, list)| list.lacking());
    let flags = flags(Some(component), words);
    let mut settings = Vec::new();
    if component == ComponentKind::Etcd {
        let environment = container.node.list("env");
        settings.extend(environment.filter_map(etcd_variable));
    }
    settings.extend(flags.settings);
    let tag = image(container).and_then(|i| i.tag);
    Instance {
        component,
        form: &FORM,
        completeness: if flags.open || container.node.field("envFrom").is_some() {
            Completeness::Partial
        } else {
            Completeness::Complete
        },
        object,
        releases: around.releases(component, tag.and_then(minor)),
        settings,
        anchor,
    }
}

/// `ETCD_CLIENT_CERT_AUTH` is `--client-cert-auth`; a flag that is given wins.
fn etcd_variable(entry: Node<'_>) -> Option<Setting<'_>> {
    let (name, value) = (entry.field("name")?, entry.field("value")?);
    let flag = super::unit::etcd_flag(name.text()?)?;
    let setting = Setting::of_pair(name, value)?;
    Some(Setting {
        spelling: setting.name,
        name: flag.into(),
        ..setting
    })
}
