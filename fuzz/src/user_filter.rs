//! The filter of ListUsers.

use rules::pool::user_filter::{Comparison, UserFilter, parse};

/// Reads the filter; what was understood is written and read back, and whatever it is, it can be quoted.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(filter) = parse(&text)
        && let Some(written) = write(&filter)
    {
        assert_eq!(parse(&written).expect("it was understood before"), filter, "{written}");
    }
    let quoted = format!("username ^= \"{}\"", escaped(&text));
    if quoted.chars().count() <= 256 {
        let name = "username";
        let expected = UserFilter::Attribute { name, value: Comparison::BeginsWith(text.into_owned()) };
        assert_eq!(parse(&quoted).expect("a quoted text is a value"), expected);
    }
}

/// The filter as text; none where another one may mean the same, or it would be too long with its escapes.
fn write(filter: &UserFilter) -> Option<String> {
    let (name, value) = match filter {
        UserFilter::Attribute { name, value } => (*name, value),
        UserFilter::Sub(value) => ("sub", value),
        UserFilter::All | UserFilter::Statuses(_) | UserFilter::Enabled(_) => return None,
    };
    let written = match value {
        Comparison::Is(value) => format!("{name}=\"{}\"", escaped(value)),
        Comparison::BeginsWith(value) => format!("{name}^=\"{}\"", escaped(value)),
    };
    (written.chars().count() <= 256).then_some(written)
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
