//! Which attributes may be written and read by whom, and which values they take.

use super::{
    User,
    formats::{is_email, is_phone_number},
    username::check_no_alias,
};
use crate::{
    Result, fault,
    messages::Medium,
    pool::{Client, Pool},
    sign_in::mfa,
};
use spec::cognito_idp::{
    AliasAttributeType, AttributeDataType, AttributeType, SchemaAttributeType, UsernameAttributeType,
};
use std::collections::BTreeMap;

/// The longest value, in characters.
const VALUE_CHARACTERS_MAX: usize = 2048;
/// The longest further name to sign in by, in characters: as long as a user name, because names stand in an index.
const NAME_CHARACTERS_MAX: usize = 128;

/// The attributes that OpenID Connect names, in the schema's order; every pool has them, besides `sub`.
pub const STANDARD: [&str; 19] = [
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "email",
    "email_verified",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "phone_number",
    "phone_number_verified",
    "address",
    "updated_at",
];

/// Who writes.
#[derive(Clone, Copy, Debug)]
pub enum Writer<'a> {
    /// An administrator, who may write everything that can be written.
    Operator,
    /// A user through an app client, within what the client may write.
    Client(&'a Client),
}

/// What an update does to the attributes that it names: a new value, or none for one that goes.
pub type Changes = BTreeMap<String, Option<String>>;

