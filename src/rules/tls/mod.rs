//! Transport encryption: traffic into the cluster, traffic inside it, and certificates.

mod certificate;
mod cipher;
mod gateway;
mod ingress;
mod verify;

pub(super) use certificate::*;
pub(super) use cipher::*;
pub(super) use gateway::*;
pub(super) use ingress::*;
pub(super) use verify::*;
