//! Images.

use crate::check::Cx;
use crate::kube::image::Reference;
use crate::kube::{PodSpec, is_unresolved};

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
        if reference.digest.is_some() || cx.is_set_elsewhere(reference.name) {
            continue;
        }
        let message = match reference.tag {
            None => format!(
                "image {text} has no tag, so it is whatever `latest` is when a node pulls it"
            ),
            Some(tag) if floating.iter().any(|f| f == tag) => format!(
                "tag `{tag}` of image {} moves: two nodes may run different code",
                reference.name
            ),
            Some(_) => continue,
        };
        cx.report(image, message);
    }
}
