//! The file: what it may name, read whole before anything is applied.

use super::entry::{Entry, Mistake, Place};
use crate::{
    config::text::toml_mistake,
    development::custom_ids::{check_client_id, check_pool_id},
};
use rules::{
    Fault,
    ids::{ClientId, PoolId, Sub},
};
use serde_json::Value;
use spec::cognito_idp::Operation;
use std::{collections::HashSet, fs::File, io::Read as _, path::Path};

/// A pool with everything in it.
pub struct Pool {
    pub place: Place,
    pub id: PoolId,
    /// Members of CreateUserPool.
    pub members: Value,
    /// Members of SetUserPoolMfaConfig.
    pub mfa: Option<Value>,
    /// Members of SetUserPoolSessionConfiguration.
    pub sessions: Option<Value>,
    pub clients: Vec<Client>,
    pub groups: Vec<Group>,
    pub users: Vec<User>,
}

/// An app client.
pub struct Client {
    pub place: Place,
    pub id: ClientId,
    /// Members of CreateUserPoolClient.
    pub members: Value,
    /// Members of SetUserPoolClientSessionConfiguration.
    pub sessions: Option<Value>,
}

/// A group.
pub struct Group {
    pub place: Place,
    pub name: String,
    /// Members of CreateGroup.
    pub members: Value,
}

/// A user.
pub struct User {
    pub place: Place,
    pub username: String,
    pub sub: Option<Sub>,
    pub password: Option<String>,
    /// Whether the password need not be changed at the first sign-in.
    pub permanent: bool,
    pub enabled: Option<bool>,
    pub attributes: Vec<(String, String)>,
    pub groups: Vec<String>,
}

/// The longest file: some hundred thousand users.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Reads a file, TOML or JSON by its ending.
pub fn read(path: &Path) -> Result<Vec<Pool>, Mistake> {
    let shown = path.display();
    let cannot_read = |error: std::io::Error| Mistake::new(format!("cannot read {shown}: {error}"));
    let mut text = String::new();
    let file = File::open(path).map_err(cannot_read)?;
    file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(cannot_read)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(Mistake::new(format!("{shown} is longer than {FILE_BYTES_MAX} bytes")));
    }
    let is_toml = match path.extension().and_then(|ending| ending.to_str()) {
        Some("toml") => true,
        Some("json") => false,
        _ => return Err(Mistake::new(format!("{shown} must end in .toml or .json"))),
    };
    parse(&text, is_toml).map_err(|mistake| Mistake::new(format!("{shown}: {mistake}")))
}

fn parse(text: &str, is_toml: bool) -> Result<Vec<Pool>, Mistake> {
    let value: Value = match is_toml {
        // The message without the line, which may hold a password.
        true => toml::from_str(text)
            .map_err(|error| Mistake::new(format!("not TOML: {}", toml_mistake(text, &error))))?,
        false => serde_json::from_str(text).map_err(|error| {
            Mistake::new(format!("not JSON: line {}, column {}", error.line(), error.column()))
        })?,
    };
    let mut file = Entry::new(Place::file(), value)?;
    let pools = file.take_entries("UserPools")?;
    file.finish()?;
    let pools = pools.into_iter().map(pool).collect::<Result<Vec<_>, _>>()?;
    check_once(pools.iter().map(|pool| (&pool.place, pool.id.as_str())))?;
    check_once(
        pools.iter().flat_map(|pool| &pool.clients).map(|client| (&client.place, client.id.as_str())),
    )?;
    Ok(pools)
}

fn pool(mut entry: Entry) -> Result<Pool, Mistake> {
    let place = entry.place.clone();
    let id = PoolId::from(entry.take_required("Id")?);
    check_pool_id(&id).map_err(|fault| refused(&place, fault))?;
    let mfa = settings(&mut entry, "MfaConfig", Operation::SetUserPoolMfaConfig)?;
    let sessions = settings(&mut entry, "SessionConfiguration", Operation::SetUserPoolSessionConfiguration)?;
    let clients = entry.take_entries("Clients")?.into_iter().map(client).collect::<Result<_, _>>()?;
    let groups: Vec<Group> =
        entry.take_entries("Groups")?.into_iter().map(group).collect::<Result<_, _>>()?;
    let users: Vec<User> = entry.take_entries("Users")?.into_iter().map(user).collect::<Result<_, _>>()?;
    check_once(groups.iter().map(|group| (&group.place, group.name.as_str())))?;
    check_once(users.iter().map(|user| (&user.place, user.username.as_str())))?;
    let members = entry.into_members(Operation::CreateUserPool.spec().input, &[])?;
    Ok(Pool { place, id, members, mfa, sessions, clients, groups, users })
}

