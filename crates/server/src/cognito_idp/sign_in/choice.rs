//! USER_AUTH on the wire: its parameters, and the answers to SELECT_CHALLENGE.

use super::{Parameters, answer::Answer, named, responses};
use crate::{
    app::App,
    callers::signed_in,
    sign_in::{
        Context,
        choice::{self, Choice, Chosen},
        session,
    },
};
use rules::{
    Result, fault,
    pool::tiers,
    sign_in::{
        assurance::{Credit, Method, Target, wished_levels},
        choice::FirstFactor,
        srp::PublicValue,
    },
};
use zeroize::Zeroizing;

/// InitiateAuth and AdminInitiateAuth with USER_AUTH.
pub async fn start(
    app: &App,
    context: Context,
    session: Option<&str>,
    parameters: &Parameters,
) -> Result<Answer> {
    if session.is_some() {
        let key = session::open(app, session)?;
        let check = responses::owner(parameters);
        let conclusion = choice::after_sign_up(app, context.clone(), key, check).await?;
        return Answer::of(app, &context, conclusion).await;
    }
    let username = named(app, &context.client, parameters)?;
    let target = target(app, &context, username, parameters).await?;
    let preferred = parameters.get("PREFERRED_CHALLENGE");
    let choice = of(preferred.and_then(FirstFactor::from_wire), parameters)?;
    let chosen = choice::begin(app, context.clone(), username, choice, target).await?;
    answered(app, &context, chosen).await
}

/// SELECT_CHALLENGE, or one of its choices by its own name.
pub async fn respond(
    app: &App,
    context: Context,
    session: Option<&str>,
    factor: Option<FirstFactor>,
    parameters: &Parameters,
) -> Result<Answer> {
    let key = session::open(app, session)?;
    let factor = match factor {
        Some(factor) => factor,
        None => {
            let answer = parameters.required("ANSWER")?;
            FirstFactor::from_wire(answer).ok_or_else(fault::first_factor_invalid)?
        }
    };
    let choice = of(Some(factor), parameters)?;
    let check = responses::answerer(parameters);
    let chosen = choice::answer(app, context.clone(), key, choice, check).await?;
    answered(app, &context, chosen).await
}

async fn answered(app: &App, context: &Context, chosen: Chosen) -> Result<Answer> {
    match chosen {
        Chosen::Concluded(conclusion) => Answer::of(app, context, conclusion).await,
        Chosen::Srp(question, session) => Ok(Answer::from(question).with_session(session)),
    }
}

fn of(factor: Option<FirstFactor>, parameters: &Parameters) -> Result<Choice> {
    let srp_a = match factor {
        Some(FirstFactor::PasswordSrp) => Some(parameters.required("SRP_A")?),
        _ => None,
    };
    let password = match factor {
        Some(FirstFactor::Password) => Some(Zeroizing::new(parameters.required("PASSWORD")?.to_owned())),
        _ => None,
    };
    Ok(Choice {
        factor,
        password,
        srp_a: srp_a.map(PublicValue::parse).transpose().map_err(|_| fault::srp_a_invalid())?,
        device: parameters.get("DEVICE_KEY").map(str::to_owned),
    })
}

/// The level that TARGET_ACR_VALUES wishes for, with what ACCESS_TOKEN and MAX_AGE let count of an earlier sign-in.
async fn target(
    app: &App,
    context: &Context,
    username: &str,
    parameters: &Parameters,
) -> Result<Option<Target>> {
    let (token, max_age) = (parameters.get("ACCESS_TOKEN"), parameters.get("MAX_AGE"));
    let max_age: Option<u32> = max_age.map(str::parse).transpose().map_err(|_| fault::max_age_invalid())?;
    let Some(values) = parameters.get("TARGET_ACR_VALUES") else {
        return if token.is_some() { Err(fault::acr_values_missing()) } else { Ok(None) };
    };
    tiers::check_call(&context.pool, tiers::Asked::StepUp)?;
    let wished = wished_levels(&context.pool, values)?;
    let Some(token) = token else { return Ok(Some(Target { wished, credit: None })) };
    let credit = credit(app, context, username, token).await?;
    // D: where the sign-in is older than MAX_AGE allows, the user begins from the start.
    let is_fresh = max_age.is_none_or(|seconds| {
        app.now() - credit.authenticated_at <= i64::from(seconds).saturating_mul(1_000)
    });
    Ok(Some(Target { wished, credit: Some(credit).filter(|_| is_fresh) }))
}

/// What the access token of this client and user lets count. Where the client revokes tokens, the grant knows it best.
async fn credit(app: &App, context: &Context, username: &str, token: &str) -> Result<Credit> {
    let caller = signed_in::signed_in(app, token).await?;
    let folded = context.pool.fold_name(username);
    let is_named = caller.user.sub == *username || caller.user.sign_in_names(&context.pool).contains(&folded);
    if caller.pool.id != context.pool.id || caller.client.id != context.client.id || !is_named {
        return Err(fault::access_token_of_another());
    }
    let claimed = caller.claims.amr.iter().filter_map(|value| Method::from_claim(value));
    Ok(Credit {
        sign_outs: caller.user.sign_outs,
        // The token tells whole seconds.
        authenticated_at: caller.grant.as_ref().map_or_else(
            || caller.claims.auth_time.saturating_mul(1_000).saturating_add(999),
            |grant| grant.authenticated_at,
        ),
        methods: match &caller.grant {
            Some(grant) => grant.facts.methods.clone(),
            None => claimed.collect(),
        },
        grant_id: caller.grant.map(|grant| grant.id),
        event_id: caller.claims.event_id.clone(),
        device_key: caller.claims.device_key.clone(),
    })
}
