//! E-mail by SMTP.

use super::{Failure, Outgoing, TRY_TIMEOUT};
use crate::config::Delivery;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
};
use std::result::Result;

/// The sender where neither pool nor settings name one.
const FROM: &str = "no-reply@localhost";

/// A mail server.
pub(super) struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Smtp {
    /// The mail server at `smtp://` or `smtps://`; the URL may carry user and password, and `?tls=required` asks
    /// for STARTTLS.
    pub(super) fn new(url: &str, settings: &Delivery) -> Result<Smtp, String> {
        // The reason is not shown: it could quote the password in the URL.
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|_| "the URL of the mail server cannot be used".to_owned())?;
        let from = settings.mail_from.as_deref().unwrap_or(FROM);
        let from = from.parse().map_err(|_| format!("the sender's address {from} cannot be used"))?;
        Ok(Smtp { transport: builder.timeout(Some(TRY_TIMEOUT)).build(), from })
    }

    pub(super) async fn send(&self, outgoing: &Outgoing) -> Result<(), Failure> {
        let mail = self.mail(outgoing)?;
        self.transport.send(mail).await.map(drop).map_err(|error| {
            let reason = describe(&error);
            if error.is_permanent() { Failure::for_good(reason) } else { Failure::for_now(reason) }
        })
    }

    /// The e-mail. Its body is HTML, as templates are. Its id stays the same over all tries, so that a receiver
    /// can drop a second copy.
    fn mail(&self, outgoing: &Outgoing) -> Result<Message, Failure> {
        let message = &outgoing.message;
        let from: Mailbox = match &outgoing.from {
            Some(from) => from.parse().map_err(|_| Failure::for_good("the pool's sender is no address"))?,
            None => self.from.clone(),
        };
        let to = message.to.parse().map_err(|_| Failure::for_good("the recipient is no address"))?;
        let id = format!("<{}@{}>", outgoing.id, from.email.domain());
        let mut builder = Message::builder()
            .from(from)
            .to(Mailbox::new(None, to))
            .message_id(Some(id))
            .subject(message.subject.clone().unwrap_or_default())
            .header(ContentType::TEXT_HTML);
        if let Some(reply_to) = &outgoing.reply_to {
            let address =
                reply_to.parse().map_err(|_| Failure::for_good("ReplyToEmailAddress is no address"))?;
            builder = builder.reply_to(address);
        }
        builder.body(message.body.clone()).map_err(|_| Failure::for_good("the e-mail cannot be encoded"))
    }
}

/// What the operator reads: the server's answer or what broke, never the message.
fn describe(error: &lettre::transport::smtp::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}
