//! docs/limits.md: every limit, with the value that stands in the code. A limit that the table does not name fails the
//! test, and so does one that it names and the code has no longer.

use cognate::http::limits::Limits;
use std::{fmt::Write as _, fs, path::PathBuf, sync::OnceLock, time::Duration};

const SECTIONS: [(&str, &[Row]); 8] = [
    ("Requests and connections", REQUESTS),
    ("Rates and work", RATES),
    ("Attempts and lives", ATTEMPTS),
    ("Things that are kept", THINGS),
    ("Passkeys that clients send", PASSKEYS),
    ("Functions that pools name", TRIGGERS),
    ("Background work and outside calls", OUTSIDE),
    ("The store", STORE),
];

/// What is limited, where its value stands, where it can be changed, and what happens beyond it.
type Row = (&'static str, Value, &'static str, &'static str);

enum Value {
    /// A constant of a crate, by its name wherever it stands. Where two have one name, a folder or module follows the
    /// crate, as in `server/audit`.
    Const(&'static str, &'static str),
    /// The number behind a text of a crate, likewise, and its unit.
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
const BAD_REPLY: &str = "InvalidLambdaResponseException";
const MESSAGE_AGAIN: &str = "the message is tried again";
const NOT_SUPPORTED: &str = "WebAuthnCredentialNotSupportedException";
const CLOSED: &str = "the connection is closed";

/// What is answered at a registration. At a sign-in the proof is wrong.
const PASSKEYS: &[Row] = &[
    ("client data", Const("rules/webauthn", "CLIENT_DATA_BYTES_MAX"), FIXED, INVALID),
    ("attestation object", Const("rules/webauthn", "ATTESTATION_OBJECT_BYTES_MAX"), FIXED, INVALID),
    ("authenticator data", Const("rules/webauthn", "AUTHENTICATOR_DATA_BYTES_MAX"), FIXED, INVALID),
    ("credential id", Const("rules/webauthn", "CREDENTIAL_ID_BYTES_MAX"), FIXED, INVALID),
    ("signature", Const("rules/webauthn", "SIGNATURE_BYTES_MAX"), FIXED, INVALID),
    ("user handle", Const("rules/webauthn", "USER_HANDLE_BYTES_MAX"), FIXED, INVALID),
    ("CREDENTIAL of a sign-in", Const("server", "CREDENTIAL_BYTES_MAX"), FIXED, "NotAuthorizedException"),
    ("transports", Const("rules/webauthn", "TRANSPORTS_MAX"), FIXED, INVALID),
    (
        "name of a transport, in characters",
        Const("rules/webauthn", "TRANSPORT_CHARACTERS_MAX"),
        FIXED,
        INVALID,
    ),
    ("entries of a list or map of CBOR", Const("rules/webauthn", "CBOR_ENTRIES_MAX"), FIXED, INVALID),
    ("depth of CBOR", Const("rules/webauthn", "CBOR_DEPTH_MAX"), FIXED, INVALID),
    ("values in one text of CBOR", Const("rules/webauthn", "CBOR_VALUES_MAX"), FIXED, INVALID),
    ("public key", Const("rules/webauthn", "PUBLIC_KEY_BYTES_MAX"), FIXED, NOT_SUPPORTED),
    ("modulus of an RSA key, in bits", Const("rules/webauthn", "RSA_BITS_MAX"), FIXED, NOT_SUPPORTED),
    ("exponent of an RSA key", Const("rules/webauthn", "RSA_EXPONENT_BYTES_MAX"), FIXED, NOT_SUPPORTED),
    ("certificates of an attestation", Const("rules/webauthn", "CERTIFICATES_MAX"), FIXED, INVALID),
    (
        "a certificate of an attestation",
        Const("rules/webauthn", "CERTIFICATE_BYTES_MAX"),
        FIXED,
        NOT_SUPPORTED,
    ),
    (
        "extensions of a certificate, and parts of its subject",
        Const("rules/webauthn", "CERTIFICATE_PARTS_MAX"),
        FIXED,
        NOT_SUPPORTED,
    ),
    ("origin", Const("rules/webauthn", "ORIGIN_BYTES_MAX"), FIXED, "WebAuthnOriginNotAllowedException"),
];

const TRIGGERS: &[Row] = &[
    (
        "how much of a function's own error an answer repeats, in characters",
        Const("rules", "MESSAGE_CHARACTERS_MAX"),
        FIXED,
        "cut",
    ),
    ("the same, in logs and events", Const("server", "ERROR_CHARACTERS_MAX"), FIXED, "cut"),
    (
        "different passwords, codes, answers and private parameters that are sought in what a function says, and in \
         what a program prints for eight events together",
        Const("server", "SOUGHT_MAX"),
        FIXED,
        "all of it is logged as `***`",
    ),
    (
        "rounds of a custom sign-in, whatever its functions say",
        Const("rules", "ROUNDS_MAX"),
        FIXED,
        "NotAuthorizedException",
    ),
    (
        "sign-ins by functions or by a code alone that one address (an IPv6 /64) begins in an hour in a pool, but for administrators",
        After(CODES, "(\"CustomSignIns\", ", ""),
        FIXED,
        TOO_MANY,
    ),
    ("parameters of a custom question", Const("rules", "PARAMETERS_BYTES_MAX"), FIXED, BAD_REPLY),
    ("challengeMetadata", Const("rules", "METADATA_BYTES_MAX"), FIXED, BAD_REPLY),
    ("claims and scopes that a function adds", Const("rules", "CLAIMS_BYTES_MAX"), FIXED, BAD_REPLY),
    ("entries of a list or map in a reply", Const("rules", "ENTRIES_MAX"), FIXED, BAD_REPLY),
    ("SMS that a function writes, in characters", Const("rules", "SMS_CHARACTERS_MAX"), FIXED, BAD_REPLY),
    (
        "e-mail that a function writes, in characters",
        Const("rules", "EMAIL_CHARACTERS_MAX"),
        FIXED,
        BAD_REPLY,
    ),
    (
        "subject that a function writes, in characters",
        Const("rules", "SUBJECT_CHARACTERS_MAX"),
        FIXED,
        BAD_REPLY,
    ),
    (
        "all functions of one call together",
        Const("server", "FUNCTIONS_TIMEOUT"),
        FIXED,
        "UnexpectedLambdaException",
    ),
    (
        "functions that one entry runs as programs",
        Const("server", "PROGRAMS_MAX"),
        FIXED,
        "the one that is idle for the longest time ends; while calls have all of them, UnexpectedLambdaException",
    ),
    ("reply of a program", Const("server/program", "REPLY_BYTES_MAX"), FIXED, BAD_REPLY),
    (
        "connections of a program to its Runtime API",
        Const("server/program", "CONNECTIONS_MAX"),
        FIXED,
        "further ones wait",
    ),
    (
        "time for a program to ask for its first event",
        Const("server/program", "START_MAX"),
        FIXED,
        "it is killed",
    ),
    (
        "lines of a program's output that are logged for each event",
        Const("server/program", "LINES_MAX"),
        FIXED,
        "further ones are counted",
    ),
    ("their length together", Const("server/program", "BYTES_MAX"), FIXED, "further ones are counted"),
    ("length of one of them", Const("server/program", "LINE_BYTES_MAX"), FIXED, "cut"),
    (
        "time that a program's last output is waited for",
        Const("server/program", "DRAIN_MAX"),
        FIXED,
        "it is not logged",
    ),
    (
        "pauses of 1 ms in which an event waits until what its program printed before has been read",
        Const("server/program", "PAUSES_MAX"),
        FIXED,
        "the call goes on",
    ),
    (
        "files beside a handler that are looked at for changes, in development",
        Const("server/program", "FILES_MAX"),
        FIXED,
        "others are not",
    ),
    (
        "refusals of a custom sender for one message",
        Const("server", "REFUSALS_MAX"),
        FIXED,
        "the message is given up",
    ),
];

const REQUESTS: &[Row] = &[
    (
        "body of a request",
        Listener(|l| bytes(l.body_bytes_max)),
        FIXED,
        "RequestEntityTooLargeException, 413",
    ),
    ("what is read of a body that is refused", Const("server", "DISCARDED_BYTES_MAX"), FIXED, CLOSED),
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
    ("body that any number of connections may send", Const("server", "SMALL_BYTES_MAX"), FIXED, ""),
    ("longer bodies at once", Const("server", "LARGE_MAX"), FIXED, TOO_MANY),
    (
        "of these from one address, unless it is a proxy or local",
        Const("server", "LARGE_PER_ADDRESS_MAX"),
        "`trusted_proxies`",
        TOO_MANY,
    ),
    ("depth of JSON", Text("128"), FIXED, "SerializationException"),
    ("members of a list or map whose model has no limit", Const("spec", "MEMBERS_MAX"), FIXED, INVALID),
    (
        "strings, lists, numbers",
        Text("as in AWS's models"),
        FIXED,
        "InvalidParameterException or ValidationException",
    ),
    (
        "errors of validation in one answer",
        Const("spec", "FINDINGS_MAX"),
        FIXED,
        "further ones are not named",
    ),
    (
        "how much of a wrong value an error repeats, in characters",
        Const("spec", "VALUE_CHARS_MAX"),
        FIXED,
        "cut",
    ),
    (
        "how much of an error's text a header repeats, in characters",
        Const("server", "HEADER_CHARACTERS_MAX"),
        FIXED,
        "cut",
    ),
    ("fields of a form or query", Const("spec", "FIELDS_MAX"), FIXED, "MalformedInput"),
    (
        "pairs in the query of a signed request",
        Const("rules", "QUERY_PAIRS_MAX"),
        FIXED,
        "InvalidSignatureException",
    ),
    ("query of a signed request", Const("rules", "QUERY_BYTES_MAX"), FIXED, "InvalidSignatureException"),
    (
        "Authorization header",
        Const("rules", "AUTHORIZATION_BYTES_MAX"),
        FIXED,
        "IncompleteSignatureException",
    ),
    (
        "credential of a signature",
        Const("rules", "CREDENTIAL_BYTES_MAX"),
        FIXED,
        "IncompleteSignatureException",
    ),
    ("signed headers", Const("rules", "SIGNED_HEADERS_MAX"), FIXED, "IncompleteSignatureException"),
    (
        "session token of a signature",
        Const("rules", "SESSION_TOKEN_BYTES_MAX"),
        FIXED,
        "UnrecognizedClientException",
    ),
    (
        "life of a presigned address",
        Const("rules", "PRESIGNED_SECONDS_MAX"),
        FIXED,
        "InvalidSignatureException",
    ),
    (
        "difference of clocks of a signature",
        Const("server", "SKEW_MINUTES"),
        FIXED,
        "InvalidSignatureException",
    ),
    ("the same for STS", Const("server", "STS_SKEW_MINUTES"), FIXED, "SignatureDoesNotMatch"),
    (
        "access token that is looked at, in characters",
        Const("server", "TOKEN_CHARACTERS_MAX"),
        FIXED,
        "NotAuthorizedException",
    ),
    ("digits of SRP_A", Const("rules", "PUBLIC_VALUE_DIGITS_MAX"), FIXED, INVALID),
    ("TIMESTAMP of SRP", Const("rules", "TEXT_BYTES_MAX"), FIXED, "NotAuthorizedException"),
    ("filter of ListUsers, in characters", Const("rules", "FILTER_CHARACTERS_MAX"), FIXED, INVALID),
    ("page of a list", Const("server", "LENGTH_MAX"), "the operation's Limit or MaxResults", INVALID),
    ("life of a page token", Const("rules", "TTL_MS"), FIXED, INVALID),
    (
        "list of headers that a preflight asks for, in characters",
        Const("server", "REQUESTED_CHARACTERS_MAX"),
        FIXED,
        "only the known ones are allowed",
    ),
    ("headers in it", Const("server", "REQUESTED_NAMES_MAX"), FIXED, "only the known ones are allowed"),
    ("body of `/_cognate/clock` or `/_cognate/reset`", Const("server", "SHORT_BYTES_MAX"), FIXED, "413"),
];

const RATES: &[Row] = &[
    (
        "requests a second from one address that signs none, in production",
        Const("server", "PER_ADDRESS"),
        "`rate_per_address`",
        TOO_MANY,
    ),
    (
        "requests a second about one user, in production",
        Const("server", "PER_USER"),
        "`rate_per_user`",
        TOO_MANY,
    ),
    (
        "seconds' worth that an address or user may send at once",
        Const("server", "BURST_SECONDS"),
        FIXED,
        TOO_MANY,
    ),
    (
        "wrong signatures a second from one address, in production",
        Const("server", "PER_ADDRESS"),
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
        Const("rules", "PER_POOL_AND_OPERATION"),
        "`rate_categories`",
        TOO_MANY,
    ),
    ("places in a row of counters", Const("server", "PLACES"), FIXED, "addresses or names share a place"),
    (
        "work that may run and wait for each processor; three hashes, if these take longer",
        Const("server", "WAITING_MS"),
        FIXED,
        TOO_MANY,
    ),
    (
        "the part of it for sign-ins that were begun, in percent",
        Const("server", "RESERVED_PERCENT"),
        FIXED,
        "new sign-ins are refused first",
    ),
    ("hashes at once", Text("one for each processor"), FIXED, "further ones wait"),
    ("signatures and halves of SRP at once", Text("one for each processor"), FIXED, "further ones wait"),
    ("messages to one mailbox or phone in an hour", Const("server", "HOURLY_PER_RECIPIENT"), FIXED, TOO_MANY),
    ("messages that wait for delivery", Const("server/messages", "WAITING_MAX"), FIXED, TOO_MANY),
];

const CODES: &str = "server/code_limits";

const ATTEMPTS: &[Row] = &[
    (
        "wrong passwords in a row, or wrong codes of second factors",
        Const("rules", "FREE_FAILURES"),
        FIXED,
        "NotAuthorizedException for 1 s, doubled with each further one",
    ),
    (
        "the longest of these locks, and after what time all is forgotten",
        Const("rules", "FORGOTTEN_AFTER_MS"),
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
        "wrong guesses at the codes that prove one address, whichever users they are of, in an hour",
        After(CODES, "(\"WrongGuessesAtAddress\", ", ""),
        FIXED,
        LIMIT_EXCEEDED,
    ),
    (
        "codes of sign-ups that live for one mailbox or phone at once",
        Const("server", "SIGN_UP_CODES_PER_MAILBOX"),
        FIXED,
        "the oldest ends",
    ),
    (
        "how often what a changed user disturbs is begun anew",
        Const("server", "RESTARTS_MAX"),
        FIXED,
        TOO_MANY,
    ),
    (
        "codes of second factors in an hour",
        After(CODES, "(\"second-factor-messages\", ", ""),
        FIXED,
        TOO_MANY,
    ),
    (
        "codes of one user that are the only proof, in an hour",
        After(CODES, "(\"chosen-code-messages\", ", ""),
        FIXED,
        "none is sent, and nobody is told",
    ),
    (
        "life of a code for sign-up or an address, in hours",
        After("server/codes", "CodePurpose::SignUp | CodePurpose::Attribute(_) => ", ""),
        FIXED,
        "ExpiredCodeException",
    ),
    ("life of a reset's code", Const("server", "RESET_CODE_TTL_MS"), FIXED, "ExpiredCodeException"),
    (
        "life of a session of a sign-in",
        Text("3 min"),
        "the client's AuthSessionValidity, 3 to 15",
        "NotAuthorizedException",
    ),
    (
        "time to prove a new authenticator app",
        Const("server", "REGISTRATION_TTL_MS"),
        FIXED,
        "EnableSoftwareTokenMFAException",
    ),
    (
        "time to complete the registration of a passkey",
        Const("server", "PASSKEY_REGISTRATION_TTL_MS"),
        FIXED,
        "WebAuthnChallengeNotFoundException",
    ),
    (
        "how long clients wait for a new passkey, as the options say",
        Const("rules", "CREATION_TIMEOUT_MS"),
        FIXED,
        "the client gives up",
    ),
    (
        "how long clients wait for the proof of a passkey, as the options say",
        Const("rules", "REQUEST_TIMEOUT_MS"),
        FIXED,
        "the client gives up",
    ),
    (
        "registrations of passkeys that are looked through for one of another client",
        Const("server", "PASSKEY_REGISTRATIONS_MAX"),
        FIXED,
        "WebAuthnChallengeNotFoundException",
    ),
    (
        "sign-ins of a user that are looked through for the one that waits for a device",
        Const("server", "LOOKED_AT_MAX"),
        FIXED,
        "NotAuthorizedException",
    ),
    (
        "DEVICE_KEY that the first call of SRP may name, in bytes",
        Const("server", "DEVICE_KEY_BYTES_MAX"),
        FIXED,
        "as if none were named",
    ),
    (
        "typed name of a choice-based sign-in, in characters",
        Const("server", "CHOICE_NAME_CHARACTERS_MAX"),
        FIXED,
        "the rest is not looked at",
    ),
    (
        "difference of clocks in SRP's TIMESTAMP",
        Const("server", "TIMESTAMP_TOLERANCE_MS"),
        FIXED,
        "NotAuthorizedException",
    ),
    ("life of ID and access tokens", Text("5 min to 1 day"), "the client's validities", INVALID),
    ("life of refresh tokens", Text("1 hour to 10 years"), "the client's validities", INVALID),
    (
        "use of what was read of pools, clients, signing keys and access keys",
        Const("server/cache", "TTL_MS"),
        FIXED,
        "it is read again",
    ),
];

const THINGS: &[Row] = &[
    ("user pools", Const("server", "POOLS_MAX"), FIXED, LIMIT_EXCEEDED),
    ("clients of a pool", Const("rules", "CLIENTS_MAX"), FIXED, LIMIT_EXCEEDED),
    ("secrets of a client", Const("server", "SECRETS_MAX"), FIXED, LIMIT_EXCEEDED),
    ("groups of a pool", Const("server", "GROUPS_PER_POOL_MAX"), FIXED, LIMIT_EXCEEDED),
    ("groups of a user", Const("server", "GROUPS_PER_USER_MAX"), FIXED, LIMIT_EXCEEDED),
    ("passkeys of a user", Const("rules", "PASSKEYS_PER_USER_MAX"), FIXED, LIMIT_EXCEEDED),
    (
        "devices of a user",
        Const("rules", "DEVICES_PER_USER_MAX"),
        FIXED,
        "the one that signed in least lately gives way",
    ),
    ("users of a pool", Text("none but the disk's"), FIXED, ""),
    ("custom attributes of a pool", Const("rules", "CUSTOM_ATTRIBUTES_MAX"), FIXED, INVALID),
    ("name of an attribute, in characters", Const("rules", "NAME_CHARACTERS_MAX"), FIXED, INVALID),
    ("value of an attribute, in characters", Const("rules/user", "VALUE_CHARACTERS_MAX"), FIXED, INVALID),
    (
        "the longest value that a pool may allow, in characters",
        Const("rules/pool", "VALUE_CHARACTERS_MAX"),
        FIXED,
        INVALID,
    ),
    ("e-mail address", Const("rules", "EMAIL_BYTES_MAX"), FIXED, INVALID),
    ("digits of a phone number", Const("rules", "PHONE_DIGITS_MAX"), FIXED, INVALID),
    (
        "name of an authenticator app, in characters",
        Const("rules", "DEVICE_NAME_CHARACTERS_MAX"),
        FIXED,
        INVALID,
    ),
    (
        "password, in characters",
        Const("rules", "PASSWORD_CHARACTERS_MAX"),
        FIXED,
        "InvalidPasswordException; at a sign-in a wrong password",
    ),
    ("passwords of a user's history", Text("24"), "the pool's PasswordHistorySize", INVALID),
    (
        "token sessions of a user, in a pool that tracks them",
        Text("1 to 100"),
        "SetUserPoolSessionConfiguration; 20 where it never ran",
        "the next sign-in ends the least recently used",
    ),
    (
        "time between two writes of a session's last use, but for rotations",
        Const("rules", "ACTIVITY_INTERVAL_MS"),
        FIXED,
        "it is not written",
    ),
    ("sessions of a page", Const("server", "SESSIONS_PER_PAGE_MAX"), FIXED, "further ones are on the next"),
    (
        "how much of a user agent a session's DeviceType is taken from",
        Const("rules", "USER_AGENT_BYTES_MAX"),
        FIXED,
        "the rest is not read",
    ),
    ("tags of a pool", Const("rules", "TAGS_MAX"), FIXED, "UserPoolTaggingException"),
    (
        "name of an access key, in characters",
        Const("server", "NAME_CHARACTERS_MAX"),
        FIXED,
        "the command refuses",
    ),
    (
        "policy of an access key, in characters",
        Const("rules", "POLICY_CHARACTERS_MAX"),
        FIXED,
        "the command refuses",
    ),
    ("statements of a policy", Const("rules", "STATEMENTS_MAX"), FIXED, "the command refuses"),
    ("file of a policy", Const("rules", "DOCUMENT_BYTES_MAX"), FIXED, "the command refuses"),
    ("file of a seed", Const("server", "FILE_BYTES_MAX"), FIXED, "the server does not start"),
    (
        "tries to apply a seed beside another node",
        Const("server", "TRIES_MAX"),
        FIXED,
        "the server does not start",
    ),
    (
        "audit events that wait for the store",
        Const("server/audit", "WAITING_MAX"),
        FIXED,
        "lost, and counted in `cognate_audit_dropped`",
    ),
    (
        "audit trail, in days",
        After("server/config", "            audit_days: ", ""),
        "`audit_days`",
        "removed",
    ),
    (
        "what a client calls itself, in the audit trail, in characters",
        Const("server", "USER_AGENT_CHARACTERS_MAX"),
        FIXED,
        "cut",
    ),
    (
        "name that the audit trail keeps or looks for, in characters",
        Const("server", "TYPED_NAME_CHARACTERS_MAX"),
        FIXED,
        "cut, or nobody's",
    ),
    (
        "reason in the audit trail, in characters",
        Const("server", "EVENT_REASON_CHARACTERS_MAX"),
        FIXED,
        "cut",
    ),
    (
        "time in which calls without effect are counted for the audit trail",
        Const("server/audit", "WINDOW_MS"),
        FIXED,
        "it begins anew",
    ),
    (
        "calls without effect of one network that are events of their own in that time",
        Const("server", "WHOLE_PER_NETWORK_MAX"),
        FIXED,
        "summed up",
    ),
    (
        "calls without effect of all networks, likewise; calls without the right to them are counted apart",
        Const("server", "WHOLE_MAX"),
        FIXED,
        "summed up",
    ),
    (
        "sums of such calls of one network each in that time",
        Const("server", "SUMS_MAX"),
        FIXED,
        "summed up without their network",
    ),
    ("counters of attempts after the last one", Const("server", "ATTEMPTS_KEPT_MS"), FIXED, "removed"),
    ("refresh tokens after their end", Const("server", "GRANTS_KEPT_MS"), FIXED, "removed"),
    ("messages after delivery or without a way out", Const("server", "MESSAGES_KEPT_MS"), FIXED, "removed"),
    ("the same, in number", Const("server", "MESSAGES_KEPT_MAX"), FIXED, "the oldest are removed"),
    (
        "messages that the development outbox shows",
        Const("server", "MESSAGES_MAX"),
        FIXED,
        "the newest are shown",
    ),
    (
        "pools, clients, signing keys and access keys in memory, each",
        Const("server/cache", "ENTRIES_MAX"),
        FIXED,
        "read from the store",
    ),
    ("key pairs made ahead", Const("server", "SPARE_MAX"), FIXED, "no more are made"),
    ("master keys after they were replaced", Const("server", "REPLACED_KEPT_MS"), FIXED, "removed"),
];

const OUTSIDE: &[Row] = &[
    (
        "one try of one message, by SMTP or webhook",
        Const("server", "TRY_TIMEOUT"),
        FIXED,
        "tried again later",
    ),
    ("messages that are tried at once", Const("server", "AT_ONCE"), FIXED, "wait"),
    ("an idle connection to another server", Const("server", "IDLE_TIMEOUT"), FIXED, "closed"),
    ("tries of a message", Text("10, within 9 hours"), FIXED, "given up"),
    (
        "how much of a delivery's error is kept, in characters",
        Const("server", "REASON_CHARACTERS_MAX"),
        FIXED,
        "cut",
    ),
    (
        "one try of one function",
        Const("server", "FUNCTION_TIMEOUT"),
        FIXED,
        "tried again, then UnexpectedLambdaException",
    ),
    ("connecting to a function", Const("server", "FUNCTION_CONNECT_TIMEOUT"), FIXED, "likewise"),
    ("tries of one function", Const("server", "FUNCTION_TRIES"), FIXED, "UnexpectedLambdaException"),
    (
        "calls of one function at once that an entry of the settings may allow",
        Const("server", "CONCURRENCY_MAX"),
        FIXED,
        "the server does not start",
    ),
    (
        "secrets of a webhook at once",
        Const("server", "SECRETS_OF_WEBHOOK_MAX"),
        FIXED,
        "the server does not start",
    ),
    (
        "reply of a function by the Invoke API",
        Const("server", "INVOKE_REPLY_BYTES_MAX"),
        FIXED,
        "InvalidLambdaResponseException",
    ),
    (
        "reply of a function by a webhook",
        Const("server", "WEBHOOK_REPLY_BYTES_MAX"),
        FIXED,
        "InvalidLambdaResponseException",
    ),
    ("error of a function, in characters", Const("server", "ERROR_CHARACTERS_MAX"), FIXED, "cut"),
    (
        "secrets of a call, and lines of them, that are left out of what a function says",
        Const("server", "SOUGHT_MAX"),
        FIXED,
        "none of it is logged",
    ),
    (
        "what is read of an AWS API's error",
        Const("server", "ERROR_BYTES_MAX"),
        FIXED,
        "its name stays unknown",
    ),
    ("connecting to the KMS of the settings", Const("server", "KMS_CONNECT_TIMEOUT"), FIXED, MESSAGE_AGAIN),
    ("a data key of it", Const("server", "KMS_TIMEOUT"), FIXED, MESSAGE_AGAIN),
    ("its answer", Const("server", "KMS_ANSWER_BYTES_MAX"), FIXED, MESSAGE_AGAIN),
    ("code for a custom sender, encrypted", Const("rules", "FRAME_BYTES_MAX"), FIXED, MESSAGE_AGAIN),
    ("traces to a collector", Const("server", "EXPORT_TIMEOUT"), FIXED, "lost"),
    (
        "time that a shutdown waits for what was accepted",
        Listener(|l| time(l.shutdown_timeout)),
        FIXED,
        "cut off",
    ),
    ("pause of a removal of what has ended", Const("server", "PURGE_PAUSE"), FIXED, ""),
    (
        "collisions of one page of a change of the master key with running servers",
        Const("server", "COLLISIONS_MAX"),
        FIXED,
        "the command ends; run it again, and it goes on",
    ),
    (
        "audit events that one transaction removes",
        Const("server", "PURGED_MAX"),
        FIXED,
        "further ones by the next",
    ),
    (
        "audit events that one transaction stores",
        Const("server", "GROUP_MAX"),
        FIXED,
        "further ones by the next",
    ),
    ("pause after a connection could not be accepted", Const("server/http", "ACCEPT_PAUSE"), FIXED, ""),
    (
        "how long `cognate doctor` waits for each outside thing",
        Const("server", "ANSWER_TIMEOUT"),
        FIXED,
        "reported",
    ),
    ("`cognate doctor`'s wait for a mail server", Const("server", "MAIL_TIMEOUT"), FIXED, "reported"),
    (
        "a file that holds one secret of the settings",
        Const("server", "SECRET_FILE_BYTES_MAX"),
        FIXED,
        "the server does not start",
    ),
    (
        "characters of a region that is none of AWS's",
        Const("server", "REGION_CHARACTERS_MAX"),
        FIXED,
        "the server does not start",
    ),
];

const STORE: &[Row] = &[
    ("reads and writes that wait for SQLite, each", Const("store", "QUEUE_CAPACITY"), FIXED, TOO_MANY),
    (
        "reads of many rows from SQLite at once: as many as processors, at least 2 and at most",
        Const("store", "READERS_MAX"),
        FIXED,
        "further ones wait",
    ),
    ("writes in one commit of SQLite", Const("store", "GROUP_MAX"), FIXED, "further ones by the next"),
    (
        "wait for another process that writes SQLite's file",
        Const("store", "BUSY_TIMEOUT"),
        FIXED,
        "InternalErrorException, 500",
    ),
    ("connections of a node to PostgreSQL", Const("store", "CONNECTIONS_MAX"), FIXED, "further queries wait"),
    ("wait for one of them", Const("store", "POOL_TIMEOUT"), FIXED, "InternalErrorException, 500"),
    (
        "connections beside them that lookups share",
        Const("store", "LOOKUP_CONNECTIONS"),
        FIXED,
        "they are shared by more",
    ),
    (
        "lookups under way on one of these",
        Const("store", "SHARERS_MAX"),
        FIXED,
        "further ones get a connection of their own",
    ),
    (
        "connecting to PostgreSQL",
        Const("store", "CONNECT_TIMEOUT"),
        "`connect_timeout` in the URL",
        "InternalErrorException, 500",
    ),
    (
        "statements of a lookup in PostgreSQL that needs no thread of its own",
        Const("store", "STATEMENTS_MAX"),
        FIXED,
        "it gets one",
    ),
    ("statement of PostgreSQL", Const("store", "STATEMENT_TIMEOUT"), FIXED, "InternalErrorException, 500"),
    (
        "lock that a migration waits for in PostgreSQL",
        Const("store", "LOCK_TIMEOUT"),
        FIXED,
        "it is undone, to be run again",
    ),
    ("tries of a transaction that collides", Const("store", "TRIES_MAX"), FIXED, TOO_MANY),
    ("of these beside others", Const("store", "TRIES_WITH_COMPANY"), FIXED, "the rest alone"),
];

/// Constants that are named like limits and are none.
const OTHERS: &[&str] = &["MODULUS_BYTES_MAX", "DEVICE_SALT_BYTES_MAX", "ID_TRIES", "STEP_MS_MAX"];

/// Parts of names by which a constant is taken for a limit.
const MARKS: [&str; 8] = ["_MAX", "TIMEOUT", "_TTL", "TTL_", "CAPACITY", "TRIES", "HOURLY", "_KEPT_MS"];

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
    let named: Vec<(&str, &str)> = SECTIONS
        .iter()
        .flat_map(|(_, rows)| *rows)
        .filter_map(
            |(_, value, ..)| if let Const(place, name) = value { Some((*place, *name)) } else { None },
        )
        .collect();
    let mut missing = Vec::new();
    for file in sources() {
        for (name, _) in constants(&file.text) {
            let is_limit = MARKS.iter().any(|mark| name.contains(mark));
            let is_named = || named.iter().any(|(place, known)| *known == name && file.is_in(place));
            if is_limit && !OTHERS.contains(&&*name) && !is_named() {
                missing.push(format!("{} {name}", file.path.display()));
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
        After(place, marker, unit) => {
            let [text] = &of_place(place, |text| text.contains(marker))[..] else {
                panic!("{marker} does not stand in one file of {place}")
            };
            let (_, rest) = text.split_once(marker).unwrap();
            let written = rest.chars().take_while(|letter| letter.is_ascii_digit() || *letter == '_');
            let digits: String = written.filter(char::is_ascii_digit).collect();
            let value = digits.parse().unwrap_or_else(|_| panic!("{place}: no number behind {marker}"));
            format!("{}{unit}", grouped(value))
        }
        Const(place, name) => {
            let is_named = |text: &str| constants(text).iter().any(|(found, _)| found == name);
            let [text] = &of_place(place, is_named)[..] else {
                panic!("{place} has no constant {name}, or several: name its module too")
            };
            let (_, expression) = constants(text).into_iter().find(|(found, _)| found == name).unwrap();
            with_unit(name, text, &expression)
        }
    }
}

/// The texts of a crate's files, or of one of its modules, of which something is true.
fn of_place(place: &str, is_wanted: impl Fn(&str) -> bool) -> Vec<&'static str> {
    sources()
        .iter()
        .filter(|file| file.is_in(place) && is_wanted(&file.text))
        .map(|file| &*file.text)
        .collect()
}

struct Source {
    /// From `crates` on.
    path: PathBuf,
    text: String,
}

impl Source {
    /// Whether it is of the crate that begins the place, and of the module that follows, if one does.
    fn is_in(&self, place: &str) -> bool {
        let (of_crate, module) = place.split_once('/').map_or((place, None), |(c, m)| (c, Some(m)));
        let path = self.path.with_extension("");
        let mut parts = path.iter().filter_map(|part| part.to_str());
        parts.next() == Some(of_crate) && module.is_none_or(|module| parts.any(|part| part == module))
    }
}

/// The files of all crates, without those that are generated or are tests.
fn sources() -> &'static [Source] {
    static ALL: OnceLock<Vec<Source>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut found = Vec::new();
        for name in ["modexp", "spec", "rules", "store", "server"] {
            read_sources(&root().join(name).join("src"), &mut found);
        }
        found
    })
}

fn read_sources(folder: &std::path::Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        match name {
            "generated" | "tests" | "tests.rs" => {}
            _ if path.is_dir() => read_sources(&path, found),
            _ if name.ends_with(".rs") => {
                let text = fs::read_to_string(&path).unwrap();
                found.push(Source { path: path.strip_prefix(root()).unwrap().to_owned(), text });
            }
            _ => {}
        }
    }
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
            let is_number =
                matches!(kind, "Duration" | "Millis") || kind.starts_with(['i', 'u']) && !kind.contains('<');
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
    match expression {
        "HOUR" => return rules::HOUR.unsigned_abs(),
        "DAY" => return rules::DAY.unsigned_abs(),
        _ => {}
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
