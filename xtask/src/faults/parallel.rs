//! A hundred at once with one code, one session, one refresh token, and as many guesses: exactly as many pass as may,
//! on each engine, and on PostgreSQL through two servers.

use super::{
    Size,
    api::{Api, Outcome},
    people::{Scene, text},
    stage::Stage,
    writer::{confirm_reset, newest_code, refresh, respond, sign_in},
};
use crate::test::{
    postgres::{Durability, Postgres},
    tools::Tools,
};
use anyhow::{Result, anyhow, ensure};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Barrier};

const AT_ONCE: usize = 100;
/// How many guesses of a code are looked at within an hour.
const GUESSES: usize = 15;
/// How many wrong passwords are looked at before the first pause of a second.
const PASSWORDS: usize = 5;
const PASSWORD: &str = "Correct-Horse-1";

pub fn at_once(tools: &Tools, size: Size) -> Result<()> {
    let rounds = size.times(1, 10);
    let mut stage = Stage::new(tools, "parallel-sqlite", None)?;
    stage.start()?;
    let ports = [stage.port];
    println!("on SQLite");
    rush(&ports, rounds)?;
    stage.end()?;
    println!("on PostgreSQL, through two servers");
    let postgres = Postgres::start(tools.target(), Durability::Kept)?;
    let (a, b) = super::nodes::pair(tools, &postgres, "parallel")?;
    rush(&[a.port, b.port], rounds)?;
    a.end()?;
    b.end()
}

fn rush(ports: &[u16], rounds: usize) -> Result<()> {
    let mut rush = Rush { ports, api: Api::new(ports[0]), scene: Scene::new(ports[0])? };
    for round in 1..=rounds {
        rush.sign_up_code(&format!("a{round}"))?;
        rush.reset_code(&format!("b{round}"))?;
        rush.guesses(&format!("c{round}"))?;
        rush.session(&format!("d{round}"))?;
        rush.refresh_token(&format!("e{round}"))?;
        rush.passwords(&format!("f{round}"))?;
    }
    println!("{rounds} rounds of {AT_ONCE} at once with each: as many passed as may");
    Ok(())
}

struct Rush<'a> {
    ports: &'a [u16],
    api: Api,
    scene: Scene,
}

