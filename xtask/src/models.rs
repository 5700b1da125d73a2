//! Takes the service models from a pinned botocore and stores them without their documentation.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::{collections::BTreeSet, path::Path, process::Command};

/// The botocore release that the committed models come from.
pub const BOTOCORE: &str = "1.44.8";

/// The folder of each model inside botocore, and the name it gets in `models/`.
pub const MODELS: [(&str, &str); 5] = [
    ("cognito-idp/2016-04-18", "cognito-idp"),
    ("cognito-identity/2014-06-30", "cognito-identity"),
    ("cognito-sync/2014-06-30", "cognito-sync"),
    ("sts/2011-06-15", "sts"),
    ("kms/2014-11-01", "kms"),
];

/// What a custom sender needs of KMS. The rest of its model is left out.
const KMS_OPERATIONS: [&str; 3] = ["Decrypt", "DescribeKey", "GenerateDataKey"];

/// Python unpacks what pip downloads, because a wheel is a zip archive and pip is needed for it anyway.
const UNPACK: &str = "import glob,gzip,sys,zipfile
z = zipfile.ZipFile(glob.glob(sys.argv[1] + '/botocore-*.whl')[0])
sys.stdout.buffer.write(gzip.decompress(z.read('botocore/data/' + sys.argv[2] + '/service-2.json.gz')))";

/// Downloads botocore with pip into `scratch` and rewrites `models/*.json` below `root`.
pub fn run(root: &Path, scratch: &Path) -> Result<()> {
    let status = Command::new("python3")
        .args(["-m", "pip", "download", "--quiet", "--no-deps", "--dest"])
        .arg(scratch)
        .arg(format!("botocore=={BOTOCORE}"))
        .status()
        .context("python3 -m pip is needed to download botocore")?;
    if !status.success() {
        bail!("pip could not download botocore {BOTOCORE}");
    }
    for (folder, name) in MODELS {
        let output = Command::new("python3").args(["-c", UNPACK]).arg(scratch).arg(folder).output()?;
        if !output.status.success() {
            bail!("{folder}: {}", String::from_utf8_lossy(&output.stderr));
        }
        let mut model: Value = serde_json::from_slice(&output.stdout)?;
        strip(&mut model);
        if name == "kms" {
            keep(&mut model, &KMS_OPERATIONS);
        }
        std::fs::write(
            root.join("models").join(format!("{name}.json")),
            serde_json::to_string_pretty(&model)? + "\n",
        )?;
        println!("models/{name}.json");
    }
    Ok(())
}

/// Removes all operations but these, and the shapes that are then of no use.
fn keep(model: &mut Value, operations: &[&str]) {
    let Some(all) = model["operations"].as_object_mut() else { return };
    all.retain(|name, _| operations.contains(&name.as_str()));
    let mut found = Vec::new();
    model["operations"].as_object().into_iter().flatten().for_each(|(_, value)| named(value, &mut found));
    let mut kept = BTreeSet::new();
    while let Some(name) = found.pop() {
        if kept.insert(name.clone()) {
            named(&model["shapes"][&name], &mut found);
        }
    }
    if let Some(shapes) = model["shapes"].as_object_mut() {
        shapes.retain(|name, _| kept.contains(name));
    }
}

/// The shapes that a part of a model names.
fn named(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("shape").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|value| named(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| named(item, found)),
        _ => {}
    }
}

/// Removes documentation and endpoint rules, which the generator does not read.
fn strip(value: &mut Value) {
    match value {
        Value::Object(members) => {
            // A shape or member may be *called* documentation; only texts are removed.
            members.retain(|key, value| {
                !matches!(
                    (key.as_str(), &*value),
                    ("documentation" | "deprecatedMessage" | "deprecatedSince", Value::String(_))
                )
            });
            members.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}
