//! How many requests are let in.

use rules::quotas::Category;
use std::{collections::BTreeMap, num::NonZeroU32};

/// How many requests a second are let in; where nothing stands, as many as come.
#[derive(Clone, Debug, Default)]
pub struct Rates {
    /// Of one address, without those that are signed.
    pub per_address: Option<NonZeroU32>,
    /// Whether local and private addresses are counted: without known proxies they may be one.
    pub counts_local: bool,
    /// About one user.
    pub per_user: Option<NonZeroU32>,
    /// Of a category.
    pub categories: BTreeMap<Category, NonZeroU32>,
    /// Whether some operations have a limit for each pool, as Cognito's have.
    pub per_pool: bool,
}
