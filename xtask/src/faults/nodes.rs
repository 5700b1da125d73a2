//! Two servers on one PostgreSQL: they serve every sign-in alternately, step by step, and see each other's changes
//! within a second, also that of the master key.

use super::{
    Size,
    api::{Api, Outcome, Refusal},
    crew::Crew,
    people::text,
    random::Random,
    stage::Stage,
    writer::newest_code,
};
use crate::test::{
    children::{self, Running},
    postgres::{Durability, Postgres},
    tools::Tools,
};
use anyhow::{Context, Result, anyhow, bail, ensure};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::{
    fs::File,
    process::Command,
    time::{Duration, Instant},
};

/// A call that begins so long after a change was answered must see it, at whichever server.
const SEEN_WITHIN: Duration = Duration::from_millis(1_020);
const PASSWORD: &str = "Correct-Horse-1";

/// Two servers on one database, with one master key and one public URL.
pub fn pair(tools: &Tools, postgres: &Postgres, name: &str) -> Result<(Stage, Stage)> {
    let url = postgres.create_database(name)?;
    let mut a = Stage::new(tools, &format!("{name}-a"), Some(&url))?;
    let mut b = Stage::on(tools, &a.folder, &format!("{name}-b"), Some(&url))?;
    let public_url = format!("http://localhost:{}", a.port);
    for stage in [&mut a, &mut b] {
        stage.add(&["--public-url", &public_url]);
        stage.start()?;
    }
    Ok((a, b))
}

pub fn two(tools: &Tools, size: Size, seed: u64) -> Result<()> {
    let postgres = Postgres::start(tools.target(), Durability::Kept)?;
    let (mut a, mut b) = pair(tools, &postgres, "nodes")?;
    let mut two = Two::new(&a, &b)?;
    let count = size.times(5, 100);
    for number in 0..count {
        two.sign_in_alternately(&format!("alternating{number}"))?;
    }
    println!("{count} sign-ins in three steps, each step at the other server");
    for round in 0..size.times(1, 10) {
        two.revocations(round)?;
        two.configuration(round)?;
    }
    println!("revocations and changes were seen after {:.1?} at the latest", two.latest);
    let mut crew = Crew::new(&[a.port, b.port], seed)?;
    crew.write_during(|| {
        std::thread::sleep(Duration::from_millis(500));
        let mut random = Random::new(seed);
        for _ in 0..size.times(2, 10) {
            let mut killed = Running::start(&mut rekey(&a)?, Signal::TERM)?;
            killed.wait_until(Instant::now() + Duration::from_millis(random.below(2_000)))?;
            // It may have been faster.
            let _ = killed.kill();
        }
        children::run(&mut rekey(&a)?)?;
        std::thread::sleep(Duration::from_millis(500));
        Ok(())
    })?;
    let counts = crew.counts();
    ensure!(counts.unanswered == 0, "calls failed while the master key changed: {counts}");
    println!("the master key changed under load, after its change was killed a few times: {counts}");
    for stage in [&mut a, &mut b] {
        stage.kill()?;
        stage.start()?;
    }
    crew.finish()?;
    a.end()?;
    b.end()
}

/// The command that changes the master key; a second is enough for two servers to see the new one.
fn rekey(stage: &Stage) -> Result<Command> {
    let mut rekey = stage.command(&["keys", "rekey", "--settle-seconds", "1"]);
    let log = File::options().create(true).append(true).open(stage.folder.join("rekey.log"))?;
    rekey.stdout(log.try_clone()?).stderr(log);
    Ok(rekey)
}

struct Two {
    a: Api,
    b: Api,
    pool: String,
    client: String,
    latest: Duration,
}

impl Two {
    fn new(a: &Stage, b: &Stage) -> Result<Two> {
        let (mut a, b) = (Api::new(a.port), Api::new(b.port));
        let pool =
            a.get("CreateUserPool", &json!({"PoolName": "two", "AutoVerifiedAttributes": ["email"]}))?;
        let pool = text(&pool["UserPool"]["Id"]);
        let mut two = Two { a, b, pool, client: String::new(), latest: Duration::ZERO };
        two.client = two.new_client()?;
        Ok(two)
    }

