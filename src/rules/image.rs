//! Images.

use crate::check::Cx;
use crate::kube::image::Reference;
use crate::kube::{PodSpec, is_unresolved};
use crate::model::Text;
use crate::yaml::Node;

/// Words of tags that name a variant of an image, not a release.
const VARIANTS: [&str; 13] = [
    "alpine", "apache", "bookworm", "bullseye", "buster", "debian", "fpm", "jdk", "jre", "nonroot",
    "perl", "slim", "trixie",
];

/// Whether a tag moves from release to release: each of its words does, or names a variant.
fn is_floating(tag: &str, floating: &[Text]) -> bool {
    let moves = |word: &str| floating.iter().any(|f| f == word);
    moves(tag)
        || tag.split('-').any(moves)
            && tag
                .split('-')
                .all(|word| moves(word) || VARIANTS.contains(&word))
}

/// Whether Istio's injector fills the image in when a pod starts.
fn is_injected(image: &str, pod: PodSpec<'_>) -> bool {
    let asks = |(key, _): (Node<'_>, Node<'_>)| {
        key.key().is_some_and(|key| {
            matches!(
                &*key,
                "inject.istio.io/templates" | "sidecar.istio.io/inject"
            )
        })
    };
    let metadata = pod.node.parent().and_then(|owner| owner.field("metadata"));
    image == "auto"
        && ["labels", "annotations"].into_iter().any(|map| {
            let map = metadata.and_then(|metadata| metadata.field(map));
            map.is_some_and(|map| map.entries().any(asks))
        })
}

pub(super) fn latest_tag(pod: PodSpec<'_>, cx: &mut Cx<'_>) {
    let floating = cx.param("floating-tags");
    let volumes = pod
        .node
        .list("volumes")
        .filter_map(|v| v.at(&["image", "reference"]));
    let images = pod
        .containers()
        .filter_map(|c| c.node.field("image"))
        .chain(volumes);
    for image in images {
        let Some(text) = image
            .as_str()
            .filter(|t| !t.trim().is_empty() && !is_unresolved(t))
        else {
            continue;
        };
        let reference = Reference::parse(text);
        let moves = |tag: &str| is_floating(tag, floating);
        if reference.digest.is_some()
            || cx.is_set_elsewhere(reference.name)
            || is_injected(text, pod)
        {
            continue;
        }
        let message = match reference.tag {
            None => format!(
                "image `{text}` has no tag, so each node runs the `latest` image at the time of its pull"
            ),
            Some(tag) if moves(tag) => format!(
                "tag `{tag}` of image `{}` is mutable, so nodes can run different code",
                reference.name
            ),
            Some(_) => continue,
        };
        cx.report(image, message);
    }
}
