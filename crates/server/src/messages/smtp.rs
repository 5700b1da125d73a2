//! E-mail by SMTP.

use super::{Failure, Outgoing, TRY_TIMEOUT};
use crate::{config::Delivery, outbound};
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
    settings: Delivery,
}

impl Smtp {
    /// The mail server at an address of one of the forms that [`outbound::smtp`] takes.
    pub(super) fn new(url: &str, settings: &Delivery) -> Result<Smtp, String> {
        let url = outbound::smtp(url)?;
        // The reason is not shown: it could quote the password in the URL.
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.as_str())
            .map_err(|_| "--smtp-url cannot be used".to_owned())?;
        let from = match settings.sender()? {
            Some(from) => from,
            None => FROM.parse().map_err(|_| "there is no sender's address".to_owned())?,
        };
        Ok(Smtp { transport: builder.timeout(Some(TRY_TIMEOUT)).build(), from, settings: settings.clone() })
    }

    /// Connects, signs in and asks for an answer.
    pub(super) async fn sign_in(&self) -> Result<(), String> {
        match self.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err("it did not answer after the greeting".to_owned()),
            Err(error) => Err(describe(&error)),
        }
    }

    /// Sends an e-mail that belongs to no user, to see whether it arrives.
    pub(super) async fn send_test(&self, to: &str) -> Result<(), String> {
        let to = to.parse().map_err(|_| format!("{to} is no address"))?;
        let mail = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject("Cognate can send e-mails")
            .header(ContentType::TEXT_PLAIN)
            .body("`cognate doctor --mail-to` sent this e-mail.\r\n".to_owned())
            .map_err(|error| error.to_string())?;
        self.transport.send(mail).await.map(drop).map_err(|error| describe(&error))
    }

    /// Says good-bye on the connections that are kept.
    pub(super) async fn end(&self) {
        self.transport.shutdown().await;
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
        // The pool may be older than the setting, which may still be mended.
        let foreign = self.settings.foreign_sender(outgoing.from.as_deref(), outgoing.reply_to.as_deref());
        if let Some(foreign) = foreign {
            return Err(Failure::for_now(format!("--mail-senders does not name the pool's {foreign}")));
        }
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
