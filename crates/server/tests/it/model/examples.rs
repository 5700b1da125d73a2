//! Values that a model allows, and values that break one of its constraints.

use serde_json::{Map, Value, json};
use spec::Service;
use std::path::Path;

/// How many items are worth sending to break a limit.
const ITEMS_MAX: u64 = 2_000;
/// The longest text that fits into a request.
const CHARACTERS_MAX: u64 = 200_000;
/// How much of a wrong value a message repeats.
const SHOWN_CHARACTERS_MAX: usize = 1024;

/// A text that each pattern of the models allows, and one that it refuses, if there is any.
const PATTERNS: &[(&str, &str, Option<&str>)] = &[
    (r"\d+", "1", Some("x")),
    (r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+", "é", Some("a b")),
    (r"[\w_]+", "a", Some("-")),
    (r"[\w._:/-]+", "a", Some("é")),
    (r"[\w._-]+", "a", Some(":")),
    (r"[\w-]+:[0-9a-f-]+", "us-east-1:0a1b", Some("us-east-1_0a1b")),
    (r"[\w\s+=,.@-]+", "a b", Some("é")),
    (r"[\w.;_/-]+", "a", Some(" ")),
    (r"[\S]+", "Aa1-aaaa", Some("   ")),
    (r"(un)?authenticated", "authenticated", Some("ununauthenticated")),
    (r"[0-9]+", "123456", Some("12345x")),
    (r"Level[1-4]", "Level1", Some("Level5")),
    (r"[\x21\x23-\x5B\x5D-\x7E]+", "a", Some("\"")),
    (
        r"arn:[\w+=/,.@-]+:[\w+=/,.@-]+:([\w+=/,.@-]*)?:[0-9]+:[\w+=/,.@-]+(:[\w+=/,.@-]+)?(:[\w+=/,.@-]+)?",
        "arn:aws:iam::123456789012:role/a",
        Some("arn:aws:iam::x23456789012:role/a"),
    ),
    (r"[\p{L}\p{M}\p{S}\p{N}\p{P}\t\n\r ]+", "email", Some("\u{c}")),
    (r"[\w+]+", "a", Some("a-b")),
    (r"[\w]+", "a", Some("a-b")),
    (r"[\w-]+_[0-9a-f-]+", "us-east-1_0a1b", Some("us-east-1_X")),
    (r"^[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?$", "a-b", Some("-a")),
    (r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+@[\p{L}\p{M}\p{S}\p{N}\p{P}]+", "a@example.com", Some("a")),
    (r"[\p{L}\p{M}\p{S}\p{N}\p{P}\s*]*", "{username} {####}", Some("aaaaaa\u{1}")),
    (
        r"[\p{L}\p{M}\p{S}\p{N}\p{P}\s*]*\{####\}[\p{L}\p{M}\p{S}\p{N}\p{P}\s*]*",
        "Code {####}",
        Some("Code {###}"),
    ),
    (r"[\p{L}\p{M}\p{S}\p{N}\p{P}\s]+", "A subject", Some("\u{1}")),
    (r"[\p{L}\p{M}\p{S}\p{N}\p{P}\s*]+", "A body", Some("aaaaaa\u{1}")),
    (
        r"[\p{L}\p{M}\p{S}\p{N}\p{P}\s*]*\{##[\p{L}\p{M}\p{S}\p{N}\p{P}\s*]*##\}[\p{L}\p{M}\p{S}\p{N}\p{P}\s*]*",
        "Click {##here##}",
        Some("Click {##here"),
    ),
    (r"[\w+-]+", "a", Some(" ")),
    (r"[A-Za-z0-9-_+/=.]+", "a", Some("*")),
    (r"^[0-9a-fA-F]+$", "0a", Some("g")),
    (r"[\w\s+=.@-]+", "a", Some(",")),
    (
        r"^cognito:(default|dutch|english|french|spanish|german|bahasa-indonesia|italian|japanese|korean|portuguese-brazil|chinese-(simplified|traditional))$",
        "cognito:default",
        Some("cognito:latin"),
    ),
    (r"^[\p{L}\p{M}\p{S}\p{N}\p{P}]+$", "https://example.com/", Some(" ")),
    (
        r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[4][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$",
        "0a1b2c3d-0a1b-4a1b-8a1b-0a1b2c3d4e5f",
        Some("0a1b2c3d-0a1b-5a1b-8a1b-0a1b2c3d4e5f"),
    ),
    (
        r"(arn:[\w+=/,.@-]+:[\w+=/,.@-]+:([\w+=/,.@-]*)?:[0-9]+:[\w+=/,.@-]+(:[\w+=/,.@-]+)?(:[\w+=/,.@-]+)?)?",
        "arn:aws:iam::123456789012:role/a",
        Some("role/a"),
    ),
    (r"[\p{L}\p{M}\p{S}\p{N}\p{P}\p{Z}]+", "Google", Some("\t")),
    (r"[^_\p{Z}][\p{L}\p{M}\p{S}\p{N}\p{P}][^_\p{Z}]+", "Google", Some("_Google")),
    (r"^[\w\- ]+$", "a", Some("a/b")),
    (r"[\x21\x23-\x2E\x30-\x5B\x5D-\x7E]+", "a", Some("/")),
    (
        r"arn:[\w+=/,.@-]+:[\w+=/,.@-]+:::[\w+=/,.@-]+(:[\w+=/,.@-]+)?(:[\w+=/,.@-]+)?",
        "arn:aws:s3:::a",
        Some("arn:aws:s3"),
    ),
    (r"^[0-9A-Za-z\.\-_]*(?<!\.)$", "bucket", Some("bucket.")),
    (r"^[a-zA-Z0-9_-]+$", "a", Some(".")),
    (r"[A-Za-z0-9]+", "a", Some("aaaaaaaaaaaaaaaa-")),
    (r"[\w+=/]+", "a", Some("-")),
    (r"^(tkn|sso)[a-z0-9]{25}$", "tkn0123456789012345678901234", Some("abc0123456789012345678901234")),
    (r"(?s).*", "Hello {username} {####}", None),
    (r".*\{####\}.*", "Code {####}", Some("Code {###}")),
    (r"^(terms-of-use|privacy-policy)$", "terms-of-use", Some("terms")),
    (r"[A-Za-z0-9-_=.]+", "a", Some("+")),
    (r"import-[0-9a-zA-Z-]+", "import-a", Some("export-a")),
    (r"[\w-]+_[0-9a-zA-Z]+", "us-east-1_AbCdEfGhI", Some("us-east-1")),
    (
        r"arn:aws:sns:[-0-9a-z]+:\d+:app/[A-Z_]+/[a-zA-Z0-9_.-]+",
        "arn:aws:sns:us-east-1:123456789012:app/GCM/a",
        Some("arn:aws:sns:us-east-1:123456789012:app/gcm/a"),
    ),
    (
        r"arn:aws:iam::\d+:role/.*",
        "arn:aws:iam::123456789012:role/a",
        Some("arn:aws:iam::123456789012:user/a"),
    ),
    (r"[a-zA-Z0-9_.:-]+", "a", Some("*")),
    (r"[\w]*", "AKIAIOSFODNN7EXAMPLE", Some("AKIAIOSFODNN7-EXAMPLE")),
    (
        r"[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+",
        "arn:aws:iam::123456789012:role/a",
        Some("arn:aws:iam::123456789012:role/\u{1}"),
    ),
    (r"[\w+=,.@:\/-]*", "aa", Some("a b")),
    (r"[\w+=,.@-]*", "aa", Some("a b")),
    (r"[\w+=/:,.@-]*", "arn:aws:iam", Some("arn aws iam")),
    (r"[\u0009\u000A\u000D\u0020-\u00FF]+", "{}", Some("€")),
    (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+", "a", Some("*")),
    (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", "a", Some("*")),
    (r"[\d]*", "123456", Some("12345x")),
    (r"^[a-z0-9]+$", "a", Some("A")),
    (r"^https://[!$-;=@-\[\]_a-z~]+$", "https://*.example.com/", Some("https://example.com/?a")),
    (r"^https://[^\s]+$", "https://example.com/", Some("https://example.com/a b")),
    (
        r"^[0-9a-f]{8}\b-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-\b[0-9a-f]{12}$",
        "0a1b2c3d-0a1b-4a1b-8a1b-0a1b2c3d4e5f",
        Some("0A1B2C3D-0a1b-4a1b-8a1b-0a1b2c3d4e5f"),
    ),
    (r"[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*", "a b", Some("a€")),
    (
        r"[\x21\x23-\x2B\x2D-\x5B\x5D-\x7E]+( [\x21\x23-\x2B\x2D-\x5B\x5D-\x7E]+)*",
        "openid email",
        Some("openid,email"),
    ),
];

/// A service's model.
pub struct Model(Value);

/// A request that breaks one constraint.
pub struct Broken {
    /// The whole request.
    pub input: Value,
    /// The top member that holds the wrong value.
    pub member: String,
    /// Whether the wrong value is an empty list or map, which query/XML cannot express.
    pub is_empty: bool,
    /// What the message must say of it.
    pub expected: String,
}

/// A wrong value for a place, and what is said of it.
struct Wrong {
    value: Value,
    constraint: String,
}

impl Model {
    pub fn read(service: Service) -> Model {
        let file = format!("{}.json", service.signing_name());
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models").join(file);
        Model(serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
    }

    pub fn operation_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.0["operations"].as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    }

    pub fn operation(&self, name: &str) -> &Value {
        &self.0["operations"][name]
    }

    pub fn shape(&self, name: &str) -> &Value {
        &self.0["shapes"][name]
    }

    /// The shape of an operation's request.
    pub fn input(&self, operation: &str) -> Option<&Value> {
        self.operation(operation)["input"]["shape"].as_str().map(|name| self.shape(name))
    }

    /// A valid request, with all members or only those that are required.
    pub fn example(&self, operation: &str, complete: bool) -> Value {
        self.input(operation).map_or(json!({}), |shape| self.value(shape, complete))
    }

    fn value(&self, shape: &Value, complete: bool) -> Value {
        let inner = |reference: &Value| self.value(self.target(reference), complete);
        match shape["type"].as_str().unwrap() {
            "structure" if shape["document"] == true => json!({"a": 1}),
            "structure" => {
                let members = shape["members"].as_object().unwrap().iter();
                let wanted = members.filter(|(name, _)| complete || is_required(shape, name));
                Value::Object(wanted.map(|(name, member)| (name.clone(), inner(member))).collect())
            }
            "list" => {
                let count = shape["min"].as_u64().unwrap_or(0).max(complete.into());
                (0..count).map(|_| inner(&shape["member"])).collect()
            }
            "map" => {
                let key = inner(&shape["key"]);
                let mut entries = Map::new();
                if complete || shape["min"].as_u64().unwrap_or(0) > 0 {
                    entries.insert(key.as_str().unwrap().to_owned(), inner(&shape["value"]));
                }
                Value::Object(entries)
            }
            "string" => json!(text(shape)),
            "integer" | "long" => json!(shape["min"].as_i64().unwrap_or(1).max(1)),
            "boolean" => json!(true),
            "timestamp" => json!(1_767_225_600),
            "blob" => json!("YWFh"),
            other => panic!("a shape of type {other}"),
        }
    }

    fn target(&self, reference: &Value) -> &Value {
        self.shape(reference["shape"].as_str().unwrap())
    }

    /// Every way to break one constraint of an operation's request.
    pub fn broken(&self, operation: &str) -> Vec<Broken> {
        let mut found = Vec::new();
        if let Some(shape) = self.input(operation) {
            let whole = self.value(shape, true);
            self.walk(shape, &[], "", false, &whole, &mut found);
        }
        found
    }

    fn walk(
        &self,
        shape: &Value,
        pointer: &[String],
        path: &str,
        hidden: bool,
        whole: &Value,
        found: &mut Vec<Broken>,
    ) {
        let hidden = hidden || shape["sensitive"] == true;
        for wrong in self.wrong_values(shape) {
            let shown = match &wrong.value {
                _ if hidden => "Value".to_owned(),
                Value::String(text) => {
                    format!("Value '{}'", text.chars().take(SHOWN_CHARACTERS_MAX).collect::<String>())
                }
                Value::Number(number) => format!("Value '{number}'"),
                // How lists and maps are printed is no matter of the model.
                _ => String::new(),
            };
            let expected = format!("{shown} at '{path}' failed to satisfy constraint: {}", wrong.constraint);
            found.push(Broken {
                input: with(whole, pointer, Some(wrong.value.clone())),
                member: pointer.first().cloned().unwrap_or_default(),
                is_empty: wrong.value == json!([]) || wrong.value == json!({}),
                expected,
            });
        }
        let mut next = |shape: &Value, step: &str, path: String| {
            let pointer: Vec<String> = pointer.iter().cloned().chain([step.to_owned()]).collect();
            self.walk(shape, &pointer, &path, hidden, whole, found);
        };
        match shape["type"].as_str().unwrap() {
            "structure" if shape["document"] != true => {
                for (name, member) in shape["members"].as_object().unwrap() {
                    next(self.target(member), name, dotted(path, &lower_first(name)));
                }
                for name in shape["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                    let target = self.target(&shape["members"][name]);
                    let secret = hidden || target["sensitive"] == true;
                    let place = dotted(path, &lower_first(name));
                    let pointer: Vec<String> = pointer.iter().cloned().chain([name.to_owned()]).collect();
                    found.push(Broken {
                        input: with(whole, &pointer, None),
                        member: pointer[0].clone(),
                        is_empty: false,
                        expected: format!(
                            "{} at '{place}' failed to satisfy constraint: Member must not be null",
                            if secret { "Value" } else { "Value null" }
                        ),
                    });
                }
            }
            "list" => next(self.target(&shape["member"]), "0", format!("{path}.1.member")),
            "map" => {
                let key = self.value(self.target(&shape["key"]), true);
                let key = key.as_str().unwrap();
                next(self.target(&shape["value"]), key, format!("{path}.{key}.member"));
            }
            _ => {}
        }
    }

    fn wrong_values(&self, shape: &Value) -> Vec<Wrong> {
        let (min, max) = (shape["min"].as_i64(), shape["max"].as_i64());
        let mut wrong = Vec::new();
        let mut add = |value: Value, constraint: String| wrong.push(Wrong { value, constraint });
        let too_short = |min: i64| format!("Member must have length greater than or equal to {min}");
        let too_long = |max: i64| format!("Member must have length less than or equal to {max}");
        match shape["type"].as_str().unwrap() {
            "string" if shape["enum"].is_array() => {
                let values: Vec<&str> =
                    shape["enum"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
                // ALLOW_CLIENT_TOKEN_AUTH is accepted though the model does not list it.
                let more = values.contains(&"ALLOW_USER_SRP_AUTH").then_some(", ALLOW_CLIENT_TOKEN_AUTH");
                let set = format!("[{}{}]", values.join(", "), more.unwrap_or_default());
                add(json!("NO_SUCH_VALUE"), format!("Member must satisfy enum value set: {set}"));
            }
            "string" => {
                let example = text(shape);
                if let Some(min) = min.filter(|min| *min > 0) {
                    add(json!(example.chars().take(min as usize - 1).collect::<String>()), too_short(min));
                }
                if let Some(max) = max.filter(|max| (*max as u64) < CHARACTERS_MAX) {
                    add(json!(padded(example, max as usize + 1)), too_long(max));
                }
                if let Some(pattern) = shape["pattern"].as_str()
                    && let Some(bad) = pattern_example(pattern).2
                {
                    add(json!(bad), format!("Member must satisfy regular expression pattern: {pattern}"));
                }
            }
            "integer" | "long" => {
                if let Some(min) = min {
                    add(json!(min - 1), format!("Member must have value greater than or equal to {min}"));
                }
                if let Some(max) = max {
                    add(json!(max + 1), format!("Member must have value less than or equal to {max}"));
                }
            }
            "list" => {
                if let Some(min) = min.filter(|min| *min > 0) {
                    add(json!([]), too_short(min));
                }
                if let Some(max) = max.filter(|max| (*max as u64) < ITEMS_MAX) {
                    let item = self.value(self.target(&shape["member"]), true);
                    add(Value::Array(vec![item; max as usize + 1]), too_long(max));
                }
            }
            "map" => {
                if let Some(min) = min.filter(|min| *min > 0) {
                    add(json!({}), too_short(min));
                }
                if let Some(max) = max.filter(|max| (*max as u64) < ITEMS_MAX) {
                    let item = self.value(self.target(&shape["value"]), true);
                    let entries = (0..=max).map(|i| (format!("key{i}"), item.clone()));
                    add(Value::Object(entries.collect()), too_long(max));
                }
            }
            _ => {}
        }
        wrong
    }
}

fn is_required(shape: &Value, name: &str) -> bool {
    shape["required"].as_array().is_some_and(|names| names.iter().any(|n| n == name))
}

fn pattern_example(pattern: &str) -> &'static (&'static str, &'static str, Option<&'static str>) {
    PATTERNS.iter().find(|(p, ..)| *p == pattern).unwrap_or_else(|| panic!("no example for {pattern:?}"))
}

/// A text that a shape allows.
fn text(shape: &Value) -> String {
    if let Some(values) = shape["enum"].as_array() {
        return values[0].as_str().unwrap().to_owned();
    }
    let example = shape["pattern"].as_str().map_or("a", |pattern| pattern_example(pattern).1);
    padded(example.to_owned(), shape["min"].as_u64().unwrap_or(0) as usize)
}

/// The text, its last character repeated until it is long enough.
fn padded(mut text: String, length: usize) -> String {
    let last = text.chars().last().unwrap_or('a');
    text.extend(std::iter::repeat_n(last, length.saturating_sub(text.chars().count())));
    text
}

/// A copy of `whole` with another value, or none, in one place.
fn with(whole: &Value, pointer: &[String], value: Option<Value>) -> Value {
    let Some((last, way)) = pointer.split_last() else { return value.unwrap_or_default() };
    let mut copy = whole.clone();
    let mut place = &mut copy;
    for step in way {
        place = match place {
            Value::Array(items) => &mut items[step.parse::<usize>().unwrap()],
            other => &mut other[step.as_str()],
        };
    }
    match (place, value) {
        (Value::Array(items), Some(value)) => items[last.parse::<usize>().unwrap()] = value,
        (Value::Object(entries), Some(value)) => drop(entries.insert(last.clone(), value)),
        (Value::Object(entries), None) => drop(entries.shift_remove(last)),
        (place, _) => panic!("{pointer:?} in {place}"),
    }
    copy
}

fn dotted(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn lower_first(name: &str) -> String {
    name[..1].to_lowercase() + &name[1..]
}
