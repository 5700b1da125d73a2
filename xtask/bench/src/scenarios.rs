//! What is measured: each kind of call under load, in turns with the limit of its arithmetic.

use crate::{
    api::{PASSWORD, Signing, email, request},
    connection::Request,
    limits::{Arithmetic, Costs, Piece},
    load::{self, CLIENTS, Cost, HASHING_CLIENTS, Requests},
    owners::Owners,
    results::{Figure, Limit, median, percentile},
    stage::Stage,
};
use anyhow::Result;
use serde_json::json;
use std::time::Duration;
use tokio::sync::Mutex;

/// About as many new users as two processors make in a second.
const NEW_USERS_PER_SECOND: f64 = 60.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Scenario {
    /// InitiateAuth with REFRESH_TOKEN_AUTH.
    Refresh,
    /// GetTokensFromRefreshToken.
    RefreshOperation,
    /// A sign-in by USER_SRP_AUTH, both calls.
    Srp,
    /// A sign-in by USER_AUTH with a passkey, both calls.
    Passkey,
    /// A sign-in by USER_SRP_AUTH on a remembered device, which proves itself by SRP too: four calls.
    Device,
    /// A sign-in by USER_PASSWORD_AUTH.
    Password,
    /// SignUp.
    SignUp,
    /// AdminCreateUser.
    AdminCreateUser,
    /// GetUser.
    GetUser,
    /// ListUsers with a filter by e-mail address.
    ListByEmail,
    /// ListUsers by pages of 60.
    ListByPage,
}

impl Scenario {
    /// What tables call it.
    pub fn title(self) -> &'static str {
        match self {
            Scenario::Refresh => "refresh, REFRESH_TOKEN_AUTH",
            Scenario::RefreshOperation => "refresh, GetTokensFromRefreshToken",
            Scenario::Srp => "sign-in by SRP",
            Scenario::Passkey => "sign-in by passkey",
            Scenario::Device => "sign-in by SRP on a remembered device",
            Scenario::Password => "sign-in by password",
            Scenario::SignUp => "SignUp",
            Scenario::AdminCreateUser => "AdminCreateUser",
            Scenario::GetUser => "GetUser",
            Scenario::ListByEmail => "ListUsers by e-mail",
            Scenario::ListByPage => "ListUsers, a page of 60",
        }
    }

    /// The arithmetic that it cannot do without.
    fn pieces(self) -> &'static [(Piece, f64)] {
        match self {
            Scenario::Refresh | Scenario::RefreshOperation => &[(Piece::Signature, 2.0)],
            Scenario::Srp => &[(Piece::SrpChallenge, 1.0), (Piece::SrpProof, 1.0), (Piece::Signature, 2.0)],
            Scenario::Passkey => &[(Piece::PasskeyProof, 1.0), (Piece::Signature, 2.0)],
            Scenario::Device => {
                &[(Piece::SrpChallenge, 2.0), (Piece::SrpProof, 2.0), (Piece::Signature, 2.0)]
            }
            Scenario::Password => &[(Piece::Argon2id, 1.0), (Piece::Signature, 2.0)],
            Scenario::SignUp | Scenario::AdminCreateUser => {
                &[(Piece::Argon2id, 1.0), (Piece::SrpVerifier, 1.0)]
            }
            Scenario::GetUser => &[(Piece::Verification, 1.0)],
            Scenario::ListByEmail | Scenario::ListByPage => &[],
        }
    }

    fn clients(self) -> usize {
        match self {
            Scenario::Password | Scenario::SignUp | Scenario::AdminCreateUser => HASHING_CLIENTS,
            _ => CLIENTS,
        }
    }

    /// The share of the limit that is to be reached.
    pub fn target(self) -> Option<f64> {
        match self {
            Scenario::Refresh | Scenario::RefreshOperation | Scenario::Srp => Some(0.75),
            Scenario::Password => Some(0.88),
            _ => None,
        }
    }
}

/// How long to measure.
#[derive(Clone, Copy)]
pub struct Plan {
    pub turns: usize,
    pub turn: Duration,
    /// For each piece of arithmetic, between two turns.
    pub limit: Duration,
}

/// Requests that are ready to be sent.
pub enum Load {
    Repeated(Requests),
    SignIns,
    Owners(Box<Mutex<Owners>>),
    NewUsers,
}

