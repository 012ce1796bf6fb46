//! Certificates, keys and tokens of the cluster itself.

use crate::check::Cx;
use crate::kube::credential::{What, service_account};
use crate::kube::{Object, leak};

pub(super) fn service_account_token_committed(object: Object<'_>, cx: &mut Cx<'_>) {
    // `{"` as tokens begin, and that in base64.
    let text = object.node.span().text(object.node.document().text);
    if !["eyJ", "ZXlK"].iter().any(|start| text.contains(start)) {
        return;
    }
    let leaks = leak::anywhere(object).into_iter();
    for leak in leaks.filter(|leak| matches!(leak.what, What::Token(_))) {
        let text = leak.at.span.text(leak.at.node.document().text);
        if let Some(account) = service_account(text) {
            cx.report(leak.at, format!("a token of service account {account} is committed: whoever reads it may do what the account may"))
                .secret();
        }
    }
}
