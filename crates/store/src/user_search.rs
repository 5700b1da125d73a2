//! The users that a filter means, in pages. What a page costs does not depend on how many users the pool has:
//! each query walks one index from where the last page ended.

use crate::{Error, Tx, users};
use rules::{
    pool::user_filter::{Comparison, UserFilter},
    user::User,
};
use serde::{Deserialize, Serialize};

/// Where a page ended: the value that the list is sorted by, and the user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    value: String,
    sub: String,
}

/// Up to `limit` users behind `after`, without passwords, sorted by what the filter asks for, and where they end.
pub fn list(
    tx: &mut Tx<'_>,
    pool_id: &str,
    filter: &UserFilter,
    after: Option<&Position>,
    limit: i64,
) -> Result<Vec<(User, Position)>, Error> {
    match filter {
        UserFilter::All => by_creation(tx, pool_id, after, limit),
        UserFilter::Sub(comparison) => by_sub(tx, pool_id, comparison, after, limit),
        UserFilter::Attribute { name, value } => by_attribute(tx, pool_id, name, value, after, limit),
        UserFilter::Statuses(statuses) => {
            let words: Vec<&str> = statuses.iter().map(|status| status.as_str()).collect();
            by_words(after, limit, &words, |word, sub, limit| {
                let sql = format!(
                    "SELECT {} FROM users u WHERE u.pool_id = $1 AND u.status = $2 AND u.sub > $3 \
                     ORDER BY u.sub LIMIT $4",
                    users::LISTED
                );
                tx.query(&sql, &[pool_id.into(), word.into(), sub.into(), limit.into()])?
                    .iter()
                    .map(users::user)
                    .collect()
            })
        }
        UserFilter::Enabled(states) => {
            let words: Vec<&str> = states.iter().map(|enabled| if *enabled { "1" } else { "0" }).collect();
            by_words(after, limit, &words, |word, sub, limit| {
                let sql = format!(
                    "SELECT {} FROM users u WHERE u.pool_id = $1 AND u.enabled = $2 AND u.sub > $3 \
                     ORDER BY u.sub LIMIT $4",
                    users::LISTED
                );
                tx.query(&sql, &[pool_id.into(), (word == "1").into(), sub.into(), limit.into()])?
                    .iter()
                    .map(users::user)
                    .collect()
            })
        }
    }
}

/// All users, the oldest first. In the order of their subs a page of a large pool would lie scattered over the table.
fn by_creation(
    tx: &mut Tx<'_>,
    pool_id: &str,
    after: Option<&Position>,
    limit: i64,
) -> Result<Vec<(User, Position)>, Error> {
    let (created_at, sub) = match after {
        Some(after) => (after.value.parse().unwrap_or(i64::MIN), after.sub.as_str()),
        None => (i64::MIN, ""),
    };
    tx.query(&creation_sql(), &[pool_id.into(), created_at.into(), sub.into(), limit.into()])?
        .iter()
        .map(|row| {
            let user = users::user(row)?;
            let position = Position { value: user.created_at.to_string(), sub: user.sub.clone() };
            Ok((user, position))
        })
        .collect()
}

fn creation_sql() -> String {
    format!(
        "SELECT {} FROM users u WHERE u.pool_id = $1 AND (u.created_at, u.sub) > ($2, $3) \
         ORDER BY u.created_at, u.sub LIMIT $4",
        users::LISTED
    )
}

fn by_sub(
    tx: &mut Tx<'_>,
    pool_id: &str,
    comparison: &Comparison,
    after: Option<&Position>,
    limit: i64,
) -> Result<Vec<(User, Position)>, Error> {
    let sql = |condition: &str| {
        format!(
            "SELECT {} FROM users u WHERE u.pool_id = $1 AND {condition} ORDER BY u.sub LIMIT $3",
            users::LISTED
        )
    };
    let rows = match comparison {
        Comparison::Is(_) if after.is_some() => Vec::new(),
        Comparison::Is(sub) => tx.query(&sql("u.sub = $2"), &[pool_id.into(), sub.into(), limit.into()])?,
        // A sub is longer than its beginning, unless that is all of it: then `>=` finds it too.
        Comparison::BeginsWith(beginning) => {
            let (operator, start) = match after {
                Some(after) => (">", &after.sub),
                None => (">=", beginning),
            };
            match behind(beginning) {
                Some(end) => tx.query(
                    &sql(&format!("u.sub {operator} $2 AND u.sub < $4")),
                    &[pool_id.into(), start.into(), limit.into(), (&end).into()],
                )?,
                None => tx.query(
                    &sql(&format!("u.sub {operator} $2")),
                    &[pool_id.into(), start.into(), limit.into()],
                )?,
            }
        }
    };
    rows.iter()
        .map(|row| {
            let user = users::user(row)?;
            let sub = user.sub.clone();
            Ok((user, Position { value: String::new(), sub }))
        })
        .collect()
}

