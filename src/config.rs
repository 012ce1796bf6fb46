//! `kubevet.yaml`: read through our own reader, so that what is wrong in it has a place. Layer 9.

use crate::engine::Registry;
use crate::finding::{Finding, Label, Releases};
use crate::ids;
use crate::model::{Profile, Severity, Text};
use crate::text::{FileId, nearest};
use crate::yaml::{Format, Limits, Located, Node, NodeKind, NodeSpan, Provenance, parse};
use std::collections::{BTreeSet, HashMap};

/// What a configuration asks for; what it leaves out is as without it.
#[derive(Debug, Default)]
pub struct Config {
    /// Globs of paths from its folder that are left out.
    pub exclude: Vec<String>,
    /// Rules that run in addition to the profile's.
    pub select: Vec<String>,
    /// Rules that are not asked, everywhere or for some paths.
    pub ignore: Vec<Ignored>,
    /// Severities of rules.
    pub severity: HashMap<String, Severity>,
    /// Which rules.
    pub profile: Option<Profile>,
    /// For which releases.
    pub targets: Releases,
    /// Where JSON Schemas of custom resources lie, from its folder.
    pub schemas: Vec<String>,
    /// Parameters of rules.
    pub parameters: HashMap<String, HashMap<String, Vec<Text>>>,
}

/// A rule that is switched off.
#[derive(Debug)]
pub struct Ignored {
    /// Its id.
    pub rule: String,
    /// Globs of paths; none: everywhere.
    pub paths: Vec<String>,
    /// Why.
    pub reason: Option<String>,
    /// Where it is written.
    pub at: Label,
}

/// Keys of the file, each with what it holds; the configuration's JSON Schema is made from it.
pub const KEYS: [(&str, &str); 8] = [
    ("exclude", "globs of paths to exclude"),
    (
        "ignore",
        "rules to disable, each an id or a map with `rule`, `paths` and `reason`",
    ),
    (
        "select",
        "ids of rules to run in addition to those of the profile",
    ),
    ("severity", "severities of rules, by id"),
    ("profile", "default, baseline, restricted, cis, nsa or all"),
    (
        "kubernetes-version",
        "releases that the manifests are for, such as \"1.34\"",
    ),
    (
        "schema-locations",
        "JSON Schemas of custom resources: folders with group/kind_version.json, paths with placeholders such as {{.Group}}, or files",
    ),
    ("parameters", "parameters of rules, by id and name"),
];

/// The JSON Schema of the file, for editors.
pub fn json_schema(registry: &Registry) -> String {
    // One text stands for a list of one, and nothing for an empty one.
    let one_or_many = |item: serde_json::Value| serde_json::json!({ "anyOf": [item.clone(), { "type": "array", "items": item }, { "type": "null" }] });
    let list = || one_or_many(serde_json::json!({ "type": "string" }));
    let scalar = || serde_json::json!({ "type": ["string", "number", "boolean", "null"] });
    let release =
        || serde_json::json!({ "type": "string", "pattern": r"^v?1\.[0-9]+(\.[0-9]+)*$" });
    let rules: Vec<&str> = registry.policies().map(|p| p.id.as_ref()).collect();
    let rule = || serde_json::json!({ "enum": rules });
    let families: BTreeSet<&str> = rules
        .iter()
        .filter_map(|rule| rule.split('/').next())
        .collect();
    let family = || serde_json::json!({ "anyOf": [rule(), { "enum": families }] });
    let shape = |key: &str| match key {
        "exclude" | "schema-locations" => list(),
        "select" => one_or_many(family()),
        "ignore" => serde_json::json!({ "type": "array", "items": { "anyOf": [family(), {
            "type": "object", "additionalProperties": false, "required": ["rule"],
            "properties": { "rule": family(), "paths": list(), "reason": scalar() },
        }] } }),
        "severity" => {
            serde_json::json!({ "type": ["object", "null"], "propertyNames": rule(), "additionalProperties": { "enum": Severity::ALL.map(Severity::name) } })
        }
        "profile" => serde_json::json!({ "enum": Profile::ALL.map(Profile::name) }),
        "kubernetes-version" => one_or_many(release()),
        _ => {
            serde_json::json!({ "type": ["object", "null"], "propertyNames": rule(), "additionalProperties": { "type": ["object", "null"], "additionalProperties": list() } })
        }
    };
    let properties: serde_json::Map<String, serde_json::Value> = KEYS
        .iter()
        .map(|(key, about)| {
            let mut schema = shape(key);
            if let Some(schema) = schema.as_object_mut() {
                schema.insert("description".to_owned(), (*about).into());
            }
            ((*key).to_owned(), schema)
        })
        .collect();
    let schema = serde_json::json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "kubevet.yaml",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    });
    format!("{schema:#}\n")
}