/// Checks the attributes of a sign-up. `from_username` is the attribute that the typed user name is.
pub fn check_sign_up(
    pool: &Pool,
    client: &Client,
    attributes: &[AttributeType],
    from_username: Option<(&'static str, String)>,
) -> Result<BTreeMap<String, String>> {
    let (mut values, mut findings) = creation(pool, Writer::Client(client), attributes)?;
    add_username(&mut values, from_username)?;
    // Otherwise a name would be promised to somebody who has not proved to be there.
    if pool.has_alias(AliasAttributeType::PreferredUsername) && values.contains_key("preferred_username") {
        return Err(fault::preferred_username_before_confirmation());
    }
    findings.extend(missing_required(pool, &values).map(|name| format!("{name}: The attribute is required")));
    conforming(values, &findings)
}

/// Checks the attributes that an administrator gives a new user, who may hand in required ones later.
pub fn check_creation(
    pool: &Pool,
    attributes: &[AttributeType],
    from_username: Option<(&'static str, String)>,
) -> Result<BTreeMap<String, String>> {
    let (mut values, findings) = creation(pool, Writer::Operator, attributes)?;
    add_username(&mut values, from_username)?;
    conforming(values, &findings)
}

/// Checks a change of a user's attributes. A blank value deletes.
pub fn check_update(pool: &Pool, writer: Writer<'_>, attributes: &[AttributeType]) -> Result<Changes> {
    let immutable = attributes
        .iter()
        .filter(|a| pool.schema_attribute(&a.name).is_some_and(|schema| !is_mutable(schema)))
        .find(|a| check_writable(pool, writer, &a.name).is_ok());
    if let Some(attribute) = immutable {
        return Err(fault::attribute_immutable(&attribute.name));
    }
    check_changes(pool, writer, attributes)
}

/// Checks what a user hands in during a sign-in. Whatever an administrator left out is set for the first time here,
/// so that it may be immutable.
///
/// # Errors
/// NotAuthorizedException for what the client may not write, InvalidParameterException for what the schema forbids.
pub fn check_completion(pool: &Pool, client: &Client, attributes: &[AttributeType]) -> Result<Changes> {
    check_changes(pool, Writer::Client(client), attributes)
}

/// What a user hands in with a new password, checked; with it no required attribute is missing any more.
///
/// # Errors
/// As [`check_completion`], and InvalidParameterException for a required attribute that is still missing.
pub fn completed(
    pool: &Pool,
    client: &Client,
    given: &[AttributeType],
    user: &User,
) -> Result<BTreeMap<String, String>> {
    let changes = check_completion(pool, client, given)?;
    let given: BTreeMap<String, String> =
        changes.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    match missing_required(pool, &user.attributes).find(|name| !given.contains_key(*name)) {
        Some(name) => Err(fault::attribute_missing(name)),
        None => Ok(given),
    }
}

fn check_changes(pool: &Pool, writer: Writer<'_>, attributes: &[AttributeType]) -> Result<Changes> {
    let mut changes = Changes::new();
    let mut findings = Vec::new();
    for AttributeType { name, value } in attributes {
        check_writable(pool, writer, name)?;
        let schema = pool.schema_attribute(name).ok_or_else(|| fault::attribute_type_unknown(name))?;
        let value = value.as_deref().filter(|value| !value.is_empty());
        // Unverified: that a required attribute cannot be taken away, and the text.
        if value.is_none() && is_required(schema) {
            findings.push(format!("{name}: The attribute is required"));
        }
        let value = value.map(|value| check_value(pool, schema, name, value)).transpose()?;
        changes.insert(
            name.clone(),
            value.map(|found| {
                found.unwrap_or_else(|f| {
                    findings.push(f);
                    String::new()
                })
            }),
        );
    }
    conforming(changes, &findings)
}

/// Checks the names of attributes that are to be deleted.
pub fn check_deletion(pool: &Pool, writer: Writer<'_>, names: &[String]) -> Result<Changes> {
    let unknown: Vec<&str> =
        names.iter().map(String::as_str).filter(|name| pool.schema_attribute(name).is_none()).collect();
    if !unknown.is_empty() {
        return Err(fault::attributes_to_delete_unknown(&unknown));
    }
    let blanks: Vec<_> = names.iter().map(|name| AttributeType { name: name.clone(), value: None }).collect();
    check_update(pool, writer, &blanks)
}

/// Checks what rests on an address that goes, in whatever way it goes: by a deletion, or by an update to a blank value.
/// A user must not take away the second factor, or the last name to sign in by, with it. An administrator may: with the
/// address the factor is turned off.
///
/// # Errors
/// InvalidParameterException for an address that something rests on.
pub fn check_removals(pool: &Pool, before: &User, after: &User, writer: Writer<'_>) -> Result<()> {
    if matches!(writer, Writer::Operator) {
        return Ok(());
    }
    let goes = |name: &str| before.attributes.contains_key(name) && !after.attributes.contains_key(name);
    for medium in [Medium::Sms, Medium::Email] {
        if goes(medium.attribute()) && mfa::rests_on(pool, before, medium.factor()) {
            return Err(fault::address_is_second_factor(medium.attribute()));
        }
    }
    // Where addresses are the names, the user name itself is a sub, which nobody knows by heart. A name goes with its
    // address, and also where another address that is no name yet comes into its place.
    let first_name = |user: &User| user.sign_in_names(pool).get(1).cloned();
    match (first_name(before), first_name(after)) {
        (Some(name), None) if pool.has_username_attributes() => {
            Err(fault::address_is_last_name(before.attribute_of_name(pool, &name).unwrap_or("email")))
        }
        _ => Ok(()),
    }
}

/// Notes by which address a user was named who was made before that was noted: by one that a change leaves alone, if
/// there is one.
fn note_name(pool: &Pool, user: &mut User, changes: &Changes) {
    let addresses = || addresses_as_names(pool);
    if user.named_by.is_some() || !addresses().any(|name| changes.contains_key(name)) {
        return;
    }
    let present = || addresses().filter(|name| user.attributes.contains_key(*name));
    let named_by = present().find(|name| !changes.contains_key(*name)).or_else(|| present().next());
    user.named_by = named_by.map(str::to_owned);
}

/// The attributes that are names where addresses are the names.
fn addresses_as_names(pool: &Pool) -> impl Iterator<Item = &'static str> {
    let both =
        [(UsernameAttributeType::Email, "email"), (UsernameAttributeType::PhoneNumber, "phone_number")];
    both.into_iter().filter(|(kind, _)| pool.has_username_attribute(*kind)).map(|(_, name)| name)
}

/// Where the address is gone that the user was named by, a proved one that is left is the name from now on.
fn move_name(pool: &Pool, user: &mut User) {
    let is_gone = user.named_by.as_ref().is_some_and(|named_by| !user.attributes.contains_key(named_by));
    if is_gone {
        let left = addresses_as_names(pool).find(|name| user.is_verified(name));
        user.named_by = left.map(str::to_owned).or_else(|| user.named_by.take());
    }
}

/// Applies an update to a user and answers by which media codes must go out.
///
/// A new address is unverified unless the same update says otherwise. Where the pool verifies before it
/// updates, the new address waits in `pending` and the old one stays; an address that goes takes its
/// verification and its waiting successor with it.
pub fn apply(pool: &Pool, user: &mut User, changes: &Changes) -> Vec<Medium> {
    note_name(pool, user, changes);
    move_name(pool, user);
    let mut codes = Vec::new();
    let mut changes = changes.clone();
    for medium in [Medium::Sms, Medium::Email] {
        let address = medium.attribute();
        let Some(new) = changes.get(address).cloned() else { continue };
        let verified = format!("{address}_verified");
        let is_other = user.attributes.get(address) != new.as_ref();
        let is_trusted = changes.get(&verified).is_some_and(|value| value.as_deref() == Some("true"));
        let automatic = medium.verified_attribute();
        user.pending.remove(address);
        let Some(new) = new else {
            user.attributes.remove(&verified);
            user.mfa.turn_off(medium.factor());
            continue;
        };
        if is_other && !is_trusted && pool.verifies_before_update(automatic) {
            changes.remove(address);
            user.pending.insert(address.to_owned(), new);
            codes.push(medium);
            continue;
        }
        if is_other {
            user.set_verified(address, false);
        }
        if !is_trusted && !user.is_verified(address) && pool.auto_verifies(automatic) {
            codes.push(medium);
        }
    }
    for (name, value) in changes {
        match value {
            Some(value) => user.attributes.insert(name, value),
            None => user.attributes.remove(&name),
        };
    }
    move_name(pool, user);
    codes
}

/// The required attributes that have no value.
pub fn missing_required<'a>(
    pool: &'a Pool,
    values: &'a BTreeMap<String, String>,
) -> impl Iterator<Item = &'a str> {
    pool.schema()
        .iter()
        .filter(|schema| is_required(schema))
        .filter_map(|schema| schema.name.as_deref())
        .filter(|name| *name != "sub" && !values.contains_key(*name))
}