/// The table of settings that an operation of its own sets.
fn settings(entry: &mut Entry, key: &str, operation: Operation) -> Result<Option<Value>, Mistake> {
    let Some(settings) = entry.take_entry(key)? else { return Ok(None) };
    settings.into_members(operation.spec().input, &["UserPoolId", "ClientId"]).map(Some)
}

fn client(mut entry: Entry) -> Result<Client, Mistake> {
    let place = entry.place.clone();
    let id = ClientId::from(entry.take_required("ClientId")?);
    check_client_id(&id).map_err(|fault| refused(&place, fault))?;
    let sessions =
        settings(&mut entry, "SessionConfiguration", Operation::SetUserPoolClientSessionConfiguration)?;
    let members = entry.into_members(Operation::CreateUserPoolClient.spec().input, &["UserPoolId"])?;
    Ok(Client { place, id, members, sessions })
}

fn group(mut entry: Entry) -> Result<Group, Mistake> {
    let place = entry.place.clone();
    let name = entry.take_required("GroupName")?;
    let members = entry.into_members(Operation::CreateGroup.spec().input, &["UserPoolId"])?;
    Ok(Group { place, name, members })
}

fn user(mut entry: Entry) -> Result<User, Mistake> {
    let user = User {
        place: entry.place.clone(),
        username: entry.take_required("Username")?,
        sub: entry.take_text("Sub")?.map(Sub::from),
        password: entry.take_text("Password")?,
        permanent: entry.take_flag("Permanent")?.unwrap_or(true),
        enabled: entry.take_flag("Enabled")?,
        attributes: match entry.take_entry("Attributes")? {
            Some(attributes) => attributes.into_texts()?,
            None => Vec::new(),
        },
        groups: entry.take_texts("Groups")?,
    };
    entry.finish()?;
    Ok(user)
}

fn refused(place: &Place, fault: Fault) -> Mistake {
    place.mistake(fault.message)
}

/// Refuses a name that stands twice: the file could say two things of it.
fn check_once<'a>(mut names: impl Iterator<Item = (&'a Place, &'a str)>) -> Result<(), Mistake> {
    let mut seen = HashSet::new();
    match names.find(|(_, name)| !seen.insert(*name)) {
        Some((place, name)) => Err(place.mistake(format!("{name} is named twice"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_named_with_their_place() {
        for (text, expected) in [
            ("[[UserPool]]", "UserPool: there is no such key"),
            ("[[UserPools]]\nPoolName = 'p'", "UserPools[0]: Id is missing"),
            (
                "[[UserPools]]\nId = 'p'",
                "UserPools[0]: p is no user pool id: a region, an underscore, and letters and digits, as in us-east-1_local.",
            ),
            (
                "[[UserPools]]\nId = 'a_b'\nPolicies = {PasswordPolicy = {MinLength = 8}}",
                "UserPools[0].Policies.PasswordPolicy.MinLength: there is no such key",
            ),
            (
                "[[UserPools]]\nId = 'a_b'\n[[UserPools.Clients]]\nClientId = 'c'\nUserPoolId = 'a_b'",
                "UserPools[0].Clients[0].UserPoolId: there is no such key",
            ),
            (
                "[[UserPools]]\nId = 'a_b'\n[[UserPools.Users]]\nUsername = 'u'\nAttributes = {email_verified = true}",
                "UserPools[0].Users[0].Attributes.email_verified: a text is expected",
            ),
            (
                "[[UserPools]]\nId = 'a_b'\n[[UserPools.Users]]\nUsername = 'u'\n[[UserPools.Users]]\nUsername = 'u'",
                "UserPools[0].Users[1]: u is named twice",
            ),
            ("[[UserPools]]\nId = 'a_b'\n[[UserPools]]\nId = 'a_b'", "UserPools[1]: a_b is named twice"),
            ("UserPools = 1", "UserPools: a list is expected"),
            ("[[UserPools]]\nId = 'a_b'\nPassword = 'secret", "not TOML: line 3, column 19: "),
        ] {
            let mistake = parse(text, true).err().unwrap().to_string();
            assert!(mistake.starts_with(expected), "{mistake}");
            assert!(!mistake.contains("secret"), "{mistake}");
        }
        assert_eq!(
            parse("{\"UserPools\": [}", false).err().unwrap().to_string(),
            "not JSON: line 1, column 16"
        );
        assert!(parse("{}", false).unwrap().is_empty());
    }
}
