//! A server with a pool, users who can sign in, and their tokens: what the scenarios play on.

use crate::{
    api::{Api, Signing, request, text},
    load::{self, CLIENTS, Cost, Requests},
    population::Population,
    process::{Place, Server},
    srp::{self, SrpClient},
};
use anyhow::{Context, Result};
use serde_json::{Value, json};

pub struct Stage {
    pub server: Server,
    pub api: Api,
    /// The names of those who can sign in.
    pub names: Vec<String>,
    population: Population,
    srp: SrpClient,
    made: usize,
}

/// What a sign-in gave.
pub struct Tokens {
    pub access: String,
    pub refresh: String,
}

impl Stage {
    /// Starts the server on a populated store.
    pub async fn open(place: &Place, population: Population) -> Result<Stage> {
        let (server, _) = Server::start(place).await?;
        let api = Api::of(server.address, &population.pool, &population.client);
        let names = population.made_names();
        Ok(Stage { server, api, names, population, srp: SrpClient::new(), made: 0 })
    }

    /// How many users there are at least.
    pub fn users(&self) -> usize {
        self.population.users
    }

    /// The names of so many users, if there are as many, from everywhere in the store.
    pub fn sample(&self, count: usize) -> Vec<String> {
        let copies = self.population.copies();
        if copies == 0 {
            return self.names.clone();
        }
        // A prime far above any number of users, so that no two are the same.
        (0..count.min(copies)).map(|number| Population::copy_name(number * 7_368_787 % copies)).collect()
    }

    /// Every user signs in by SRP, once. The client's own arithmetic is done between the two calls, while the server
    /// rests, and counts for neither. The costs are those of the first and the second call.
    pub async fn sign_in_all(&mut self) -> Result<([Cost; 2], Vec<Tokens>)> {
        let srp_a = self.srp.srp_a();
        let initiate = |name| self.api.initiate("USER_SRP_AUTH", &json!({"USERNAME": name, "SRP_A": srp_a}));
        let first: Requests = self.names.iter().map(initiate).collect();
        let (first, challenges) = load::each(&self.server, CLIENTS, &first).await?;
        let timestamp = srp::timestamp(&self.api.date().await?)?;
        let mut second = Vec::new();
        for challenge in &challenges {
            let challenge: Value = serde_json::from_slice(challenge)?;
            let parameters = &challenge["ChallengeParameters"];
            let input = json!({
                "ClientId": self.api.client,
                "ChallengeName": "PASSWORD_VERIFIER",
                "ChallengeResponses": self.srp.answer(&self.api.pool, parameters, &timestamp)?,
            });
            second.push(request("RespondToAuthChallenge", Signing::Unsigned, &input));
        }
        let (second, answers) = load::each(&self.server, CLIENTS, &second.into()).await?;
        let tokens = answers.iter().map(|answer| tokens(answer)).collect::<Result<_>>()?;
        Ok(([first, second], tokens))
    }

    /// Names that no user has had yet.
    pub fn new_names(&mut self, count: usize) -> Vec<String> {
        let from = self.made;
        self.made += count;
        (from..self.made).map(|number| format!("new-{}-{number}", std::process::id())).collect()
    }
}

fn tokens(answer: &[u8]) -> Result<Tokens> {
    let answer: Value = serde_json::from_slice(answer)?;
    let result = answer.get("AuthenticationResult").context("a sign-in that is not finished")?;
    Ok(Tokens { access: text(&result["AccessToken"])?, refresh: text(&result["RefreshToken"])? })
}
