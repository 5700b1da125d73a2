//! Page tokens and Sessions: only what was sealed here opens, for what it was sealed, and unchanged.

use crate::values::Bytes;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use rules::{
    Millis, Random,
    paging::{self, List},
    sealing::SealingKey,
    sign_in::session::{self, Session},
};
use std::sync::OnceLock;

const NOW: Millis = 1_767_225_600_000;
const USERS: List<'_> = List { operation: "ListUsers", scope: &["us-east-1_AbCdEf123", "", ""] };

/// The same bytes for every run, so that a finding can be repeated.
struct Fixed;

impl Random for Fixed {
    fn fill(&mut self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

struct Genuine {
    key: SealingKey,
    page: String,
    session: String,
}

fn genuine() -> &'static Genuine {
    static GENUINE: OnceLock<Genuine> = OnceLock::new();
    GENUINE.get_or_init(|| {
        let key = SealingKey::for_clients(&[1; 32]);
        let page = paging::seal(&key, &mut Fixed, NOW, USERS, "jane".into()).expect("a page is sealed");
        let session = Session { secret: [2; 16], expires_at: NOW + 180_000 };
        let session = session::seal(&key, &mut Fixed, &session);
        assert_eq!(paging::open(&key, NOW, USERS, &page).expect("a genuine token"), "jane");
        session::open(&key, NOW, &session).expect("a genuine session");
        Genuine { key, page, session }
    })
}

/// Tries the input as it is, encoded, and as a list of changes to what is genuine.
pub fn run(data: &[u8]) {
    let Genuine { key, page, session } = genuine();
    let text = String::from_utf8_lossy(data);
    let candidates = [
        text.clone().into_owned(),
        STANDARD.encode(data),
        URL_SAFE_NO_PAD.encode(data),
        // Whoever knows the key's name still does not know the key.
        STANDARD.encode([&SealingKey::for_clients(&[1; 32]).seal(&mut Fixed, "", b"").0[..8], data].concat()),
        changed(page, data),
        changed(session, data),
    ];
    for candidate in &candidates {
        assert!(candidate == page || paging::open(key, NOW, USERS, candidate).is_err(), "{candidate}");
        assert!(candidate == session || session::open(key, NOW, candidate).is_err(), "{candidate}");
    }
    // A genuine one opens no other list and nothing of another kind.
    let operation: String = text.chars().take(8).collect();
    let scope: Vec<&str> = text.split('/').take(4).collect();
    let other = List { operation: &operation, scope: &scope };
    assert!(
        operation == USERS.operation && scope == USERS.scope || paging::open(key, NOW, other, page).is_err()
    );
    assert!(session::open(key, NOW, page).is_err());
}

/// The token after the input's edits: a place, a kind of edit, and a letter each.
fn changed(token: &str, data: &[u8]) -> String {
    let mut letters: Vec<char> = token.chars().collect();
    let mut edits = Bytes(data);
    while !edits.0.is_empty() && !letters.is_empty() {
        let at = usize::from(edits.byte()) % letters.len();
        let kind = edits.byte();
        let letter = char::from(edits.byte());
        match kind % 5 {
            0 => letters[at] = letter,
            1 => letters.insert(at, letter),
            2 => drop(letters.remove(at)),
            3 => letters.truncate(at),
            _ => letters.push(letter),
        }
    }
    letters.into_iter().collect()
}
