//! Messages leave: by a mail server, by webhooks, with retries that end, and never in the way of a request.

use crate::{
    lab::{Lab, MASTER_KEY},
    scene::Scene,
    sign_up::{list, verifying},
};
use cognate::{
    config::Config,
    messages::{Transports, foreign_senders, round},
};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use store::outbox::Entry;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// A server that was made for one test: what it got, and what it answers next.
#[derive(Clone)]
struct Fake {
    address: String,
    got: Arc<Mutex<Vec<String>>>,
    /// Every line that was said to a mail server.
    said: Arc<Mutex<String>>,
    /// Answers, the next one last; without any it accepts.
    answers: Arc<Mutex<Vec<&'static str>>>,
}

impl Fake {
    /// Listens, and serves each connection by `serve`.
    async fn listen<F>(serve: impl Fn(Fake, TcpStream) -> F + Send + 'static) -> Fake
    where
        F: Future<Output = std::io::Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let fake = Fake { address, got: Arc::default(), said: Arc::default(), answers: Arc::default() };
        let shared = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(shared.clone(), stream));
            }
        });
        fake
    }

    /// A mail server; an answer is what it says after an e-mail's end.
    async fn mail_server() -> Fake {
        Fake::listen(mail_session).await
    }

    /// A web server; an answer is a whole response.
    async fn web_server() -> Fake {
        Fake::listen(web_request).await
    }

    fn got(&self) -> Vec<String> {
        self.got.lock().unwrap().clone()
    }

    fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    fn will_answer(&self, answers: &[&'static str]) {
        *self.answers.lock().unwrap() = answers.iter().rev().copied().collect();
    }

    fn next_answer(&self, default: &'static str) -> &'static str {
        self.answers.lock().unwrap().pop().unwrap_or(default)
    }
}

async fn mail_session(fake: Fake, stream: TcpStream) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 fake\r\n").await?;
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        fake.said.lock().unwrap().push_str(&line);
        match line.get(..4).unwrap_or_default().trim_end() {
            "EHLO" => stream.write_all(b"250-fake\r\n250 8BITMIME\r\n").await?,
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                let mut mail = String::new();
                while !mail.ends_with("\r\n.\r\n") && stream.read_line(&mut mail).await? > 0 {}
                fake.got.lock().unwrap().push(mail);
                stream.write_all(fake.next_answer("250 taken\r\n").as_bytes()).await?;
            }
            "QUIT" => return stream.write_all(b"221 bye\r\n").await,
            _ => stream.write_all(b"250 fine\r\n").await?,
        }
        line.clear();
    }
    Ok(())
}

