//! A pool's templates and what becomes of them: placeholders replaced, values escaped where the text is HTML.

use super::{Medium, Message, Purpose};
use crate::{
    pool::Pool,
    triggers::custom_message::{self, CODE, USERNAME},
    user::User,
};
use spec::cognito_idp::UsernameAttributeType;
use std::borrow::Cow;

// The defaults of a pool without templates. Verification and invitation: documentation. Authentication: from
// memory of public reports.
const VERIFICATION: &str = "Your verification code is {####}. ";
const VERIFICATION_SUBJECT: &str = "Your verification code";
const INVITATION: &str = "Your username is {username} and temporary password is {####}. ";
const INVITATION_SUBJECT: &str = "Your temporary password";
const AUTHENTICATION: &str = "Your authentication code is {####}. ";
const AUTHENTICATION_SUBJECT: &str = "Your authentication code";

/// What a message says, before its code and its reader's name are filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    purpose: Purpose,
    medium: Medium,
    subject: Option<String>,
    body: String,
}

impl Template {
    /// The message to one user of the pool. `code` is the code, or in an invitation the temporary password.
    pub fn fill(&self, pool: &Pool, user: &User, code: &str, to: &str) -> Message {
        let shown = shown_name(pool, user);
        let body = match self.medium {
            Medium::Email => fill(&self.body, &escape_html(code), &escape_html(shown)),
            Medium::Sms => fill(&self.body, code, shown),
        };
        // A line break in a subject would begin another header of the e-mail.
        let one_line = |text: &str| text.replace(|c: char| c.is_control(), " ");
        Message {
            medium: self.medium,
            to: to.to_owned(),
            username: user.username.clone(),
            purpose: self.purpose,
            subject: self.subject.as_ref().map(|subject| one_line(&fill(subject, code, shown))),
            body,
            code: code.to_owned(),
            sending: None,
        }
    }

    /// The same with the texts that a function wrote.
    #[must_use]
    pub fn written_by(mut self, function: custom_message::Reply) -> Template {
        let text = match self.medium {
            Medium::Email => function.email,
            Medium::Sms => function.sms,
        };
        self.body = text.unwrap_or(self.body);
        self.subject = self.subject.map(|subject| function.subject.unwrap_or(subject));
        self
    }
}

/// The pool's template for a purpose.
///
/// An e-mail that the pool wants to carry a link (CONFIRM_WITH_LINK) carries the code: the page that a link
/// leads to is not built yet.
pub fn template(pool: &Pool, purpose: Purpose, medium: Medium) -> Template {
    let (subject, body, default_subject, default_body) = match purpose {
        Purpose::SignUp | Purpose::PasswordReset | Purpose::AttributeVerification => {
            let (subject, body) = verification(pool, medium);
            (subject, body, VERIFICATION_SUBJECT, VERIFICATION)
        }
        Purpose::Authentication => {
            let (subject, body) = authentication(pool, medium);
            (subject, body, AUTHENTICATION_SUBJECT, AUTHENTICATION)
        }
        Purpose::Invitation => {
            let (subject, body) = invitation(pool, medium);
            (subject, body, INVITATION_SUBJECT, INVITATION)
        }
    };
    let or = |text: Option<&String>, default: &str| text.map_or_else(|| default.to_owned(), Clone::clone);
    Template {
        purpose,
        medium,
        subject: (medium == Medium::Email).then(|| or(subject, default_subject)),
        body: or(body, default_body),
    }
}

type Texts<'a> = (Option<&'a String>, Option<&'a String>);

/// Subject and text of the codes that verify: the template, else the flat members of older pools.
fn verification(pool: &Pool, medium: Medium) -> Texts<'_> {
    let detail = &pool.detail;
    let template = detail.verification_message_template.as_ref();
    match medium {
        Medium::Email => (
            template.and_then(|t| t.email_subject.as_ref()).or(detail.email_verification_subject.as_ref()),
            template.and_then(|t| t.email_message.as_ref()).or(detail.email_verification_message.as_ref()),
        ),
        Medium::Sms => {
            (None, template.and_then(|t| t.sms_message.as_ref()).or(detail.sms_verification_message.as_ref()))
        }
    }
}

