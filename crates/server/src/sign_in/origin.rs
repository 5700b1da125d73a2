//! Where an attempt comes from, and what it uses up.

use super::{
    run::CheckAnswerer,
    session::{self, SessionKey},
};
use rules::{
    Millis, Result, fault,
    sign_in::SignIn,
    user::{User, passkey::Passkey},
};
use store::Tx;

/// What may be used once: its id, and until when it is remembered that it was.
#[derive(Clone, Copy, Debug)]
pub struct SingleUse {
    /// The id.
    pub id: [u8; 32],
    /// When it expires by itself.
    pub until: Millis,
}

/// What is used up when a first factor is accepted.
pub enum Spends {
    /// Nothing: the factor came with the first call.
    Nothing,
    /// What carried the state of the comparison.
    Once(SingleUse),
    /// The Session that was answered.
    Session(SessionKey),
}

/// A passkey whose signature was found good.
pub struct UsedPasskey {
    /// The passkey as it was when the signature was checked.
    pub passkey: Passkey,
    /// The counter that the signature brought.
    pub sign_count: i64,
}

/// A device that a client names.
#[derive(Clone)]
pub struct NamedDevice {
    /// DEVICE_KEY.
    pub key: String,
    /// Whether an unknown one is refused, so that the client forgets it and answers again; otherwise it is as if none had
    /// been named.
    pub is_refused: bool,
}

impl NamedDevice {
    /// The device of this call.
    pub fn now(key: &str) -> NamedDevice {
        NamedDevice { key: key.to_owned(), is_refused: true }
    }
}

/// Where the sign-in comes from, and what is spent when the answer is accepted.
pub enum Origin {
    /// It begins with a first factor that was compared already.
    FirstFactor {
        /// The user as it was when the factor was compared.
        user: Box<User>,
        /// What carried the state of the comparison, or was chosen by.
        spends: Spends,
        /// A new hash of the same password, where the stored one is not of the present cost.
        rehashed: Option<String>,
        /// The sign-in, where it was begun before.
        sign_in: Option<Box<SignIn>>,
    },
    /// It is under way, behind a Session.
    Session {
        /// Its place in the store.
        key: SessionKey,
        /// Who may answer it.
        check_answerer: Option<CheckAnswerer>,
    },
    /// It is in memory, since it has just begun or has waited for a function: there is nothing to spend.
    InMemory {
        /// The sign-in.
        sign_in: Box<SignIn>,
    },
}

impl Origin {
    /// Uses up what may be used once.
    ///
    /// # Errors
    /// NotAuthorizedException if another request did so first.
    pub fn spend(&self, tx: &mut Tx<'_>) -> Result<()> {
        match self {
            Origin::FirstFactor { spends: Spends::Once(SingleUse { id, until }), .. } => {
                if store::tickets::spend(tx, id, *until)? {
                    Ok(())
                } else {
                    Err(fault::session_used())
                }
            }
            Origin::Session { key, .. } | Origin::FirstFactor { spends: Spends::Session(key), .. } => {
                session::spend(tx, key)
            }
            Origin::FirstFactor { spends: Spends::Nothing, .. } | Origin::InMemory { .. } => Ok(()),
        }
    }
}
