//! cloud-init's user data: files that a machine gets, and commands that it runs.

use super::bootstrap::File;
use super::form::Form;
use crate::kube::Object;
use crate::yaml::{Node, NodeKind, items};

const GROUP: &str = "cloud-init.io";

const FIRST_LINE: &str = "#cloud-config";

/// cloud-init's user data.
pub static FORM: Form = Form {
    name: "cloud-init",
    file_groups: &[GROUP],
    first_line: Some(FIRST_LINE),
    recognize,
    files: |object| File::all(object.node.field("write_files"), "permissions"),
    commands: |object| {
        let lists = ["bootcmd", "runcmd"].map(|key| object.node.field(key));
        lists.into_iter().flat_map(items).collect()
    },
    ..Form::EMPTY
};

fn recognize<'d>(root: Node<'d>, _path: &str) -> Option<Object<'d>> {
    let told = root.document().text.trim_start().starts_with(FIRST_LINE);
    let map = root.kind() == NodeKind::Map;
    (told && map).then(|| Object::named(root, GROUP, "CloudConfig"))
}
