//! What became of a change that was never answered: all of it happened, or nothing.

use super::{
    api::{Outcome, Refusal},
    findings::Wrong,
    people::{Facts, Look, Person, Spent, Status, text},
    writer::{Doubt, Writer, confirm_reset, family, newest_code, refresh, respond, sign_in},
};
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// Why something that is used up, or ended, is refused.
const USED_UP: [&str; 6] = [
    "NotAuthorizedException",
    "ExpiredCodeException",
    "CodeMismatchException",
    "RefreshTokenReuseException",
    // Of what belonged to somebody or something that is no more.
    "UserNotFoundException",
    "ResourceNotFoundException",
];

impl Writer {
    /// Finds out what became of the change in doubt, if there is one, and enters it into the book.
    pub fn settle(&mut self) -> Result<()> {
        let Some(doubt) = self.doubt.take() else { return Ok(()) };
        let happened = match doubt {
            Doubt::Nothing => false,
            Doubt::Creation(person) => self.settle_creation(person)?,
            Doubt::Facts { name, after } => self.settle_facts(&name, after)?,
            Doubt::Confirmation { name, code } => self.settle_confirmation(&name, code)?,
            Doubt::Forgotten { name } => self.settle_forgotten(&name)?,
            Doubt::Reset { name, code, password } => self.settle_reset(&name, code, password)?,
            Doubt::NewPassword { name, session, password } => {
                self.settle_new_password(&name, session, password)?
            }
            Doubt::Refresh { name, family } => self.settle_refresh(&name, family)?,
            Doubt::End { name, family } => self.settle_end(&name, family)?,
            Doubt::Deletion { name } => self.settle_deletion(&name)?,
            Doubt::Group(name) => {
                let input = json!({"UserPoolId": self.scene.pool, "GroupName": name});
                let found = self.may("GetGroup", &input)?.is_some();
                self.groups.extend(found.then_some(name));
                found
            }
            Doubt::Client(name) => {
                let found = self.client(&name)?;
                self.clients.extend(found.then_some(name));
                found
            }
            Doubt::Pool(name) => {
                let found = self.pool(&name)?;
                self.pools.extend(found.then_some(name));
                found
            }
        };
        if happened {
            self.findings.happened();
        }
        Ok(())
    }

    fn settle_creation(&mut self, person: Person) -> Result<bool> {
        let messages = self.api.outbox(&person.email)?.len();
        match self.look(&person)? {
            None if messages == 0 => Ok(false),
            None => {
                self.half_made(&person.name, "was sent a message and does not exist");
                Ok(false)
            }
            Some((sub, facts)) => {
                if facts != person.facts || messages != 1 {
                    let what = format!("was made with {facts:?} and {messages} messages");
                    self.half_made(&person.name, &what);
                }
                self.people.push(Person { sub, ..person });
                Ok(true)
            }
        }
    }

    fn settle_facts(&mut self, name: &str, after: Facts) -> Result<bool> {
        let index = self.index(name)?;
        let before = self.people[index].facts.clone();
        let Some((_, facts)) = self.look(&self.people[index].clone())? else { return Ok(false) };
        if facts != before && facts != after {
            self.half_made(name, &format!("has {facts:?}, which is neither {before:?} nor {after:?}"));
        }
        self.people[index].facts = facts;
        Ok(self.people[index].facts == after)
    }

    fn settle_confirmation(&mut self, name: &str, code: String) -> Result<bool> {
        let index = self.index(name)?;
        let happened = self.status(index)? == Some(Status::Confirmed);
        if !happened {
            let input = json!({"ClientId": self.scene.client, "Username": name, "ConfirmationCode": code});
            self.must("ConfirmSignUp", &input, Wrong::HalfMade, "is not confirmed, and the code is spent")?;
        }
        let person = &mut self.people[index];
        person.facts.status = Status::Confirmed;
        person.spent.push(Spent::SignUpCode(code));
        Ok(happened)
    }

