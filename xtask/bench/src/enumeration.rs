//! Whether the time of an answer tells if a user exists: users with a wrong password and invented names, in random
//! order over one connection, one request at a time, compared by Welch's t.

use crate::{
    api::{Signing, request, text},
    connection::{Connection, Request},
    results::Comparison,
    srp::SrpClient,
    stage::Stage,
};
use anyhow::{Result, bail};
use serde_json::{Value, json};
use std::time::Instant;

/// Below this, a difference is not distinguished from chance (as in test vector leakage assessment).
const T_MAX: f64 = 4.5;
/// How often each name fails before the clock is moved on: one less than starts the lock.
const FAILURES: usize = 4;
/// Longer than failures and codes are remembered for.
const FORGET_SECONDS: u32 = 2 * 60 * 60;
/// The slowest answers tell of what else the machine did. As many are left out on both sides, by one bound for both.
const KEPT: f64 = 0.95;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    Password,
    SrpChallenge,
    SrpProof,
    ForgotPassword,
}

impl Question {
    const ALL: [Question; 4] =
        [Question::Password, Question::SrpChallenge, Question::SrpProof, Question::ForgotPassword];

    fn title(self) -> &'static str {
        match self {
            Question::Password => "USER_PASSWORD_AUTH, wrong password",
            Question::SrpChallenge => "USER_SRP_AUTH, first call",
            Question::SrpProof => "USER_SRP_AUTH, second call, wrong proof",
            Question::ForgotPassword => "ForgotPassword",
        }
    }

    /// How often it can be asked about one name before something is refused.
    fn repetitions(self) -> usize {
        match self {
            Question::Password | Question::SrpProof | Question::SrpChallenge => FAILURES,
            Question::ForgotPassword => 1,
        }
    }

    /// The answer must be the one that is the same for both: a lock would be answered without the work.
    fn check(self, status: u16, body: &[u8]) -> Result<()> {
        let body = String::from_utf8_lossy(body);
        let is_expected = match self {
            Question::SrpChallenge | Question::ForgotPassword => status == 200,
            Question::Password | Question::SrpProof => body.contains("Incorrect username or password"),
        };
        if !is_expected {
            bail!("{}: {status} {body}", self.title());
        }
        Ok(())
    }
}

/// Asks all questions, each at least `samples` times about users and as often about nobody.
pub async fn compare(stage: &mut Stage, samples: usize) -> Result<Vec<Comparison>> {
    let mut comparisons = Vec::new();
    for question in Question::ALL {
        let mut asker = Asker::new(stage, question).await?;
        // The first pass warms caches and connections.
        asker.pass().await?;
        let mut times = [Vec::new(), Vec::new()];
        while times[0].len() < samples {
            let [known, unknown] = asker.pass().await?;
            times[0].extend(known);
            times[1].extend(unknown);
        }
        comparisons.push(welch(question.title(), times));
    }
    Ok(comparisons)
}

struct Asker<'a> {
    stage: &'a mut Stage,
    question: Question,
    connection: Connection,
    random: Random,
    srp: SrpClient,
}

impl<'a> Asker<'a> {
    async fn new(stage: &'a mut Stage, question: Question) -> Result<Asker<'a>> {
        let connection = Connection::open(stage.server.address).await?;
        Ok(Asker { stage, question, connection, random: Random(0x9e37_79b9), srp: SrpClient::new() })
    }

    /// Asks about each user and about as many invented names of the same form, in random order, as often as it can
    /// be asked; answers the times in microseconds, those about users first.
    async fn pass(&mut self) -> Result<[Vec<f64>; 2]> {
        let forget = json!({"advance_seconds": FORGET_SECONDS});
        self.stage.api.post("/_cognate/clock", &forget).await?;
        let mut asked: Vec<(bool, String)> = Vec::new();
        for name in &self.stage.names {
            let nobody = name.replacen("user", "none", 1);
            for _ in 0..self.question.repetitions() {
                asked.extend([(true, name.clone()), (false, nobody.clone())]);
            }
        }
        self.random.shuffle(&mut asked);
        let mut times = [Vec::new(), Vec::new()];
        for (is_known, name) in asked {
            let request = self.request(&name).await?;
            let start = Instant::now();
            let answer = self.connection.send(&request).await?;
            let took = start.elapsed();
            self.question.check(answer.status, &answer.body)?;
            times[usize::from(!is_known)].push(took.as_secs_f64() * 1e6);
        }
        Ok(times)
    }

    async fn request(&mut self, name: &str) -> Result<Request> {
        let api = &self.stage.api;
        let first = json!({"USERNAME": name, "SRP_A": self.srp.srp_a()});
        Ok(match self.question {
            Question::Password => api.password_sign_in(name, "Wrong-Horse9"),
            Question::SrpChallenge => api.initiate("USER_SRP_AUTH", &first),
            Question::ForgotPassword => {
                let input = json!({"ClientId": api.client, "Username": name});
                request("ForgotPassword", Signing::Unsigned, &input)
            }
            Question::SrpProof => {
                let challenge = self.connection.send(&api.initiate("USER_SRP_AUTH", &first)).await?;
                let challenge: Value = serde_json::from_slice(&challenge.body)?;
                let parameters = &challenge["ChallengeParameters"];
                let input = json!({
                    "ClientId": api.client,
                    "ChallengeName": "PASSWORD_VERIFIER",
                    "ChallengeResponses": {
                        "USERNAME": text(&parameters["USER_ID_FOR_SRP"])?,
                        "PASSWORD_CLAIM_SECRET_BLOCK": text(&parameters["SECRET_BLOCK"])?,
                        "PASSWORD_CLAIM_SIGNATURE": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                        "TIMESTAMP": "Fri Nov 20 09:05:07 UTC 2026",
                    },
                });
                request("RespondToAuthChallenge", Signing::Unsigned, &input)
            }
        })
    }
}

fn welch(title: &str, [known, unknown]: [Vec<f64>; 2]) -> Comparison {
    let mut all: Vec<f64> = known.iter().chain(&unknown).copied().collect();
    all.sort_by(f64::total_cmp);
    let bound = all[((all.len() - 1) as f64 * KEPT) as usize];
    let kept = |times: &[f64]| times.iter().copied().filter(|time| *time <= bound).collect::<Vec<_>>();
    let (t, difference) = t(&known, &unknown);
    let (t_kept, difference_kept) = self::t(&kept(&known), &kept(&unknown));
    Comparison {
        question: title.to_owned(),
        samples: known.len(),
        mean_microseconds: mean(&known),
        difference_microseconds: difference,
        t,
        difference_kept_microseconds: difference_kept,
        t_kept,
        is_reached: t.abs() < T_MAX && t_kept.abs() < T_MAX,
    }
}

/// Welch's t, and the difference of the means.
fn t(a: &[f64], b: &[f64]) -> (f64, f64) {
    let difference = mean(a) - mean(b);
    let error = (variance(a) / a.len() as f64 + variance(b) / b.len() as f64).sqrt();
    (difference / error, difference)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn variance(values: &[f64]) -> f64 {
    let mean = mean(values);
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (values.len() as f64 - 1.0)
}

/// Numbers that need not surprise anybody (xorshift32).
struct Random(u32);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as usize % bound
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn welch_is_what_a_table_says() {
        // Means 2 and 4, variances 1 and 1, three of each: t = -2 / sqrt(2/3).
        let (t, difference) = t(&[1.0, 2.0, 3.0], &[3.0, 4.0, 5.0]);
        assert!((t + 2.449_489_742_783_178).abs() < 1e-12);
        assert!((difference + 2.0).abs() < 1e-12);
    }
}
