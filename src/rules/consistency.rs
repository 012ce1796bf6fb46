//! Documents that must agree with each other.

use crate::check::Cx;
use crate::kube::{ApiServerFacts, Body, EncryptionFacts, Set};

pub(super) fn encryption_config_ineffective(set: &Set<'_>, cx: &mut Cx<'_>) {
    let configs = || {
        set.facts
            .iter()
            .filter_map(|(path, facts)| match &facts.body {
                Body::Encryption(config) => Some((*path, config)),
                _ => None,
            })
    };
    for (_, facts) in &set.facts {
        let Body::ApiServer(ApiServerFacts {
            encryption_config,
            at,
        }) = &facts.body
        else {
            continue;
        };
        // The path is one on the node: a file of the repository is meant if the ends agree, the longest first.
        let meant = configs()
            .map(|(path, config)| (shared_end(path, encryption_config), config))
            .filter(|(shared, _)| *shared > 0);
        let Some(longest) = meant.clone().map(|(shared, _)| shared).max() else {
            continue;
        };
        let mut best = meant
            .filter(|(shared, _)| *shared == longest)
            .map(|(_, config)| config);
        // Two files that may be meant: nothing certain can be said.
        let (Some(EncryptionFacts { plain: Some(plain) }), None) = (best.next(), best.next())
        else {
            continue;
        };
        cx.report_fact(
            at,
            facts.object.as_ref(),
            &facts.path,
            format!("the API server encrypts no Secrets although it names {encryption_config}: that file leaves them in plain text"),
        )
        .related_fact(plain);
    }
}

/// How many path components two paths share at their ends.
fn shared_end(a: &str, b: &str) -> usize {
    let parts = |p: &'_ str| p.rsplit('/').map(str::to_owned).collect::<Vec<_>>();
    parts(a)
        .iter()
        .zip(parts(b))
        .take_while(|(a, b)| *a == b)
        .count()
}
