//! kube-proxy's file (pkg/proxy/apis/config/validation).

use super::ordered;
use crate::schema::validator::Validator;
use crate::yaml::Node;

pub(in crate::schema) fn sync_periods<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    ordered(v, map, ("minSyncPeriod", 1.0), ("syncPeriod", 30.0), false);
}
