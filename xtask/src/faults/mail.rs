//! The mail server takes connections and says nothing, until it behaves again.

use super::{
    Size,
    api::Api,
    crew::wait_for,
    people::{Person, Scene, Status},
    stage::Stage,
};
use crate::test::{
    postgres::{Durability, Postgres},
    tools::Tools,
};
use anyhow::{Context, Result, bail, ensure};
use serde_json::json;
use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// A try of a message takes so long before it is given up.
const TRY: Duration = Duration::from_secs(30);
/// How soon all messages have left once the mail server behaves: the tries under way end first.
const DELIVERY: Duration = Duration::from_secs(60);

pub fn silent(tools: &Tools, size: Size) -> Result<()> {
    println!("on SQLite");
    on(tools, "mail-sqlite", None, size.times(40, 200))?;
    if let Size::Full { .. } = size {
        println!("on PostgreSQL");
        let postgres = Postgres::start(tools.target(), Durability::Kept)?;
        on(tools, "mail-postgres", Some(&postgres.create_database("mail")?), 200)?;
    }
    Ok(())
}

fn on(tools: &Tools, name: &str, database_url: Option<&str>, count: usize) -> Result<()> {
    let mail = MailServer::listen()?;
    let mut stage = Stage::new(tools, name, database_url)?;
    stage.add(&["--smtp-url", &format!("smtp://127.0.0.1:{}", mail.port)]);
    stage.start()?;
    let scene = Scene::new(stage.port)?;
    let mut signed_up = Vec::new();
    let usual = sign_up(&stage, &scene, "a", count, &mut signed_up)?;
    mail.wait_until_delivered(&signed_up, DELIVERY)?;
    mail.is_silent.store(true, Ordering::Relaxed);
    let hung = sign_up(&stage, &scene, "b", count, &mut signed_up)?;
    println!(
        "SignUp took {usual:.1?} while the mail server spoke and {hung:.1?} while it was silent (medians)"
    );
    ensure!(hung < usual * 3 + Duration::from_millis(20), "a silent mail server slows SignUp down");
    ensure!(mail.count() == count, "a silent mail server has taken a message");
    // What hangs in a try is lost to nobody when the server dies; its lease runs out.
    std::thread::sleep(Duration::from_secs(1));
    stage.kill()?;
    stage.start()?;
    sign_up(&stage, &scene, "c", count, &mut signed_up)?;
    ensure!(stage.health("ready")? == 200, "the server must stay ready");
    // The first tries time out and are noted.
    wait_for(TRY + Duration::from_secs(10), || Ok(stage.log().contains("a message was not delivered yet")))
        .context("the log does not tell of the silent mail server")?;
    mail.is_silent.store(false, Ordering::Relaxed);
    for _ in 0..4 {
        advance_clock(&stage, 100)?;
        std::thread::sleep(Duration::from_secs(1));
    }
    mail.wait_until_delivered(&signed_up, DELIVERY)?;
    println!("{} messages were delivered, each once", signed_up.len());
    stage.end()
}

/// Signs users up, four at once, and answers the median of the times.
fn sign_up(
    stage: &Stage,
    scene: &Scene,
    prefix: &str,
    count: usize,
    signed_up: &mut Vec<String>,
) -> Result<Duration> {
    let people: Vec<Person> =
        (0..count).map(|number| Person::new(&format!("{prefix}{number}"), Status::Unconfirmed)).collect();
    let mut times = Vec::new();
    std::thread::scope(|scope| -> Result<()> {
        let parts: Vec<_> = people.chunks(count.div_ceil(4)).collect();
        let threads = parts.into_iter().map(|part| scope.spawn(move || sign_up_part(stage, scene, part)));
        for thread in threads.collect::<Vec<_>>() {
            times.extend(thread.join().expect("the thread does not panic")?);
        }
        Ok(())
    })?;
    signed_up.extend(people.into_iter().map(|person| person.email));
    times.sort();
    Ok(times[times.len() / 2])
}

