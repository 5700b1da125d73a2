//! The pages that lists are answered in.

use crate::{app::App, secrets::page_token};
use rules::Result;

/// How long a page is when the caller does not say, and at most.
const LENGTH_MAX: i64 = 60;

/// A page under way: of which list, where it begins, and how many entries it takes.
#[derive(Clone, Debug)]
pub struct Page {
    operation: &'static str,
    scope: Vec<String>,
    /// Where the last page ended; none for the first.
    pub after: Option<String>,
    /// How many entries the page takes.
    pub length: i64,
}

impl Page {
    /// The page that the caller asks for. `scope` names the pool and all parameters that every page of one list
    /// must repeat; the limit is not among them.
    ///
    /// # Errors
    /// InvalidParameterException for a token that was not made for this list.
    pub fn asked(
        app: &App,
        operation: &'static str,
        scope: &[&str],
        limit: Option<i32>,
        token: Option<&str>,
    ) -> Result<Page> {
        let length = match limit {
            Some(limit) if limit > 0 => i64::from(limit).min(LENGTH_MAX),
            _ => LENGTH_MAX,
        };
        Page::of_length(app, operation, scope, length, token)
    }

    /// The same of a list whose caller has no say in the length.
    ///
    /// # Errors
    /// InvalidParameterException for a token that was not made for this list.
    pub fn of_length(
        app: &App,
        operation: &'static str,
        scope: &[&str],
        length: i64,
        token: Option<&str>,
    ) -> Result<Page> {
        let after = page_token::open(app, operation, scope, token)?;
        let scope = scope.iter().map(|part| (*part).to_owned()).collect();
        Ok(Page { operation, scope, after, length })
    }

    /// How many entries to read: one more than are shown tells whether there is another page.
    pub fn reading_length(&self) -> i64 {
        self.length + 1
    }

    /// The entries to show, and the token of the next page if there is one.
    pub fn cut<T>(
        &self,
        app: &App,
        mut entries: Vec<T>,
        position: impl Fn(&T) -> String,
    ) -> Result<(Vec<T>, Option<String>)> {
        let length = usize::try_from(self.length).unwrap_or(usize::MAX);
        let has_more = entries.len() > length;
        entries.truncate(length);
        let token = match entries.last() {
            Some(last) if has_more => {
                let scope: Vec<&str> = self.scope.iter().map(String::as_str).collect();
                Some(page_token::seal(app, self.operation, &scope, position(last))?)
            }
            _ => None,
        };
        Ok((entries, token))
    }
}
