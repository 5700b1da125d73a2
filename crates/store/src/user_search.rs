//! The users that a filter means, in pages. What a page costs does not depend on how many users the pool has:
//! each query walks one index from where the last page ended.

use crate::{Error, Param, Row, Tx, users};
use rules::{
    ids::PoolId,
    pool::user_filter::{Comparison, UserFilter},
    user::User,
};
use serde::{Deserialize, Serialize};

/// Where a page ended: the value that the list is sorted by, and the user's number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    value: String,
    number: i64,
}

/// Up to `limit` users behind `after`, without passwords, sorted by what the filter asks for and then in the order in
/// which they came, and where they end.
pub fn list(
    tx: &mut Tx<'_>,
    pool_id: &PoolId,
    filter: &UserFilter,
    after: Option<&Position>,
    limit: i64,
) -> Result<Vec<(User, Position)>, Error> {
    match filter {
        UserFilter::All => {
            let number = after.map_or(0, |after| after.number);
            listed(tx, &all_sql(), &[pool_id.into(), number.into(), limit.into()], |_, _| Ok(String::new()))
        }
        UserFilter::Sub(comparison) => by_sub(tx, pool_id, comparison, after, limit),
        UserFilter::Attribute { name, value } => by_attribute(tx, pool_id, name, value, after, limit),
        UserFilter::Statuses(statuses) => {
            let words: Vec<&str> = statuses.iter().map(|status| status.as_str()).collect();
            by_words(after, limit, &words, |word, number, limit| {
                let params = [pool_id.into(), word.into(), number.into(), limit.into()];
                listed(tx, &word_sql("status"), &params, |_, _| Ok(word.to_owned()))
            })
        }
        UserFilter::Enabled(states) => {
            let words: Vec<&str> = states.iter().map(|enabled| if *enabled { "1" } else { "0" }).collect();
            by_words(after, limit, &words, |word, number, limit| {
                let params = [pool_id.into(), (word == "1").into(), number.into(), limit.into()];
                listed(tx, &word_sql("enabled"), &params, |_, _| Ok(word.to_owned()))
            })
        }
    }
}

