//! The look after a fault: every acknowledged change is there, and what is spent stays spent.

use super::{
    findings::Wrong,
    people::{Person, Spent, Status},
    writer::{Writer, confirm_reset, family, refresh, respond, sign_in},
};
use anyhow::Result;
use serde_json::json;

/// How much is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// What was touched since the last look.
    Touched,
    Everything,
}

/// A password that no policy refuses and that nobody must get.
const NEVER: &str = "Never-Set-1";

impl Writer {
    /// Compares the server with the book. The server must be ready.
    pub fn check(&mut self, extent: Extent) {
        if let Err(error) = self.try_check(extent) {
            let what = format!("writer {} could not finish its look: {error:#}", self.number);
            self.findings.report(Wrong::Unexpected, &what);
        }
    }

    fn try_check(&mut self, extent: Extent) -> Result<()> {
        self.api.disconnect();
        self.settle()?;
        // Taken out while they are looked at, and put back even if the look fails.
        let mut lists = [&mut self.people, &mut self.resting, &mut self.deleted].map(std::mem::take);
        let result = self.check_people(&mut lists, extent);
        [self.people, self.resting, self.deleted] = lists;
        result?;
        let last = |count: usize| if extent == Extent::Everything { 0 } else { count.saturating_sub(2) };
        let groups = self.groups[last(self.groups.len())..].to_vec();
        for name in groups {
            let input = json!({"UserPoolId": self.scene.pool, "GroupName": name});
            self.must("GetGroup", &input, Wrong::Lost, "a group is lost")?;
        }
        let clients = self.clients[last(self.clients.len())..].to_vec();
        for name in clients {
            if !self.client(&name)? {
                self.lost(&name, "was a client");
            }
        }
        let pools = self.pools[last(self.pools.len())..].to_vec();
        for name in pools {
            if !self.pool(&name)? {
                self.lost(&name, "was a pool");
            }
        }
        Ok(())
    }

    fn check_people(&mut self, lists: &mut [Vec<Person>; 3], extent: Extent) -> Result<()> {
        let [people, resting, deleted] = lists;
        for person in people.iter_mut().chain(resting) {
            if person.is_touched || extent == Extent::Everything {
                self.check_person(person, extent)?;
                person.is_touched = false;
            }
        }
        for person in deleted {
            if person.is_touched || extent == Extent::Everything {
                self.check_deleted(person)?;
                person.is_touched = false;
            }
        }
        Ok(())
    }

    fn check_person(&mut self, person: &mut Person, extent: Extent) -> Result<()> {
        match self.look(person)? {
            None => self.lost(&person.name, "is gone"),
            Some((sub, facts)) if sub != person.sub || facts != person.facts => {
                self.lost(&person.name, &format!("has {facts:?}, not {:?}", person.facts));
            }
            Some(_) => {}
        }
        for spent in std::mem::take(&mut person.spent) {
            self.spend_again(person, &spent)?;
        }
        for index in (0..person.families.len()).rev() {
            self.check_family(person, index)?;
        }
        let skipped = if extent == Extent::Everything { 0 } else { person.ended.len().saturating_sub(2) };
        for family in &person.ended[skipped..] {
            let input = refresh(&self.scene, &family.refresh);
            self.must_not("GetTokensFromRefreshToken", &input, "an ended family lives")?;
            self.must_not("GetUser", &json!({"AccessToken": family.access}), "an ended family lives")?;
        }
        if person.facts.status != Status::Unconfirmed && self.random.once_in(2) {
            let input = sign_in(&self.scene, &person.name, &person.password);
            self.must("InitiateAuth", &input, Wrong::Lost, "the password is lost")?;
        }
        Ok(())
    }

    fn spend_again(&mut self, person: &Person, spent: &Spent) -> Result<()> {
        let (operation, input) = match spent {
            Spent::SignUpCode(code) => {
                let input =
                    json!({"ClientId": self.scene.client, "Username": person.name, "ConfirmationCode": code});
                ("ConfirmSignUp", input)
            }
            Spent::ResetCode(code) => {
                ("ConfirmForgotPassword", confirm_reset(&self.scene, &person.name, code, NEVER))
            }
            Spent::Session(session) => {
                ("RespondToAuthChallenge", respond(&self.scene, &person.name, session, NEVER))
            }
        };
        self.must_not(operation, &input, "spent twice")
    }

    /// The present token is good, the one before is not, and to present that ends the family.
    fn check_family(&mut self, person: &mut Person, index: usize) -> Result<()> {
        let before = person.families[index].refresh.clone();
        let input = refresh(&self.scene, &before);
        let answer =
            self.must("GetTokensFromRefreshToken", &input, Wrong::Lost, "a refresh token is lost")?;
        let Some(next) = answer.and_then(|answer| family(&answer, Some(before))) else {
            person.families.swap_remove(index);
            return Ok(());
        };
        if self.random.once_in(3) {
            self.must_not("GetTokensFromRefreshToken", &input, "a refresh token is spent twice")?;
            person.families[index] = next;
            person.end_family(index);
        } else {
            person.families[index] = next;
        }
        Ok(())
    }

    fn check_deleted(&mut self, person: &Person) -> Result<()> {
        if self.look(person)?.is_some() {
            self.lost(&person.name, "was deleted, and is there");
        }
        for family in &person.families {
            let input = refresh(&self.scene, &family.refresh);
            self.must_not("GetTokensFromRefreshToken", &input, "a deleted user's tokens live")?;
            self.must_not("GetUser", &json!({"AccessToken": family.access}), "a deleted user's tokens live")?;
        }
        Ok(())
    }

    fn lost(&self, name: &str, what: &str) {
        self.findings.report(Wrong::Lost, &format!("{name} {what}"));
    }
}