    fn new_client(&mut self) -> Result<String> {
        let input = json!({"UserPoolId": self.pool, "ClientName": "c",
            "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]});
        Ok(text(&self.a.get("CreateUserPoolClient", &input)?["UserPoolClient"]["ClientId"]))
    }

    /// A first sign-in: the password at one server, the new password at the other, and its tokens at both.
    fn sign_in_alternately(&mut self, name: &str) -> Result<()> {
        let email = format!("{name}@example.com");
        let attributes = json!([{"Name": "email", "Value": email}]);
        let input = json!({"ClientId": self.client, "Username": name, "Password": PASSWORD, "UserAttributes": attributes});
        self.a.get("SignUp", &input)?;
        let code = newest_code(&mut self.b, &email).map_err(|_| anyhow!("{name} was sent no code"))?;
        let input = json!({"ClientId": self.client, "Username": name, "ConfirmationCode": code});
        self.b.get("ConfirmSignUp", &input)?;
        self.set_password(name, false)?;
        let begun = self.a.get("InitiateAuth", &self.password(&self.client, name))?;
        let input = json!({"ClientId": self.client, "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": begun["Session"],
            "ChallengeResponses": {"USERNAME": name, "NEW_PASSWORD": "Chosen-Horse-1"}});
        let answer = self.b.get("RespondToAuthChallenge", &input)?;
        // What was spent at one server is spent at the other.
        let again = self.a.call("RespondToAuthChallenge", &input);
        ensure!(matches!(again, Outcome::Refused(_)), "a session was taken by both servers: {again:?}");
        let tokens = &answer["AuthenticationResult"];
        let reading = json!({"AccessToken": tokens["AccessToken"]});
        self.a.get("GetUser", &reading)?;
        self.b.get("GetUser", &reading)?;
        let input = json!({"ClientId": self.client, "RefreshToken": tokens["RefreshToken"]});
        self.a.get("GetTokensFromRefreshToken", &input)?;
        self.b.get("GetTokensFromRefreshToken", &input).map(drop)
    }

    fn password(&self, client: &str, name: &str) -> Value {
        json!({"ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": {"USERNAME": name, "PASSWORD": PASSWORD}})
    }

    fn set_password(&mut self, name: &str, permanent: bool) -> Result<()> {
        let input =
            json!({"UserPoolId": self.pool, "Username": name, "Password": PASSWORD, "Permanent": permanent});
        self.a.get("AdminSetUserPassword", &input).map(drop)
    }

    fn user(&mut self, name: &str) -> Result<Value> {
        let input = json!({"UserPoolId": self.pool, "Username": name, "MessageAction": "SUPPRESS"});
        self.a.get("AdminCreateUser", &input)?;
        self.set_password(name, true)?;
        Ok(self.a.get("InitiateAuth", &self.password(&self.client, name))?["AuthenticationResult"].clone())
    }

    /// Changes something at one server, and waits until the other refuses what it took before.
    fn is_seen(&mut self, change: (&str, &Value), probe: (&str, &Value), expected: &str) -> Result<()> {
        self.b.get(probe.0, probe.1).with_context(|| format!("before {}", change.0))?;
        self.a.get(change.0, change.1)?;
        self.wait_until_refused(change.0, probe, expected)
    }

    /// What was changed at one server a moment ago is seen at the other within the time.
    fn wait_until_refused(&mut self, change: &str, probe: (&str, &Value), expected: &str) -> Result<()> {
        let changed = Instant::now();
        loop {
            let begun = changed.elapsed();
            match self.b.call(probe.0, probe.1) {
                Outcome::Refused(Refusal { name, .. }) if name == expected => {
                    self.latest = self.latest.max(begun);
                    return Ok(());
                }
                Outcome::Doubt(why) => bail!("{} after {change}: {why}", probe.0),
                _ => ensure!(begun < SEEN_WITHIN, "{} after {begun:.1?} does not see {change}", probe.0),
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn revocations(&mut self, round: usize) -> Result<()> {
        let name = |what: &str| format!("{what}{round}");
        let tokens = self.user(&name("revoked"))?;
        let reading = json!({"AccessToken": tokens["AccessToken"]});
        let revocation = json!({"ClientId": self.client, "Token": tokens["RefreshToken"]});
        self.is_seen(("RevokeToken", &revocation), ("GetUser", &reading), "NotAuthorizedException")?;
        let tokens = self.user(&name("left"))?;
        let reading = json!({"AccessToken": tokens["AccessToken"]});
        self.is_seen(("GlobalSignOut", &reading), ("GetUser", &reading), "NotAuthorizedException")?;
        for (operation, expected) in [
            ("AdminUserGlobalSignOut", "NotAuthorizedException"),
            ("AdminDisableUser", "NotAuthorizedException"),
            ("AdminDeleteUser", "NotAuthorizedException"),
        ] {
            let name = name(&operation.to_lowercase());
            let tokens = self.user(&name)?;
            let refresh = json!({"ClientId": self.client, "RefreshToken": tokens["RefreshToken"]});
            let input = json!({"UserPoolId": self.pool, "Username": name});
            self.is_seen((operation, &input), ("GetTokensFromRefreshToken", &refresh), expected)?;
        }
        Ok(())
    }

    fn configuration(&mut self, round: usize) -> Result<()> {
        let name = format!("configured{round}");
        self.user(&name)?;
        let client = self.new_client()?;
        let sign_in = self.password(&client, &name);
        let closed = json!({"UserPoolId": self.pool, "ClientId": client,
            "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]});
        let probe = ("InitiateAuth", &sign_in);
        self.is_seen(("UpdateUserPoolClient", &closed), probe, "InvalidParameterException")?;
        let client = self.new_client()?;
        let sign_in = self.password(&client, &name);
        let deletion = json!({"UserPoolId": self.pool, "ClientId": client});
        self.is_seen(
            ("DeleteUserPoolClient", &deletion),
            ("InitiateAuth", &sign_in),
            "ResourceNotFoundException",
        )?;
        let (open, closed) = (self.pool_settings(false), self.pool_settings(true));
        self.a.get("UpdateUserPool", &open)?;
        // The refusal of a user who exists and the refusal of one who may not sign up differ.
        let taken = json!({"ClientId": self.client, "Username": name, "Password": PASSWORD});
        self.wait_until_refused("UpdateUserPool", ("SignUp", &taken), "UsernameExistsException")?;
        self.a.get("UpdateUserPool", &closed)?;
        self.wait_until_refused("UpdateUserPool", ("SignUp", &taken), "NotAuthorizedException")?;
        self.a.get("UpdateUserPool", &open).map(drop)
    }

    fn pool_settings(&self, is_closed: bool) -> Value {
        json!({"UserPoolId": self.pool, "AutoVerifiedAttributes": ["email"],
            "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": is_closed}})
    }
}
