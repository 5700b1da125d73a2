//! The settings of how many requests are let in, and of the proxies that say who sent them.

use crate::config::{Config, Rates};
use anyhow::{Context as _, Result, bail};
use ipnet::IpNet;
use rules::quotas::{ANSWERS_PER_SIGN_IN, Category};
use std::{collections::BTreeMap, net::IpAddr, num::NonZeroU32};

/// In production, where nothing else is said. A page that loads makes a few requests, an office has one address.
pub const PER_ADDRESS: u32 = 50;
/// D: Cognito's own.
pub const PER_USER: u32 = 10;

/// The limits as given; 0 is none.
pub fn rates(
    per_address: Option<u32>,
    per_user: Option<u32>,
    categories: &str,
    config: &Config,
) -> Result<Rates> {
    let otherwise = |rate: u32| if config.development { 0 } else { rate };
    let (categories, per_pool) = read_categories(categories)?;
    Ok(Rates {
        per_address: NonZeroU32::new(per_address.unwrap_or(otherwise(PER_ADDRESS))),
        counts_local: per_address.is_some() || !config.trusted_proxies.is_empty(),
        per_user: NonZeroU32::new(per_user.unwrap_or(otherwise(PER_USER))),
        categories,
        per_pool,
    })
}

/// Each category's number, and whether Cognito's numbers for one pool count too.
fn read_categories(text: &str) -> Result<(BTreeMap<Category, NonZeroU32>, bool)> {
    let mut rates = BTreeMap::new();
    let mut is_cognito = false;
    for item in items(text).filter(|item| *item != "off") {
        if item == "cognito" {
            is_cognito = true;
            for (category, _, rate) in Category::ALL {
                rates.insert(category, NonZeroU32::new(rate));
            }
            continue;
        }
        let Some((name, rate)) = item.split_once('=') else {
            bail!("--rate-categories must be off, cognito or a list like cognito,UserRead=500, not {text}");
        };
        let category = Category::from_name(name.trim())
            .with_context(|| format!("--rate-categories: there is no category {name}"))?;
        let rate: u32 = rate.trim().parse().with_context(|| format!("--rate-categories: {item}"))?;
        rates.insert(category, NonZeroU32::new(rate));
        if is_cognito && category == Category::UserAuthentication {
            let answers = rate.saturating_mul(ANSWERS_PER_SIGN_IN);
            rates.insert(Category::ChallengeResponses, NonZeroU32::new(answers));
        }
    }
    let rates = rates.into_iter().filter_map(|(category, rate)| Some((category, rate?))).collect();
    Ok((rates, is_cognito))
}

/// Networks, or single addresses.
pub fn proxies(text: &str) -> Result<Vec<IpNet>> {
    let network = |item: &str| item.parse().or_else(|_| item.parse::<IpAddr>().map(IpNet::from));
    items(text)
        .map(|item| {
            network(item).with_context(|| format!("--trusted-proxies: {item} is no network like 10.0.0.0/8"))
        })
        .collect()
}

pub fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_read_from_left_to_right() {
        let read = |text: &str| {
            let (rates, is_cognito) = read_categories(text).ok()?;
            let rate = |category| rates.get(&category).map(|rate| rate.get());
            Some((rate(Category::UserRead), rate(Category::UserList), is_cognito))
        };
        for (text, expected) in [
            ("", Some((None, None, false))),
            ("off", Some((None, None, false))),
            ("cognito", Some((Some(120), Some(30), true))),
            ("cognito, UserRead=500", Some((Some(500), Some(30), true))),
            ("cognito,UserRead=0", Some((None, Some(30), true))),
            ("UserRead=5", Some((Some(5), None, false))),
            ("UserRead", None),
            ("UserRead=many", None),
            ("UserFederation=5", None),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn each_sign_in_has_three_answers() {
        for (text, expected) in [
            ("cognito", 360),
            ("cognito,UserAuthentication=10", 30),
            ("cognito,UserAuthentication=10,ChallengeResponses=5", 5),
        ] {
            let (rates, _) = read_categories(text).unwrap();
            assert_eq!(rates[&Category::ChallengeResponses].get(), expected, "{text}");
        }
    }

    #[test]
    fn proxies_are_networks_or_addresses() {
        let read = |text: &str| proxies(text).ok().map(|found| found.len());
        for (text, expected) in [
            ("", Some(0)),
            ("127.0.0.1, ::1, 10.0.0.0/8", Some(3)),
            ("10.0.0.0/33", None),
            ("localhost", None),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn limits_are_on_in_production() {
        let mut config = Config::local(([127, 0, 0, 1], 1).into(), "no-folder".into());
        let found = |config: &Config, per_address| {
            let rates = rates(per_address, None, "", config).unwrap();
            (rates.per_address.map(NonZeroU32::get), rates.per_user.map(NonZeroU32::get), rates.counts_local)
        };
        assert_eq!(found(&config, None), (None, None, false));
        assert_eq!(found(&config, Some(3)), (Some(3), None, true));
        config.development = false;
        assert_eq!(found(&config, None), (Some(PER_ADDRESS), Some(PER_USER), false));
        assert_eq!(found(&config, Some(0)).0, None);
        config.trusted_proxies = proxies("127.0.0.1").unwrap();
        assert!(found(&config, None).2);
    }
}
