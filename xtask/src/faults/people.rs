//! What a writer knows of a user, and how it looks at what the server knows of them.

use super::{
    api::{Api, Outcome, Refusal},
    findings::{Findings, Wrong},
};
use anyhow::{Result, bail};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The pool and client that all writers work on.
#[derive(Clone)]
pub struct Scene {
    pub pool: String,
    pub client: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Unconfirmed,
    Confirmed,
    /// An administrator's temporary password must be changed.
    Temporary,
}

/// What an administrator reads of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    pub status: Status,
    /// The number of the last change of attributes. One call writes it into two attributes and a further name.
    pub count: u64,
    pub groups: BTreeSet<String>,
}

/// Tokens of one sign-in.
#[derive(Clone)]
pub struct Family {
    pub access: String,
    pub refresh: String,
    /// The refresh token before, which is spent.
    pub former: Option<String>,
}

/// What was used and may not be used again.
#[derive(Clone)]
pub enum Spent {
    SignUpCode(String),
    ResetCode(String),
    Session(String),
}

/// What the server has acknowledged of one user.
#[derive(Clone)]
pub struct Person {
    pub name: String,
    pub email: String,
    pub password: String,
    pub sub: String,
    pub facts: Facts,
    pub families: Vec<Family>,
    pub ended: Vec<Family>,
    pub spent: Vec<Spent>,
    /// How many messages they were sent.
    pub messages: usize,
    pub is_touched: bool,
}

impl Scene {
    pub fn new(port: u16) -> Result<Scene> {
        let mut api = Api::new(port);
        let pool = api.get(
            "CreateUserPool",
            &json!({"PoolName": "faults", "AutoVerifiedAttributes": ["email"],
                "AliasAttributes": ["email", "preferred_username"],
                "Schema": [{"Name": "count", "AttributeDataType": "String", "Mutable": true}]}),
        )?;
        let pool = text(&pool["UserPool"]["Id"]);
        let client = api.get(
            "CreateUserPoolClient",
            &json!({"UserPoolId": pool, "ClientName": "rotating",
                "WriteAttributes": ["email", "nickname", "custom:count"], "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"],
                "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}}),
        )?;
        Ok(Scene { pool, client: text(&client["UserPoolClient"]["ClientId"]) })
    }
}

impl Person {
    pub fn new(name: &str, status: Status) -> Person {
        Person {
            name: name.to_owned(),
            email: format!("{name}@example.com"),
            password: "Correct-Horse-1".to_owned(),
            sub: String::new(),
            facts: Facts { status, count: 0, groups: BTreeSet::new() },
            families: Vec::new(),
            ended: Vec::new(),
            spent: Vec::new(),
            messages: 1,
            is_touched: true,
        }
    }

    /// The further name that goes with a count.
    pub fn alias(&self, count: u64) -> String {
        format!("{}-alias-{count}", self.name)
    }

    /// The attributes that go with a count.
    pub fn attributes(&self, count: u64) -> Value {
        let count_text = count.to_string();
        let mut list = vec![
            json!({"Name": "custom:count", "Value": count_text}),
            json!({"Name": "nickname", "Value": count_text}),
        ];
        if count > 0 {
            list.push(json!({"Name": "preferred_username", "Value": self.alias(count)}));
        }
        list.into()
    }

    pub fn end_family(&mut self, index: usize) {
        let family = self.families.swap_remove(index);
        self.ended.push(family);
    }
}

/// Looks at a user by every way there is, and reports where these disagree.
pub struct Look<'a> {
    pub api: &'a mut Api,
    pub scene: &'a Scene,
    pub findings: &'a Findings,
}

impl Look<'_> {
    /// What is there of a user; none if nothing is.
    pub fn at(&mut self, person: &Person) -> Result<Option<(String, Facts)>> {
        let listed = self.api.get(
            "ListUsers",
            &json!({"UserPoolId": self.scene.pool, "Filter": format!("email = \"{}\"", person.email)}),
        )?;
        let listed = listed["Users"].as_array().map_or(0, Vec::len);
        let Some(user) = self.user(&person.name)? else {
            let count = person.facts.count;
            let names = [person.email.clone(), person.alias(count), person.alias(count + 1)];
            for name in names {
                if self.user(&name)?.is_some() {
                    self.half_made(person, &format!("is gone, but {name} is somebody"));
                }
            }
            if listed > 0 {
                self.half_made(person, "is gone, but listed");
            }
            return Ok(None);
        };
        if listed != 1 {
            self.half_made(person, &format!("is there, and listed {listed} times"));
        }
        let status = match user["UserStatus"].as_str() {
            Some("UNCONFIRMED") => Status::Unconfirmed,
            Some("CONFIRMED") => Status::Confirmed,
            Some("FORCE_CHANGE_PASSWORD") => Status::Temporary,
            other => bail!("{} has the status {other:?}", person.name),
        };
        let sub = attribute(&user, "sub");
        let count = attribute(&user, "custom:count").parse().unwrap_or(u64::MAX);
        self.check_names(person, &user, &sub, status, count)?;
        let groups = self.api.get(
            "AdminListGroupsForUser",
            &json!({"UserPoolId": self.scene.pool, "Username": person.name}),
        )?;
        let groups = groups["Groups"].as_array().into_iter().flatten();
        let groups = groups.map(|group| text(&group["GroupName"])).collect();
        Ok(Some((sub, Facts { status, count, groups })))
    }

    /// One change wrote all of these.
    fn check_names(
        &mut self,
        person: &Person,
        user: &Value,
        sub: &str,
        status: Status,
        count: u64,
    ) -> Result<()> {
        let alias = if count == 0 { String::new() } else { person.alias(count) };
        let (nickname, preferred) = (attribute(user, "nickname"), attribute(user, "preferred_username"));
        if nickname != count.to_string() || preferred != alias {
            self.half_made(person, &format!("has count {count}, nickname {nickname} and name {preferred}"));
        }
        let is_verified = attribute(user, "email_verified") == "true";
        if is_verified != (status != Status::Unconfirmed) {
            self.half_made(person, &format!("is {status:?}, but email_verified is {is_verified}"));
        }
        let mut owned = Vec::new();
        if is_verified {
            owned.push(person.email.clone());
        }
        if count > 0 {
            owned.push(alias);
        }
        for name in owned {
            let found = self.user(&name)?.map(|found| attribute(&found, "sub"));
            if found.as_deref() != Some(sub) {
                self.half_made(person, &format!("is not found as {name}"));
            }
        }
        for other in [count.saturating_sub(1), count + 1] {
            if other != count && other > 0 && self.user(&person.alias(other))?.is_some() {
                self.half_made(person, &format!("has the count {count}, and still another name"));
            }
        }
        Ok(())
    }

    fn user(&mut self, name: &str) -> Result<Option<Value>> {
        let input = json!({"UserPoolId": self.scene.pool, "Username": name});
        match self.api.call("AdminGetUser", &input) {
            Outcome::Done(user) => Ok(Some(user)),
            Outcome::Refused(Refusal { name, .. }) if name == "UserNotFoundException" => Ok(None),
            other => bail!("AdminGetUser {name}: {other:?}"),
        }
    }

    fn half_made(&self, person: &Person, what: &str) {
        self.findings.report(Wrong::HalfMade, &format!("{} {what}", person.name));
    }
}

/// A member that is a text; empty if it is none.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn attribute(user: &Value, name: &str) -> String {
    let list = user["UserAttributes"].as_array().into_iter().flatten();
    list.filter(|attribute| attribute["Name"] == name).map(|attribute| text(&attribute["Value"])).collect()
}
