//! Certificates, keys and tokens of the cluster itself.

use crate::check::Cx;
use crate::kube::Object;
use crate::kube::credential::{What, service_account};

pub(super) fn service_account_token_committed(_: Object<'_>, cx: &mut Cx<'_>) {
    let leaks = cx.leaks();
    for (at, _) in leaks.filter(|(_, what)| matches!(what, What::Token(_))) {
        let text = at.span.text(at.node.document().text);
        if let Some(account) = service_account(text) {
            cx.report(at, format!("a token of service account {account} is committed: whoever reads it may do what the account may"))
                .secret();
        }
    }
}
