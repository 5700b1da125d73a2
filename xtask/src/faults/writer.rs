//! One of the clients that change things: it keeps a book of what the server has acknowledged, and stops at the first
//! change that it gets no answer to.

use super::{
    api::{Api, Outcome, Refusal},
    findings::{Findings, Wrong},
    people::{Facts, Family, Person, Scene, Spent, Status, text},
    random::Random,
};
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// How many users a writer works on; older ones rest until the last look.
const ACTIVE_MAX: usize = 12;
const FAMILIES_MAX: usize = 3;

/// A change whose answer never came.
pub enum Doubt {
    /// What leaves no trace that a client could know of.
    Nothing,
    Creation(Person),
    Facts {
        name: String,
        after: Facts,
    },
    Confirmation {
        name: String,
        code: String,
    },
    Forgotten {
        name: String,
    },
    Reset {
        name: String,
        code: String,
        password: String,
    },
    NewPassword {
        name: String,
        session: String,
        password: String,
    },
    Refresh {
        name: String,
        family: usize,
    },
    /// The end of one family, or of all.
    End {
        name: String,
        family: Option<usize>,
    },
    Deletion {
        name: String,
    },
    Group(String),
    Client(String),
    Pool(String),
}

pub struct Writer {
    pub number: usize,
    pub api: Api,
    pub random: Random,
    pub scene: Scene,
    pub findings: Arc<Findings>,
    pub people: Vec<Person>,
    pub resting: Vec<Person>,
    pub deleted: Vec<Person>,
    pub groups: Vec<String>,
    pub clients: Vec<String>,
    /// Names of pools.
    pub pools: Vec<String>,
    pub doubt: Option<Doubt>,
    serial: u64,
}

/// The round ended: the server is away.
pub struct Away;

pub type Act = Result<(), Away>;

impl Writer {
    pub fn new(number: usize, port: u16, scene: &Scene, seed: u64, findings: &Arc<Findings>) -> Writer {
        Writer {
            number,
            api: Api::new(port),
            random: Random::new(seed ^ (number as u64 + 1).wrapping_mul(0xD6E8_FEB8_6659_FD93)),
            scene: scene.clone(),
            findings: findings.clone(),
            people: Vec::new(),
            resting: Vec::new(),
            deleted: Vec::new(),
            groups: Vec::new(),
            clients: Vec::new(),
            pools: Vec::new(),
            doubt: None,
            serial: 0,
        }
    }

