//! Blots secrets out of what functions say, in the forms in which programs print them.

mod alphabets;

use std::{collections::BTreeSet, iter};
use zeroize::Zeroizing;

/// What stands in a secret's place.
const BLOT: &str = "***";

/// A secret with fewer characters is blotted only where it stands alone, because it may be part of any word.
const CHARS_MIN: usize = 4;

/// How many secrets are sought, and lines of them; a function decides how many its challenges have.
const SOUGHT_MAX: usize = 128;

/// What is sought.
pub(super) struct Secrets {
    /// The longest first, so that none is hidden by a part of it. None if there are too many, and all is blotted.
    patterns: Option<Vec<Zeroizing<String>>>,
}

impl Secrets {
    pub(super) fn new<'a>(secrets: impl IntoIterator<Item = &'a Zeroizing<String>>) -> Secrets {
        let different: BTreeSet<&str> = secrets.into_iter().flat_map(|secret| with_lines(secret)).collect();
        if different.len() > SOUGHT_MAX {
            return Secrets { patterns: None };
        }
        let mut patterns: Vec<Zeroizing<String>> = different.into_iter().flat_map(forms).collect();
        patterns.retain(|pattern| !pattern.is_empty());
        patterns.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        patterns.dedup();
        Secrets { patterns: Some(patterns) }
    }

    /// The line without them. Where its end was cut off, the beginning of a secret may be what is left of it.
    pub(super) fn blotted(&self, line: &str, is_cut: bool) -> String {
        let Some(patterns) = &self.patterns else { return BLOT.to_owned() };
        let mut text = line.to_owned();
        for pattern in patterns {
            if text.contains(pattern.as_str()) {
                text = replaced(&text, pattern);
            }
        }
        if is_cut {
            let kept = patterns.iter().map(|pattern| without_beginning(&text, pattern)).min();
            if let Some(kept) = kept.filter(|kept| *kept < text.len()) {
                text.truncate(kept);
                text.push_str(BLOT);
            }
        }
        text
    }
}

/// A secret, and its lines, which are printed one by one. Short ones say nothing.
fn with_lines(secret: &str) -> impl Iterator<Item = &str> {
    let is_long = |line: &&str| line.chars().count() >= CHARS_MIN;
    iter::once(secret).chain(secret.split(['\n', '\r']).filter(is_long))
}

/// As it is, in JSON, in JSON of ASCII as Python writes it, in JSON within JSON, between single quotes, and where it is
/// no part of any word, in other alphabets.
fn forms(secret: &str) -> Vec<Zeroizing<String>> {
    let json = in_json(secret);
    let ascii = Zeroizing::new(ascii(&json));
    let mut forms = vec![
        Zeroizing::new(secret.to_owned()),
        in_json(&json),
        in_json(&ascii),
        ascii,
        Zeroizing::new(json.replace("\\\"", "\"")),
        Zeroizing::new(json.replace("\\\"", "\"").replace('\'', "\\'")),
        json,
    ];
    if secret.chars().count() >= CHARS_MIN {
        forms.extend(alphabets::forms(secret));
    }
    forms
}

fn in_json(text: &str) -> Zeroizing<String> {
    let quoted = Zeroizing::new(serde_json::Value::from(text).to_string());
    Zeroizing::new(quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned())
}

fn ascii(text: &str) -> String {
    let escaped = |letter: char| -> String {
        letter.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect()
    };
    text.chars().map(|letter| if letter.is_ascii() { letter.to_string() } else { escaped(letter) }).collect()
}

fn replaced(text: &str, pattern: &str) -> String {
    let stands_alone = pattern.chars().count() < CHARS_MIN;
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for (start, found) in text.match_indices(pattern) {
        let end = start + found.len();
        let (before, after) = (text[..start].chars().next_back(), text[end..].chars().next());
        if stands_alone && !is_alone(pattern, before, after) {
            continue;
        }
        out.push_str(&text[copied..start]);
        out.push_str(BLOT);
        copied = end;
    }
    out.push_str(&text[copied..]);
    out
}

