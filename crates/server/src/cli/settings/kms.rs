//! `[kms]`: who keeps the keys of custom senders.

use super::section::Section;
use crate::config::{Config, kms::Kms};
use anyhow::Result;
use std::path::Path;

const MEMBERS: [&str; 5] =
    ["endpoint", "region", "access_key_id", "secret_access_key", "secret_access_key_file"];

/// Reads the section.
///
/// # Errors
/// A text that names the member.
pub fn read(table: &toml::Table, folder: &Path, config: &Config) -> Result<Kms> {
    let section = Section::new("[kms]", table, folder, &MEMBERS)?;
    Ok(Kms {
        endpoint: section.endpoint("endpoint")?,
        region: section.text("region")?.unwrap_or(&config.region).to_owned(),
        credentials: section.credentials()?,
    })
}
