//! `kubevet schema`: what the tables know of kinds and their fields.

use super::args::{RulesFormat, Schema, SchemaOutput};
use super::{FAILED, complain, say};
use crate::finding::Releases;
use crate::schema::{ApiKind, ApiLifecycle, Field, Type};
use crate::text::nearest;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Columns of the text.
const WIDTH: usize = 80;

pub(super) fn run(asked: &Schema) -> u8 {
    match asked {
        Schema::Show { how, .. } | Schema::List { how } if too_old(how) => {
            complain(&format!(
                "kubevet knows the types of Kubernetes 1.{} and later",
                Releases::OLDEST
            ));
            FAILED
        }
        Schema::List { how } => list(how),
        Schema::Show { name, how } => match find(name, targets(how)) {
            Ok(found) => match how.output_format {
                RulesFormat::Table => say(&found.text()),
                RulesFormat::Json => say(&format!("{:#}\n", found.json())),
            },
            Err(why) => {
                complain(&why);
                FAILED
            }
        },
    }
}

/// Whether only releases are asked about that are older than the tables.
fn too_old(how: &SchemaOutput) -> bool {
    targets(how).from(Releases::OLDEST).is_empty()
}

/// The releases that are asked about.
fn targets(how: &SchemaOutput) -> Releases {
    let given = how.kubernetes_version.iter();
    let given = given.fold(Releases::NONE, |all, minor| {
        all.with(Releases::only(*minor))
    });
    if given.is_empty() {
        Releases::only(Releases::NEWEST)
    } else {
        given
    }
}

fn api_version(kind: &ApiKind) -> String {
    match kind.group {
        "" => kind.version.to_owned(),
        group => format!("{group}/{}", kind.version),
    }
}

/// Whether somebody writes objects of it: lists and options are none.
fn is_object(kind: &ApiKind) -> bool {
    let rows = kind.ty().map(|ty| ty.field("metadata"));
    kind.reader.is_some()
        || rows
            .into_iter()
            .flatten()
            .any(|row| row.ty().is_some_and(|ty| ty.short() == "ObjectMeta"))
}

/// Releases in few words; all that the tables know go without.
fn when(releases: Releases) -> Option<String> {
    let known = ApiKind::all()
        .iter()
        .fold(Releases::NONE, |all, kind| all.with(kind.releases()));
    let names: Vec<String> = releases.names().collect();
    let (first, last) = (names.first()?, names.last()?);
    let gaps = known.names().filter(|n| names.contains(n)).count() != names.len()
        || known
            .names()
            .skip_while(|n| n != first)
            .take(names.len())
            .last()
            .as_ref()
            != Some(last);
    let ends = known.names().last().as_ref() != Some(last);
    let begins = known.names().next().as_ref() != Some(first);
    match (begins, ends) {
        _ if gaps => Some(format!("in {}", names.join(", "))),
        (false, false) => None,
        (true, false) => Some(format!("since {first}")),
        (false, true) => Some(format!("until {last}")),
        (true, true) if first == last => Some(format!("in {first} only")),
        (true, true) => Some(format!("from {first} to {last}")),
    }
}

/// What is to be known of the life of a kind.
fn life(kind: &ApiKind) -> Vec<String> {
    let reader = kind.reader.map(|reader| format!("read by {}", reader.name));
    let mut told: Vec<String> = reader.into_iter().chain(when(kind.releases())).collect();
    if kind.off {
        told.push("off by default".to_owned());
    }
    let life = ApiLifecycle::of(kind.group, kind.version, kind.kind);
    if let Some(life) = life.filter(|life| life.deprecated != 255) {
        told.push(format!("deprecated since 1.{}", life.deprecated));
    }
    told
}

fn list(how: &SchemaOutput) -> u8 {
    let targets = targets(how);
    let kinds: Vec<&ApiKind> = ApiKind::all()
        .iter()
        .filter(|kind| is_object(kind) && !kind.releases().and(targets).is_empty())
        .collect();
    if let RulesFormat::Json = how.output_format {
        let kinds: Vec<Value> = kinds
            .iter()
            .map(|kind| {
                json!({ "apiVersion": api_version(kind), "kind": kind.kind, "releases": kind.releases().names().collect::<Vec<_>>(), "offByDefault": kind.off })
            })
            .collect();
        return say(&format!("{:#}\n", json!({ "version": 1, "kinds": kinds })));
    }
    let rows: Vec<_> = kinds
        .iter()
        .map(|kind| (kind.kind, [vec![api_version(kind)], life(kind)].concat()))
        .collect();
    say(&table(&rows))
}

