//! `cognate trigger invoke`: runs a handler once against a sample event, and shows the event, the reply, and what the
//! server would do with it.

use super::{random, say};
use crate::{
    config::{
        Config,
        functions::{Function, Program, Run, Way},
        text::nearest,
    },
    triggers::{
        answer,
        functions::{FUNCTION_TIMEOUT, Functions},
        invocation::Invocation,
        program::START_MAX,
    },
};
use anyhow::{Context as _, Result, anyhow, bail};
use clap::{Args, Subcommand, ValueEnum};
use rules::{
    Fault, Random as _,
    triggers::{Source, Trigger, samples},
};
use serde_json::Value;
use spec::cognito_idp::PreTokenGenerationLambdaVersionType;
use std::path::PathBuf;
use tokio::time::Instant;

#[derive(Subcommand)]
pub enum Command {
    /// Run a handler once against a sample event
    Invoke(Invoke),
}

#[derive(Args)]
pub struct Invoke {
    /// The handler: a file of Node or Python, with #NAME if its function is not called `handler`; any other file is a program that speaks the Lambda Runtime API. Or a function's ARN, which is run as its entry of [[functions]] says
    #[arg(value_name = "FILE|ARN")]
    handler: String,
    /// The trigger, such as PreSignUp, or one of its sources, such as PreSignUp_AdminCreateUser
    #[arg(value_name = "TRIGGER")]
    trigger: String,
    /// The version of PreTokenGeneration's event
    #[arg(long, value_enum, default_value = "V1_0")]
    event_version: Version,
    /// An event in place of the sample: a JSON file
    #[arg(long, value_name = "FILE")]
    event: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Version {
    #[value(name = "V1_0")]
    V1,
    #[value(name = "V2_0")]
    V2,
    #[value(name = "V3_0")]
    V3,
}

impl From<Version> for PreTokenGenerationLambdaVersionType {
    fn from(version: Version) -> PreTokenGenerationLambdaVersionType {
        match version {
            Version::V1 => PreTokenGenerationLambdaVersionType::V10,
            Version::V2 => PreTokenGenerationLambdaVersionType::V20,
            Version::V3 => PreTokenGenerationLambdaVersionType::V30,
        }
    }
}

pub async fn run(config: Config, command: Command) -> Result<()> {
    let Command::Invoke(invoke) = command;
    let (source, version) = (source(&invoke.trigger)?, invoke.event_version.into());
    let event = match &invoke.event {
        Some(path) => read(path)?,
        None => samples::event_of(source, version).map_err(|fault| anyhow!(fault))?,
    };
    say_json("The event:", &event);
    let invocation = Invocation {
        arn: arn(&invoke.handler, &config),
        pool_id: event["userPoolId"].as_str().unwrap_or_default().into(),
        trigger: source.trigger(),
        event: event.to_string().into(),
        request_id: random().uuid_v4(),
        secrets: Vec::new(),
    };
    let functions = functions(config, &invoke.handler, &invocation)?;
    let began = Instant::now();
    // The start is not part of the event's time, as at Lambda.
    let outcome = functions.invoke(&invocation, began + START_MAX + FUNCTION_TIMEOUT).await;
    let took = began.elapsed().as_millis();
    functions.end().await;
    let reply = match outcome {
        Ok(reply) => reply,
        Err(failure) => {
            let (reason, fault) = (failure.reason(), answer(source, failure));
            say(&format!("After {took} ms {reason}."));
            bail!(told(source, &fault));
        }
    };
    say_json(&format!("The reply, after {took} ms with the start:"), &reply);
    match samples::decision(source, version, &reply) {
        Ok(decision) => say_json("What follows from it:", &decision),
        Err(fault) => {
            let reason = fault.cause.as_ref().map_or_else(String::new, |cause| format!(" ({cause})"));
            bail!("{}{reason}", told(source, &fault));
        }
    }
    Ok(())
}

const ARN: &str = "arn:";

/// The function's own; of a handler, one with the file's name.
fn arn(handler: &str, config: &Config) -> String {
    if handler.starts_with(ARN) {
        return handler.to_owned();
    }
    let file = handler.rsplit('/').next().unwrap_or_default();
    let letters = |c: &char| c.is_ascii_alphanumeric() || *c == '-' || *c == '_';
    let name: String = file.split(['.', '#']).next().unwrap_or_default().chars().filter(letters).collect();
    format!("arn:aws:lambda:{}:{}:function:{name}", config.region, config.account_id)
}

/// Those of the settings for an ARN, without access keys, which only the store has; or the handler alone.
fn functions(mut config: Config, handler: &str, invocation: &Invocation) -> Result<Functions> {
    if handler.starts_with(ARN) {
        for function in &mut config.functions {
            if let Way::Program(program) = &mut function.way {
                program.access_key = None;
            }
        }
    } else {
        let run = Run::read(handler).unwrap_or_else(|_| Run::Command(vec![handler.to_owned()]));
        let way = Way::Program(Program { run, environment: Default::default(), access_key: None });
        let pools = vec!["*".to_owned()];
        config.functions = vec![Function { arn: invocation.arn.clone(), pools, concurrency: 1, way }];
    }
    config.development = true;
    let functions = Functions::new(&config, random()).map_err(|mistake| anyhow!(mistake))?;
    if !functions.serves(&invocation.arn, &invocation.pool_id) {
        bail!(
            "no entry of [[functions]] fits {} and the event's pool {}: `cognate config` shows the entries; an event \
             of your own by --event names another pool",
            invocation.arn,
            invocation.pool_id
        );
    }
    Ok(functions)
}

/// What reaches the caller of a function's failure.
fn told(source: Source, fault: &Fault) -> String {
    match source.trigger() {
        Trigger::UserMigration => {
            format!(
                "the caller would be told what is told of a name that no user has; the log would say {fault}"
            )
        }
        Trigger::CustomEmailSender | Trigger::CustomSmsSender => {
            format!(
                "the caller would be told nothing, and the message would be tried again; the log would say {fault}"
            )
        }
        _ => format!("the caller would be told {fault}"),
    }
}

/// The source with this name, or the first of the trigger with this name.
fn source(name: &str) -> Result<Source> {
    let of_trigger = || Source::ALL.iter().copied().find(|source| source.trigger().as_str() == name);
    if let Some(source) = Source::from_wire(name).or_else(of_trigger) {
        return Ok(source);
    }
    let names = Source::ALL.iter().flat_map(|source| [source.trigger().as_str(), source.as_str()]);
    match nearest(name, names) {
        Some(meant) => bail!("there is no trigger {name}; the nearest is {meant}"),
        None => bail!("there is no trigger {name}: see docs/triggers.md for all"),
    }
}

fn read(path: &std::path::Path) -> Result<Value> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is no JSON", path.display()))
}

fn say_json(title: &str, value: &Value) {
    say(title);
    serde_json::to_string_pretty(value).unwrap_or_default().lines().for_each(say);
}
