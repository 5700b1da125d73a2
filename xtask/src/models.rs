//! Takes the four service models from a pinned botocore and stores them without their documentation.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::{path::Path, process::Command};

/// The botocore release that the committed models come from.
pub const BOTOCORE: &str = "1.44.8";

/// The folder of each model inside botocore, and the name it gets in `models/`.
pub const MODELS: [(&str, &str); 4] = [
    ("cognito-idp/2016-04-18", "cognito-idp"),
    ("cognito-identity/2014-06-30", "cognito-identity"),
    ("cognito-sync/2014-06-30", "cognito-sync"),
    ("sts/2011-06-15", "sts"),
];

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
        std::fs::write(
            root.join("models").join(format!("{name}.json")),
            serde_json::to_string_pretty(&model)? + "\n",
        )?;
        println!("models/{name}.json");
    }
    Ok(())
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