/// Names with what is said of each, wrapped.
fn table(rows: &[(&str, Vec<String>)]) -> String {
    let width = rows.iter().map(|(name, _)| name.len()).max();
    let width = width.unwrap_or_default().min(32);
    let indent = " ".repeat(width + 4);
    rows.iter().fold(String::new(), |text, (name, says)| {
        let first = format!("  {name:width$}  ");
        let options = textwrap::Options::new(WIDTH)
            .initial_indent(&first)
            .subsequent_indent(&indent)
            .word_splitter(textwrap::WordSplitter::NoHyphenation)
            .break_words(false);
        text + &textwrap::fill(&says.join(", "), options) + "\n"
    })
}

/// A kind, and the field of it that is asked for.
struct LookedUp {
    kind: &'static ApiKind,
    others: Vec<&'static ApiKind>,
    path: String,
    /// The type that the field is part of, and the field.
    field: Option<(&'static Type, &'static Field)>,
    targets: Releases,
}

/// `v1` before `v1beta1` before `v1alpha1`, `v2` before `v1`.
fn rank(kind: &ApiKind) -> (bool, bool, bool, std::cmp::Reverse<&'static str>) {
    let version = kind.version;
    (
        kind.off,
        version.contains("alpha"),
        version.contains("beta"),
        std::cmp::Reverse(version),
    )
}

fn find(name: &[String], targets: Releases) -> Result<LookedUp, String> {
    let (version, asked) = match name {
        [version, kind] => (Some(version.as_str()), kind.as_str()),
        [name] => match name.rsplit_once('/') {
            Some((version, kind)) => (Some(version), kind),
            None => (None, name.as_str()),
        },
        _ => (None, ""),
    };
    let mut words = asked.split('.');
    let word = words.next().unwrap_or_default();
    let named: Vec<&'static ApiKind> = ApiKind::all()
        .iter()
        .filter(|k| k.kind.eq_ignore_ascii_case(word))
        .filter(|k| version.is_none_or(|v| api_version(k) == v || k.group == v))
        .collect();
    let mut served: Vec<&'static ApiKind> = named
        .iter()
        .copied()
        .filter(|k| !k.releases().and(targets).is_empty())
        .collect();
    served.sort_by_key(|k| rank(k));
    let Some((&kind, others)) = served.split_first() else {
        return Err(unknown_kind(version, word, &named, targets));
    };
    let mut field: Option<(&'static Type, &'static Field)> = None;
    let mut path = kind.kind.to_owned();
    for word in words {
        let word = word.trim_end_matches("[]").trim_end_matches("[*]");
        let ty = match field {
            None => kind.ty(),
            Some((_, field)) => field.ty(),
        };
        let ty = ty.ok_or_else(|| format!("`{path}` has no fields"))?;
        let mut rows = ty.field(word).iter();
        let row = rows
            .rfind(|row| !row.releases().and(targets).is_empty())
            .ok_or_else(|| unknown_field(ty, &path, word))?;
        path = format!("{path}.{word}");
        field = Some((ty, row));
    }
    Ok(LookedUp {
        kind,
        others: others.to_vec(),
        path,
        field,
        targets,
    })
}

fn unknown_kind(
    version: Option<&str>,
    word: &str,
    named: &[&ApiKind],
    targets: Releases,
) -> String {
    let asked = version.map_or(String::new(), |v| format!("{v} "));
    if let Some(kind) = named.first() {
        let of = targets.names().collect::<Vec<_>>().join(", ");
        let had: Vec<String> = kind.releases().names().collect();
        return format!(
            "Kubernetes {of} has no `{asked}{word}`: it is in {}",
            had.join(", ")
        );
    }
    let gone = ApiLifecycle::all().iter().find(|life| {
        let named = match life.group {
            "" => life.version.to_owned(),
            group => format!("{group}/{}", life.version),
        };
        life.kind.eq_ignore_ascii_case(word) && life.removed != 255 && version == Some(&named)
    });
    if let Some(life) = gone {
        let instead = match life.replacement {
            "" => String::new(),
            instead => format!(": use `{instead}`"),
        };
        return format!(
            "`{asked}{word}` was removed in Kubernetes 1.{}{instead}",
            life.removed
        );
    }
    let elsewhere: BTreeSet<String> = ApiKind::all()
        .iter()
        .filter(|k| k.kind.eq_ignore_ascii_case(word))
        .map(|k| format!("`{} {}`", api_version(k), k.kind))
        .collect();
    let near = nearest(word, ApiKind::all().iter().map(|k| k.kind)).map(|near| format!("`{near}`"));
    let near = elsewhere.into_iter().next().or(near);
    let near = near.map_or(String::new(), |near| format!("; did you mean {near}?"));
    format!("there is no kind `{asked}{word}`{near} (all kinds: `kubevet schema list`)")
}

