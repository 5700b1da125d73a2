//! Mistakes in what somebody wrote: where they are, and what may have been meant. The text itself is never quoted,
//! because it may hold passwords.

/// The line and column of a byte, counted from 1.
pub fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    (line, before.get(line_start..).unwrap_or_default().chars().count() + 1)
}

/// What is wrong with a text that is no TOML. The parser's own messages name what it expected, and no content.
pub fn toml_mistake(text: &str, error: &toml::de::Error) -> String {
    let (line, column) = place(text, error.span().map_or(0, |span| span.start));
    format!("line {line}, column {column}: {}", error.message().lines().next().unwrap_or_default())
}

/// The known word that is nearest to what was written; none where no one is near.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |word: &'a str| (edits(written, word), word);
    let (edits, word) = known.into_iter().map(distance).min()?;
    (edits <= word.len() / 3).then_some(word)
}

/// How many letters are put in, taken out, replaced or swapped with their neighbour between two words.
fn edits(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().take(100).collect(), to.chars().collect());
    let mut before = Vec::new();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for (row, letter) in from.iter().enumerate() {
        let mut line = vec![row + 1];
        for (column, other) in to.iter().enumerate() {
            let replaced = above[column] + usize::from(letter != other);
            let mut least = replaced.min(above[column + 1] + 1).min(line[column] + 1);
            if row > 0 && column > 0 && *letter == to[column - 1] && from[row - 1] == *other {
                let two_above: &Vec<usize> = &before;
                least = least.min(two_above[column - 1] + 1);
            }
            line.push(least);
        }
        before = std::mem::replace(&mut above, line);
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_by_how_near_they_are() {
        for (from, to, expected) in [
            ("", "", 0),
            ("abc", "abc", 0),
            ("abc", "acb", 1),
            ("listne", "listen", 1),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(edits(from, to), expected, "{from} {to}");
        }
        let known = ["COGNATE_MODE", "COGNATE_LISTEN", "COGNATE_LOG"];
        for (written, expected) in [
            ("COGNATE_MDOE", Some("COGNATE_MODE")),
            ("COGNATE_LISTNE", Some("COGNATE_LISTEN")),
            ("COGNATE_ENTIRELY_ELSE", None),
        ] {
            assert_eq!(nearest(written, known), expected, "{written}");
        }
    }

    #[test]
    fn places_are_counted_from_one() {
        for (text, at, expected) in
            [("", 0, (1, 1)), ("ab", 1, (1, 2)), ("a\nb", 2, (2, 1)), ("ä\nöx", 5, (2, 2)), ("a", 9, (1, 2))]
        {
            assert_eq!(place(text, at), expected, "{text} {at}");
        }
    }
}