fn authentication(pool: &Pool, medium: Medium) -> Texts<'_> {
    match medium {
        Medium::Email => {
            let email = pool.mfa.email.as_ref();
            (email.and_then(|e| e.subject.as_ref()), email.and_then(|e| e.message.as_ref()))
        }
        Medium::Sms => {
            let sms = pool.mfa.sms.as_ref().and_then(|s| s.sms_authentication_message.as_ref());
            (None, sms.or(pool.detail.sms_authentication_message.as_ref()))
        }
    }
}

fn invitation(pool: &Pool, medium: Medium) -> Texts<'_> {
    let config = pool.detail.admin_create_user_config.as_ref();
    let template = config.and_then(|c| c.invite_message_template.as_ref());
    match medium {
        Medium::Email => {
            (template.and_then(|t| t.email_subject.as_ref()), template.and_then(|t| t.email_message.as_ref()))
        }
        Medium::Sms => (None, template.and_then(|t| t.sms_message.as_ref())),
    }
}

/// The name by which the user signs in. Unverified: that an invitation of a pool whose user names are e-mail
/// addresses or phone numbers shows these and not the generated user name.
fn shown_name<'a>(pool: &Pool, user: &'a User) -> &'a str {
    let names = user.sign_in_names(pool);
    let attribute = |kind, name| {
        let value = user.attribute(name).filter(|value| names.contains(&pool.fold_name(value)))?;
        pool.has_username_attribute(kind).then_some(value)
    };
    attribute(UsernameAttributeType::Email, "email")
        .or_else(|| attribute(UsernameAttributeType::PhoneNumber, "phone_number"))
        .unwrap_or(&user.username)
}

/// Replaces both placeholders in one pass, so that a value which looks like a placeholder stays what it is.
fn fill(template: &str, code: &str, username: &str) -> String {
    let mut out = String::with_capacity(template.len() + code.len() + username.len());
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        if let Some(after) = from.strip_prefix(CODE) {
            out.push_str(code);
            rest = after;
        } else if let Some(after) = from.strip_prefix(USERNAME) {
            out.push_str(username);
            rest = after;
        } else {
            out.push('{');
            rest = &from[1..];
        }
    }
    out.push_str(rest);
    out
}

