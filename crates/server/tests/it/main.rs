//! The API ring: everything in process through the real router, on SQLite and on PostgreSQL.

#[macro_use]
#[allow(dead_code, reason = "a lab has more instruments than today's tests use")]
mod lab;

mod attacks;
mod attribute_rights;
mod audit_trail;
mod bad_input;
mod callers;
mod choice;
mod ci;
mod clients;
mod command_line;
mod compatibility;
mod delivery;
mod devices;
mod front;
mod gaps;
mod groups;
mod kms;
mod limits_page;
mod list_users;
mod message_limits;
mod model;
mod operation;
mod outbox;
mod overload;
mod own_account;
mod passkeys;
mod passwords_meanwhile;
mod pools;
mod program;
mod rate_limits;
mod recovery;
mod scene;
mod second_factor;
mod secrets_at_rest;
mod seed;
mod sessions;
mod sign_in;
mod sign_up;
mod signer;
mod sockets;
#[path = "../../../rules/src/webauthn/tests/soft_authenticator.rs"]
#[allow(dead_code, reason = "the tests of the rules use the rest")]
mod soft_authenticator;
mod srp_client;
mod tokens;
mod triggers;
mod two_nodes;
mod user_names;
mod users;
