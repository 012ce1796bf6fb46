//! Keys and certificates in PEM.

use super::form::{FileName, Form, OwnFormat};
use crate::yaml::Format;

/// Keys and certificates.
pub static FORM: Form = Form {
    name: "pem",
    file_groups: &["pem"],
    format,
    formats: &[OwnFormat {
        format: Format::Pem,
        gvk: ("pem", "Keys"),
        words: &["-----BEGIN "],
    }],
    ..Form::EMPTY
};

fn format(file: &FileName<'_>) -> Option<Format> {
    let in_pem = file.is("key") || file.is("pem") || file.is("crt");
    (in_pem && of_cluster(file)).then_some(Format::Pem)
}

/// Whether a file of keys is a cluster's, by the names that its programs give them: others are somebody else's, mostly of tests.
fn of_cluster(file: &FileName<'_>) -> bool {
    const NAMES: [&str; 7] = [
        "sa.",
        "front-proxy-",
        "apiserver",
        "kube-",
        "kubelet",
        "kubernetes",
        "etcd",
    ];
    let parts = || file.folder.split('/');
    let tests = parts().any(|part| part.starts_with("test") || part.contains("fixture"));
    let within = parts().any(|part| matches!(part, "pki" | "etcd" | "kubernetes"));
    !tests && (within || NAMES.iter().any(|start| file.name.starts_with(start)))
}