/// A value that stays text inside HTML.
pub(super) fn escape_html(value: &str) -> Cow<'_, str> {
    if !value.contains(['&', '<', '>', '"', '\'']) {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len() + 16);
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use spec::cognito_idp::UserStatusType;

    fn pool(detail: Value, mfa: Value) -> Pool {
        serde_json::from_value(json!({ "id": "us-east-1_x", "detail": detail, "mfa": mfa })).unwrap()
    }

    fn user(username: &str, attributes: &[(&str, &str)]) -> User {
        User {
            pool_id: "us-east-1_x".into(),
            sub: "sub".into(),
            username: username.into(),
            status: UserStatusType::Confirmed,
            enabled: true,
            created_at: 0,
            updated_at: 0,
            sign_outs: 0,
            attributes: attributes.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            pending: Default::default(),
            password: None,
            mfa: Default::default(),
            named_by: None,
            version: 1,
        }
    }

    #[track_caller]
    fn check(pool: &Pool, purpose: Purpose, medium: Medium, subject: Option<&str>, body: &str) {
        let message = template(pool, purpose, medium).fill(pool, &user("jane", &[]), "123456", "to");
        assert_eq!((message.subject.as_deref(), message.body.as_str()), (subject, body));
        assert_eq!((message.code.as_str(), message.to.as_str()), ("123456", "to"));
    }

    #[test]
    fn a_pool_without_templates_has_texts() {
        let pool = pool(json!({}), json!({ "software_token": false }));
        for (purpose, medium, subject, body) in [
            (
                Purpose::SignUp,
                Medium::Email,
                Some("Your verification code"),
                "Your verification code is 123456. ",
            ),
            (Purpose::PasswordReset, Medium::Sms, None, "Your verification code is 123456. "),
            (Purpose::Authentication, Medium::Sms, None, "Your authentication code is 123456. "),
            (
                Purpose::Invitation,
                Medium::Email,
                Some("Your temporary password"),
                "Your username is jane and temporary password is 123456. ",
            ),
        ] {
            check(&pool, purpose, medium, subject, body);
        }
    }

    #[test]
    fn each_purpose_takes_its_own_template() {
        let pool = pool(
            json!({
                "SmsVerificationMessage": "flat {####}", "EmailVerificationMessage": "flat mail {####}",
                "EmailVerificationSubject": "flat subject", "SmsAuthenticationMessage": "old auth {####}",
                "VerificationMessageTemplate": {
                    "EmailMessage": "mail {####}", "EmailMessageByLink": "{##Click##}",
                    "EmailSubjectByLink": "link", "DefaultEmailOption": "CONFIRM_WITH_LINK"
                },
                "AdminCreateUserConfig": { "InviteMessageTemplate": {
                    "SMSMessage": "hello {username}: {####}", "EmailMessage": "<b>{username}</b> {####}",
                    "EmailSubject": "Welcome {username}"
                } }
            }),
            json!({ "software_token": false, "email": { "Message": "mfa {####}", "Subject": "mfa subject" } }),
        );
        check(&pool, Purpose::SignUp, Medium::Email, Some("flat subject"), "mail 123456");
        check(&pool, Purpose::AttributeVerification, Medium::Sms, None, "flat 123456");
        check(&pool, Purpose::Authentication, Medium::Sms, None, "old auth 123456");
        check(&pool, Purpose::Authentication, Medium::Email, Some("mfa subject"), "mfa 123456");
        check(&pool, Purpose::Invitation, Medium::Sms, None, "hello jane: 123456");
        check(&pool, Purpose::Invitation, Medium::Email, Some("Welcome jane"), "<b>jane</b> 123456");
    }

    #[test]
    fn values_stay_values() {
        for (template, code, name, expected) in [
            ("{####}{####}", "1", "n", "11"),
            ("{username} {####}", "1", "{####}", "{####} 1"),
            ("{{####}}", "1", "n", "{1}"),
            ("{##Click##}{", "1", "n", "{##Click##}{"),
            ("é{username}é", "1", "ü", "éüé"),
            ("", "1", "n", ""),
        ] {
            assert_eq!(fill(template, code, name), expected, "{template}");
        }
        let pool = pool(
            json!({ "AdminCreateUserConfig": { "InviteMessageTemplate": {
                "SMSMessage": "{username} {####}", "EmailMessage": "{username} {####}",
                "EmailSubject": "{username}"
            } } }),
            json!({ "software_token": false }),
        );
        let evil = user("<img src=x onerror='a'>\r\nBcc: \"x\"", &[]);
        let mail = template(&pool, Purpose::Invitation, Medium::Email).fill(&pool, &evil, "a<&b", "to");
        assert_eq!(mail.body, "&lt;img src=x onerror=&#39;a&#39;&gt;\r\nBcc: &quot;x&quot; a&lt;&amp;b");
        assert_eq!(mail.subject.as_deref(), Some("<img src=x onerror='a'>  Bcc: \"x\""));
        assert_eq!(mail.code, "a<&b");
        let sms =
            template(&pool, Purpose::Invitation, Medium::Sms).fill(&pool, &user("<b>", &[]), "a<&b", "to");
        assert_eq!(sms.body, "<b> a<&b");
    }

    #[test]
    fn an_invitation_shows_the_name_to_sign_in_by() {
        let pool = pool(
            json!({ "UsernameAttributes": ["email", "phone_number"] }),
            json!({ "software_token": false }),
        );
        for (attributes, expected) in [
            (&[("email", "j@example.com"), ("phone_number", "+15555550100")][..], "j@example.com"),
            (&[("phone_number", "+15555550100")][..], "+15555550100"),
            (&[][..], "sub-1"),
        ] {
            let user = user("sub-1", attributes);
            let message = template(&pool, Purpose::Invitation, Medium::Sms).fill(&pool, &user, "pw", "to");
            assert_eq!(message.body, format!("Your username is {expected} and temporary password is pw. "));
        }
    }
}
