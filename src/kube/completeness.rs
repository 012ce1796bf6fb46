/// How much of an object, or of a component's settings, a document shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// All of it: what it does not say is not there, or is what the program and the distribution do by default.
    Complete,
    /// A part of it, such as a patch or a drop-in: what it does not say may be defined elsewhere.
    Partial,
}
