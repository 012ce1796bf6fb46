//! A build without the feature `user-schemas`: nobody can give a schema, and who tries is told.

use super::problem::SchemaProblem;
use crate::finding::Releases;
use crate::kube::Object;

/// There is none.
#[derive(Debug)]
pub enum UserSchema {}

impl UserSchema {
    /// Whether this build can read schemas.
    pub const SUPPORTED: bool = false;

    /// Why not.
    pub fn compile(_text: &str, _room: &mut usize) -> Result<Self, String> {
        Err("this build reads no schemas".to_owned())
    }

    /// None.
    pub fn kinds(_text: &str) -> Vec<[String; 3]> {
        Vec::new()
    }

    /// Never called, since there is no schema.
    pub fn check<'d>(
        &self,
        _object: Object<'d>,
        _targets: Releases,
    ) -> Option<Vec<SchemaProblem<'d>>> {
        match *self {}
    }
}
