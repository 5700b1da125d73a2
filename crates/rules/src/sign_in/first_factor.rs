//! Which flows a client may use, and what a compared password means.

use super::Side;
use crate::{Fault, Result, fault, pool::Client, tokens::refresh::rotation_grace_seconds, user::User};
use spec::cognito_idp::{AuthFlowType, ExplicitAuthFlowsType as Allowed, UserStatusType};

/// Checks that the operation knows the flow and the client may use it.
///
/// # Errors
/// InvalidParameterException in the words of each flow.
pub fn check_flow(client: &Client, flow: AuthFlowType, side: Side) -> Result<()> {
    let administrators = matches!(flow, AuthFlowType::AdminNoSrpAuth | AuthFlowType::AdminUserPasswordAuth);
    let wrong_side = match side {
        Side::User => administrators,
        Side::Operator => flow == AuthFlowType::UserPasswordAuth,
    };
    if wrong_side {
        return Err(fault::initiate_auth_method_not_supported());
    }
    let allowed = match flow {
        AuthFlowType::UserSrpAuth => client.allows(Allowed::AllowUserSrpAuth) || old_style(client, false),
        AuthFlowType::CustomAuth => client.allows(Allowed::AllowCustomAuth) || old_style(client, true),
        AuthFlowType::RefreshToken | AuthFlowType::RefreshTokenAuth => {
            client.allows(Allowed::AllowRefreshTokenAuth) || old_style(client, true)
        }
        AuthFlowType::UserPasswordAuth => {
            client.allows(Allowed::AllowUserPasswordAuth) || client.allows(Allowed::UserPasswordAuth)
        }
        AuthFlowType::AdminNoSrpAuth | AuthFlowType::AdminUserPasswordAuth => {
            client.allows(Allowed::AllowAdminUserPasswordAuth) || client.allows(Allowed::AdminNoSrpAuth)
        }
        AuthFlowType::UserAuth => client.allows(Allowed::AllowUserAuth),
    };
    if allowed { Ok(()) } else { Err(fault::flow_not_enabled(flow.as_str())) }
}

/// Checks that the client may refresh by GetTokensFromRefreshToken: with rotation, which takes the flow's place, or with
/// the flow. Unverified: the refusal's text.
///
/// # Errors
/// InvalidParameterException for a client that has neither.
pub fn check_refreshes(client: &Client) -> Result<()> {
    if rotation_grace_seconds(client).is_some() {
        return Ok(());
    }
    check_flow(client, AuthFlowType::RefreshTokenAuth, Side::User)
}

/// Clients from before the ALLOW_ names have SRP, custom and refresh flows without naming them;
/// CUSTOM_AUTH_FLOW_ONLY takes SRP away.
fn old_style(client: &Client, custom_only_too: bool) -> bool {
    let flows = client.detail.explicit_auth_flows.as_deref().unwrap_or_default();
    let old = [Allowed::AdminNoSrpAuth, Allowed::UserPasswordAuth, Allowed::CustomAuthFlowOnly];
    flows.iter().any(|f| old.contains(f))
        && (custom_only_too || !flows.contains(&Allowed::CustomAuthFlowOnly))
}

/// Refusals that come before the password is looked at, where errors may tell which users exist.
///
/// # Errors
/// UserNotFoundException, or that the user is disabled.
pub fn check_known(client: &Client, user: Option<&User>) -> Result<()> {
    if client.hides_users() {
        return Ok(());
    }
    let user = user.ok_or_else(fault::user_does_not_exist)?;
    super::check_enabled(user)
}

/// What a compared password means.
#[derive(Debug)]
pub enum Verdict {
    /// The right one: the machine goes on.
    Right,
    /// A wrong one, which counts toward the lock.
    Wrong,
    /// Refused for another reason, which does not count.
    Refused(Fault),
}

/// Judges a password that was compared (or, for an unknown user, compared with a decoy).
pub fn judge(client: &Client, user: Option<&User>, matches: bool) -> Verdict {
    let Some(user) = user else { return Verdict::Wrong };
    let reset = user.status == UserStatusType::ResetRequired;
    if reset && !client.hides_users() {
        return Verdict::Refused(fault::password_reset_required());
    }
    if !matches || reset {
        return Verdict::Wrong;
    }
    Verdict::Right
}