fn unknown_field(ty: &'static Type, path: &str, word: &str) -> String {
    let rows = ty.field(word);
    if let Some(row) = rows.first() {
        let had: Vec<String> = row.releases().names().collect();
        return format!(
            "`{path}` has no field `{word}` in that release: it is in {}",
            had.join(", ")
        );
    }
    let near = nearest(word, ty.fields.iter().map(Field::name))
        .map_or(String::new(), |near| format!("; did you mean `{near}`?"));
    format!("`{path}` has no field `{word}`{near}")
}

impl LookedUp {
    /// The type whose fields are shown.
    fn ty(&self) -> Option<&'static Type> {
        match self.field {
            None => self.kind.ty(),
            Some((_, field)) => field.ty(),
        }
    }

    /// The fields of that type in the releases that are asked about, by name.
    fn fields(&self) -> impl Iterator<Item = (&'static Type, &'static Field)> {
        let types = self.ty().into_iter();
        let fields = types.flat_map(|ty| ty.fields.iter().map(move |field| (ty, field)));
        let mut asked: Vec<_> = fields
            .filter(|(_, field)| !field.releases().and(self.targets).is_empty())
            .collect();
        asked.sort_by_key(|(_, field)| field.name());
        asked.into_iter()
    }

    fn text(&self) -> String {
        let kind = self.kind;
        let head = [
            vec![format!("{} {}", api_version(kind), kind.kind)],
            life(kind),
        ]
        .concat();
        let mut text = textwrap::fill(&head.join(", "), WIDTH) + "\n";
        if !self.others.is_empty() {
            let others: Vec<String> = self.others.iter().map(|k| api_version(k)).collect();
            let others = format!("also in {}", others.join(", "));
            text += &(textwrap::fill(&others, WIDTH) + "\n");
        }
        text += "\n";
        if let Some((ty, field)) = self.field {
            let says = self.says(ty, field).join(", ");
            text += &(textwrap::fill(&format!("{}: {says}", self.path), WIDTH) + "\n");
        }
        let rows: Vec<_> = self
            .fields()
            .map(|(ty, field)| (field.name(), self.says(ty, field)))
            .collect();
        text + &table(&rows)
    }

    /// What is to be said of a field.
    fn says(&self, ty: &Type, field: &Field) -> Vec<String> {
        let mut says = vec![field.shape()];
        if !ty.needs(field).and(self.targets).is_empty() {
            says.push("required".to_owned());
        }
        let values = ty.values(field);
        if !values.is_empty() {
            says.push(format!("one of {}", values.join(" | ")));
        }
        if let Some((first, last)) = ty.range(field) {
            says.push(if last >= i64::from(i32::MAX) {
                format!("at least {first}")
            } else {
                format!("{first} to {last}")
            });
        }
        says.extend(when(field.releases()));
        says
    }

    fn json(&self) -> Value {
        let one = |(ty, field): (&'static Type, &'static Field)| {
            json!({
                "name": field.name(), "type": field.shape(), "required": !ty.needs(field).and(self.targets).is_empty(),
                "values": ty.values(field), "range": ty.range(field), "releases": field.releases().names().collect::<Vec<_>>(),
            })
        };
        json!({
            "version": 1, "apiVersion": api_version(self.kind), "kind": self.kind.kind, "path": self.path,
            "releases": self.kind.releases().names().collect::<Vec<_>>(), "offByDefault": self.kind.off,
            "field": self.field.map(one), "fields": self.fields().map(one).collect::<Vec<_>>(),
        })
    }
}
