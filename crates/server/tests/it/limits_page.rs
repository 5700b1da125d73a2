//! docs/limits.md: every limit, with the value that stands in the code. A limit that the table does not name fails the
//! test, and so does one that it names and the code has no longer.

use cognate::http::limits::Limits;
use std::{collections::BTreeSet, fmt::Write as _, fs, path::PathBuf, time::Duration};

const SECTIONS: [(&str, &[Row]); 6] = [
    ("Requests and connections", REQUESTS),
    ("Rates and work", RATES),
    ("Attempts and lives", ATTEMPTS),
    ("Things that are kept", THINGS),
    ("Background work and outside calls", OUTSIDE),
    ("The store", STORE),
];

/// What is limited, where its value stands, where it can be changed, and what happens beyond it.
type Row = (&'static str, Value, &'static str, &'static str);

enum Value {
    /// A constant of a file under `crates/`.
    Const(&'static str, &'static str),
    /// The number behind a text in a file under `crates/`, and its unit.
    After(&'static str, &'static str, &'static str),
    /// A field of the listener's limits.
    Listener(fn(&Limits) -> String),
    /// What stands in a model or elsewhere than in our code.
    Text(&'static str),
}

use Value::{After, Const, Listener, Text};

const FIXED: &str = "";
const TOO_MANY: &str = "TooManyRequestsException";
const LIMIT_EXCEEDED: &str = "LimitExceededException";
const INVALID: &str = "InvalidParameterException";
const CLOSED: &str = "the connection is closed";

const REQUESTS: &[Row] = &[
    (
        "body of a request",
        Listener(|l| bytes(l.body_bytes_max)),
        FIXED,
        "RequestEntityTooLargeException, 413",
    ),
    (
        "what is read of a body that is refused",
        Const("server/src/http/body.rs", "DISCARDED_BYTES_MAX"),
        FIXED,
        CLOSED,
    ),
    ("head of a request", Listener(|l| bytes(l.head_bytes_max)), FIXED, "431, and the connection is closed"),
    (
        "headers of a request",
        Listener(|l| l.headers_max.to_string()),
        FIXED,
        "431, and the connection is closed",
    ),
    (
        "time to send the head; pause between two requests of a connection",
        Listener(|l| time(l.head_timeout)),
        FIXED,
        CLOSED,
    ),
    ("time to send the body", Listener(|l| time(l.body_timeout)), FIXED, "SerializationException"),
    ("time to make an answer", Listener(|l| time(l.answer_timeout)), FIXED, "InternalErrorException, 500"),
    ("time to take a piece of the answer", Listener(|l| time(l.write_timeout)), FIXED, CLOSED),
    (
        "connections at once",
        Listener(|l| l.connections_max.to_string()),
        FIXED,
        "further ones wait in the system's queue",
    ),
    (
        "of these from one address, unless it is a proxy or local",
        Listener(|l| l.connections_per_address_max.to_string()),
        "`trusted_proxies`",
        CLOSED,
    ),
    (
        "body that any number of connections may send",
        Const("server/src/http/body.rs", "SMALL_BYTES_MAX"),
        FIXED,
        "",
    ),
    ("longer bodies at once", Const("server/src/http/body.rs", "LARGE_MAX"), FIXED, TOO_MANY),
    (
        "of these from one address, unless it is a proxy or local",
        Const("server/src/http/body.rs", "LARGE_PER_ADDRESS_MAX"),
        "`trusted_proxies`",
        TOO_MANY,
    ),
    ("depth of JSON", Text("128"), FIXED, "SerializationException"),
    (
        "members of a list or map whose model has no limit",
        Const("spec/src/validate.rs", "MEMBERS_MAX"),
        FIXED,
        INVALID,
    ),
    (
        "strings, lists, numbers",
        Text("as in AWS's models"),
        FIXED,
        "InvalidParameterException or ValidationException",
    ),
    (
        "errors of validation in one answer",
        Const("spec/src/validate.rs", "FINDINGS_MAX"),
        FIXED,
        "further ones are not named",
    ),
    (
        "how much of a wrong value an error repeats, in characters",
        Const("spec/src/validate.rs", "VALUE_CHARS_MAX"),
        FIXED,
        "cut",
    ),
    (
        "how much of an error's text a header repeats, in characters",
        Const("server/src/http/answer.rs", "HEADER_CHARACTERS_MAX"),
        FIXED,
        "cut",
    ),
    ("fields of a form or query", Const("spec/src/query.rs", "FIELDS_MAX"), FIXED, "MalformedInput"),
    (
        "pairs in the query of a signed request",
        Const("rules/src/callers/sigv4/reading.rs", "QUERY_PAIRS_MAX"),
        FIXED,
        "InvalidSignatureException",
    ),
    (
        "query of a signed request",
        Const("rules/src/callers/sigv4/reading.rs", "QUERY_BYTES_MAX"),
        FIXED,
        "InvalidSignatureException",
    ),
    (
        "Authorization header",
        Const("rules/src/callers/sigv4/reading.rs", "AUTHORIZATION_BYTES_MAX"),
        FIXED,
        "IncompleteSignatureException",
    ),
    (
        "credential of a signature",
        Const("rules/src/callers/sigv4/reading.rs", "CREDENTIAL_BYTES_MAX"),
        FIXED,
        "IncompleteSignatureException",
    ),
    (
        "signed headers",
        Const("rules/src/callers/sigv4/reading.rs", "SIGNED_HEADERS_MAX"),
        FIXED,
        "IncompleteSignatureException",
    ),
    (
        "session token of a signature",
        Const("rules/src/callers/sigv4/reading.rs", "SESSION_TOKEN_BYTES_MAX"),
        FIXED,
        "UnrecognizedClientException",
    ),
    (
        "life of a presigned address",
        Const("rules/src/callers/sigv4.rs", "PRESIGNED_SECONDS_MAX"),
        FIXED,
        "InvalidSignatureException",
    ),
    (
        "difference of clocks of a signature",
        Const("server/src/operator.rs", "SKEW_MINUTES"),
        FIXED,
        "InvalidSignatureException",
    ),
    ("the same for STS", Const("server/src/operator.rs", "STS_SKEW_MINUTES"), FIXED, "SignatureDoesNotMatch"),
    (
        "access token that is looked at, in characters",
        Const("server/src/caller.rs", "TOKEN_CHARACTERS_MAX"),
        FIXED,
        "NotAuthorizedException",
    ),
    ("digits of SRP_A", Const("rules/src/sign_in/srp.rs", "PUBLIC_VALUE_DIGITS_MAX"), FIXED, INVALID),
    (
        "TIMESTAMP of SRP",
        Const("rules/src/sign_in/srp/timestamp.rs", "TEXT_BYTES_MAX"),
        FIXED,
        "NotAuthorizedException",
    ),
    (
        "filter of ListUsers, in characters",
        Const("rules/src/pool/user_filter.rs", "FILTER_CHARACTERS_MAX"),
        FIXED,
        INVALID,
    ),
    (
        "page of a list",
        Const("server/src/cognito_idp/pages.rs", "LENGTH_MAX"),
        "the operation's Limit or MaxResults",
        INVALID,
    ),
    ("life of a page token", Const("rules/src/pages.rs", "TTL_MS"), FIXED, INVALID),
    (
        "list of headers that a preflight asks for, in characters",
        Const("server/src/http/cors.rs", "REQUESTED_CHARACTERS_MAX"),
        FIXED,
        "only the known ones are allowed",
    ),
    (
        "headers in it",
        Const("server/src/http/cors.rs", "REQUESTED_NAMES_MAX"),
        FIXED,
        "only the known ones are allowed",
    ),
    ("body of `/_cognate/clock`", Const("server/src/development/mod.rs", "BODY_BYTES_MAX"), FIXED, "413"),
];

const RATES: &[Row] = &[
    (
        "requests a second from one address that signs none, in production",
        Const("server/src/cli/rates.rs", "PER_ADDRESS"),
        "`rate_per_address`",
        TOO_MANY,
    ),
    (
        "requests a second about one user, in production",
        Const("server/src/cli/rates.rs", "PER_USER"),
        "`rate_per_user`",
        TOO_MANY,
    ),
    (
        "seconds' worth that an address or user may send at once",
        Const("server/src/rate_limits.rs", "BURST_SECONDS"),
        FIXED,
        TOO_MANY,
    ),
    (
        "wrong signatures a second from one address, in production",
        Const("server/src/cli/rates.rs", "PER_ADDRESS"),
        "`rate_per_address`",
        TOO_MANY,
    ),
    (
        "signatures from one address that are wrong or not looked at yet, at once",
        Listener(|l| l.connections_per_address_max.to_string()),
        FIXED,
        TOO_MANY,
    ),
    ("requests a second of a category", Text("none, or Cognito's"), "`rate_categories`", TOO_MANY),
    (
        "requests a second of one operation for one pool, with Cognito's categories",
        Const("rules/src/quotas.rs", "PER_POOL_AND_OPERATION"),
        "`rate_categories`",
        TOO_MANY,
    ),
    (
        "places in a row of counters",
        Const("server/src/rate_limits/counters.rs", "PLACES"),
        FIXED,
        "addresses or names share a place",
    ),
    (
        "work that may run and wait for each processor; three hashes, if these take longer",
        Const("server/src/work.rs", "WAITING_MS"),
        FIXED,
        TOO_MANY,
    ),
    (
        "the part of it for sign-ins that were begun, in percent",
        Const("server/src/work.rs", "RESERVED_PERCENT"),
        FIXED,
        "new sign-ins are refused first",
    ),
    ("hashes at once", Text("one for each processor"), FIXED, "further ones wait"),
    ("signatures and halves of SRP at once", Text("one for each processor"), FIXED, "further ones wait"),
    (
        "messages to one address in an hour",
        Const("server/src/delivery/mod.rs", "HOURLY_PER_RECIPIENT"),
        FIXED,
        TOO_MANY,
    ),
    ("messages that wait for delivery", Const("server/src/delivery/mod.rs", "WAITING_MAX"), FIXED, TOO_MANY),
];

const CODES: &str = "server/src/codes.rs";

const ATTEMPTS: &[Row] = &[
    (
        "wrong passwords in a row, or wrong codes of second factors",
        Const("rules/src/sign_in/lockout.rs", "FREE_FAILURES"),
        FIXED,
        "NotAuthorizedException for 1 s, doubled with each further one",
    ),
    (
        "the longest of these locks, and after what time all is forgotten",
        Const("rules/src/sign_in/lockout.rs", "FORGOTTEN_AFTER_MS"),
        FIXED,
        "",
    ),
    ("tries of a sign-up's code in an hour", After(CODES, "(\"ConfirmSignUp\", ", ""), FIXED, LIMIT_EXCEEDED),
    (
        "tries of an address's code in an hour",
        After(CODES, "(\"VerifyUserAttribute\", ", ""),
        FIXED,
        LIMIT_EXCEEDED,
    ),
    (
        "tries of a reset's code in an hour",
        After(CODES, "(\"ConfirmForgotPassword\", ", ""),
        FIXED,
        LIMIT_EXCEEDED,
    ),
    (
        "requests of another sign-up code in an hour",
        After(CODES, "(\"ResendConfirmationCode\", ", ""),
        FIXED,
        LIMIT_EXCEEDED,
    ),
    (
        "requests of an address's code in an hour",
        After(CODES, "(\"GetUserAttributeVerificationCode\", ", ""),
        FIXED,
        LIMIT_EXCEEDED,
    ),
    (
        "changes of one's address that send a code, in an hour",
        After(CODES, "(\"UpdateUserAttributes\", ", ""),
        FIXED,
        TOO_MANY,
    ),
    (
        "requests of a reset's code in an hour",
        After(CODES, "(\"ForgotPassword\", ", ""),
        FIXED,
        LIMIT_EXCEEDED,
    ),
    (
        "tries of the present password at ChangePassword in an hour",
        After(CODES, "(\"ChangePassword\", ", ""),
        FIXED,
        LIMIT_EXCEEDED,
    ),
    (
        "codes of second factors in an hour",
        Const("server/src/cognito_idp/sign_in/challenge.rs", "CODES_PER_HOUR"),
        FIXED,
        TOO_MANY,
    ),
    (
        "life of a code for sign-up or an address, in hours",
        After(CODES, "CodePurpose::SignUp | CodePurpose::Attribute(_) => ", ""),
        FIXED,
        "ExpiredCodeException",
    ),
    ("life of a reset's code", Const("server/src/codes.rs", "HOUR_MS"), FIXED, "ExpiredCodeException"),
    (
        "life of a session of a sign-in",
        Text("3 min"),
        "the client's AuthSessionValidity, 3 to 15",
        "NotAuthorizedException",
    ),
    (
        "time to prove a new authenticator app",
        Const("server/src/cognito_idp/software_token.rs", "REGISTRATION_TTL_MS"),
        FIXED,
        "EnableSoftwareTokenMFAException",
    ),
    (
        "difference of clocks in SRP's TIMESTAMP",
        Const("server/src/cognito_idp/sign_in/srp.rs", "TIMESTAMP_TOLERANCE_MS"),
        FIXED,
        "NotAuthorizedException",
    ),
    ("life of ID and access tokens", Text("5 min to 1 day"), "the client's validities", INVALID),
    ("life of refresh tokens", Text("1 hour to 10 years"), "the client's validities", INVALID),
    (
        "use of what was read of signing keys",
        Const("server/src/keys.rs", "KEYS_TTL_MS"),
        FIXED,
        "it is read again",
    ),
    (
        "use of what was read of pools, clients and access keys",
        Const("server/src/app.rs", "CONFIGURATION_TTL_MS"),
        FIXED,
        "it is read again",
    ),
];

const THINGS: &[Row] = &[
    ("user pools", Const("server/src/cognito_idp/pools.rs", "POOLS_MAX"), FIXED, LIMIT_EXCEEDED),
    ("clients of a pool", Const("rules/src/pool/client_settings.rs", "CLIENTS_MAX"), FIXED, LIMIT_EXCEEDED),
    (
        "secrets of a client",
        Const("server/src/cognito_idp/client_secrets.rs", "SECRETS_MAX"),
        FIXED,
        LIMIT_EXCEEDED,
    ),
    (
        "groups of a pool",
        Const("server/src/cognito_idp/groups.rs", "GROUPS_PER_POOL_MAX"),
        FIXED,
        LIMIT_EXCEEDED,
    ),
    (
        "groups of a user",
        Const("server/src/cognito_idp/group_members.rs", "GROUPS_PER_USER_MAX"),
        FIXED,
        LIMIT_EXCEEDED,
    ),
    ("users of a pool", Text("none but the disk's"), FIXED, ""),
    (
        "custom attributes of a pool",
        Const("rules/src/pool/schema.rs", "CUSTOM_ATTRIBUTES_MAX"),
        FIXED,
        INVALID,
    ),
    (
        "name of an attribute, in characters",
        Const("rules/src/user/attributes.rs", "NAME_CHARACTERS_MAX"),
        FIXED,
        INVALID,
    ),
    (
        "value of an attribute, in characters",
        Const("rules/src/user/attributes.rs", "VALUE_CHARACTERS_MAX"),
        FIXED,
        INVALID,
    ),
    (
        "the longest value that a pool may allow, in characters",
        Const("rules/src/pool/schema.rs", "VALUE_CHARACTERS_MAX"),
        FIXED,
        INVALID,
    ),
    ("e-mail address", Const("rules/src/user/formats.rs", "EMAIL_BYTES_MAX"), FIXED, INVALID),
    ("digits of a phone number", Const("rules/src/user/formats.rs", "PHONE_DIGITS_MAX"), FIXED, INVALID),
    (
        "name of an authenticator app, in characters",
        Const("rules/src/sign_in/totp.rs", "DEVICE_NAME_CHARACTERS_MAX"),
        FIXED,
        INVALID,
    ),
    (
        "password, in characters",
        Const("rules/src/pool/password_policy.rs", "PASSWORD_CHARACTERS_MAX"),
        FIXED,
        "InvalidPasswordException; at a sign-in a wrong password",
    ),
    ("passwords of a user's history", Text("24"), "the pool's PasswordHistorySize", INVALID),
    ("tags of a pool", Const("rules/src/pool/tags.rs", "TAGS_MAX"), FIXED, "UserPoolTaggingException"),
    (
        "name of an access key, in characters",
        Const("server/src/access_keys.rs", "NAME_CHARACTERS_MAX"),
        FIXED,
        "the command refuses",
    ),
    (
        "policy of an access key, in characters",
        Const("rules/src/callers/policy.rs", "POLICY_CHARACTERS_MAX"),
        FIXED,
        "the command refuses",
    ),
    (
        "statements of a policy",
        Const("rules/src/callers/policy.rs", "STATEMENTS_MAX"),
        FIXED,
        "the command refuses",
    ),
    (
        "file of a policy",
        Const("rules/src/callers/policy.rs", "DOCUMENT_BYTES_MAX"),
        FIXED,
        "the command refuses",
    ),
    (
        "file of a seed",
        Const("server/src/seed/file.rs", "FILE_BYTES_MAX"),
        FIXED,
        "the server does not start",
    ),
    (
        "tries to apply a seed beside another node",
        Const("server/src/seed/mod.rs", "TRIES_MAX"),
        FIXED,
        "the server does not start",
    ),
    (
        "audit events that wait for the store",
        Const("server/src/audit.rs", "WAITING_MAX"),
        FIXED,
        "lost, and counted in `cognate_audit_dropped`",
    ),
    (
        "audit trail, in days",
        After("server/src/config.rs", "            audit_days: ", ""),
        "`audit_days`",
        "removed",
    ),
    (
        "what a client calls itself, in the audit trail, in characters",
        Const("server/src/audit.rs", "USER_AGENT_CHARACTERS_MAX"),
        FIXED,
        "cut",
    ),
    (
        "counters of attempts after the last one",
        Const("server/src/jobs/mod.rs", "ATTEMPTS_KEPT_MS"),
        FIXED,
        "removed",
    ),
    ("refresh tokens after their end", Const("server/src/jobs/mod.rs", "GRANTS_KEPT_MS"), FIXED, "removed"),
    (
        "messages after delivery or without a way out",
        Const("server/src/jobs/mod.rs", "MESSAGES_KEPT_MS"),
        FIXED,
        "removed",
    ),
    (
        "the same, in number",
        Const("server/src/jobs/mod.rs", "MESSAGES_KEPT_MAX"),
        FIXED,
        "the oldest are removed",
    ),
    (
        "messages that the development outbox shows",
        Const("server/src/pages/outbox.rs", "MESSAGES_MAX"),
        FIXED,
        "the newest are shown",
    ),
    (
        "pools, clients and access keys in memory, each",
        Const("server/src/app.rs", "CONFIGURATION_ENTRIES_MAX"),
        FIXED,
        "read from the store",
    ),
    ("key pairs made ahead", Const("server/src/keys.rs", "SPARE_MAX"), FIXED, "no more are made"),
    (
        "master keys after they were replaced",
        Const("server/src/master_keys.rs", "REPLACED_KEPT_MS"),
        FIXED,
        "removed",
    ),
];

const OUTSIDE: &[Row] = &[
    (
        "one try of one message, by SMTP or webhook",
        Const("server/src/delivery/mod.rs", "TRY_TIMEOUT"),
        FIXED,
        "tried again later",
    ),
    ("messages that are tried at once", Const("server/src/delivery/job.rs", "AT_ONCE"), FIXED, "wait"),
    ("tries of a message", Text("10, within 9 hours"), FIXED, "given up"),
    (
        "how much of a delivery's error is kept, in characters",
        Const("server/src/delivery/job.rs", "REASON_CHARACTERS_MAX"),
        FIXED,
        "cut",
    ),
    ("traces to a collector", Const("server/src/cli/telemetry.rs", "EXPORT_TIMEOUT"), FIXED, "lost"),
    (
        "time that a shutdown waits for what was accepted",
        Listener(|l| time(l.shutdown_timeout)),
        FIXED,
        "cut off",
    ),
    ("pause of a removal of what has ended", Const("server/src/jobs/mod.rs", "PURGE_PAUSE"), FIXED, ""),
    (
        "collisions of one page of a change of the master key with running servers",
        Const("server/src/master_keys.rs", "COLLISIONS_MAX"),
        FIXED,
        "the command ends; run it again, and it goes on",
    ),
    (
        "audit events that one transaction removes",
        Const("server/src/audit.rs", "PURGED_MAX"),
        FIXED,
        "further ones by the next",
    ),
    (
        "audit events that one transaction stores",
        Const("server/src/audit.rs", "GROUP_MAX"),
        FIXED,
        "further ones by the next",
    ),
    (
        "pause after a connection could not be accepted",
        Const("server/src/http/listener.rs", "ACCEPT_PAUSE"),
        FIXED,
        "",
    ),
    (
        "`cognate doctor`'s patience with each outside thing",
        Const("server/src/cli/doctor.rs", "PATIENCE"),
        FIXED,
        "reported",
    ),
];

const STORE: &[Row] = &[
    (
        "reads and writes that wait for SQLite, each",
        Const("store/src/db/sqlite.rs", "QUEUE_CAPACITY"),
        FIXED,
        TOO_MANY,
    ),
    (
        "reads of many rows from SQLite at once: as many as processors, at least 2 and at most",
        Const("store/src/db/sqlite.rs", "READERS_MAX"),
        FIXED,
        "further ones wait",
    ),
    (
        "writes in one commit of SQLite",
        Const("store/src/db/sqlite/worker.rs", "GROUP_MAX"),
        FIXED,
        "further ones by the next",
    ),
    (
        "wait for another process that writes SQLite's file",
        Const("store/src/db/sqlite.rs", "BUSY_TIMEOUT"),
        FIXED,
        "InternalErrorException, 500",
    ),
    (
        "connections of a node to PostgreSQL",
        Const("store/src/db/postgres/pools.rs", "CONNECTIONS_MAX"),
        FIXED,
        "further queries wait",
    ),
    (
        "wait for one of them",
        Const("store/src/db/postgres/pools.rs", "POOL_TIMEOUT"),
        FIXED,
        "InternalErrorException, 500",
    ),
    (
        "connections beside them that lookups share",
        Const("store/src/db/postgres/lookup_connections.rs", "LOOKUP_CONNECTIONS"),
        FIXED,
        "they are shared by more",
    ),
    (
        "lookups under way on one of these",
        Const("store/src/db/postgres/lookup_connections.rs", "SHARERS_MAX"),
        FIXED,
        "further ones get a connection of their own",
    ),
    (
        "connecting to PostgreSQL",
        Const("store/src/db/postgres_address.rs", "CONNECT_TIMEOUT"),
        "`connect_timeout` in the URL",
        "InternalErrorException, 500",
    ),
    (
        "statements of a lookup in PostgreSQL that needs no thread of its own",
        Const("store/src/db/postgres/lookups.rs", "STATEMENTS_MAX"),
        FIXED,
        "it gets one",
    ),
    (
        "statement of PostgreSQL",
        Const("store/src/db/postgres.rs", "STATEMENT_TIMEOUT"),
        FIXED,
        "InternalErrorException, 500",
    ),
    (
        "lock that a migration waits for in PostgreSQL",
        Const("store/src/db/postgres.rs", "LOCK_TIMEOUT"),
        FIXED,
        "it is undone, to be run again",
    ),
    ("tries of a transaction that collides", Const("store/src/db/postgres.rs", "TRIES_MAX"), FIXED, TOO_MANY),
    (
        "of these beside others",
        Const("store/src/db/postgres.rs", "TRIES_WITH_COMPANY"),
        FIXED,
        "the rest alone",
    ),
];

/// Constants that are named like limits and are none.
const OTHERS: &[&str] = &["MODULUS_BYTES_MAX", "DEVICE_SALT_BYTES_MAX", "ID_TRIES", "STEP_MS_MAX"];

/// Parts of names by which a constant is taken for a limit.
const MARKS: [&str; 9] =
    ["_MAX", "TIMEOUT", "_TTL", "TTL_", "CAPACITY", "TRIES", "HOURLY", "PATIENCE", "_KEPT_MS"];

#[test]
#[allow(clippy::disallowed_methods, reason = "whoever runs the test says that the page shall be written")]
fn the_page_of_limits_is_fresh() {
    let path = root().join("../docs/limits.md");
    if std::env::var("UPDATE").is_ok() {
        fs::write(&path, document()).unwrap();
    }
    assert_eq!(fs::read_to_string(path).unwrap_or_default(), document(), "run the test with UPDATE=1");
}

#[test]
fn every_limit_is_on_the_page() {
    let named: BTreeSet<(&str, &str)> = SECTIONS
        .iter()
        .flat_map(|(_, rows)| *rows)
        .filter_map(|(_, value, ..)| if let Const(file, name) = value { Some((*file, *name)) } else { None })
        .collect();
    let mut missing = Vec::new();
    for folder in ["modexp", "spec", "rules", "store", "server"] {
        for path in sources(&root().join(folder).join("src")) {
            let file = path.strip_prefix(root()).unwrap().to_str().unwrap();
            for (name, _) in constants(&fs::read_to_string(&path).unwrap()) {
                let is_limit = MARKS.iter().any(|mark| name.contains(mark));
                if is_limit && !OTHERS.contains(&&*name) && !named.contains(&(file, &*name)) {
                    missing.push(format!("{file} {name}"));
                }
            }
        }
    }
    assert!(missing.is_empty(), "name these in SECTIONS: {missing:#?}");
}

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn document() -> String {
    let mut text = String::from(
        "# Limits\n\n\
         What a request, a user, a process may use at most, and what happens beyond it. A limit without a setting is \
         fixed in the program. [configuration.md](configuration.md) has the settings, and \
         [operations.md](operations.md) says how the rates work.\n",
    );
    for (title, rows) in SECTIONS {
        let _ = write!(
            text,
            "\n## {title}\n\n| limit | value | setting | beyond it |\n| --- | --- | --- | --- |\n"
        );
        for (what, value, setting, beyond) in rows {
            let _ = writeln!(text, "| {what} | {} | {setting} | {beyond} |", shown(value));
        }
    }
    text
}

fn shown(value: &Value) -> String {
    match value {
        Text(text) => (*text).to_owned(),
        Listener(field) => field(&Limits::default()),
        After(file, marker, unit) => {
            let text = source(file);
            let (_, rest) = text.split_once(marker).unwrap_or_else(|| panic!("{file} has no {marker}"));
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            assert!(!digits.is_empty(), "{file}: no number behind {marker}");
            format!("{digits}{unit}")
        }
        Const(file, name) => {
            let found = constants(&source(file)).into_iter().find(|(found, _)| found == name);
            let (_, expression) = found.unwrap_or_else(|| panic!("{file} has no constant {name}"));
            with_unit(name, &source(file), &expression)
        }
    }
}

fn source(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

/// The files of a folder, without those that are generated or are tests.
fn sources(folder: &std::path::Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        match name {
            "generated" | "tests" | "tests.rs" => {}
            _ if path.is_dir() => found.extend(sources(&path)),
            _ if name.ends_with(".rs") => found.push(path),
            _ => {}
        }
    }
    found
}

/// The constants of a file that are numbers or durations, each with its expression.
fn constants(text: &str) -> Vec<(String, String)> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    code.lines()
        .filter_map(|line| {
            let rest = line.trim_start();
            let rest = rest.strip_prefix("pub(crate) ").or(rest.strip_prefix("pub ")).unwrap_or(rest);
            let (name, rest) = rest.strip_prefix("const ")?.split_once(": ")?;
            let (kind, expression) = rest.split_once(" = ")?;
            let is_number = kind == "Duration" || kind.starts_with(['i', 'u']) && !kind.contains('<');
            is_number.then(|| (name.to_owned(), expression.trim_end_matches(';').to_owned()))
        })
        .collect()
}

/// The value of products, shifts, durations and other constants of the same file.
fn evaluate(text: &str, expression: &str) -> u64 {
    let expression = expression.trim();
    for (call, factor) in [("Duration::from_secs(", 1_000), ("Duration::from_millis(", 1)] {
        if let Some(rest) = expression.strip_prefix(call) {
            return evaluate(text, rest.trim_end_matches(')')) * factor;
        }
    }
    if let Some((left, right)) = expression.split_once("<<") {
        return evaluate(text, left) << evaluate(text, right);
    }
    if let Some((left, right)) = expression.rsplit_once('*') {
        return evaluate(text, left) * evaluate(text, right);
    }
    if let Ok(number) = expression.replace('_', "").parse() {
        return number;
    }
    let found = constants(text).into_iter().find(|(name, _)| name == expression);
    let (_, found) = found.unwrap_or_else(|| panic!("cannot tell the value of {expression}"));
    evaluate(text, &found)
}

fn with_unit(name: &str, text: &str, expression: &str) -> String {
    let value = evaluate(text, expression);
    let is_duration = expression.starts_with("Duration");
    if is_duration || name.ends_with("_MS") {
        time(Duration::from_millis(value))
    } else if name.contains("_SECONDS_") {
        time(Duration::from_secs(value))
    } else if name.contains("_MINUTES") {
        time(Duration::from_secs(value * 60))
    } else if name.contains("BYTES_MAX") {
        bytes(usize::try_from(value).unwrap())
    } else {
        grouped(value)
    }
}

fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn bytes(value: usize) -> String {
    match value {
        v if v >= 1 << 20 && v % (1 << 20) == 0 => format!("{} MiB", v >> 20),
        v if v >= 1 << 10 && v % (1 << 10) == 0 => format!("{} KiB", v >> 10),
        v => format!("{v} bytes"),
    }
}

fn time(value: Duration) -> String {
    let ms = u64::try_from(value.as_millis()).unwrap();
    for (unit, length) in [("days", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000)] {
        if ms >= length && ms.is_multiple_of(length) {
            let count = ms / length;
            let unit = if unit == "days" && count == 1 { "day" } else { unit };
            return format!("{count} {unit}");
        }
    }
    format!("{ms} ms")
}