    fn settle_forgotten(&mut self, name: &str) -> Result<bool> {
        let index = self.index(name)?;
        let (email, before) = (self.people[index].email.clone(), self.people[index].messages);
        let count = self.api.outbox(&email)?.len();
        if count == before {
            return Ok(false);
        }
        let Ok(code) = newest_code(&mut self.api, &email) else { bail!("the outbox does not answer") };
        let password = format!("Chosen-{}", self.random.next());
        let input = confirm_reset(&self.scene, name, &code, &password);
        let done =
            self.must("ConfirmForgotPassword", &input, Wrong::HalfMade, "was sent a code that is not good")?;
        let person = &mut self.people[index];
        person.messages = count;
        if done.is_some() {
            person.password = password;
            person.spent.push(Spent::ResetCode(code));
        }
        Ok(true)
    }

    fn settle_reset(&mut self, name: &str, code: String, password: String) -> Result<bool> {
        let index = self.index(name)?;
        let happened = self.may("InitiateAuth", &sign_in(&self.scene, name, &password))?.is_some();
        if !happened {
            let old = sign_in(&self.scene, name, &self.people[index].password);
            self.must("InitiateAuth", &old, Wrong::HalfMade, "has neither the old password nor the new one")?;
            let again = confirm_reset(&self.scene, name, &code, &password);
            let why = "has the old password, and the code is spent";
            self.must("ConfirmForgotPassword", &again, Wrong::HalfMade, why)?;
        }
        let person = &mut self.people[index];
        person.password = password;
        person.spent.push(Spent::ResetCode(code));
        Ok(happened)
    }

    fn settle_new_password(&mut self, name: &str, session: String, password: String) -> Result<bool> {
        let index = self.index(name)?;
        let happened = self.status(index)? == Some(Status::Confirmed);
        if !happened {
            let input = respond(&self.scene, name, &session, &password);
            let why = "has the temporary password, and the session is spent";
            self.must("RespondToAuthChallenge", &input, Wrong::HalfMade, why)?;
        }
        let input = sign_in(&self.scene, name, &password);
        self.must("InitiateAuth", &input, Wrong::HalfMade, "chose a password that is not good")?;
        let person = &mut self.people[index];
        person.facts.status = Status::Confirmed;
        person.password = password;
        person.spent.push(Spent::Session(session));
        Ok(happened)
    }

    /// The token was rotated out if it is refused; to present it again has then ended its family.
    fn settle_refresh(&mut self, name: &str, chosen: usize) -> Result<bool> {
        let index = self.index(name)?;
        let former = self.people[index].families[chosen].refresh.clone();
        let answer = self.may("GetTokensFromRefreshToken", &refresh(&self.scene, &former))?;
        let next = answer.and_then(|answer| family(&answer, Some(former)));
        let happened = next.is_none();
        match next {
            Some(family) => self.people[index].families[chosen] = family,
            None => self.people[index].end_family(chosen),
        }
        Ok(happened)
    }

    fn settle_end(&mut self, name: &str, chosen: Option<usize>) -> Result<bool> {
        let index = self.index(name)?;
        let count = self.people[index].families.len();
        let chosen = chosen.map_or_else(|| (0..count).collect(), |one| vec![one]);
        let mut alive = 0;
        for family_index in &chosen {
            let before = self.people[index].families[*family_index].clone();
            let reads = self.may("GetUser", &json!({"AccessToken": before.access}))?.is_some();
            let answer = self.may("GetTokensFromRefreshToken", &refresh(&self.scene, &before.refresh))?;
            if reads != answer.is_some() {
                let what =
                    format!("the access token is good: {reads}, the refresh token: {}", answer.is_some());
                self.half_made(name, &what);
            }
            if let Some(family) = answer.and_then(|answer| family(&answer, Some(before.refresh))) {
                self.people[index].families[*family_index] = family;
                alive += 1;
            }
        }
        if alive != 0 && alive != chosen.len() {
            self.half_made(name, &format!("was signed out everywhere, and {alive} of {count} families live"));
        }
        if alive == 0 {
            for family_index in chosen.iter().rev() {
                self.people[index].end_family(*family_index);
            }
        }
        Ok(alive == 0)
    }

    fn settle_deletion(&mut self, name: &str) -> Result<bool> {
        let index = self.index(name)?;
        let is_gone = self.look(&self.people[index].clone())?.is_none();
        if is_gone {
            let mut person = self.people.remove(index);
            person.is_touched = true;
            self.deleted.push(person);
        }
        Ok(is_gone)
    }

