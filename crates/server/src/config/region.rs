//! The regions of AWS.

use super::text::nearest;
use anyhow::{Result, bail};

/// Those of botocore 1.44.8, all partitions.
const KNOWN: [&str; 46] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-isoe-west-1",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "us-iso-west-1",
    "us-isob-east-1",
    "us-isob-west-1",
    "us-isof-east-1",
    "us-isof-south-1",
    "us-west-1",
    "us-west-2",
];
/// What stands before a name that is none of these.
const OTHER: &str = "other:";
const REGION_CHARACTERS_MAX: usize = 40;

/// The region that a setting names.
///
/// # Errors
/// If it is none of AWS's, unless the setting says that it means another.
pub fn read(text: &str) -> Result<String> {
    if let Some(name) = text.strip_prefix(OTHER) {
        let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.len() > REGION_CHARACTERS_MAX || !name.chars().all(is_part) {
            bail!(
                "--region {OTHER}NAME takes at most {REGION_CHARACTERS_MAX} small letters, digits and hyphens"
            );
        }
        return Ok(name.to_owned());
    }
    if KNOWN.contains(&text) {
        return Ok(text.to_owned());
    }
    let hint = match nearest(text, KNOWN) {
        Some(known) => format!("the nearest is {known}"),
        None => "us-east-1 is one".to_owned(),
    };
    bail!(
        "--region: {text} is no region of AWS that is known here; {hint}. Any other name is given as {OTHER}NAME."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_known_or_said_to_be_another() {
        for (text, expected) in [
            ("us-east-1", Some("us-east-1")),
            ("us-gov-west-1", Some("us-gov-west-1")),
            ("other:mars-north-1", Some("mars-north-1")),
            ("us-est-1", None),
            ("us-east-11", None),
            ("US East", None),
            ("", None),
            ("other:", None),
            ("other:Mars", None),
        ] {
            assert_eq!(read(text).ok().as_deref(), expected, "{text}");
        }
        assert!(read("us-est-1").unwrap_err().to_string().contains("nearest is us-east-1"));
    }
}
