//! Patterns with `*`, which stands for any bytes or none, and `?`, which stands for one: whether one matches a text, and
//! whether it can match any text of a form.

/// Takes at most the product of the lengths.
pub fn is_glob_match(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where the last star stands, and up to where it has been taken to reach.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match (pattern.get(p), star) {
            (Some(b'*'), _) => {
                star = Some((p, t));
                p += 1;
            }
            (Some(b'?'), _) => (p, t) = (p + 1, t + 1),
            (Some(c), _) if text.get(t) == Some(c) => (p, t) = (p + 1, t + 1),
            (_, Some((at, reach))) => {
                star = Some((at, reach + 1));
                (p, t) = (at + 1, reach + 1);
            }
            _ => return false,
        }
    }
    pattern.get(p..).is_none_or(|rest| rest.iter().all(|c| *c == b'*'))
}

/// What texts of a kind look like: fixed bytes, and runs of any length of bytes of a class.
#[derive(Clone, Default)]
pub struct Form {
    steps: Vec<Step>,
}

#[derive(Clone, Copy)]
enum Step {
    /// This byte.
    One(u8),
    /// One byte of the class.
    OneOf(fn(u8) -> bool),
    /// Any number of bytes of the class.
    Many(fn(u8) -> bool),
}

impl Step {
    fn takes(self, byte: u8) -> bool {
        match self {
            Step::One(own) => own == byte,
            Step::OneOf(class) | Step::Many(class) => class(byte),
        }
    }
}

impl Form {
    /// The same and this text behind it.
    pub fn text(mut self, text: &str) -> Form {
        self.steps.extend(text.bytes().map(Step::One));
        self
    }

    /// The same and at least one byte of a class behind it, which holds one byte or more.
    pub fn some(mut self, class: fn(u8) -> bool) -> Form {
        self.steps.extend([Step::OneOf(class), Step::Many(class)]);
        self
    }

    /// Whether the pattern matches any text of this form. Takes at most the product of the lengths.
    pub fn may_match(&self, pattern: &[u8]) -> bool {
        // Where in the form a text may be that the pattern has matched so far.
        let mut places = vec![false; self.steps.len() + 1];
        places[0] = true;
        self.skip_runs(&mut places);
        for byte in pattern {
            match byte {
                b'*' => {
                    let first = places.iter().position(|is_there| *is_there).unwrap_or(places.len());
                    places[first..].fill(true);
                }
                byte => places = self.after(&places, *byte),
            }
        }
        places.last().copied().unwrap_or_default()
    }

    /// Where a text may be after a further byte.
    fn after(&self, places: &[bool], byte: u8) -> Vec<bool> {
        let mut next = vec![false; places.len()];
        for (at, step) in self.steps.iter().enumerate() {
            if places[at] && (byte == b'?' || step.takes(byte)) {
                let ends = !matches!(step, Step::Many(_));
                next[at + usize::from(ends)] = true;
            }
        }
        self.skip_runs(&mut next);
        next
    }

    /// A run may be empty.
    fn skip_runs(&self, places: &mut [bool]) {
        for (at, step) in self.steps.iter().enumerate() {
            if places[at] && matches!(step, Step::Many(_)) {
                places[at + 1] = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_are_cheap() {
        let pattern = format!("{}b", "a*".repeat(1_500));
        assert!(!is_glob_match(pattern.as_bytes(), "a".repeat(2_000).as_bytes()));
        assert!(!Form::default().text(&"a".repeat(2_000)).may_match(pattern.as_bytes()));
        for (pattern, text, expected) in [
            ("", "", true),
            ("*", "", true),
            ("?", "", false),
            ("a*b*c", "aXbXbXc", true),
            ("a*b*c", "aXbX", false),
            ("**", "x", true),
            ("*x", "xyx", true),
            ("x", "xx", false),
        ] {
            assert_eq!(is_glob_match(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
            let form = Form::default().text(text);
            assert_eq!(form.may_match(pattern.as_bytes()), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_pattern_can_match_a_form_or_not() {
        let form = Form::default().text("id/").some(|b| b.is_ascii_digit()).text("/x");
        for (pattern, expected) in [
            ("*", true),
            ("id/7/x", true),
            ("id/??/x", true),
            ("id/*", true),
            ("*/x", true),
            ("id/7*7/x", true),
            ("i*1*x*", true),
            ("", false),
            ("id/", false),
            ("id//x", false),
            ("id/a*/x", false),
            ("id/*a*", false),
            ("id/7/y*", false),
            ("id/*/x/*", false),
            ("?", false),
        ] {
            assert_eq!(form.may_match(pattern.as_bytes()), expected, "{pattern}");
        }
    }
}
