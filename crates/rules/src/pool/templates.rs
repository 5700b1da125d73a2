//! The texts of verification and invitation messages, which a pool carries under two names each.

use crate::{Result, fault};
use spec::cognito_idp::{
    AdminCreateUserConfigType, AuthFactorType, DefaultEmailOptionType, UserPoolPolicyType, UserPoolType,
    VerificationMessageTemplateType,
};

/// The older names of the verification message.
pub struct Flat {
    /// `SmsVerificationMessage`.
    pub sms: Option<String>,
    /// `EmailVerificationMessage`.
    pub email: Option<String>,
    /// `EmailVerificationSubject`.
    pub subject: Option<String>,
}

/// Keeps the template and repeats it under the older names, which count where the template is silent.
pub fn set_verification(detail: &mut UserPoolType, flat: Flat, template: VerificationMessageTemplateType) {
    let template = VerificationMessageTemplateType {
        sms_message: template.sms_message.or(flat.sms),
        email_message: template.email_message.or(flat.email),
        email_subject: template.email_subject.or(flat.subject),
        default_email_option: template.default_email_option.or(Some(DefaultEmailOptionType::ConfirmWithCode)),
        ..template
    };
    detail.sms_verification_message = template.sms_message.clone();
    detail.email_verification_message = template.email_message.clone();
    detail.email_verification_subject = template.email_subject.clone();
    detail.verification_message_template = Some(template);
}

/// An invitation tells the user name and, unless users can sign in without one, the temporary password.
pub fn check_invitation(
    policies: &UserPoolPolicyType,
    invitations: &AdminCreateUserConfigType,
) -> Result<()> {
    let Some(template) = &invitations.invite_message_template else { return Ok(()) };
    let factors = policies.sign_in_policy.as_ref().and_then(|p| p.allowed_first_auth_factors.as_deref());
    let needs_password = factors
        .is_none_or(|f| !f.contains(&AuthFactorType::EmailOtp) && !f.contains(&AuthFactorType::SmsOtp));
    for (member, text) in [("SMSMessage", &template.sms_message), ("EmailMessage", &template.email_message)] {
        let Some(text) = text else { continue };
        for (placeholder, is_needed) in [("{username}", true), ("{####}", needs_password)] {
            if is_needed && !text.contains(placeholder) {
                // Unverified: text.
                return Err(fault::invalid_parameter(format!(
                    "{member} of InviteMessageTemplate must contain {placeholder}."
                )));
            }
        }
    }
    Ok(())
}