impl Rush<'_> {
    fn sign_up_code(&mut self, name: &str) -> Result<()> {
        self.sign_up(name)?;
        let input = self.confirmation(name, &self.code(name)?);
        self.exactly("ConfirmSignUp", &input, "ok", 1)
    }

    fn reset_code(&mut self, name: &str) -> Result<()> {
        self.user(name)?;
        self.api.get("ForgotPassword", &json!({"ClientId": self.scene.client, "Username": name}))?;
        let input = confirm_reset(&self.scene, name, &self.code(name)?, "Another-Horse-1");
        self.exactly("ConfirmForgotPassword", &input, "ok", 1)
    }

    fn guesses(&mut self, name: &str) -> Result<()> {
        self.sign_up(name)?;
        let code = self.code(name)?;
        let wrong = if code == "000000" { "000001" } else { "000000" };
        let input = self.confirmation(name, wrong);
        self.exactly("ConfirmSignUp", &input, "CodeMismatchException", GUESSES)?;
        let right = self.confirmation(name, &code);
        self.exactly("ConfirmSignUp", &right, "LimitExceededException", AT_ONCE)
    }

    fn session(&mut self, name: &str) -> Result<()> {
        self.create(name)?;
        let begun = self.api.get("InitiateAuth", &sign_in(&self.scene, name, PASSWORD))?;
        let input = respond(&self.scene, name, &text(&begun["Session"]), "Another-Horse-1");
        self.exactly("RespondToAuthChallenge", &input, "ok", 1)
    }

    fn refresh_token(&mut self, name: &str) -> Result<()> {
        self.user(name)?;
        let tokens = self.api.get("InitiateAuth", &sign_in(&self.scene, name, PASSWORD))?;
        let token = text(&tokens["AuthenticationResult"]["RefreshToken"]);
        self.exactly("GetTokensFromRefreshToken", &refresh(&self.scene, &token), "ok", 1)?;
        // The others were reuses, so the family has ended.
        let access = json!({"AccessToken": tokens["AuthenticationResult"]["AccessToken"]});
        self.exactly("GetUser", &access, "NotAuthorizedException", AT_ONCE)
    }

    /// The lock-out's pause is one second after the fifth failure, and the hundred may last longer than that.
    fn passwords(&mut self, name: &str) -> Result<()> {
        self.user(name)?;
        let input = sign_in(&self.scene, name, "Wrong-Horse-1");
        let start = std::time::Instant::now();
        let answers = self.rush("InitiateAuth", &input);
        let wrong = answers.get("NotAuthorizedException: Incorrect username or password.").copied();
        // After one second one more is looked at, after two further ones another, and so on.
        let mut allowed = PASSWORDS;
        let (mut pause, mut end) = (1, 1);
        while end <= start.elapsed().as_secs() {
            allowed += 1;
            pause *= 2;
            end += pause;
        }
        let wrong = wrong.unwrap_or(0);
        // Whoever is refused for lack of processors has not guessed.
        let least = if busy(&answers) > 0 { 1 } else { PASSWORDS };
        let what = format!("{wrong} passwords were looked at, not {PASSWORDS}: {answers:?}");
        ensure!((least..=allowed).contains(&wrong), what);
        Ok(())
    }

    fn sign_up(&mut self, name: &str) -> Result<()> {
        let attributes = json!([{"Name": "email", "Value": format!("{name}@example.com")}]);
        let input = json!({"ClientId": self.scene.client, "Username": name, "Password": PASSWORD,
            "UserAttributes": attributes});
        self.api.get("SignUp", &input).map(drop)
    }

    fn confirmation(&self, name: &str, code: &str) -> Value {
        json!({"ClientId": self.scene.client, "Username": name, "ConfirmationCode": code})
    }

    fn code(&self, name: &str) -> Result<String> {
        newest_code(&mut Api::new(self.ports[0]), &format!("{name}@example.com"))
            .map_err(|_| anyhow!("{name} was sent no code"))
    }

    fn create(&mut self, name: &str) -> Result<()> {
        let attributes = json!([{"Name": "email", "Value": format!("{name}@example.com")},
            {"Name": "email_verified", "Value": "true"}]);
        let input = json!({"UserPoolId": self.scene.pool, "Username": name, "TemporaryPassword": PASSWORD,
            "MessageAction": "SUPPRESS", "UserAttributes": attributes});
        self.api.get("AdminCreateUser", &input).map(drop)
    }

    fn user(&mut self, name: &str) -> Result<()> {
        self.create(name)?;
        let input =
            json!({"UserPoolId": self.scene.pool, "Username": name, "Password": PASSWORD, "Permanent": true});
        self.api.get("AdminSetUserPassword", &input).map(drop)
    }

    fn exactly(&self, operation: &str, input: &Value, answer: &str, count: usize) -> Result<()> {
        let answers = self.rush(operation, input);
        let found: usize =
            answers.iter().filter(|(text, _)| text.starts_with(answer)).map(|(_, count)| count).sum();
        let all = if count == AT_ONCE { AT_ONCE - busy(&answers) } else { count };
        ensure!(found == all && found > 0, "{operation}: {found} times {answer}, not {count}: {answers:?}");
        Ok(())
    }

    /// Makes the same call from a hundred connections, spread over the servers; answers what they were told.
    fn rush(&self, operation: &str, input: &Value) -> BTreeMap<String, usize> {
        let barrier = Barrier::new(AT_ONCE);
        let mut counts = BTreeMap::new();
        std::thread::scope(|scope| {
            let callers = (0..AT_ONCE).map(|number| {
                let (barrier, port) = (&barrier, self.ports[number % self.ports.len()]);
                scope.spawn(move || {
                    let mut api = Api::new(port);
                    // A connection that is there makes the calls meet.
                    let _ = api.read("/_cognate/health/live");
                    barrier.wait();
                    match api.call_once(operation, input) {
                        Outcome::Done(_) => "ok".to_owned(),
                        Outcome::Refused(refusal) => format!("{}: {}", refusal.name, refusal.message),
                        Outcome::Doubt(text) => text,
                    }
                })
            });
            for caller in callers.collect::<Vec<_>>() {
                *counts.entry(caller.join().expect("the thread does not panic")).or_default() += 1;
            }
        });
        counts
    }
}

/// How many were refused because the server has too much to do.
fn busy(answers: &BTreeMap<String, usize>) -> usize {
    answers.iter().filter(|(text, _)| text.starts_with("TooManyRequests")).map(|(_, count)| count).sum()
}
