//! Encryption of etcd.

use crate::check::Cx;
use crate::kube::Object;
use crate::kube::encryption::{Verdict, verdict};

pub(super) fn identity_first(config: Object<'_>, cx: &mut Cx<'_>) {
    if let Some(Verdict::Identity(key)) = verdict(config) {
        cx.report(key, "Secrets are written to etcd in plain text: the first provider is `identity`, which encrypts nothing");
    }
}