fn by_attribute(
    tx: &mut Tx<'_>,
    pool_id: &str,
    attribute: &str,
    comparison: &Comparison,
    after: Option<&Position>,
    limit: i64,
) -> Result<Vec<(User, Position)>, Error> {
    let last_sub = after.map_or("", |after| after.sub.as_str());
    let (pool_id, attribute, limit) = (pool_id.into(), attribute.into(), limit.into());
    let rows = match comparison {
        Comparison::Is(value) => {
            tx.query(&attribute_sql(SAME_VALUE), &[pool_id, attribute, value.into(), last_sub.into(), limit])?
        }
        Comparison::BeginsWith(beginning) => {
            // Every sub is greater than the empty one, so the first page begins at the beginning itself.
            let value = after.map_or(beginning, |after| &after.value);
            match behind(beginning) {
                Some(end) => tx.query(
                    &attribute_sql(&format!("{FROM_VALUE} AND s.value < $6")),
                    &[pool_id, attribute, value.into(), last_sub.into(), limit, (&end).into()],
                )?,
                None => tx.query(
                    &attribute_sql(FROM_VALUE),
                    &[pool_id, attribute, value.into(), last_sub.into(), limit],
                )?,
            }
        }
    };
    rows.iter()
        .map(|row| {
            let user = users::user(row)?;
            let position = Position { value: row.text(users::WIDTH)?, sub: user.sub.clone() };
            Ok((user, position))
        })
        .collect()
}

const SAME_VALUE: &str = "s.value = $3 AND s.sub > $4";
const FROM_VALUE: &str = "(s.value, s.sub) > ($3, $4)";

fn attribute_sql(condition: &str) -> String {
    format!(
        "SELECT {}, s.value FROM searchable_attributes s \
         JOIN users u ON u.pool_id = s.pool_id AND u.sub = s.sub \
         WHERE s.pool_id = $1 AND s.attribute = $2 AND {condition} ORDER BY s.value, s.sub LIMIT $5",
        users::LISTED
    )
}

/// Users of several words, one word after the other.
fn by_words(
    after: Option<&Position>,
    limit: i64,
    words: &[&str],
    mut of_word: impl FnMut(&str, &str, i64) -> Result<Vec<User>, Error>,
) -> Result<Vec<(User, Position)>, Error> {
    let mut found = Vec::new();
    let done = after.map_or("", |after| after.value.as_str());
    for word in words.iter().filter(|word| **word >= done) {
        let wanted = limit - i64::try_from(found.len()).unwrap_or(limit);
        if wanted <= 0 {
            break;
        }
        let sub = after.filter(|after| after.value == *word).map_or("", |after| after.sub.as_str());
        for user in of_word(word, sub, wanted)? {
            let position = Position { value: (*word).to_owned(), sub: user.sub.clone() };
            found.push((user, position));
        }
    }
    Ok(found)
}

/// The first text behind all that begin so, as both engines order texts: by their bytes. None if there is no such
/// text.
fn behind(beginning: &str) -> Option<String> {
    let mut characters: Vec<char> = beginning.chars().collect();
    while let Some(last) = characters.pop() {
        let next = match last {
            '\u{d7ff}' => Some('\u{e000}'),
            last => char::from_u32(last as u32 + 1),
        };
        if let Some(next) = next {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;

    /// The database's own words for how it runs a search: a range of the index in its order, nothing sorted.
    #[tokio::test]
    async fn searches_walk_the_index() {
        let db = Db::open_memory().await.unwrap();
        db.migrate(0, |_, _| {}).await.unwrap();
        let both = format!("{FROM_VALUE} AND s.value < $6");
        for (condition, range) in [
            (SAME_VALUE, "(pool_id=? AND attribute=? AND value=? AND sub>?)"),
            (FROM_VALUE, "(pool_id=? AND attribute=? AND (value,sub)>(?,?))"),
            (&both, "(pool_id=? AND attribute=? AND (value,sub)>(?,?) AND value<?)"),
        ] {
            let (sql, bounded) =
                (format!("EXPLAIN QUERY PLAN {}", attribute_sql(condition)), condition == both);
            let plan = db
                .read(move |tx| {
                    let mut params = vec!["p".into(), "name".into(), "a".into(), "".into(), 60.into()];
                    if bounded {
                        params.push("b".into());
                    }
                    let rows = tx.query(&sql, &params)?;
                    rows.iter().map(|row| row.text(3)).collect::<Result<Vec<_>, Error>>()
                })
                .await
                .unwrap();
            assert_eq!(plan.len(), 2, "{plan:?}");
            assert!(
                plan[0].starts_with("SEARCH s USING PRIMARY KEY") && plan[0].ends_with(range),
                "{plan:?}"
            );
            assert!(plan[1].starts_with("SEARCH u USING"), "{plan:?}");
        }
    }

    #[tokio::test]
    async fn a_list_of_all_walks_its_index() {
        let db = Db::open_memory().await.unwrap();
        db.migrate(0, |_, _| {}).await.unwrap();
        let sql = format!("EXPLAIN QUERY PLAN {}", creation_sql());
        let plan = db
            .read(move |tx| tx.query(&sql, &["p".into(), 0.into(), "".into(), 60.into()])?[0].text(3))
            .await
            .unwrap_or_else(|error: Error| panic!("{error}"));
        assert_eq!(plan, "SEARCH u USING INDEX users_by_creation (pool_id=? AND (created_at,sub)>(?,?))");
    }

    #[test]
    fn what_follows_a_beginning() {
        for (beginning, expected) in [
            ("", None),
            ("a", Some("b")),
            ("az", Some("a{")),
            ("ä", Some("å")),
            ("a\u{d7ff}", Some("a\u{e000}")),
            ("a\u{10ffff}", Some("b")),
            ("\u{10ffff}\u{10ffff}", None),
        ] {
            assert_eq!(behind(beginning).as_deref(), expected, "{beginning:?}");
            if let Some(end) = expected {
                assert!(beginning < end && format!("{beginning}\u{10ffff}").as_str() < end);
            }
        }
    }
}