    /// Changes things until it is told to stop or an answer does not come.
    pub fn write_until(&mut self, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            while self.people.len() > ACTIVE_MAX {
                self.resting.push(self.people.remove(0));
            }
            if self.act().is_err() {
                return;
            }
        }
    }

    fn act(&mut self) -> Act {
        match self.random.below(100) {
            0..14 => self.sign_up(),
            14..20 => self.create(),
            20..36 => self.with(Status::Unconfirmed, Writer::confirm),
            36..42 => self.with(Status::Temporary, Writer::take_new_password),
            42..56 => self.with(Status::Confirmed, Writer::update),
            56..65 => self.with(Status::Confirmed, Writer::join_or_leave),
            65..74 => self.with(Status::Confirmed, Writer::sign_in),
            74..84 => self.with(Status::Confirmed, Writer::refresh),
            84..89 => self.with(Status::Confirmed, Writer::end),
            89..93 => self.with(Status::Confirmed, Writer::reset_password),
            93..96 => self.delete(),
            96..98 => self.create_group(),
            98 => self.create_client(),
            _ if self.random.once_in(4) => self.create_pool(),
            _ => Ok(()),
        }
    }

    /// Acts on one of the users in this state, if there is one.
    fn with(&mut self, status: Status, act: fn(&mut Writer, usize) -> Act) -> Act {
        let fitting = |person: &Person| person.facts.status == status;
        let mut indices: Vec<usize> = (0..self.people.len()).filter(|i| fitting(&self.people[*i])).collect();
        let Some(index) = self.random.pick(&mut indices).copied() else { return Ok(()) };
        self.people[index].is_touched = true;
        act(self, index)
    }

    fn name(&mut self) -> String {
        self.serial += 1;
        format!("w{}x{}", self.number, self.serial)
    }

    /// Makes a call that nothing speaks against; what it would have changed is in doubt if no answer comes.
    fn change(&mut self, operation: &str, input: &Value, doubt: Doubt) -> Result<Value, Away> {
        match self.api.call(operation, input) {
            Outcome::Done(answer) => {
                self.findings.acknowledged();
                Ok(answer)
            }
            Outcome::Refused(Refusal { name, message }) => {
                let what = format!("{operation} was refused: {name}: {message}");
                self.findings.report(Wrong::Unexpected, &what);
                self.doubt = Some(doubt);
                Err(Away)
            }
            Outcome::Doubt(_) => {
                self.findings.unanswered();
                self.doubt = Some(doubt);
                Err(Away)
            }
        }
    }

    fn sign_up(&mut self) -> Act {
        let person = Person::new(&self.name(), Status::Unconfirmed);
        let mut attributes = person.attributes(0);
        add(&mut attributes, "email", &person.email);
        let input = json!({"ClientId": self.scene.client, "Username": person.name, "Password": person.password,
            "UserAttributes": attributes});
        let answer = self.change("SignUp", &input, Doubt::Creation(person.clone()))?;
        self.people.push(Person { sub: text(&answer["UserSub"]), ..person });
        Ok(())
    }

    fn create(&mut self) -> Act {
        let person = Person::new(&self.name(), Status::Temporary);
        let mut attributes = person.attributes(0);
        add(&mut attributes, "email", &person.email);
        add(&mut attributes, "email_verified", "true");
        let input = json!({"UserPoolId": self.scene.pool, "Username": person.name, "UserAttributes": attributes,
            "TemporaryPassword": person.password, "DesiredDeliveryMediums": ["EMAIL"]});
        let answer = self.change("AdminCreateUser", &input, Doubt::Creation(person.clone()))?;
        let list = answer["User"]["Attributes"].as_array().into_iter().flatten();
        let sub = list.filter(|a| a["Name"] == "sub").map(|a| text(&a["Value"])).collect();
        self.people.push(Person { sub, ..person });
        Ok(())
    }

    fn confirm(&mut self, index: usize) -> Act {
        let person = &self.people[index];
        let name = person.name.clone();
        let code = newest_code(&mut self.api, &person.email)?;
        let input = json!({"ClientId": self.scene.client, "Username": name, "ConfirmationCode": code});
        self.change("ConfirmSignUp", &input, Doubt::Confirmation { name, code: code.clone() })?;
        let person = &mut self.people[index];
        person.facts.status = Status::Confirmed;
        person.spent.push(Spent::SignUpCode(code));
        Ok(())
    }

    fn take_new_password(&mut self, index: usize) -> Act {
        let (name, password) = (self.people[index].name.clone(), self.people[index].password.clone());
        let begun = self.change("InitiateAuth", &sign_in(&self.scene, &name, &password), Doubt::Nothing)?;
        let session = text(&begun["Session"]);
        let password = format!("Chosen-{}", self.random.next());
        let input = respond(&self.scene, &name, &session, &password);
        let doubt = Doubt::NewPassword { name, session: session.clone(), password: password.clone() };
        let answer = self.change("RespondToAuthChallenge", &input, doubt)?;
        let person = &mut self.people[index];
        person.facts.status = Status::Confirmed;
        person.password = password;
        person.spent.push(Spent::Session(session));
        person.families.extend(family(&answer, None));
        Ok(())
    }

    fn update(&mut self, index: usize) -> Act {
        let person = &self.people[index];
        let after = Facts { count: person.facts.count + 1, ..person.facts.clone() };
        let input = json!({"UserPoolId": self.scene.pool, "Username": person.name,
            "UserAttributes": person.attributes(after.count)});
        self.change_facts("AdminUpdateUserAttributes", &input, index, after)
    }

    fn join_or_leave(&mut self, index: usize) -> Act {
        let Some(group) = self.random.pick(&mut self.groups).cloned() else { return self.create_group() };
        let person = &self.people[index];
        let mut after = person.facts.clone();
        let is_in = !after.groups.remove(&group);
        let operation = if is_in { "AdminAddUserToGroup" } else { "AdminRemoveUserFromGroup" };
        let input = json!({"UserPoolId": self.scene.pool, "Username": person.name, "GroupName": group});
        if is_in {
            after.groups.insert(group);
        }
        self.change_facts(operation, &input, index, after)
    }

    fn change_facts(&mut self, operation: &str, input: &Value, index: usize, after: Facts) -> Act {
        let name = self.people[index].name.clone();
        self.change(operation, input, Doubt::Facts { name, after: after.clone() })?;
        self.people[index].facts = after;
        Ok(())
    }

    fn sign_in(&mut self, index: usize) -> Act {
        if self.people[index].families.len() >= FAMILIES_MAX {
            return Ok(());
        }
        let (name, password) = (self.people[index].name.clone(), self.people[index].password.clone());
        let answer = self.change("InitiateAuth", &sign_in(&self.scene, &name, &password), Doubt::Nothing)?;
        self.people[index].families.extend(family(&answer, None));
        Ok(())
    }

    fn refresh(&mut self, index: usize) -> Act {
        let count = self.people[index].families.len() as u64;
        if count == 0 {
            return self.sign_in(index);
        }
        let chosen = self.random.below(count) as usize;
        let person = &self.people[index];
        let former = person.families[chosen].refresh.clone();
        let doubt = Doubt::Refresh { name: person.name.clone(), family: chosen };
        let input = refresh(&self.scene, &former);
        let answer = self.change("GetTokensFromRefreshToken", &input, doubt)?;
        if let Some(family) = family(&answer, Some(former)) {
            self.people[index].families[chosen] = family;
        }
        Ok(())
    }

    /// Ends one family by revocation or by the reuse of a spent token, or all by a sign-out everywhere.
    fn end(&mut self, index: usize) -> Act {
        let count = self.people[index].families.len() as u64;
        let name = self.people[index].name.clone();
        if count == 0 {
            return Ok(());
        }
        if self.random.once_in(2) {
            let chosen = self.random.below(count) as usize;
            return self.reuse(index, chosen);
        }
        if self.random.once_in(3) {
            let input = json!({"UserPoolId": self.scene.pool, "Username": name});
            self.change("AdminUserGlobalSignOut", &input, Doubt::End { name, family: None })?;
            let person = &mut self.people[index];
            let families = std::mem::take(&mut person.families);
            person.ended.extend(families);
        } else {
            let chosen = self.random.below(count) as usize;
            let input = revoke(&self.scene, &self.people[index].families[chosen].refresh);
            self.change("RevokeToken", &input, Doubt::End { name, family: Some(chosen) })?;
            self.people[index].end_family(chosen);
        }
        Ok(())
    }

    fn reuse(&mut self, index: usize, chosen: usize) -> Act {
        let person = &mut self.people[index];
        let Some(former) = person.families[chosen].former.clone() else { return Ok(()) };
        match self.api.call("GetTokensFromRefreshToken", &refresh(&self.scene, &former)) {
            Outcome::Refused(_) => self.findings.acknowledged(),
            Outcome::Done(_) => {
                let what = format!("{} was given tokens for a spent one", person.name);
                self.findings.report(Wrong::SpentTwice, &what);
            }
            Outcome::Doubt(_) => {
                self.findings.unanswered();
                self.doubt = Some(Doubt::End { name: person.name.clone(), family: Some(chosen) });
                return Err(Away);
            }
        }
        person.end_family(chosen);
        Ok(())
    }

    fn reset_password(&mut self, index: usize) -> Act {
        // Five in an hour are allowed.
        if self.people[index].messages > 4 {
            return Ok(());
        }
        let (name, email) = (self.people[index].name.clone(), self.people[index].email.clone());
        let input = json!({"ClientId": self.scene.client, "Username": name});
        self.change("ForgotPassword", &input, Doubt::Forgotten { name: name.clone() })?;
        self.people[index].messages += 1;
        let code = newest_code(&mut self.api, &email)?;
        let password = format!("Chosen-{}", self.random.next());
        let input = confirm_reset(&self.scene, &name, &code, &password);
        let doubt = Doubt::Reset { name, code: code.clone(), password: password.clone() };
        self.change("ConfirmForgotPassword", &input, doubt)?;
        let person = &mut self.people[index];
        person.password = password;
        person.spent.push(Spent::ResetCode(code));
        Ok(())
    }

    fn delete(&mut self) -> Act {
        // Most users stay.
        if self.people.len() < ACTIVE_MAX / 2 {
            return Ok(());
        }
        let name = self.people[0].name.clone();
        let input = json!({"UserPoolId": self.scene.pool, "Username": name});
        self.change("AdminDeleteUser", &input, Doubt::Deletion { name })?;
        let mut person = self.people.remove(0);
        person.is_touched = true;
        self.deleted.push(person);
        Ok(())
    }

    fn create_group(&mut self) -> Act {
        let name = self.name();
        let input = json!({"UserPoolId": self.scene.pool, "GroupName": name});
        self.change("CreateGroup", &input, Doubt::Group(name.clone()))?;
        self.groups.push(name);
        Ok(())
    }

    fn create_client(&mut self) -> Act {
        let name = self.name();
        let input = json!({"UserPoolId": self.scene.pool, "ClientName": name, "GenerateSecret": true});
        self.change("CreateUserPoolClient", &input, Doubt::Client(name.clone()))?;
        self.clients.push(name);
        Ok(())
    }

    fn create_pool(&mut self) -> Act {
        let name = self.name();
        self.change("CreateUserPool", &json!({"PoolName": name}), Doubt::Pool(name.clone()))?;
        self.pools.push(name);
        Ok(())
    }
}

