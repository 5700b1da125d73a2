//! Which second factors a user has turned on, and which one comes first.

use crate::{
    app::App,
    callers::{Operator, SignedIn},
    users::changes,
};
use rules::{
    Result,
    pool::Pool,
    user::{
        MfaFactor,
        mfa_preference::{self, Wish},
    },
};
use spec::cognito_idp::{
    AdminSetUserMFAPreferenceRequest, AdminSetUserMFAPreferenceResponse, AdminSetUserSettingsRequest,
    AdminSetUserSettingsResponse, DeliveryMediumType, EmailMfaSettingsType, MFAOptionType,
    SMSMfaSettingsType, SetUserMFAPreferenceRequest, SetUserMFAPreferenceResponse, SetUserSettingsRequest,
    SetUserSettingsResponse, SoftwareTokenMfaSettingsType, WebAuthnMfaSettingsType,
};
use std::sync::Arc;

/// What was said about second factors, and whether a passkey counts as one.
struct Wishes {
    factors: Vec<(MfaFactor, Wish)>,
    web_authn: Option<bool>,
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SetUserMFAPreference.html>
pub async fn set_user_mfa_preference(
    app: &App,
    caller: SignedIn,
    input: SetUserMFAPreferenceRequest,
) -> Result<SetUserMFAPreferenceResponse> {
    let wishes = wishes(
        input.sms_mfa_settings,
        input.software_token_mfa_settings,
        input.email_mfa_settings,
        input.web_authn_mfa_settings,
    );
    change(app, caller.pool, caller.user.sub.into(), wishes).await?;
    Ok(SetUserMFAPreferenceResponse {})
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminSetUserMFAPreference.html>
pub async fn admin_set_user_mfa_preference(
    app: &App,
    _caller: &Operator,
    input: AdminSetUserMFAPreferenceRequest,
) -> Result<AdminSetUserMFAPreferenceResponse> {
    let wishes = wishes(
        input.sms_mfa_settings,
        input.software_token_mfa_settings,
        input.email_mfa_settings,
        input.web_authn_mfa_settings,
    );
    change(app, app.pool(&input.user_pool_id).await?, input.username, wishes).await?;
    Ok(AdminSetUserMFAPreferenceResponse {})
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SetUserSettings.html>
pub async fn set_user_settings(
    app: &App,
    caller: SignedIn,
    input: SetUserSettingsRequest,
) -> Result<SetUserSettingsResponse> {
    change(app, caller.pool, caller.user.sub.into(), legacy_wishes(&input.mfa_options)).await?;
    Ok(SetUserSettingsResponse {})
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminSetUserSettings.html>
pub async fn admin_set_user_settings(
    app: &App,
    _caller: &Operator,
    input: AdminSetUserSettingsRequest,
) -> Result<AdminSetUserSettingsResponse> {
    let pool = app.pool(&input.user_pool_id).await?;
    change(app, pool, input.username, legacy_wishes(&input.mfa_options)).await?;
    Ok(AdminSetUserSettingsResponse {})
}

/// The old way knows SMS only: it is on if the list names it.
fn legacy_wishes(options: &[MFAOptionType]) -> Wishes {
    let sms = options.iter().any(|o| o.delivery_medium == Some(DeliveryMediumType::Sms));
    let factors = vec![(MfaFactor::Sms, Wish { enabled: Some(sms), preferred: None })];
    Wishes { factors, web_authn: None }
}

fn wishes(
    sms: Option<SMSMfaSettingsType>,
    software_token: Option<SoftwareTokenMfaSettingsType>,
    email: Option<EmailMfaSettingsType>,
    web_authn: Option<WebAuthnMfaSettingsType>,
) -> Wishes {
    let mut wishes = Vec::new();
    if let Some(s) = sms {
        wishes.push((MfaFactor::Sms, Wish { enabled: s.enabled, preferred: s.preferred_mfa }));
    }
    if let Some(s) = software_token {
        wishes.push((MfaFactor::SoftwareToken, Wish { enabled: s.enabled, preferred: s.preferred_mfa }));
    }
    if let Some(s) = email {
        wishes.push((MfaFactor::Email, Wish { enabled: s.enabled, preferred: s.preferred_mfa }));
    }
    Wishes { factors: wishes, web_authn: web_authn.and_then(|settings| settings.enabled) }
}

async fn change(app: &App, pool: Arc<Pool>, name: String, wishes: Wishes) -> Result<()> {
    let now = app.now();
    app.db
        .write(move |tx| {
            let before = changes::find(tx, &pool, &name)?;
            let mut user = before.clone();
            mfa_preference::apply(&pool, &mut user, &wishes.factors, wishes.web_authn)?;
            user.updated_at = now;
            changes::save(tx, &pool, &before, &user)
        })
        .await
}
