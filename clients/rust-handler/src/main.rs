// clients/rust-handler/src/main.rs
use aws_lambda_events::event::cognito::{
    ClaimsAndScopeOverrideDetailsV2, CognitoAccessTokenGenerationV2, CognitoEventUserPoolsPreTokenGenV2,
};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};

async fn handler(
    event: LambdaEvent<CognitoEventUserPoolsPreTokenGenV2>,
) -> Result<CognitoEventUserPoolsPreTokenGenV2, Error> {
    let mut event = event.payload;
    let mut access = CognitoAccessTokenGenerationV2::default();
    access.claims_to_add_or_override.insert("tenant".to_owned(), "acme".into());
    access.scopes_to_add.push("shop/read".to_owned());
    let mut details = ClaimsAndScopeOverrideDetailsV2::default();
    details.access_token_generation = Some(access);
    // Groups that are not named here would be taken out of the tokens.
    details.group_override_details = event.request.group_configuration.clone();
    event.response.claims_and_scope_override_details = Some(details);
    Ok(event)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    run(service_fn(handler)).await
}
