//! ChallengeParameters: a question on the wire.

use crate::{
    app::App,
    sign_in::{Context, challenge::medium, srp},
};
use rules::{
    Fault, Result,
    messages::delivery_details,
    sign_in::{Challenge, SignIn},
    user::{MfaFactor, User, attributes},
};
use serde_json::json;
use spec::cognito_idp::DeliveryMediumType;
use std::collections::BTreeMap;

/// The parameters of a question to this user.
pub fn of(
    app: &App,
    context: &Context,
    user: &User,
    sign_in: &SignIn,
    question: &Challenge,
) -> Result<BTreeMap<String, String>> {
    // Before anything is proved the name must not tell whether there is a user.
    let known = sign_in.nobody.is_none().then_some(user);
    let shown = || srp::challenge_name(app, context, known, &user.username);
    if let Challenge::Custom(question) = question {
        let name = shown();
        let mut parameters = question.public.clone();
        parameters.insert("USERNAME".to_owned(), name);
        return Ok(parameters);
    }
    let name = if sign_in.passed.is_empty() { shown() } else { user.username.to_string() };
    let mut parameters = BTreeMap::from([("USER_ID_FOR_SRP".to_owned(), name)]);
    let mut add = |name: &str, value: String| parameters.insert(name.to_owned(), value);
    match question {
        Challenge::NewPasswordRequired => {
            let missing: Vec<String> = attributes::missing_required(&context.pool, &user.attributes)
                .map(|name| format!("userAttributes.{name}"))
                .collect();
            add("requiredAttributes", json!(missing).to_string());
            let readable = attributes::readable(&context.client);
            let shown: BTreeMap<&String, &String> =
                user.attributes.iter().filter(|(name, _)| readable(name)).collect();
            add("userAttributes", serde_json::to_string(&shown).map_err(Fault::internal)?);
        }
        Challenge::Code { factor, to, .. } => {
            let details = delivery_details(medium(*factor), to);
            let name = details.delivery_medium.map(DeliveryMediumType::as_str).unwrap_or_default();
            add("CODE_DELIVERY_DELIVERY_MEDIUM", name.to_owned());
            add("CODE_DELIVERY_DESTINATION", details.destination.unwrap_or_default());
        }
        Challenge::SoftwareToken => {
            // Seen in a sample: `transparent` where the user named no device.
            let device = user.mfa.totp.as_ref().and_then(|t| t.device_name.clone());
            add("FRIENDLY_DEVICE_NAME", device.unwrap_or_else(|| "transparent".to_owned()));
        }
        Challenge::SelectMfa { factors } => {
            add("MFAS_CAN_CHOOSE", names(factors));
        }
        Challenge::MfaSetup { factors, .. } => {
            add("MFAS_CAN_SETUP", names(factors));
        }
        // What they ask for is in AvailableChallenges, or beside these parameters.
        Challenge::Select { .. } | Challenge::Passkey { .. } => {}
        // The one is asked by SRP's own answer, the other was answered above.
        Challenge::PasswordVerifier | Challenge::Custom(_) => {}
        Challenge::DeviceSrp | Challenge::DevicePasswordVerifier | Challenge::SignedUp => {}
    }
    Ok(parameters)
}

/// A list inside a parameter is JSON in text.
fn names(factors: &[MfaFactor]) -> String {
    json!(factors.iter().map(|f| f.as_str()).collect::<Vec<_>>()).to_string()
}