/// The users that a statement finds, each with its position; `value` tells what the list is sorted by.
fn listed(
    tx: &mut Tx<'_>,
    sql: &str,
    params: &[Param<'_>],
    value: impl Fn(&User, &Row) -> Result<String, Error>,
) -> Result<Vec<(User, Position)>, Error> {
    tx.query(sql, params)?
        .iter()
        .map(|row| {
            let user = users::user(row)?;
            let position = Position { value: value(&user, row)?, number: row.int(users::WIDTH)? };
            Ok((user, position))
        })
        .collect()
}

pub(crate) fn all_sql() -> String {
    format!(
        "SELECT {} FROM users u WHERE u.pool_id = $1 AND u.number > $2 ORDER BY u.number LIMIT $3",
        users::LISTED
    )
}

pub(crate) fn word_sql(column: &str) -> String {
    format!(
        "SELECT {} FROM users u WHERE u.pool_id = $1 AND u.{column} = $2 AND u.number > $3 \
         ORDER BY u.number LIMIT $4",
        users::LISTED
    )
}

fn by_sub(
    tx: &mut Tx<'_>,
    pool_id: &PoolId,
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
    let (operator, start, end) = match (comparison, after) {
        (Comparison::Is(_), Some(_)) => return Ok(Vec::new()),
        (Comparison::Is(sub), None) => ("=", sub, None),
        (Comparison::BeginsWith(beginning), Some(after)) => (">", &after.value, behind(beginning)),
        // A sub is longer than its beginning, unless that is all of it: then `>=` finds it too.
        (Comparison::BeginsWith(beginning), None) => (">=", beginning, behind(beginning)),
    };
    let mut params = vec![pool_id.into(), start.into(), limit.into()];
    let bound = below("u.sub", end.as_ref(), &mut params);
    listed(tx, &sql(&format!("u.sub {operator} $2{bound}")), &params, |user, _| Ok(user.sub.to_string()))
}

fn by_attribute(
    tx: &mut Tx<'_>,
    pool_id: &PoolId,
    attribute: &str,
    comparison: &Comparison,
    after: Option<&Position>,
    limit: i64,
) -> Result<Vec<(User, Position)>, Error> {
    let number = after.map_or(0, |after| after.number);
    let (condition, start, end) = match comparison {
        Comparison::Is(value) => (SAME_VALUE, value, None),
        // Numbers begin at 1, so the first page begins at the beginning itself.
        Comparison::BeginsWith(beginning) => {
            (FROM_VALUE, after.map_or(beginning, |after| &after.value), behind(beginning))
        }
    };
    let mut params = vec![pool_id.into(), attribute.into(), start.into(), number.into(), limit.into()];
    let bound = below("s.value", end.as_ref(), &mut params);
    let sql = attribute_sql(&format!("{condition}{bound}"));
    listed(tx, &sql, &params, |_, row| row.text(users::WIDTH + 1))
}

pub(crate) const SAME_VALUE: &str = "s.value = $3 AND s.number > $4";
pub(crate) const FROM_VALUE: &str = "(s.value, s.number) > ($3, $4)";

pub(crate) fn attribute_sql(condition: &str) -> String {
    format!(
        "SELECT {}, s.value FROM searchable_attributes s \
         JOIN users u ON u.pool_id = s.pool_id AND u.number = s.number \
         WHERE s.pool_id = $1 AND s.attribute = $2 AND {condition} ORDER BY s.value, s.number LIMIT $5",
        users::LISTED
    )
}

/// Users of several words, one word after the other.
fn by_words(
    after: Option<&Position>,
    limit: i64,
    words: &[&str],
    mut of_word: impl FnMut(&str, i64, i64) -> Result<Vec<(User, Position)>, Error>,
) -> Result<Vec<(User, Position)>, Error> {
    let mut found = Vec::new();
    let done = after.map_or("", |after| after.value.as_str());
    for word in words.iter().filter(|word| **word >= done) {
        let wanted = limit - i64::try_from(found.len()).unwrap_or(limit);
        if wanted <= 0 {
            break;
        }
        let number = after.filter(|after| after.value == *word).map_or(0, |after| after.number);
        found.extend(of_word(word, number, wanted)?);
    }
    Ok(found)
}

/// The condition that a column ends before `end`, whose parameter is added; nothing where there is no end.
fn below<'a>(column: &str, end: Option<&'a String>, params: &mut Vec<Param<'a>>) -> String {
    let Some(end) = end else { return String::new() };
    params.push(end.into());
    format!(" AND {column} < ${}", params.len())
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
            (SAME_VALUE, "(pool_id=? AND attribute=? AND value=? AND number>?)"),
            (FROM_VALUE, "(pool_id=? AND attribute=? AND (value,number)>(?,?))"),
            (&both, "(pool_id=? AND attribute=? AND (value,number)>(?,?) AND value<?)"),
        ] {
            let (sql, bounded) =
                (format!("EXPLAIN QUERY PLAN {}", attribute_sql(condition)), condition == both);
            let plan = db
                .read(move |tx| {
                    let mut params = vec!["p".into(), "name".into(), "a".into(), 0.into(), 60.into()];
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
            assert_eq!(plan[1], "SEARCH u USING INTEGER PRIMARY KEY (rowid=?)");
        }
    }

    #[tokio::test]
    async fn lists_of_a_pool_walk_their_indexes() {
        let db = Db::open_memory().await.unwrap();
        db.migrate(0, |_, _| {}).await.unwrap();
        for (sql, params, expected) in [
            (all_sql(), vec!["p".into(), 0.into()], "users_by_creation (pool_id=? AND rowid>?)"),
            (
                word_sql("status"),
                vec!["p".into(), "CONFIRMED".into(), 0.into()],
                "users_by_status (pool_id=? AND status=? AND number>?)",
            ),
            (
                word_sql("enabled"),
                vec!["p".into(), true.into(), 0.into()],
                "users_by_enabled (pool_id=? AND enabled=? AND number>?)",
            ),
        ] {
            let sql = format!("EXPLAIN QUERY PLAN {sql}");
            let plan = db
                .read(move |tx| {
                    let mut params = params.clone();
                    params.push(60.into());
                    let rows = tx.query(&sql, &params)?;
                    rows.iter().map(|row| row.text(3)).collect::<Result<Vec<_>, Error>>()
                })
                .await
                .unwrap();
            assert_eq!(plan, [format!("SEARCH u USING INDEX {expected}")]);
        }
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
