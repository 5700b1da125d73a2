//! docs/compatibility.md says what the operations answer. `UPDATE=1 cargo nextest run -p cognate compatibility`
//! writes it anew.

use crate::{
    lab::Lab,
    model::{Model, Protocol},
};
use cognate::compatibility::{ADDRESSES, CLIENT_MEMBERS, PARTLY, POOL_MEMBERS};
use std::{fmt::Write as _, path::Path};

const HEAD: &str = "# Compatibility\n\n\
    Written by a test from what every operation answers (`crates/server/tests/it/compatibility.rs`), never by hand. \
    An operation that is not built checks its request as Cognito does and then answers an error that names it.\n";

/// Whether an operation does anything.
async fn is_built(lab: &Lab, protocol: Protocol, model: &Model, name: &str) -> bool {
    let answer = lab.send(protocol.request(model, name, &model.example(name, true))).await;
    let not_built = format!("{name} is not supported by this version of Cognate. See docs/compatibility.md.");
    !answer.text.contains(&not_built)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_says_what_works() {
    let lab = Lab::sqlite().await;
    let mut out = HEAD.to_owned();
    let mut known: Vec<&str> = PARTLY.iter().map(|(name, _)| *name).collect();
    let mut total = [0; 3];
    let mut tables = String::new();
    for protocol in Protocol::ALL {
        let model = Model::read(protocol.service());
        let title = match protocol {
            Protocol::UserPools => "User pools",
            Protocol::IdentityPools => "Identity pools",
            Protocol::Rest => "Sync",
            Protocol::Query => "STS",
            Protocol::Kms => "KMS, for custom senders",
        };
        let mut rows = String::new();
        let mut counts = [0; 3];
        for name in model.operation_names() {
            let reason = PARTLY.iter().find(|(n, _)| *n == name).map(|(_, reason)| *reason);
            known.retain(|n| *n != name);
            let built = is_built(&lab, protocol, &model, &name).await;
            assert!(built || reason.is_none(), "{name} is not built, so it cannot work partly");
            let (state, word) = match (built, reason) {
                (true, None) => (0, "works"),
                (true, Some(_)) => (1, "partly"),
                (false, _) => (2, "not"),
            };
            counts[state] += 1;
            total[state] += 1;
            writeln!(rows, "| {name} | {word} | {} |", reason.unwrap_or_default()).unwrap();
        }
        let [works, partly, not] = counts;
        write!(tables, "\n## {title}\n\n{works} work, {partly} partly, {not} not.\n\n").unwrap();
        write!(tables, "| operation | | what is missing |\n| --- | --- | --- |\n{rows}").unwrap();
    }
    assert!(known.is_empty(), "no such operations: {known:?}");
    let [works, partly, not] = total;
    let all = works + partly + not;
    writeln!(out, "\nOf {all} operations, {works} work, {partly} work partly, and {not} are not built.")
        .unwrap();
    out.push_str(&tables);
    members(&mut out, "Members of a pool", POOL_MEMBERS);
    members(&mut out, "Members of an app client", CLIENT_MEMBERS);
    out.push_str("\n## Addresses beside the APIs\n\n| address | | |\n| --- | --- | --- |\n");
    for (address, served, remark) in ADDRESSES {
        writeln!(out, "| {address} | {} | {remark} |", if *served { "works" } else { "not" }).unwrap();
    }
    compare("docs/compatibility.md", &out);
}

fn members(out: &mut String, title: &str, rows: &[(&str, &str)]) {
    write!(out, "\n## {title}\n\nWhat is not listed has its effect.\n\n| member | |\n| --- | --- |\n")
        .unwrap();
    for (member, remark) in rows {
        writeln!(out, "| {member} | {remark} |").unwrap();
    }
}

#[allow(clippy::disallowed_methods, reason = "a test's own switch")]
fn compare(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
    if std::env::var("UPDATE").is_ok_and(|value| value == "1") {
        std::fs::write(&path, text).unwrap();
    }
    let present = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(present == text, "{file} is stale: run `UPDATE=1 cargo nextest run -p cognate compatibility`");
}
