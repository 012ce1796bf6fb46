//! Documents that must agree with each other.

use crate::check::Cx;
use crate::kube::component::ComponentKind;
use crate::kube::{Says, Set};

pub(super) fn encryption_config_ineffective(set: &Set<'_>, cx: &mut Cx<'_>) {
    for link in set.links(ComponentKind::ApiServer, "encryption-provider-config") {
        let Says::Encryption(Some(plain)) = &link.file.says else {
            continue;
        };
        let setting = link.from.setting;
        let message = format!(
            "the API server encrypts no Secrets although it names {}: that file leaves them in plain text",
            setting.value
        );
        cx.report_fact(link.from.facts, &setting.at, message)
            .related_fact(plain);
    }
}