/// How many different users and pages are asked for.
const DIFFERENT: usize = 2000;
/// A page's length, the longest that there is.
const PAGE_USERS: usize = 60;

/// Measures one scenario.
pub async fn measure(
    scenario: Scenario,
    stage: &mut Stage,
    arithmetic: &mut Arithmetic,
    plan: Plan,
) -> Result<Figure> {
    let load = prepare(scenario, stage).await?;
    stage.server.wait_until_idle()?;
    warm_up(scenario, &load, stage, plan.turn).await?;
    let pieces: Vec<Piece> = scenario.pieces().iter().map(|(piece, _)| *piece).collect();
    let (mut costs, mut limits, mut shares) = (Vec::new(), Vec::new(), Vec::new());
    let mut split = [Cost::default(); 2];
    let mut before = limit(scenario, &arithmetic.measure(&pieces, plan.limit)?);
    for _ in 0..plan.turns {
        let mut calls = play(scenario, &load, stage, plan.turn).await?;
        let (used, of_database) = (stage.server.cpu_seconds()?, stage.server.database_cpu_seconds()?);
        let after = limit(scenario, &arithmetic.measure(&pieces, plan.limit)?);
        // What the server does behind its answers, such as storing events, goes on for a moment.
        let last = usize::from(calls[1].count > 0);
        calls[last].cpu_seconds += stage.server.cpu_seconds()? - used;
        calls[last].database_cpu_seconds += stage.server.database_cpu_seconds()? - of_database;
        split.iter_mut().zip(calls).for_each(|(sum, call)| *sum += call);
        let cost = Cost {
            count: calls[0].count,
            refused: calls[0].refused + calls[1].refused,
            cpu_seconds: calls[0].cpu_seconds + calls[1].cpu_seconds,
            database_cpu_seconds: calls[0].database_cpu_seconds + calls[1].database_cpu_seconds,
            wall_seconds: calls[0].wall_seconds + calls[1].wall_seconds,
        };
        let limit = (before + after) / 2.0;
        before = after;
        limits.push(1.0 / limit);
        shares.push(limit * cost.per_cpu_second());
        costs.push(cost);
    }
    let of_costs = |value: fn(&Cost) -> f64| median(&costs.iter().map(value).collect::<Vec<_>>());
    let limit = (!pieces.is_empty()).then(|| Limit {
        per_second: median(&limits),
        share: median(&shares),
        share_low: percentile(&shares, 0.25),
        share_high: percentile(&shares, 0.75),
        target: scenario.target(),
    });
    // The kernel counts each process of PostgreSQL in hundredths of a second, which is much of one turn.
    let database_seconds: f64 = split.iter().map(|call| call.database_cpu_seconds).sum();
    let called = split.iter().filter(|call| call.count > 0);
    Ok(Figure {
        scenario: scenario.title().to_owned(),
        per_cpu_second: of_costs(Cost::per_cpu_second),
        per_wall_second: of_costs(Cost::per_wall_second),
        limit,
        database_microseconds: 1e6 * database_seconds / split[0].count as f64,
        refused: costs.iter().map(|cost| cost.refused).sum(),
        microseconds: called.map(|call| 1e6 / call.per_cpu_second()).collect(),
    })
}

fn limit(scenario: Scenario, costs: &Costs) -> f64 {
    scenario.pieces().iter().map(|(piece, times)| costs[piece] * times).sum()
}