    /// Whether there is a client of this name, which then is whole.
    pub fn client(&mut self, name: &str) -> Result<bool> {
        let input = json!({"UserPoolId": self.scene.pool});
        let found = self.named("ListUserPoolClients", input, ("UserPoolClients", "ClientName"), name)?;
        let Some(found) = found else { return Ok(false) };
        let input = json!({"UserPoolId": self.scene.pool, "ClientId": found["ClientId"]});
        let client = self.api.get("DescribeUserPoolClient", &input)?;
        if text(&client["UserPoolClient"]["ClientSecret"]).is_empty() {
            self.half_made(name, "is a client without its secret");
        }
        Ok(true)
    }

    /// Whether there is a pool of this name, which then has its keys.
    pub fn pool(&mut self, name: &str) -> Result<bool> {
        let Some(found) = self.named("ListUserPools", json!({}), ("UserPools", "Name"), name)? else {
            return Ok(false);
        };
        let id = text(&found["Id"]);
        self.api.get("DescribeUserPool", &json!({"UserPoolId": id}))?;
        let keys = self.api.read(&format!("/{id}/.well-known/jwks.json"))?;
        let keys: Value = serde_json::from_str(&keys.body).unwrap_or_default();
        if keys["keys"].as_array().map_or(0, Vec::len) != 2 {
            self.half_made(name, "is a pool without its keys");
        }
        Ok(true)
    }

    /// Looks a thing up in a list by its name.
    fn named(
        &mut self,
        operation: &str,
        mut input: Value,
        (list, member): (&str, &str),
        name: &str,
    ) -> Result<Option<Value>> {
        input["MaxResults"] = json!(60);
        loop {
            let page = self.api.get(operation, &input)?;
            let mut items = page[list].as_array().into_iter().flatten();
            if let Some(found) = items.find(|item| item[member] == name) {
                return Ok(Some(found.clone()));
            }
            if page["NextToken"].is_null() {
                return Ok(None);
            }
            input["NextToken"] = page["NextToken"].clone();
        }
    }

    fn index(&self, name: &str) -> Result<usize> {
        let found = self.people.iter().position(|person| person.name == name);
        found.with_context(|| format!("{name} is not in the book"))
    }

    fn status(&mut self, index: usize) -> Result<Option<Status>> {
        let person = self.people[index].clone();
        Ok(self.look(&person)?.map(|(_, facts)| facts.status))
    }

    pub fn look(&mut self, person: &Person) -> Result<Option<(String, Facts)>> {
        Look { api: &mut self.api, scene: &self.scene, findings: &self.findings }.at(person)
    }

    fn half_made(&self, name: &str, what: &str) {
        self.findings.report(Wrong::HalfMade, &format!("{name} {what}"));
    }

    /// What a call answers that may be refused because something is used up.
    pub fn may(&mut self, operation: &str, input: &Value) -> Result<Option<Value>> {
        match self.api.call(operation, input) {
            Outcome::Done(answer) => Ok(Some(answer)),
            Outcome::Refused(Refusal { name, .. }) if USED_UP.contains(&name.as_str()) => Ok(None),
            other => bail!("{operation}: {other:?}"),
        }
    }

    /// What a call answers that must succeed, else `wrong` is reported.
    pub fn must(&mut self, operation: &str, input: &Value, wrong: Wrong, why: &str) -> Result<Option<Value>> {
        match self.api.call(operation, input) {
            Outcome::Done(answer) => Ok(Some(answer)),
            Outcome::Refused(Refusal { name, message }) => {
                self.findings.report(wrong, &format!("{why}: {operation}: {name}: {message}"));
                Ok(None)
            }
            Outcome::Doubt(error) => bail!(error),
        }
    }

    /// A call with something used up, which must be refused.
    pub fn must_not(&mut self, operation: &str, input: &Value, why: &str) -> Result<()> {
        if self.may(operation, input)?.is_some() {
            self.findings.report(Wrong::SpentTwice, &format!("{why}: {operation}"));
        }
        Ok(())
    }
}
