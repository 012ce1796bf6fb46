//! Documents of a repository: which of them are Kubernetes configuration, what set rules keep of each, and which are applied
//! together. Layer 5.

pub mod access;
mod additions;
mod context;
mod custom_resources;
mod facts;
mod flux;
mod kustomize;
pub mod namespace;
mod paths;
mod recognise;
mod set;

pub use additions::Additions;
pub use context::ContextFilter;
pub use custom_resources::CustomFacts;
pub use facts::{
    Analysed, Anonymous, ComponentFacts, ConfigFile, ConfigFileFacts, DocumentFacts, Fact, FileRef,
    MachineFacts, MachinePart, NamespaceFacts, SavedSpan, SettingFact,
};
pub use flux::FluxFacts;
pub use kustomize::Repository;
pub use paths::{ancestors, folder, name, test_folder};
pub use recognise::{
    DocumentContext, chunks, counts_when_nested, format_of, looks_like_manifest,
    may_contain_manifest, nested_texts, objects,
};
pub use set::{DocumentSet, Link, SetSetting, set_of};