/// Makes the requests in advance.
pub async fn prepare(scenario: Scenario, stage: &mut Stage) -> Result<Load> {
    let repeated = |requests: Vec<Request>| Ok(Load::Repeated(requests.into()));
    match scenario {
        Scenario::Refresh => {
            let (_, tokens) = stage.sign_in_all().await?;
            let refresh =
                |token: &String| stage.api.initiate("REFRESH_TOKEN_AUTH", &json!({"REFRESH_TOKEN": token}));
            repeated(tokens.iter().map(|tokens| refresh(&tokens.refresh)).collect())
        }
        Scenario::RefreshOperation => {
            let (_, tokens) = stage.sign_in_all().await?;
            let refresh = |token: &String| {
                let input = json!({"ClientId": stage.api.client, "RefreshToken": token});
                request("GetTokensFromRefreshToken", Signing::Unsigned, &input)
            };
            repeated(tokens.iter().map(|tokens| refresh(&tokens.refresh)).collect())
        }
        Scenario::GetUser => {
            let (_, tokens) = stage.sign_in_all().await?;
            let get = |token: &String| request("GetUser", Signing::Unsigned, &json!({"AccessToken": token}));
            repeated(tokens.iter().map(|tokens| get(&tokens.access)).collect())
        }
        Scenario::Password => {
            let names = stage.sample(DIFFERENT);
            repeated(names.iter().map(|name| stage.api.password_sign_in(name, PASSWORD)).collect())
        }
        Scenario::ListByEmail => {
            let list = |name: &String| {
                stage.api.list_users(&json!({"Filter": format!("email = \"{}\"", email(name))}))
            };
            repeated(stage.sample(DIFFERENT).iter().map(list).collect())
        }
        Scenario::ListByPage => repeated(pages(stage).await?),
        Scenario::Srp => Ok(Load::SignIns),
        Scenario::Passkey | Scenario::Device => {
            Ok(Load::Owners(Box::new(Mutex::new(Owners::make(&stage.server).await?))))
        }
        Scenario::SignUp | Scenario::AdminCreateUser => Ok(Load::NewUsers),
    }
}

/// Walks through the users from page to page; answers the requests for all pages, or for as many as are enough.
async fn pages(stage: &mut Stage) -> Result<Vec<Request>> {
    let mut members = json!({"Limit": PAGE_USERS});
    let mut pages = Vec::new();
    while pages.len() < DIFFERENT {
        let page = stage.api.list_users(&members);
        let answer = stage.api.send(&page).await?;
        pages.push(page);
        match answer.get("PaginationToken") {
            Some(token) => members["PaginationToken"] = token.clone(),
            None => break,
        }
    }
    Ok(pages)
}

/// Brings what is asked for into the system's memory, so that no turn waits for the disk.
pub async fn warm_up(scenario: Scenario, load: &Load, stage: &mut Stage, duration: Duration) -> Result<()> {
    match load {
        Load::Repeated(requests) if scenario.clients() == CLIENTS => {
            load::each(&stage.server, CLIENTS, requests).await?;
        }
        _ => {}
    }
    play(scenario, load, stage, duration).await?;
    Ok(())
}

/// One turn. A sign-in of several calls has two costs, of its questions and its proofs; anything else has one.
pub async fn play(
    scenario: Scenario,
    load: &Load,
    stage: &mut Stage,
    duration: Duration,
) -> Result<[Cost; 2]> {
    let clients = scenario.clients();
    match load {
        Load::Repeated(requests) => {
            let cost = load::repeat(&stage.server, clients, requests, duration).await?;
            Ok([cost, Cost::default()])
        }
        Load::SignIns => {
            let mut sum = [Cost::default(); 2];
            while sum.iter().map(|call| call.wall_seconds).sum::<f64>() < duration.as_secs_f64() {
                let (calls, _) = stage.sign_in_all().await?;
                sum.iter_mut().zip(calls).for_each(|(sum, call)| *sum += call);
            }
            Ok(sum)
        }
        Load::Owners(owners) => {
            let (mut sum, mut owners) = ([Cost::default(); 2], owners.lock().await);
            while sum.iter().map(|call| call.wall_seconds).sum::<f64>() < duration.as_secs_f64() {
                let calls = match scenario {
                    Scenario::Passkey => owners.sign_in_by_passkeys(&stage.server).await?,
                    _ => owners.sign_in_by_devices(&stage.server).await?,
                };
                sum.iter_mut().zip(calls).for_each(|(sum, call)| *sum += call);
            }
            Ok(sum)
        }
        Load::NewUsers => {
            let count = (duration.as_secs_f64() * NEW_USERS_PER_SECOND).ceil() as usize;
            let names = stage.new_names(count.max(clients));
            let requests = names.iter().map(|name| match scenario {
                Scenario::SignUp => request("SignUp", Signing::Unsigned, &stage.api.sign_up(name)),
                _ => request("AdminCreateUser", Signing::Signed, &stage.api.admin_create_user(name)),
            });
            let requests: Requests = requests.collect();
            let (cost, _) = load::each(&stage.server, clients, &requests).await?;
            Ok([cost, Cost::default()])
        }
    }
}