async fn web_request(fake: Fake, stream: TcpStream) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && stream.read_line(&mut head).await? > 0 {}
    let length = head
        .to_lowercase()
        .split("content-length: ")
        .nth(1)
        .and_then(|rest| rest.lines().next().and_then(|digits| digits.trim().parse().ok()));
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await?;
    fake.got.lock().unwrap().push(String::from_utf8(body).unwrap());
    let answer = fake.next_answer("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

/// A lab that sends, and what it sends by.
async fn sending(change: impl FnOnce(&mut Config)) -> (Lab, Arc<Transports>) {
    let lab = Lab::with_settings(change).await;
    let transports = Arc::new(Transports::new(&lab.app.config.delivery).unwrap());
    (lab, transports)
}

/// Whose code waits in the outbox.
async fn waiting(lab: &Lab) -> Scene {
    let scene = verifying(lab, json!({})).await;
    scene.sign_up("jane", json!({ "email": "jane@example.com" })).await.ok();
    scene
}

/// The newest message as the store has it.
async fn newest(lab: &Lab) -> Entry {
    let mut entries: Vec<Entry> = lab
        .app
        .db
        .read(|tx| store::outbox::list(tx, None, 1))
        .await
        .unwrap_or_else(|e: store::Error| panic!("{e}"));
    entries.remove(0)
}

#[tokio::test]
async fn a_mail_server_gets_the_message_once() {
    let server = Fake::mail_server().await;
    let (lab, transports) = sending(|config| {
        config.delivery.smtp_url = Some(format!("smtp://{}", server.address));
        config.delivery.mail_from = Some("Cognate <no-reply@example.net>".into());
    })
    .await;
    waiting(&lab).await;
    let code = lab.code_for("jane").await;
    assert_eq!(round(&lab.app, &transports).await.unwrap(), 1);
    let mails = server.got();
    let [mail] = &mails[..] else { panic!("{mails:?}") };
    for part in [
        "From: Cognate <no-reply@example.net>",
        "To: jane@example.com",
        "Subject: Your verification code",
        "Content-Type: text/html; charset=utf-8",
        "Date: ",
        &format!("Your verification code is {code}. "),
        &format!("Message-ID: <{}@example.net>", newest(&lab).await.id),
    ] {
        assert!(mail.contains(part), "{part} is not in {mail}");
    }
    let entry = newest(&lab).await;
    assert!(entry.delivered_at.is_some() && entry.next_try_at.is_none());
    assert_eq!(round(&lab.app, &transports).await.unwrap(), 0);
}

#[tokio::test]
async fn the_pool_names_sender_and_reply_address() {
    let server = Fake::mail_server().await;
    let (lab, transports) = sending(|config| {
        config.delivery.smtp_url = Some(format!("smtp://{}", server.address));
        config.delivery.mail_senders = vec!["example.org".into()];
    })
    .await;
    let arn = "arn:aws:ses:us-east-1:123456789012:identity/example.org";
    let members = json!({ "AutoVerifiedAttributes": ["email"], "EmailConfiguration": {
        "EmailSendingAccount": "DEVELOPER", "SourceArn": arn, "From": "Shop <shop@example.org>",
        "ReplyToEmailAddress": "help@example.org" } });
    let scene = Scene::with(&lab, members, json!({})).await;
    scene.sign_up("jane", json!({ "email": "jane@example.com" })).await.ok();
    round(&lab.app, &transports).await.unwrap();
    let mail = server.got().remove(0);
    assert!(mail.contains("From: Shop <shop@example.org>\r\n"), "{mail}");
    assert!(mail.contains("Reply-To: help@example.org\r\n"), "{mail}");
}

#[tokio::test]
async fn a_busy_mail_server_is_tried_again_and_a_refusal_ends_it() {
    let server = Fake::mail_server().await;
    let (lab, transports) =
        sending(|config| config.delivery.smtp_url = Some(format!("smtp://{}", server.address))).await;
    server.will_answer(&["451 busy\r\n", "250 taken\r\n", "550 no such user\r\n"]);
    waiting(&lab).await;
    assert_eq!(round(&lab.app, &transports).await.unwrap(), 1);
    let entry = newest(&lab).await;
    assert!(entry.last_error.unwrap().contains("busy"));
    assert_eq!(round(&lab.app, &transports).await.unwrap(), 0, "it pauses first");
    lab.advance(5);
    assert_eq!(round(&lab.app, &transports).await.unwrap(), 1);
    assert!(newest(&lab).await.delivered_at.is_some());
    let scene = verifying(&lab, json!({})).await;
    scene.sign_up("john", json!({ "email": "john@example.com" })).await.ok();
    assert_eq!(round(&lab.app, &transports).await.unwrap(), 1);
    let entry = newest(&lab).await;
    assert_eq!((entry.delivered_at, entry.next_try_at), (None, None));
    assert!(entry.last_error.unwrap().contains("no such user"));
}

#[tokio::test]
async fn tries_end() {
    let server = Fake::web_server().await;
    let (lab, transports) =
        sending(|config| config.delivery.email_webhook = Some(format!("http://{}/", server.address))).await;
    waiting(&lab).await;
    server.will_answer(&["HTTP/1.1 500 Oops\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"; 20]);
    for _ in 0..20 {
        round(&lab.app, &transports).await.unwrap();
        lab.advance(6 * 3_600);
    }
    assert_eq!(server.got().len(), 10);
    let entry = newest(&lab).await;
    assert_eq!((entry.next_try_at, entry.tries), (None, 10));
    assert_eq!(entry.last_error.as_deref(), Some("the webhook answered 500 Internal Server Error"));
}

#[tokio::test]
async fn webhooks_get_json() {
    let (mails, phones) = (Fake::web_server().await, Fake::web_server().await);
    let (lab, transports) = sending(|config| {
        config.delivery.email_webhook = Some(format!("http://{}/mail", mails.address));
        config.delivery.sms_webhook = Some(format!("http://{}/sms?key=secret", phones.address));
    })
    .await;
    let scene = waiting(&lab).await;
    let invited = json!({ "Username": "john",
        "UserAttributes": list(json!({ "phone_number": "+15555559934", "phone_number_verified": "true" })) });
    scene.admin("AdminCreateUser", invited).await;
    assert_eq!(round(&lab.app, &transports).await.unwrap(), 2);
    let mail: Value = serde_json::from_str(&mails.got().remove(0)).unwrap();
    let code = lab.code_for("jane").await;
    assert_eq!(
        mail,
        json!({ "id": mail["id"], "userPoolId": scene.pool, "medium": "EMAIL", "purpose": "SIGN_UP",
            "to": "jane@example.com", "username": "jane", "subject": "Your verification code",
            "body": format!("Your verification code is {code}. ") })
    );
    let sms: Value = serde_json::from_str(&phones.got().remove(0)).unwrap();
    assert_eq!((&sms["medium"], &sms["purpose"]), (&json!("SMS"), &json!("INVITATION")));
    assert_eq!((&sms["to"], sms.get("subject")), (&json!("+15555559934"), None));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Fake::web_server().await;
    let server = Fake::web_server().await;
    let (lab, transports) =
        sending(|config| config.delivery.email_webhook = Some(format!("http://{}/", server.address))).await;
    let answer =
        format!("HTTP/1.1 307 Away\r\nlocation: http://{}/\r\ncontent-length: 0\r\n\r\n", elsewhere.address);
    server.will_answer(&[answer.leak()]);
    waiting(&lab).await;
    round(&lab.app, &transports).await.unwrap();
    assert!(elsewhere.got().is_empty());
    let entry = newest(&lab).await;
    assert_eq!(entry.last_error.as_deref(), Some("the webhook answered 307 Temporary Redirect"));
    assert!(entry.next_try_at.is_some());
}

#[tokio::test]
async fn what_no_way_carries_stays_in_the_outbox() {
    let phones = Fake::web_server().await;
    let (lab, transports) =
        sending(|config| config.delivery.sms_webhook = Some(format!("http://{}/", phones.address))).await;
    waiting(&lab).await;
    assert_eq!(round(&lab.app, &transports).await.unwrap(), 0);
    assert_eq!(newest(&lab).await.next_try_at, None);
}

#[tokio::test]
async fn a_server_that_hangs_holds_up_nobody() {
    let server = Fake::listen(|_, stream| async move {
        let mut stream = stream;
        // It takes everything and answers nothing, until the other side gives up.
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map(drop)
    })
    .await;
    let (lab, transports) =
        sending(|config| config.delivery.smtp_url = Some(format!("smtp://{}", server.address))).await;
    let scene = waiting(&lab).await;
    let (app, sender) = (lab.app.clone(), transports.clone());
    let hanging = tokio::spawn(async move { round(&app, &sender).await });
    while newest(&lab).await.tries == 0 {
        tokio::task::yield_now().await;
    }
    // The message is leased: another node leaves it alone, and requests go on.
    assert_eq!(round(&lab.app, &transports).await.unwrap(), 0);
    scene.confirm("jane", &lab.code_for("jane").await).await.ok();
    scene.sign_up("john", json!({ "email": "john@example.com" })).await.ok();
    assert!(!hanging.is_finished());
    hanging.abort();
    // A node that died is succeeded when its lease ends.
    lab.advance(90);
    let mut settings = lab.app.config.delivery.clone();
    let good = Fake::mail_server().await;
    settings.smtp_url = Some(format!("smtp://{}", good.address));
    let transports = Arc::new(Transports::new(&settings).unwrap());
    assert_eq!(round(&lab.app, &transports).await.unwrap(), 2);
    assert_eq!(good.got().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_nodes_one_sends() {
    let server = Fake::mail_server().await;
    let url = format!("smtp://{}", server.address);
    for on_postgres in [false, true] {
        let change = |config: &mut Config| config.delivery.smtp_url = Some(url.clone());
        let lab = match on_postgres {
            true => Lab::postgres_with_settings(change).await,
            false => Lab::with_settings(change).await,
        };
        let scene = verifying(&lab, json!({})).await;
        for name in ["a", "b", "c", "d", "e"] {
            scene.sign_up(name, json!({ "email": format!("{name}@example.com") })).await.ok();
        }
        let transports = Arc::new(Transports::new(&lab.app.config.delivery).unwrap());
        let mut nodes = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let (app, transports) = (lab.app.clone(), transports.clone());
            nodes.spawn(async move { round(&app, &transports).await.unwrap() });
        }
        assert_eq!(nodes.join_all().await.iter().sum::<usize>(), 5);
        assert_eq!(std::mem::take(&mut *server.got.lock().unwrap()).len(), 5);
        assert!(newest(&lab).await.delivered_at.is_some());
        lab.remove().await;
    }
}

#[tokio::test]
async fn addresses_that_cannot_be_used_are_found_at_the_start() {
    let lab = Lab::sqlite().await;
    for (smtp, webhook) in [
        (Some("nonsense"), None),
        (Some("smtp://user:hunter2@mail.example.com?tls=no"), None),
        (None, Some("ftp://example.com")),
        (None, Some("http://hooks.example.com/hunter2")),
        (None, Some("nonsense")),
    ] {
        let mut delivery = lab.app.config.delivery.clone();
        delivery.smtp_url = smtp.map(str::to_owned);
        delivery.sms_webhook = webhook.map(str::to_owned);
        let mistake = Transports::new(&delivery).err().unwrap_or_else(|| panic!("{smtp:?} {webhook:?}"));
        let setting = if smtp.is_some() { "--smtp-url" } else { "--sms-webhook" };
        assert!(mistake.starts_with(setting) && !mistake.contains("hunter2"), "{mistake}");
    }
}

#[tokio::test]
async fn neither_mail_nor_password_leaves_without_the_encryption_that_is_asked_for() {
    // It offers no STARTTLS, as somebody on the way would have it.
    let server = Fake::mail_server().await;
    let url = format!("smtp://user:mail-password@{}?tls=required", server.address);
    let (lab, transports) = sending(|config| config.delivery.smtp_url = Some(url)).await;
    waiting(&lab).await;
    assert_eq!(round(&lab.app, &transports).await.unwrap(), 1);
    let entry = newest(&lab).await;
    assert_eq!(entry.delivered_at, None);
    assert!(entry.last_error.unwrap().contains("STARTTLS"));
    let said = server.said();
    assert!(said.contains("EHLO") && !said.contains("AUTH") && !said.contains("MAIL"), "{said}");
    assert!(transports.sign_in_to_mail_server().await.unwrap().is_err());
    assert!(transports.send_test_mail("jane@example.com").await.unwrap().is_err());
    let said = server.said();
    assert!(!said.contains("AUTH") && !said.contains("MAIL"), "{said}");
}

async fn an_operator_of_one_pool_sends_as_nobody_else(lab: Lab) {
    let server = Fake::mail_server().await;
    let lab = lab
        .another(MASTER_KEY, |config| {
            config.delivery.smtp_url = Some(format!("smtp://{}", server.address));
            config.delivery.mail_from = Some("Cognate <no-reply@example.com>".into());
        })
        .await
        .unwrap();
    let arn = "arn:aws:ses:us-east-1:123456789012:identity/no-reply@example.com";
    let email = |members: Value| {
        let mut email = json!({ "EmailSendingAccount": "DEVELOPER", "SourceArn": arn });
        email.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        email
    };
    let good = email(json!({ "From": "Shop <no-reply@example.com>" }));
    let made = json!({ "PoolName": "p", "AutoVerifiedAttributes": ["email"], "EmailConfiguration": good });
    let pool = lab.admin("CreateUserPool", made).await.ok();
    let pool = pool["UserPool"]["Id"].as_str().unwrap();
    let text = "Cognito is not allowed to use your email identity";
    for bad in [
        email(json!({ "From": "boss@example.com" })),
        email(json!({ "From": "no-reply@example.com <boss@bank.example>" })),
        email(json!({ "From": "\"no-reply@example.com\" <boss@bank.example>" })),
        email(json!({ "ReplyToEmailAddress": "thief@example.net" })),
        email(json!({ "SourceArn": "arn:aws:ses:us-east-1:123456789012:identity/bank.example" })),
        json!({ "ReplyToEmailAddress": "thief@example.net" }),
    ] {
        let create = json!({ "PoolName": "q", "EmailConfiguration": bad });
        lab.admin("CreateUserPool", create).await.refused("InvalidParameterException", text);
        let update = json!({ "UserPoolId": pool, "EmailConfiguration": bad });
        lab.admin("UpdateUserPool", update).await.refused("InvalidParameterException", text);
    }
    let described = lab.admin("DescribeUserPool", json!({ "UserPoolId": pool })).await.ok();
    assert_eq!(described["UserPool"]["EmailConfiguration"], good);
}

#[tokio::test]
async fn a_sender_that_was_taken_away_sends_once_it_is_given_back() {
    let server = Fake::mail_server().await;
    let (lab, _) = sending(|config| {
        config.delivery.smtp_url = Some(format!("smtp://{}", server.address));
        config.delivery.mail_senders = vec!["example.org".into()];
    })
    .await;
    let members = json!({ "AutoVerifiedAttributes": ["email"], "EmailConfiguration": {
        "From": "shop@example.org" } });
    let scene = Scene::with(&lab, members, json!({})).await;
    scene.sign_up("jane", json!({ "email": "jane@example.com" })).await.ok();
    let mut settings = lab.app.config.delivery.clone();
    settings.mail_senders = vec!["example.com".into()];
    let transports = Arc::new(Transports::new(&settings).unwrap());
    assert_eq!(round(&lab.app, &transports).await.unwrap(), 1);
    let entry = newest(&lab).await;
    assert!(entry.delivered_at.is_none() && entry.next_try_at.is_some());
    assert!(entry.last_error.unwrap().contains("--mail-senders does not name"));
    assert!(server.got().is_empty());
    let found = foreign_senders::find(&lab.app.db, &settings).await.unwrap();
    assert_eq!(found, [(scene.pool.as_str().into(), "shop@example.org".to_owned())]);

    // Once the setting names it again, the message still leaves.
    settings.mail_senders.push("example.org".into());
    assert_eq!(foreign_senders::find(&lab.app.db, &settings).await.unwrap(), []);
    let transports = Arc::new(Transports::new(&settings).unwrap());
    lab.advance(60);
    assert_eq!(round(&lab.app, &transports).await.unwrap(), 1);
    assert!(newest(&lab).await.delivered_at.is_some());
    assert_eq!(server.got().len(), 1);
}

both_engines!(an_operator_of_one_pool_sends_as_nobody_else);
