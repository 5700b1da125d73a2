use super::*;
use rules::Millis;
use serde_json::json;
use spec::cognito_idp::Operation;
use std::sync::atomic::{AtomicI64, Ordering};

const BEGINNING_MS: Millis = 1_767_225_600_000;
/// More than any limit here, and few enough that their looks at the clock, which each move it by 1 ms, refill none.
const MANY: usize = 20;

/// Limits with a clock that only moves by hand, as far as a look at it allows.
fn limits(rates: Rates) -> (RateLimits, Arc<AtomicI64>) {
    let ahead = Arc::new(AtomicI64::new(BEGINNING_MS));
    (RateLimits::new(&rates, 0, Clock::Manual(ahead.clone()), Arc::default()), ahead)
}

fn address(text: &str) -> Option<IpAddr> {
    Some(text.parse().unwrap())
}

/// How many of many requests are let in.
fn admitted<T>(check: impl Fn() -> Result<T>) -> usize {
    (0..MANY).filter(|_| check().is_ok()).count()
}

#[test]
fn an_address_has_its_own_requests() {
    let rates = Rates { per_address: NonZeroU32::new(1), counts_local: true, ..Rates::default() };
    let (limits, clock) = limits(rates);
    let of = |text: &str| admitted(|| limits.check_address(address(text)));
    assert_eq!(of("192.0.2.1"), 2);
    assert_eq!(of("192.0.2.1"), 0);
    assert_eq!(of("::ffff:192.0.2.1"), 0, "the same address in another form");
    assert_eq!(of("192.0.2.2"), 2);
    assert_eq!(of("2001:db8::1"), 2);
    assert_eq!(of("2001:db8::2"), 0, "the same network");
    assert_eq!(of("2001:db8:0:1::1"), 2);
    assert_eq!(of("127.0.0.1"), 2);
    assert_eq!(admitted(|| limits.check_address(None)), MANY);
    clock.fetch_add(1_000, Ordering::SeqCst);
    assert_eq!(of("192.0.2.1"), 1);
}

#[test]
fn local_addresses_may_be_a_proxy() {
    let (limits, _) = limits(Rates { per_address: NonZeroU32::new(1), ..Rates::default() });
    for (text, expected) in [
        ("127.0.0.1", MANY),
        ("10.1.2.3", MANY),
        ("192.168.1.1", MANY),
        ("::1", MANY),
        ("fd00::1", MANY),
        ("fe80::1", MANY),
        ("192.0.2.1", 2),
        ("2001:db8::1", 2),
    ] {
        assert_eq!(admitted(|| limits.check_address(address(text))), expected, "{text}");
    }
}

#[test]
fn a_clock_that_is_set_back_locks_nobody_out() {
    let rates = Rates { per_user: NonZeroU32::new(1), ..Rates::default() };
    let (limits, clock) = limits(rates);
    assert_eq!(admitted(|| limits.check_user("p", "jane")), 2);
    clock.fetch_sub(3_600_000, Ordering::SeqCst);
    assert_eq!(admitted(|| limits.check_user("p", "Jane")), 0);
    clock.fetch_add(2_000, Ordering::SeqCst);
    assert_eq!(admitted(|| limits.check_user("p", "jane")), 2);
    // The end of the calendar, and a thousand hours.
    for ms in [251_000_000_000_000, 3_600_000_000] {
        clock.fetch_add(ms, Ordering::SeqCst);
        assert_eq!(admitted(|| limits.check_user("p", "jane")), 2);
    }
    assert_eq!(admitted(|| limits.check_user("q", "jane")), 2);
}

#[test]
fn answers_beyond_three_for_a_sign_in_are_sign_ins() {
    let rate = |n| NonZeroU32::new(n).unwrap();
    let categories = BTreeMap::from([
        (Category::UserAuthentication, rate(2)),
        (Category::ChallengeResponses, rate(6)),
        (Category::UserList, rate(3)),
    ]);
    let (limits, _) = limits(Rates { categories, ..Rates::default() });
    assert_eq!(admitted(|| limits.check_category(Category::ChallengeResponses)), 8);
    assert_eq!(admitted(|| limits.check_category(Category::UserAuthentication)), 0);
    assert_eq!(admitted(|| limits.check_category(Category::UserList)), 3);
    assert_eq!(admitted(|| limits.check_category(Category::UserRead)), MANY);
}

#[test]
fn a_flood_about_one_user_leaves_the_category_to_others() {
    let rate = |n| NonZeroU32::new(n).unwrap();
    let categories = BTreeMap::from([(Category::UserAuthentication, rate(6))]);
    let (limits, _) = limits(Rates { categories, per_user: Some(rate(2)), ..Rates::default() });
    let of = |name: &str| {
        let input = json!({"ClientId": "c", "AuthParameters": {"USERNAME": name}});
        admitted(|| limits.check_input(Endpoint::UserPools(Operation::InitiateAuth), &input))
    };
    assert_eq!(of("jane"), 4);
    assert_eq!(of("mary"), 2, "six of all");
}

#[test]
fn what_is_given_back_was_not_counted() {
    let rate = |n| NonZeroU32::new(n).unwrap();
    let categories =
        BTreeMap::from([(Category::UserAuthentication, rate(2)), (Category::ChallengeResponses, rate(3))]);
    let rates = Rates { per_address: Some(rate(1)), counts_local: true, categories, ..Rates::default() };
    let (limits, clock) = limits(rates);
    let signature = || limits.check_signature(address("192.0.2.1"));
    let answer = || limits.check_category(Category::ChallengeResponses);
    for step_ms in [0, 300, 10_000] {
        clock.fetch_add(step_ms, Ordering::SeqCst);
        for _ in 0..MANY {
            signature().unwrap().give_back();
            answer().unwrap().give_back();
        }
    }
    let before: Vec<_> = (0..5).map(|_| answer().unwrap()).collect();
    assert!(answer().is_err(), "three, and two of the sign-ins");
    before.into_iter().for_each(Counted::give_back);
    assert_eq!(admitted(answer), 5);
    assert_eq!(admitted(signature), 2);
    assert_eq!(admitted(|| limits.check_address(address("192.0.2.1"))), 2, "signatures count apart");
}

#[test]
fn good_signatures_of_one_address_do_not_refuse_each_other() {
    let rates = Rates { per_address: NonZeroU32::new(1), counts_local: true, ..Rates::default() };
    let clock = Clock::Manual(Arc::new(AtomicI64::new(BEGINNING_MS)));
    let limits = RateLimits::new(&rates, 512, clock, Arc::default());
    let under_way: Vec<_> =
        (0..512).filter_map(|_| limits.check_signature(address("192.0.2.1")).ok()).collect();
    assert_eq!(under_way.len(), 512);
}

#[test]
fn who_shares_one_place_with_a_flood_is_let_in() {
    let (limits, _) = limits(Rates { per_user: NonZeroU32::new(1), ..Rates::default() });
    let users = limits.users.as_ref().unwrap();
    let place = |name: &str| users.place(&("p", name.to_owned()));
    let neighbor = (0..).map(|n| format!("jane{n}")).find(|name| place(name) == place("flood")).unwrap();
    assert_eq!(admitted(|| limits.check_user("p", "flood")), 2);
    assert_eq!(admitted(|| limits.check_user("p", &neighbor)), 2);
    assert_eq!(admitted(|| limits.check_user("p", &neighbor)), 0);
}
