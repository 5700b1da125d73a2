//! Two servers on one PostgreSQL: they serve every sign-in alternately, step by step, and see each other's changes
//! within a second, also that of the master key.

use super::{
    Size,
    api::{Api, Outcome, Refusal},
    crew::{Crew, wait_for},
    people::text,
    stage::Stage,
    writer::newest_code,
};
use crate::test::{
    children,
    postgres::{Durability, Postgres},
    tools::Tools,
};
use anyhow::{Context, Result, anyhow, ensure};
use serde_json::{Value, json};
use std::{fs::File, time::Duration};

/// Within this time each node sees what the others changed; a call or two of ours come on top.
const SEEN_WITHIN: Duration = Duration::from_millis(1_300);
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
        let mut rekey = a.command(&["keys", "rekey"]);
        rekey.stdout(File::create(a.folder.join("rekey.log"))?);
        children::run(&mut rekey)?;
        std::thread::sleep(Duration::from_millis(500));
        Ok(())
    })?;
    let counts = crew.counts();
    ensure!(counts.unanswered == 0, "calls failed while the master key changed: {counts}");
    println!("the master key changed under load: {counts}");
    for stage in [&mut a, &mut b] {
        stage.kill()?;
        stage.start()?;
    }
    crew.finish()?;
    a.end()?;
    b.end()
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
        let b = &mut self.b;
        let took = wait_for(SEEN_WITHIN, || match b.call(probe.0, probe.1) {
            Outcome::Done(_) => Ok(false),
            Outcome::Refused(Refusal { name, .. }) if name == expected => Ok(true),
            other => Err(anyhow!("{} after {}: {other:?}", probe.0, change.0)),
        });
        let took = took.with_context(|| format!("{} is not seen by {}", change.0, probe.0))?;
        self.latest = self.latest.max(took);
        Ok(())
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
        wait_for(SEEN_WITHIN, || Ok(is_refused(&mut self.b, &taken, "UsernameExistsException")))?;
        self.a.get("UpdateUserPool", &closed)?;
        let took = wait_for(SEEN_WITHIN, || Ok(is_refused(&mut self.b, &taken, "NotAuthorizedException")));
        self.latest = self.latest.max(took.context("UpdateUserPool is not seen by SignUp")?);
        self.a.get("UpdateUserPool", &open).map(drop)
    }

    fn pool_settings(&self, is_closed: bool) -> Value {
        json!({"UserPoolId": self.pool, "AutoVerifiedAttributes": ["email"],
            "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": is_closed}})
    }
}

fn is_refused(api: &mut Api, sign_up: &Value, expected: &str) -> bool {
    matches!(api.call("SignUp", sign_up), Outcome::Refused(Refusal { name, .. }) if name == expected)
}