/// The values of a key for a message: `the value must be default, cis or all`.
fn expected(names: &[&str]) -> String {
    match names {
        [others @ .., last] => format!("the value must be {} or {last}", others.join(", ")),
        [] => String::new(),
    }
}

/// A release from its name: the minor version of `1.34`, `v1.34` or `1.34.2`.
pub fn release(text: &str) -> Option<u8> {
    let minor = text
        .trim_start_matches('v')
        .strip_prefix("1.")?
        .split('.')
        .next()?
        .parse()
        .ok()?;
    (minor <= Releases::NEWEST).then_some(minor)
}

/// Reads the configuration in a file; what is wrong in it comes back as findings.
pub fn read(registry: &Registry, file: FileId, text: &str) -> (Config, Vec<Finding>) {
    let parsed = parse(
        text,
        Provenance::chunk(file, 0),
        Format::Yaml,
        Limits::default(),
    );
    let mut reader = ConfigReader {
        registry,
        config: Config::default(),
        findings: Vec::new(),
    };
    for problem in &parsed.problems {
        let at = Provenance::chunk(file, 0).locate(problem.span);
        reader.report(
            ids::kubevet::CONFIG_INVALID_VALUE,
            at,
            &problem.message,
            problem.help.clone(),
        );
    }
    if let Some(document) = &parsed.document {
        reader.root(document.root());
    }
    (reader.config, reader.findings)
}

struct ConfigReader<'r> {
    registry: &'r Registry,
    config: Config,
    findings: Vec<Finding>,
}