fn sign_up_part(stage: &Stage, scene: &Scene, people: &[Person]) -> Result<Vec<Duration>> {
    let mut api = Api::new(stage.port);
    let sign_up = |person: &Person| -> Result<Duration> {
        let start = Instant::now();
        let attributes = json!([{"Name": "email", "Value": person.email}]);
        let input = json!({"ClientId": scene.client, "Username": person.name, "Password": person.password,
            "UserAttributes": attributes});
        api.get("SignUp", &input)?;
        Ok(start.elapsed())
    };
    people.iter().map(sign_up).collect()
}

fn advance_clock(stage: &Stage, seconds: u64) -> Result<()> {
    let body = json!({"advance_seconds": seconds}).to_string();
    let answer = Api::new(stage.port).post("/_cognate/clock", &body)?;
    ensure!(answer.status == 200, "the clock cannot be moved: {}", answer.body);
    Ok(())
}

/// A mail server that can fall silent.
struct MailServer {
    port: u16,
    is_silent: Arc<AtomicBool>,
    /// The receivers of everything taken.
    taken: Arc<Mutex<Vec<String>>>,
}

impl MailServer {
    fn listen() -> Result<MailServer> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let server = MailServer { port, is_silent: Arc::default(), taken: Arc::default() };
        let (is_silent, taken) = (server.is_silent.clone(), server.taken.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (is_silent, taken) = (is_silent.clone(), taken.clone());
                std::thread::spawn(move || {
                    // A client that hangs up is none of ours.
                    let _ = serve(stream, &is_silent, &taken);
                });
            }
        });
        Ok(server)
    }

    fn count(&self) -> usize {
        self.taken.lock().expect("no thread panics with it").len()
    }

    /// Everybody's message arrives, and none twice.
    fn wait_until_delivered(&self, to: &[String], patience: Duration) -> Result<()> {
        let waited = wait_for(patience, || Ok(self.count() >= to.len()));
        // A second copy would come now.
        std::thread::sleep(Duration::from_secs(1));
        let taken = self.taken.lock().expect("no thread panics with it");
        let mut copies: BTreeMap<&str, usize> = BTreeMap::new();
        for receiver in taken.iter() {
            *copies.entry(receiver).or_default() += 1;
        }
        let missing = to.iter().filter(|receiver| !copies.contains_key(receiver.as_str())).count();
        let twice = copies.values().filter(|count| **count > 1).count();
        ensure!(
            missing == 0 && twice == 0,
            "{missing} of {} messages are missing, {twice} came twice",
            to.len()
        );
        waited.map(drop)
    }
}

fn serve(stream: TcpStream, is_silent: &AtomicBool, taken: &Mutex<Vec<String>>) -> Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    if is_silent.load(Ordering::Relaxed) {
        // Whatever the client says; whoever mends such a server restarts it.
        while is_silent.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(100));
        }
        return Ok(());
    }
    let mut stream = stream;
    stream.write_all(b"220 test\r\n")?;
    let mut receiver = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if is_silent.load(Ordering::Relaxed) {
            continue;
        }
        let command = line.trim_end().to_ascii_uppercase();
        let answer: &[u8] = if command.starts_with("EHLO") {
            b"250-test\r\n250 8BITMIME\r\n"
        } else if command.starts_with("RCPT TO:") {
            receiver = line["RCPT TO:".len()..].trim().trim_matches(['<', '>']).to_owned();
            b"250 ok\r\n"
        } else if command == "DATA" {
            stream.write_all(b"354 go on\r\n")?;
            read_mail(&mut reader)?;
            taken.lock().expect("no thread panics with it").push(receiver.clone());
            b"250 taken\r\n"
        } else if command == "QUIT" {
            stream.write_all(b"221 bye\r\n")?;
            return Ok(());
        } else {
            b"250 ok\r\n"
        };
        stream.write_all(answer)?;
    }
}

/// Reads to the end of an e-mail.
fn read_mail(reader: &mut impl BufRead) -> Result<()> {
    let mut line = String::new();
    while line != ".\r\n" {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            bail!("the e-mail has no end");
        }
    }
    Ok(())
}
