//! What a generated table can say of a value.

use crate::Code;
use regex::Regex;
use std::sync::OnceLock;

/// A value as the model describes it.
pub struct Shape {
    /// The model's name, for messages to developers.
    pub name: &'static str,
    /// Whether the value must not be repeated in errors and logs.
    pub sensitive: bool,
    /// What it may hold.
    pub kind: Kind,
}

/// The kinds of values; limits are inclusive, lengths count characters or items.
pub enum Kind {
    /// Named members.
    Structure { members: &'static [Member] },
    /// Items of one shape.
    List { item: &'static Shape, min: Option<i64>, max: Option<i64> },
    /// Values under free keys.
    Map { key: &'static Shape, value: &'static Shape, min: Option<i64>, max: Option<i64> },
    /// Text; `values` is not empty for an enumeration.
    String {
        min: Option<i64>,
        max: Option<i64>,
        pattern: Option<&'static Pattern>,
        values: &'static [&'static str],
    },
    /// A whole number of 32 or, if `long`, 64 bits.
    Integer { min: Option<i64>, max: Option<i64>, long: bool },
    /// True or false.
    Boolean,
    /// Seconds since 1970 with a fraction.
    Timestamp,
    /// Bytes, base64 on the wire; the limit counts the bytes.
    Blob { max: Option<i64> },
    /// Any JSON value.
    Document,
}

/// A member of a structure.
pub struct Member {
    /// The model's name, under which decoded values are kept.
    pub name: &'static str,
    /// The name on the wire; differs from `name` in restJson1 only.
    pub wire: &'static str,
    /// What it holds.
    pub shape: &'static Shape,
    /// Whether a request without it is refused.
    pub required: bool,
    /// Where an HTTP message carries it.
    pub location: Location,
}

/// Where an HTTP message carries a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// In the body.
    Body,
    /// In the path.
    Uri,
    /// In the query string.
    Query,
    /// In a header.
    Header,
}

/// A regular expression of the model, compiled at its first use.
pub struct Pattern {
    /// The text that error messages print.
    pub text: &'static str,
    whole: bool,
    compiled: OnceLock<Regex>,
}

impl Pattern {
    /// A pattern that the whole value must match, or with `whole` false only a part of it.
    pub const fn new(text: &'static str, whole: bool) -> Pattern {
        Pattern { text, whole, compiled: OnceLock::new() }
    }

    /// Whether `value` satisfies the pattern.
    pub fn is_match(&self, value: &str) -> bool {
        self.compiled.get_or_init(|| compile(self.text, self.whole)).is_match(value)
    }
}

/// What stands before a place in a class, which decides what a hyphen there means.
#[derive(PartialEq)]
enum Before {
    /// A character that may begin a range.
    Character,
    /// The hyphen of a range.
    RangeHyphen,
    /// The beginning, the end of a range, or a class like `\w`: a hyphen stands for itself.
    Closed,
}

/// The models are written for Java, where `\w`, `\s` and `\d` mean ASCII and a class may hold `[` and `9-_`.
fn compile(text: &str, whole: bool) -> Regex {
    // The only look-behind in the models, written without one: no dot at the end.
    let text = text.replace(r"[0-9A-Za-z\.\-_]*(?<!\.)", r"(?:[0-9A-Za-z\.\-_]*[0-9A-Za-z\-_])?");
    let mut out = String::new();
    let mut class: Option<Before> = None;
    let mut letters = text.chars();
    while let Some(c) = letters.next() {
        let Some(before) = &mut class else {
            match c {
                '\\' => drop(escape(&mut letters, false, &mut out)),
                '[' => {
                    out.push('[');
                    class = Some(Before::Closed);
                }
                _ => out.push(c),
            }
            continue;
        };
        let is_one = match c {
            ']' => {
                out.push(']');
                class = None;
                continue;
            }
            '-' if *before == Before::Character => {
                out.push('-');
                *before = Before::RangeHyphen;
                continue;
            }
            '\\' => escape(&mut letters, true, &mut out),
            '-' | '[' | '&' | '~' => {
                out.extend(['\\', c]);
                true
            }
            '^' if out.ends_with('[') && !out.ends_with(r"\[") => {
                out.push('^');
                continue;
            }
            _ => {
                out.push(c);
                true
            }
        };
        let in_range = *before == Before::RangeHyphen;
        *before = if is_one && !in_range && c != '-' { Before::Character } else { Before::Closed };
    }
    let text = if whole { format!(r"\A(?:{out})\z") } else { out };
    Regex::new(&text).unwrap_or_else(|error| panic!("pattern {text}: {error}"))
}

