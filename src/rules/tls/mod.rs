//! Transport encryption: what enters the cluster, what is spoken inside of it, and the certificates for both.

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