fn add(attributes: &mut Value, name: &str, value: &str) {
    if let Some(list) = attributes.as_array_mut() {
        list.push(json!({"Name": name, "Value": value}));
    }
}

/// The newest code to an address; where the outbox does not answer, the server is away.
pub fn newest_code(api: &mut Api, email: &str) -> Result<String, Away> {
    let answer = api.read(&format!("/_cognate/outbox/code?to={email}")).map_err(|_| Away)?;
    if answer.status == 200 { Ok(answer.body.trim().to_owned()) } else { Err(Away) }
}

/// The tokens in an answer.
pub fn family(answer: &Value, former: Option<String>) -> Option<Family> {
    let result = &answer["AuthenticationResult"];
    let (access, refresh) = (text(&result["AccessToken"]), text(&result["RefreshToken"]));
    (!refresh.is_empty()).then_some(Family { access, refresh, former })
}

pub fn sign_in(scene: &Scene, name: &str, password: &str) -> Value {
    json!({"ClientId": scene.client, "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": name, "PASSWORD": password}})
}

pub fn respond(scene: &Scene, name: &str, session: &str, password: &str) -> Value {
    json!({"ClientId": scene.client, "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": session,
        "ChallengeResponses": {"USERNAME": name, "NEW_PASSWORD": password}})
}

pub fn refresh(scene: &Scene, token: &str) -> Value {
    json!({"ClientId": scene.client, "RefreshToken": token})
}

pub fn revoke(scene: &Scene, token: &str) -> Value {
    json!({"ClientId": scene.client, "Token": token})
}

pub fn confirm_reset(scene: &Scene, name: &str, code: &str, password: &str) -> Value {
    json!({"ClientId": scene.client, "Username": name, "ConfirmationCode": code, "Password": password})
}
