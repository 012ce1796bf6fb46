//! Rules of validation between the fields of one type, which no table tells: which function checks which type.

use super::SchemaProblem;
use super::table::Type;
use super::validate::Validator;
use super::{
    admission, config_files, container, definition, network, objects, pod, storage, workload,
};
use crate::go_value::parse_quantity;
use crate::ids;
use crate::yaml::{Node, NodeKind, NodeSpan};

/// Checks a map of a type by the rules that are about several of its fields.
pub(super) fn check<'d>(v: &mut Validator<'d>, map: Node<'d>, ty: &'static Type) {
    if v.is_of_file() {
        return config_files::check(v, map, ty);
    }
    match ty.short() {
        "PodSpec" => pod::check(v, map),
        "Pod" | "PodTemplateSpec" => pod::annotations(v, map),
        "Toleration" => pod::toleration(v, map),
        "TopologySpreadConstraint" => pod::spread(v, map),
        "Container" => container::container(v, map),
        "SecurityContext" => container::security_context(v, map),
        "ResourceRequirements" => container::resources(v, map),
        "ResourceFieldSelector" => container::resource_field(v, map),
        "ObjectFieldSelector" => container::field_path(v, map),
        "SeccompProfile" | "AppArmorProfile" => container::profile(v, map),
        "VolumeMount" => container::mount(v, map),
        "LabelSelectorRequirement" | "NodeSelectorRequirement" => workload::requirement(v, map),
        "DeploymentSpec" => workload::deployment(v, map),
        "ReplicaSetSpec" | "DaemonSetSpec" => workload::workload(v, map),
        "StatefulSetSpec" => workload::stateful_set(v, map),
        "ReplicationControllerSpec" => workload::replication_controller(v, map),
        "DeploymentStrategy" | "StatefulSetUpdateStrategy" | "DaemonSetUpdateStrategy" => {
            workload::strategy(v, map);
        }
        "RollingUpdateDaemonSet" => workload::rolling_update(v, map),
        "JobSpec" => workload::job(v, map),
        "HorizontalPodAutoscalerSpec" => workload::autoscaler(v, map),
        "ServiceSpec" => network::service(v, map),
        "NetworkPolicyPort" => network::network_port(v, map),
        "IPBlock" => network::ip_block(v, map),
        "HTTPIngressPath" => network::ingress_path(v, map),
        "EndpointSlice" => network::addresses(v, map),
        "PodFailurePolicyOnExitCodesRequirement" => workload::exit_codes(v, map),
        "CronJobSpec" => workload::cron_job(v, map),
        "MetricTarget" => workload::metric_target(v, map),
        "MetricSpec" => workload::metric(v, map),
        "PriorityClass" => objects::priority_class(v, map),
        "ScopedResourceSelectorRequirement" => storage::scope(v, map),
        "DeviceClaim" => storage::device_claim(v, map),
        "Role" | "ClusterRole" => objects::role(v, map),
        "LimitRangeItem" => storage::limit_range(v, map),
        "ResourceQuotaSpec" => storage::quota(v, map),
        "ExactDeviceRequest" => storage::device_request(v, map),
        "StorageClass" => storage::storage_class(v, map),
        "CertificateSigningRequestSpec" => objects::signing_request(v, map),
        "PolicyRule" => objects::policy_rule(v, map),
        "ClusterRoleBinding" | "RoleBinding" => objects::subjects(v, map),
        "NodeSpec" => network::node(v, map),
        "NetworkPolicyPeer" => network::peer(v, map),
        "IngressClassParametersReference" => network::class_parameters(v, map),
        "ServiceCIDRSpec" => network::service_cidr(v, map),
        "ValidatingAdmissionPolicySpec" | "MutatingAdmissionPolicySpec" => {
            admission::policy(v, map);
        }
        "ValidatingWebhook" | "MutatingWebhook" => admission::webhook(v, map),
        "CELDeviceSelector" => admission::selector(v, map),
        "Mutation" => admission::mutation(v, map),
        "ValidatingAdmissionPolicyBindingSpec" => admission::binding(v, map),
        "RuleWithOperations" | "NamedRuleWithOperations" => admission::operations(v, map),
        "FlowSchemaSpec" => admission::flow_schema(v, map),
        "PolicyRulesWithSubjects" => admission::flow_rules(v, map),
        "ResourcePolicyRule" | "NonResourcePolicyRule" => admission::flow_rule(v, map),
        "PriorityLevelConfigurationSpec" => admission::priority_level(v, map),
        "LimitResponse" => admission::limit_response(v, map),
        "ConfigMap" => objects::data(v, map),
        "Secret" => objects::secret(v, map),
        "PersistentVolumeSpec" => storage::volume(v, map),
        "PersistentVolumeClaimSpec" => storage::volume_claim(v, map),
        "APIServiceSpec" => objects::api_service(v, map),
        "CustomResourceDefinition" => definition::check(v, map, ty),
        "RoleRef" => objects::role_ref(v, map),
        "Namespace" => objects::pod_security_labels(v, map),
        _ => {}
    }
}

pub(super) fn text<'d>(map: Node<'d>, key: &str) -> Option<&'d str> {
    map.field(key)?.as_str()
}

pub(super) fn conflict<'d>(
    v: &mut Validator<'d>,
    at: impl Into<NodeSpan<'d>>,
    message: impl Into<String>,
) {
    v.add(ids::schema::CONFLICT, at, message.into(), None);
}

/// That something is not there.
pub(super) fn missing<'v, 'd>(
    v: &'v mut Validator<'d>,
    at: impl Into<NodeSpan<'d>>,
    message: impl Into<String>,
) -> &'v mut SchemaProblem<'d> {
    let problem = v.add(ids::schema::MISSING_FIELD, at, message.into(), None);
    problem.missing = true;
    problem
}

/// A flag that is set.
pub(super) fn set<'d>(map: Node<'d>, key: &str) -> Option<Node<'d>> {
    map.field(key).filter(|n| n.as_bool() == Some(true))
}

/// The key of a value.
pub(super) fn own_key(value: Node<'_>) -> Node<'_> {
    value.key_node().unwrap_or(value)
}

pub(super) fn key_of<'d>(map: Node<'d>, key: &str) -> NodeSpan<'d> {
    map.pair(key)
        .map_or_else(|| map.lacking(), |(key, _)| key.into())
}

/// An amount of a resource, as a number.
pub(super) fn amount(node: Node<'_>) -> Option<f64> {
    match node.kind() {
        // However it is written: to the server `0x10` is 16.
        NodeKind::Int => node.text().and_then(parse_quantity).or_else(|| {
            let whole = i32::try_from(node.as_int()?).ok()?;
            Some(f64::from(whole))
        }),
        _ => node.text().and_then(parse_quantity),
    }
}