/// Copies an escape behind its backslash; answers whether it stands for one character.
fn escape(letters: &mut std::str::Chars<'_>, in_class: bool, out: &mut String) -> bool {
    let escaped = letters.next().unwrap_or('\\');
    let class = match escaped {
        'w' => "0-9A-Za-z_",
        'd' => "0-9",
        's' => r" \t\n\x0B\f\r",
        _ => {
            out.extend(['\\', escaped]);
            let digits = match escaped {
                'x' => 2,
                'u' => 4,
                'p' => {
                    out.extend(letters.by_ref().take_while(|c| *c != '}').chain(['}']));
                    return false;
                }
                'S' | 'W' | 'D' => return false,
                _ => 0,
            };
            out.extend(letters.by_ref().take(digits));
            return true;
        }
    };
    match in_class {
        true => out.push_str(class),
        false => out.push_str(&format!("[{class}]")),
    }
    false
}

/// What the model says of an operation.
pub struct OperationSpec {
    /// The name on the wire.
    pub name: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// The path, with `{Member}` where restJson1 puts members.
    pub path: &'static str,
    /// The HTTP status of a good answer.
    pub status: u16,
    /// The request.
    pub input: Option<&'static Shape>,
    /// The answer; none means an empty body.
    pub output: Option<&'static Shape>,
    /// The element around the answer in query/XML.
    pub result_wrapper: &'static str,
    /// Whether callers sign it; false for the operations that the model marks `authtype: none`.
    pub signed: bool,
    /// The errors that it declares.
    pub errors: &'static [Code],
}

/// How a service writes an error.
pub struct ErrorSpec {
    /// Which error.
    pub code: Code,
    /// Its name on the wire, which in query/XML may differ from the model's.
    pub wire: &'static str,
    /// Its HTTP status.
    pub status: u16,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(shape: &'static Shape, check: &mut impl FnMut(&'static Shape)) {
        check(shape);
        match shape.kind {
            Kind::Structure { members } => members.iter().for_each(|m| walk(m.shape, check)),
            Kind::List { item, .. } => walk(item, check),
            Kind::Map { key, value, .. } => {
                walk(key, check);
                walk(value, check);
            }
            _ => {}
        }
    }

    #[test]
    fn every_pattern_of_the_models_compiles() {
        let mut patterns = 0;
        for service in crate::Service::ALL {
            for name in service.operation_names() {
                for shape in [service.operation(name).unwrap().input, service.operation(name).unwrap().output]
                {
                    let Some(shape) = shape else { continue };
                    walk(shape, &mut |shape| {
                        if let Kind::String { pattern: Some(pattern), .. } = &shape.kind {
                            pattern.is_match("probe");
                            patterns += 1;
                        }
                    });
                }
            }
        }
        assert!(patterns > 500);
    }

    #[test]
    fn patterns_mean_what_java_means() {
        let check = |text: &str, value: &str, expected: bool| {
            assert_eq!(compile(text, true).is_match(value), expected, "{text} on {value}");
        };
        check(r"[\w-]+_[0-9a-zA-Z]+", "us-east-1_AbC", true);
        check(r"[\w-]+_[0-9a-zA-Z]+", "us-east-1_AbC\n", false);
        check(r"[\w-]+", "é", false);
        check(r"[-0-9a-z]+", "us-east-1", true);
        check(r"[-0-9a-z]+", "US", false);
        check(r"[\x21\x23-\x5B\x5D-\x7E]+", "a!#", true);
        check(r"[\x21\x23-\x5B\x5D-\x7E]+", "\"", false);
        check(r"[^_\p{Z}]+", "-a[", true);
        check(r"[^_\p{Z}]+", "a_", false);
        check(r"[\w&~[-]+", "a&~[-", true);
        check(r"[A-Za-z0-9-_=.]+", "eyJ-_=.", true);
        check(r"[A-Za-z0-9-_=.]+", "a+b", false);
        check(r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+", "jané@x.org", true);
        check(r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+", "two words", false);
        check(r".*\{####\}.*", "code {####} end", true);
    }
}
