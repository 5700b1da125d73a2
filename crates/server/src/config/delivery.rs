//! How messages leave the server, and whose mail they may say to be.

use crate::outbound;
use lettre::message::Mailbox;
use rules::{Result, fault};
use spec::cognito_idp::EmailConfigurationType;

/// How messages leave the server; what is none stays in the outbox. It has no Debug, because addresses hold
/// passwords.
#[derive(Clone, Default)]
pub struct Delivery {
    /// The mail server.
    pub smtp_url: Option<String>,
    /// The sender's address, where a pool names none.
    pub mail_from: Option<String>,
    /// Addresses, and domains, that pools may name as senders; none: that of `mail_from` alone.
    pub mail_senders: Vec<String>,
    /// Receives e-mails as JSON.
    pub email_webhook: Option<String>,
    /// Receives SMS as JSON.
    pub sms_webhook: Option<String>,
}

impl Delivery {
    /// Refuses addresses that cannot be used.
    ///
    /// # Errors
    /// A text for the operator that names the setting and its form.
    pub fn check(&self) -> std::result::Result<(), String> {
        self.smtp_url.as_deref().map(outbound::smtp).transpose()?;
        let webhooks = [("--email-webhook", &self.email_webhook), ("--sms-webhook", &self.sms_webhook)];
        for (setting, url) in webhooks {
            url.as_deref().map(|url| outbound::http(setting, url)).transpose()?;
        }
        self.sender().map(drop)
    }

    /// The sender where a pool names none; none where the settings name none either.
    ///
    /// # Errors
    /// A text for the operator if it is no address.
    pub fn sender(&self) -> std::result::Result<Option<Mailbox>, String> {
        let read = |from: &str| {
            from.parse().map_err(|_| {
                format!("--mail-from must be an address, or a name with one as in Shop <shop@example.com>, not {from}")
            })
        };
        self.mail_from.as_deref().map(read).transpose()
    }

    /// Refuses a pool that would send by our mail server in the name of somebody else. Whoever may change a pool may
    /// so send as the senders of the installation only.
    ///
    /// # Errors
    /// InvalidParameterException, whose reason in the log names the setting.
    pub fn check_email(&self, email: Option<&EmailConfigurationType>) -> Result<()> {
        let Some(email) = email.filter(|_| self.smtp_url.is_some()) else { return Ok(()) };
        let foreign = self.foreign_sender(email.from.as_deref(), email.reply_to_email_address.as_deref());
        let foreign = foreign.or(email.source_arn.as_deref().filter(|arn| !self.has_identity(arn)));
        match foreign {
            // L: cdk-preflight, for an identity that Cognito may not send for.
            Some(foreign) => {
                Err(fault::invalid_parameter("Cognito is not allowed to use your email identity")
                    .because(format!("--mail-senders does not name {foreign}")))
            }
            None => Ok(()),
        }
    }

    /// The first of the addresses that a pool names (`From`, `ReplyToEmailAddress`) by which it may not send.
    pub fn foreign_sender<'a>(&self, from: Option<&'a str>, reply_to: Option<&'a str>) -> Option<&'a str> {
        [from, reply_to].into_iter().flatten().find(|text| !self.may_send_as(text))
    }

    /// Whether a mailbox, such as `Shop <shop@example.com>`, is one of the installation's senders.
    pub fn may_send_as(&self, mailbox: &str) -> bool {
        let Ok(mailbox) = mailbox.parse::<Mailbox>() else { return false };
        let address = mailbox.email.to_string();
        let is_in = |sender: &str| match sender.contains('@') {
            true => sender.eq_ignore_ascii_case(&address),
            false => sender.eq_ignore_ascii_case(mailbox.email.domain()),
        };
        self.senders().iter().any(|sender| is_in(sender))
    }

    /// Whether an identity of SES is one of the senders, or the domain of one: its ARN alone sends nothing.
    fn has_identity(&self, arn: &str) -> bool {
        let Some((_, identity)) = arn.split_once(":identity/") else { return false };
        self.may_send_as(identity)
            || self.senders().iter().any(|sender| {
                let domain = sender.rsplit_once('@').map_or(sender.as_str(), |(_, domain)| domain);
                domain.eq_ignore_ascii_case(identity)
            })
    }

    fn senders(&self) -> Vec<String> {
        if !self.mail_senders.is_empty() {
            return self.mail_senders.clone();
        }
        let own = self.sender().ok().flatten();
        own.map(|mailbox| mailbox.email.to_string()).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pools_send_as_the_senders_of_the_installation() {
        let delivery = |senders: &[&str]| Delivery {
            smtp_url: Some("smtp://localhost".into()),
            mail_from: Some("Shop <no-reply@example.com>".into()),
            mail_senders: senders.iter().map(|&sender| sender.to_owned()).collect(),
            ..Delivery::default()
        };
        for (senders, mailbox, expected) in [
            (&[][..], "no-reply@example.com", true),
            (&[], "Help <No-Reply@EXAMPLE.com>", true),
            (&[], "boss@example.com", false),
            (&["example.org", "a@example.com"], "Anybody <x@example.org>", true),
            (&["example.org", "a@example.com"], "a@example.com", true),
            (&["example.org", "a@example.com"], "no-reply@example.com", false),
            (&["example.org"], "x@sub.example.org", false),
            (&["example.org"], "x@example.org.evil.com", false),
            (&["example.org"], "x@evil.com, y@example.org", false),
            (&["example.org"], "\"x@example.org\" <x@evil.com>", false),
            (&["example.org"], "x@example.org\r\nBcc: y@evil.com", false),
            (&["example.org"], "example.org", false),
        ] {
            assert_eq!(delivery(senders).may_send_as(mailbox), expected, "{mailbox}");
        }
    }

    #[test]
    fn every_part_of_a_pools_e_mail_is_looked_at() {
        let mut delivery = Delivery {
            smtp_url: Some("smtp://localhost".into()),
            mail_from: Some("no-reply@example.com".into()),
            ..Delivery::default()
        };
        let arn = |identity: &str| Some(format!("arn:aws:ses:us-east-1:123456789012:identity/{identity}"));
        let text = |text: &str| Some(text.to_owned());
        let configuration = EmailConfigurationType::default;
        let all = [
            (configuration(), true),
            (EmailConfigurationType { from: text("no-reply@example.com"), ..configuration() }, true),
            (EmailConfigurationType { from: text("boss@example.com"), ..configuration() }, false),
            (EmailConfigurationType { reply_to_email_address: text("x@evil.com"), ..configuration() }, false),
            (EmailConfigurationType { source_arn: arn("no-reply@example.com"), ..configuration() }, true),
            (EmailConfigurationType { source_arn: arn("example.com"), ..configuration() }, true),
            (EmailConfigurationType { source_arn: arn("boss@example.com"), ..configuration() }, false),
            (EmailConfigurationType { source_arn: arn("evil.com"), ..configuration() }, false),
        ];
        for (email, expected) in &all {
            assert_eq!(delivery.check_email(Some(email)).is_ok(), *expected, "{email:?}");
        }
        // What stays in the outbox is in nobody's name.
        delivery.smtp_url = None;
        assert!(all.iter().all(|(email, _)| delivery.check_email(Some(email)).is_ok()));
    }
}