impl ConfigReader<'_> {
    fn report(&mut self, rule: &str, at: impl Into<Located>, message: &str, help: Option<String>) {
        let Some(policy) = self.registry.policy(rule) else {
            return;
        };
        let mut finding = Finding::new(policy, at, message.to_owned(), message);
        if let Some(help) = help {
            finding.help = help.into();
        }
        self.findings.push(finding);
    }

    fn invalid<'d>(
        &mut self,
        at: impl Into<NodeSpan<'d>>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.report(
            ids::kubevet::CONFIG_INVALID_VALUE,
            locate(at),
            &message.into(),
            help,
        );
    }

    fn root(&mut self, root: Node<'_>) {
        if root.is_null() {
            return;
        }
        if root.kind() != NodeKind::Map {
            self.invalid(root, "the configuration must be a map", None);
            return;
        }
        for (key, value) in root.entries() {
            let name = key.text().unwrap_or_default();
            match name {
                "exclude" => self.config.exclude = self.texts(value),
                "schema-locations" => self.config.schemas = self.texts(value),
                "select" => self.config.select = self.rules(value),
                "ignore" => self.ignore(value),
                "severity" => self.severity(value),
                "profile" => self.profile(value),
                "kubernetes-version" => self.releases(value),
                "parameters" => self.parameters(value),
                _ => self.unknown(key, KEYS.iter().map(|(key, _)| *key)),
            }
        }
    }

    fn unknown<'k>(&mut self, key: Node<'_>, known: impl Iterator<Item = &'k str>) {
        let name: String = key.text().unwrap_or_default().chars().take(80).collect();
        let help = nearest(&name, known).map(|near| format!("Did you mean `{near}`?"));
        self.report(
            ids::kubevet::CONFIG_UNKNOWN_KEY,
            locate(key),
            &format!("key `{name}` does not exist, so it has no effect"),
            help,
        );
    }

    /// A list of texts; a single one counts as a list of one.
    fn texts(&mut self, value: Node<'_>) -> Vec<String> {
        self.strings(value)
            .into_iter()
            .map(|(_, text)| text.to_owned())
            .collect()
    }

    fn strings<'d>(&mut self, value: Node<'d>) -> Vec<(Node<'d>, &'d str)> {
        let items: Vec<Node<'d>> = match value.kind() {
            NodeKind::Seq => value.items().collect(),
            NodeKind::Null => Vec::new(),
            _ => vec![value],
        };
        let mut report = Vec::new();
        for item in items {
            match item.as_str() {
                Some(text) => report.push((item, text)),
                None => self.invalid(
                    item,
                    "the value must be a string",
                    item.text().map(|t| format!("Quote the value: `\"{t}\"`.")),
                ),
            }
        }
        report
    }

    /// An id of a rule, if there is one of that name.
    fn rule(&mut self, at: Node<'_>, id: &str) -> Option<String> {
        if let Some(policy) = self.registry.policy(id) {
            return Some(policy.id.to_string());
        }
        let short: String = id.chars().take(80).collect();
        let near = self.registry.nearest(id);
        let help = near.map(|near| format!("Did you mean `{near}`?"));
        self.invalid(at, format!("rule `{short}` does not exist"), help);
        None
    }

    /// The rules that an id names: one, or all of a family such as `pod`.
    fn family(&mut self, at: Node<'_>, id: &str) -> Vec<String> {
        let policies = self.registry.policies().map(|policy| &policy.id);
        let of_family = policies.filter(|rule| rule.split('/').next() == Some(id));
        let of_family: Vec<String> = of_family.map(ToString::to_string).collect();
        if of_family.is_empty() {
            return self.rule(at, id).into_iter().collect();
        }
        of_family
    }

    fn rules(&mut self, value: Node<'_>) -> Vec<String> {
        let strings = self.strings(value);
        strings
            .into_iter()
            .flat_map(|(node, id)| self.family(node, id))
            .collect()
    }

    fn ignore(&mut self, value: Node<'_>) {
        if value.kind() != NodeKind::Seq {
            self.invalid(value, "the value must be a list", None);
            return;
        }
        for item in value.items() {
            let (at, id) = match item.kind() {
                NodeKind::Map => (
                    item.get("rule").unwrap_or(item),
                    item.field("rule").and_then(Node::as_str),
                ),
                _ => (item, item.as_str()),
            };
            let Some(id) = id else {
                self.invalid(
                    at,
                    "the item must be the id of a rule, or a map with `rule`, `paths` and `reason`",
                    None,
                );
                continue;
            };
            for (key, _) in item.entries() {
                const KNOWN: [&str; 3] = ["rule", "paths", "reason"];
                if !key.text().is_some_and(|k| KNOWN.contains(&k)) {
                    self.unknown(key, KNOWN.into_iter());
                }
            }
            let rules = self.family(at, id);
            let paths = item
                .field("paths")
                .map(|p| self.texts(p))
                .unwrap_or_default();
            let reason = item.field("reason").and_then(Node::text).map(str::to_owned);
            let at = Label::new(locate(item), "");
            let ignored = rules.into_iter().map(|rule| Ignored {
                rule,
                paths: paths.clone(),
                reason: reason.clone(),
                at: at.clone(),
            });
            self.config.ignore.extend(ignored);
        }
    }

    /// Whether a value is a map, or nothing.
    fn is_map(&mut self, value: Node<'_>) -> bool {
        let is = matches!(value.kind(), NodeKind::Map | NodeKind::Null);
        if !is {
            self.invalid(value, "the value must be a map", None);
        }
        is
    }

    fn severity(&mut self, value: Node<'_>) {
        if !self.is_map(value) {
            return;
        }
        for (key, value) in value.entries() {
            let Some(rule) = self.rule(key, key.text().unwrap_or_default()) else {
                continue;
            };
            match Severity::ALL
                .into_iter()
                .find(|s| value.as_str() == Some(s.name()))
            {
                Some(severity) => _ = self.config.severity.insert(rule, severity),
                None => self.invalid(value, expected(&Severity::ALL.map(Severity::name)), None),
            }
        }
    }

    fn profile(&mut self, value: Node<'_>) {
        match Profile::ALL
            .into_iter()
            .find(|p| value.as_str() == Some(p.name()))
        {
            Some(profile) => self.config.profile = Some(profile),
            None => self.invalid(value, expected(&Profile::ALL.map(Profile::name)), None),
        }
    }

    fn releases(&mut self, value: Node<'_>) {
        for (node, text) in self.strings(value) {
            match release(text) {
                Some(minor) => {
                    self.config.targets = self.config.targets.with(Releases::only(minor));
                }
                None => self.invalid(
                    node,
                    format!(
                        "the value must be a release from 1.0 to 1.{}",
                        Releases::NEWEST
                    ),
                    None,
                ),
            }
        }
    }

    fn parameters(&mut self, value: Node<'_>) {
        if !self.is_map(value) {
            return;
        }
        for (key, values) in value.entries() {
            if !self.is_map(values) {
                continue;
            }
            let Some(rule) = self.rule(key, key.text().unwrap_or_default()) else {
                continue;
            };
            let Some(policy) = self.registry.policy(&rule) else {
                continue;
            };
            for (name, value) in values.entries() {
                let known = policy.parameters.iter().map(|p| p.name.as_ref());
                match known.clone().find(|known| name.text() == Some(known)) {
                    Some(known) => {
                        let texts = self.texts(value).into_iter().map(Text::from).collect();
                        self.config
                            .parameters
                            .entry(rule.clone())
                            .or_default()
                            .insert(known.to_owned(), texts);
                    }
                    None => self.unknown(name, known),
                }
            }
        }
    }
}

