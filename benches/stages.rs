//! The stages of a run, each on the same texts: the examples of all policies, put together to about 1 MB.
//! `cargo bench`; for whole runs over a repository of your own see scripts/bench.py.

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use kubevet::documents::Repository;
use kubevet::engine::{Input, Registry, RuleSet, analyse};
use kubevet::finding::Releases;
use kubevet::model::Profile;
use kubevet::text::{FileId, LineIndex};
use kubevet::yaml::{Limits, Provenance, parse, split};

fn main() {
    divan::main();
}

/// Examples that pass and fail, as one stream of documents.
fn corpus() -> String {
    let registry = Registry::default();
    let examples = registry
        .policies()
        .flat_map(|p| p.examples.fails.iter().chain(p.examples.passes.iter()));
    let one: String = examples
        .flat_map(|e| e.files.iter())
        .fold(String::new(), |text, (_, file)| text + file + "\n---\n");
    one.repeat(1_000_000 / one.len() + 1)
}

#[divan::bench]
fn split_documents(bencher: Bencher<'_, '_>) {
    let text = corpus();
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| split(black_box(&text)));
}

#[divan::bench]
fn parse_documents(bencher: Bencher<'_, '_>) {
    let text = corpus();
    let chunks = split(&text);
    bencher.counter(BytesCount::of_str(&text)).bench(|| {
        for chunk in &chunks {
            let place = Provenance::chunk(FileId(0), chunk.span.start);
            black_box(parse(
                chunk.span.text(&text),
                place,
                chunk.format,
                Limits::default(),
            ));
        }
    });
}

#[divan::bench(args = ["default", "all"])]
fn check_documents(bencher: Bencher<'_, '_>, profile: &str) {
    let text = corpus();
    let chunks = split(&text);
    let profile = if profile == "all" {
        Profile::All
    } else {
        Profile::Default
    };
    let registry = Registry::default();
    let rules = RuleSet::new(&registry, profile, Releases::only(Releases::NEWEST));
    let repository = Repository::default();
    let input = Input::new(FileId(0), "corpus.yaml", &text, &[]);
    bencher.counter(BytesCount::of_str(&text)).bench(|| {
        for chunk in &chunks {
            black_box(analyse(&input, chunk, &rules, &repository));
        }
    });
}

#[divan::bench]
fn index_lines(bencher: Bencher<'_, '_>) {
    let text = corpus();
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| LineIndex::new(black_box(&text)));
}

#[divan::bench]
fn make_rule_set(bencher: Bencher<'_, '_>) {
    let registry = Registry::default();
    bencher.bench(|| RuleSet::new(&registry, Profile::All, Releases::only(Releases::NEWEST)).len());
}