/// Which attributes a client may read, in GetUser and in ID tokens.
pub fn readable<'a>(client: &'a Client) -> impl Fn(&str) -> bool + 'a {
    let listed = client.detail.read_attributes.as_deref().filter(|list| !list.is_empty());
    move |name| {
        name == "sub"
            || match listed {
                Some(listed) => listed.iter().any(|l| l == name),
                None => is_standard(name) || name == "identities",
            }
    }
}

/// Whether a client may write an attribute on behalf of its users.
pub fn is_writable(pool: &Pool, client: &Client, name: &str) -> bool {
    // Who could set these would verify addresses that belong to others.
    if matches!(name, "sub" | "identities" | "email_verified" | "phone_number_verified")
        || name.starts_with("dev:")
    {
        return false;
    }
    if pool.schema_attribute(name).is_some_and(is_required) {
        return true;
    }
    match client.detail.write_attributes.as_deref().filter(|list| !list.is_empty()) {
        Some(listed) => listed.iter().any(|l| l == name),
        // Custom attributes are not among them: a role kept in one would be its bearer's to choose.
        None => is_standard(name),
    }
}

/// Whether OpenID Connect names this attribute.
pub fn is_standard(name: &str) -> bool {
    STANDARD.contains(&name)
}

fn is_mutable(schema: &SchemaAttributeType) -> bool {
    schema.mutable != Some(false)
}

fn is_required(schema: &SchemaAttributeType) -> bool {
    schema.required == Some(true)
}

fn conforming<T>(values: T, findings: &[String]) -> Result<T> {
    if findings.is_empty() { Ok(values) } else { Err(fault::schema_violation(findings)) }
}

fn check_writable(pool: &Pool, writer: Writer<'_>, name: &str) -> Result<()> {
    match writer {
        // A name that the pool does not have is refused as such, whoever writes it.
        Writer::Client(client)
            if !is_writable(pool, client, name)
                && (pool.schema_attribute(name).is_some() || is_standard(name) || name == "identities") =>
        {
            Err(fault::attribute_not_writable())
        }
        // The service makes both. Unverified: text.
        Writer::Operator if matches!(name, "sub" | "identities") => Err(fault::attribute_immutable(name)),
        _ => Ok(()),
    }
}

/// The values of a new user and what is wrong with them. Of an attribute that is named twice the last value
/// counts, but each is checked.
fn creation(
    pool: &Pool,
    writer: Writer<'_>,
    attributes: &[AttributeType],
) -> Result<(BTreeMap<String, String>, Vec<String>)> {
    let mut values = BTreeMap::new();
    let mut findings = Vec::new();
    for AttributeType { name, value } in attributes {
        check_writable(pool, writer, name)?;
        let Some(schema) = pool.schema_attribute(name) else {
            findings.push(format!("{name}: Attribute does not exist in the schema."));
            continue;
        };
        // Unverified: that a blank value is no value.
        match value.as_deref().filter(|value| !value.is_empty()) {
            None => drop(values.remove(name)),
            Some(value) => match check_value(pool, schema, name, value)? {
                Ok(value) => drop(values.insert(name.clone(), value)),
                Err(finding) => findings.push(finding),
            },
        }
    }
    Ok((values, findings))
}