fn locate<'d>(at: impl Into<NodeSpan<'d>>) -> Located {
    let NodeSpan { node, span } = at.into();
    node.document().locate(span)
}

#[cfg(all(test, feature = "user-schemas"))]
mod tests {
    use super::*;
    use crate::yaml::{Format, Limits, Provenance, parse};

    #[test]
    fn the_schema_takes_what_the_program_takes() {
        let registry = Registry::default();
        let schema: serde_json::Value = serde_json::from_str(&json_schema(&registry)).unwrap();
        let schema = jsonschema::validator_for(&schema).unwrap();
        for (text, right) in [
            ("{}", true),
            ("exclude: vendor", true),
            ("exclude: [vendor, \"*.gen.yaml\"]", true),
            ("exclude: [1]", false),
            ("exclude: {a: b}", false),
            ("exclude:", true),
            ("nothing: 1", false),
            ("select: [pod]", true),
            ("select: pod/host-pid", true),
            ("select: [pod/nothing]", false),
            ("ignore: [pod, rbac/bind]", true),
            ("ignore: pod", false),
            ("ignore: [{rule: pod, paths: a, reason: 7}]", true),
            ("ignore: [{rule: pod, path: a}]", false),
            ("ignore: [{paths: a}]", false),
            ("ignore: [nothing]", false),
            ("severity: {rbac/bind: low}", true),
            ("severity: {rbac/bind: tiny}", false),
            ("severity: {pod: low}", false),
            ("severity: [low]", false),
            ("severity:", true),
            ("profile: cis", true),
            ("profile: none", false),
            ("kubernetes-version: v1.34.2", true),
            ("kubernetes-version: [\"1.34\", \"1.35\"]", true),
            ("kubernetes-version: 1.34", false),
            ("kubernetes-version: newest", false),
            ("parameters: {image/latest-tag: {floating-tags: [x]}}", true),
            ("parameters: {image/latest-tag: [x]}", false),
            ("parameters: {image/nothing: {x: y}}", false),
            ("schema-locations: [schemas]", true),
        ] {
            let place = Provenance::chunk(FileId(0), 0);
            let document = parse(text, place, Format::Yaml, Limits::default())
                .document
                .unwrap();
            let value = document.root().to_json();
            let (_, findings) = read(&registry, FileId(0), text);
            assert_eq!(findings.is_empty(), right, "the program: {text}");
            assert_eq!(schema.is_valid(&value), right, "the schema: {text}");
        }
    }
}