/// Whether it is a word of its own or, where it is no word, all that stands between two quotes.
fn is_alone(pattern: &str, before: Option<char>, after: Option<char>) -> bool {
    let is_quote =
        |letter: Option<char>| letter.is_some_and(|letter| matches!(letter, '"' | '\'' | '`' | '\\'));
    if pattern.chars().any(char::is_alphanumeric) {
        return [before, after]
            .into_iter()
            .flatten()
            .all(|letter| !letter.is_alphanumeric() && letter != '_');
    }
    is_quote(before) && is_quote(after)
}

/// How much of a text is left without a secret's beginning at its end.
fn without_beginning(text: &str, pattern: &str) -> usize {
    let ends = pattern.char_indices().map(|(start, _)| start).skip(1);
    let longest = ends.filter(|end| text.ends_with(&pattern[..*end])).max();
    text.len() - longest.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blotted(secrets: &[&str], line: &str) -> String {
        let secrets: Vec<_> = secrets.iter().map(|secret| Zeroizing::new((*secret).to_owned())).collect();
        Secrets::new(&secrets).blotted(line, false)
    }

    #[test]
    fn secrets_are_blotted_in_every_form() {
        let cases = [
            (&["Passw0rd!"][..], "it is Passw0rd!, twice Passw0rd!", "it is ***, twice ***"),
            (&["a\"b\\c"], r#"{"password":"a\"b\\c"}"#, r#"{"password":"***"}"#),
            (&["a\"b\\c"], r#"{ password: 'a"b\\c' }"#, "{ password: '***' }"),
            (&["it's \"1\""], r#"'it\'s "1"'"#, "'***'"),
            (
                &["a\"b\\c"],
                r#"{"body":"{\"password\":\"a\\\"b\\\\c\"}"}"#,
                r#"{"body":"{\"password\":\"***\"}"}"#,
            ),
            (&["grün😀"], r#"{"p": "gr\u00fcn\ud83d\ude00"} grün😀"#, r#"{"p": "***"} ***"#),
            (&["new\nline"], r#"["new\nline"]"#, r#"["***"]"#),
            (&["of\nfour\r\nlines"], "of, four, lines", "of, ***, ***"),
            (&["a b+c/ä"], "?a%20b%2Bc%2F%C3%A4&x=a+b%2Bc%2F%C3%A4", "?***&x=***"),
            (&["Passw0rd!"], "UGFzc3cwcmQh x506173737730726421x", "*** x***x"),
            (&["abc"], "YWJj 616263", "YWJj 616263"),
            (&["secret", "secret-longer"], "secret-longer secret", "*** ***"),
            (&["123"], "123 a123 1234 \"123\" x=123, _123", "*** a123 1234 \"***\" x=***, _123"),
            (&["."], r#"a. "." '.' ..."#, r#"a. "***" '***' ..."#),
            (&[""], "nothing", "nothing"),
            (&["aaaa"], "aaaaaaaaa", "******a"),
        ];
        for (secrets, line, expected) in cases {
            assert_eq!(blotted(secrets, line), expected, "{line}");
        }
    }

    #[test]
    fn all_is_blotted_where_secrets_are_many() {
        let secrets = |count: usize| -> Vec<_> { (0..count).map(|n| format!("secret-{n:04}")).collect() };
        let blotted = |count: usize| {
            let secrets = secrets(count);
            let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
            blotted(&[&secrets[..], &secrets[..]].concat(), "a secret-0007 line")
        };
        assert_eq!(blotted(SOUGHT_MAX), "a *** line");
        assert_eq!(blotted(SOUGHT_MAX + 1), "***");
    }

    #[test]
    fn the_beginning_of_a_secret_is_blotted_where_a_line_was_cut() {
        let secrets = Secrets::new(&[Zeroizing::new("Passw0rd!".to_owned())]);
        assert_eq!(secrets.blotted("it is Passw0r", true), "it is ***");
        assert_eq!(secrets.blotted("it is P", true), "it is ***");
        assert_eq!(secrets.blotted("it is", true), "it is");
        assert_eq!(secrets.blotted("it is Passw0r", false), "it is Passw0r");
    }
}