fn add_username(
    values: &mut BTreeMap<String, String>,
    from_username: Option<(&'static str, String)>,
) -> Result<()> {
    if let Some((name, value)) = from_username {
        match values.get(name) {
            Some(given) if *given != value => return Err(fault::username_and_attribute_differ(name)),
            _ => drop(values.insert(name.to_owned(), value)),
        }
    }
    Ok(())
}

/// The value as it is stored, or in what it does not conform. Formats of addresses are refused at once.
fn check_value(
    pool: &Pool,
    schema: &SchemaAttributeType,
    name: &str,
    value: &str,
) -> Result<std::result::Result<String, String>> {
    match name {
        "email" if !is_email(value) => return Err(fault::email_format()),
        "phone_number" if !is_phone_number(value) => return Err(fault::phone_number_format()),
        "preferred_username" if pool.has_alias(AliasAttributeType::PreferredUsername) => {
            check_no_alias(pool, value)?;
            if value.chars().count() > NAME_CHARACTERS_MAX {
                return Ok(Err(format!("{name}: String is longer than the maximum length.")));
            }
        }
        _ => {}
    }
    let found = match schema.attribute_data_type.unwrap_or(AttributeDataType::String) {
        AttributeDataType::Boolean => boolean(value),
        AttributeDataType::Number => number(schema, value),
        AttributeDataType::DateTime => date_time(value),
        AttributeDataType::String => string(schema, value),
    };
    Ok(found.map_err(|finding| format!("{name}: {finding}")))
}

// The texts of the findings below are unverified.

fn boolean(value: &str) -> std::result::Result<String, &'static str> {
    let value = value.to_ascii_lowercase();
    if matches!(value.as_str(), "true" | "false") { Ok(value) } else { Err("Attribute is not a boolean.") }
}

fn number(schema: &SchemaAttributeType, value: &str) -> std::result::Result<String, &'static str> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if value.len() > VALUE_CHARACTERS_MAX || !all_digits(whole) || !all_digits(fraction) {
        return Err("Attribute is not a number.");
    }
    let number: f64 = value.parse().map_err(|_| "Attribute is not a number.")?;
    let limit = |text: Option<&String>| text.and_then(|t| t.parse::<f64>().ok());
    let limits = schema.number_attribute_constraints.as_ref();
    if limit(limits.and_then(|l| l.min_value.as_ref())).is_some_and(|min| number < min) {
        return Err("Attribute is less than its minimum value.");
    }
    if limit(limits.and_then(|l| l.max_value.as_ref())).is_some_and(|max| number > max) {
        return Err("Attribute is greater than its maximum value.");
    }
    Ok(value.to_owned())
}

/// Seconds since 1970, or a date with or without a time behind it (ISO 8601).
fn date_time(value: &str) -> std::result::Result<String, &'static str> {
    let bytes = value.as_bytes();
    let is_date = |date: &[u8]| {
        date.iter().enumerate().all(|(i, b)| if i == 4 || i == 7 { *b == b'-' } else { b.is_ascii_digit() })
    };
    let is_time = |time: &[u8]| {
        time.first().is_some_and(|b| b"T ".contains(b))
            && time.iter().all(|b| b.is_ascii_digit() || b"T:.+-Z ".contains(b))
    };
    let seconds = value.len() <= 20 && bytes.iter().all(u8::is_ascii_digit);
    let valid = match bytes.split_at_checked(10) {
        _ if seconds => true,
        Some((date, [])) => is_date(date),
        Some((date, time)) => value.len() <= 40 && is_date(date) && is_time(time),
        None => false,
    };
    if valid { Ok(value.to_owned()) } else { Err("Attribute is not a date.") }
}

fn string(schema: &SchemaAttributeType, value: &str) -> std::result::Result<String, &'static str> {
    let length = value.chars().count();
    let limits = schema.string_attribute_constraints.as_ref();
    let limit = |text: Option<&String>| text.and_then(|t| t.parse::<usize>().ok());
    let min = limit(limits.and_then(|l| l.min_length.as_ref())).unwrap_or(0);
    let max = limit(limits.and_then(|l| l.max_length.as_ref())).unwrap_or(VALUE_CHARACTERS_MAX);
    if length < min {
        Err("String is shorter than the minimum length.")
    } else if length > max.min(VALUE_CHARACTERS_MAX) {
        Err("String is longer than the maximum length.")
    } else if value.contains('\0') {
        Err("String holds a NUL character.")
    } else {
        Ok(value.to_owned())
    }
}

#[cfg(test)]
mod tests;
