//! Finding a user by what was typed, and storing a changed one with its sign-in names.

use rules::{Fault, Millis, Result, fault, pool::Pool, user::User};
use store::{
    Tx,
    tickets::{self, Kind},
    users::{self, Change},
};

/// What is answered where the user was changed between reading and writing, so that what was made is not right any more.
pub fn changed_meanwhile() -> Fault {
    fault::too_many_requests().because("the user was changed meanwhile")
}

/// How often what was read and made is begun anew, where the user was changed before it was written.
pub const RESTARTS_MAX: usize = 2;

/// The user whom a typed name means: a user name, a further sign-in name, or the sub.
///
/// # Errors
/// UserNotFoundException if there is none.
pub fn find(tx: &mut Tx<'_>, pool: &Pool, typed: &str) -> Result<User> {
    users::find(tx, &pool.id, &pool.fold_name(typed))?.ok_or_else(fault::unknown_user)
}

/// Stores a changed user. Whoever sets a password, and in whatever way, ends the code by which it was to be reset.
///
/// # Errors
/// AliasExistsException if one of its new names is another user's; ConcurrentModificationException if it was
/// changed since it was read.
pub fn save(tx: &mut Tx<'_>, pool: &Pool, before: &User, after: &User) -> Result<()> {
    let change = users::update(tx, before, after, &before.sign_in_names(pool), &after.sign_in_names(pool))?;
    match change {
        Change::Done if before.has_same_password(after) => Ok(()),
        Change::Done => Ok(tickets::delete_kind_of_user(tx, Kind::ResetCode, &after.pool_id, &after.sub)?),
        Change::Stale => Err(fault::concurrent_modification()),
        Change::NameTaken(name) => match after.attribute_of_name(pool, &name) {
            Some(attribute) => Err(fault::alias_exists(attribute)),
            None => Err(Fault::internal("a user lost its own name")),
        },
    }
}

/// Stores a new user. `name_taken` makes the refusal of a name that another user has, from the attribute that
/// the name is, or none for the user name.
pub fn insert(
    tx: &mut Tx<'_>,
    pool: &Pool,
    user: &User,
    name_taken: impl Fn(Option<&'static str>) -> Fault,
) -> Result<()> {
    // An unproved address takes no name, but nobody is made with the name of another.
    for (attribute, name) in user.unproved_names(pool) {
        if users::find_name(tx, &pool.id, &name)?.is_some() {
            return Err(name_taken(Some(attribute)));
        }
    }
    match users::insert(tx, user, &user.sign_in_names(pool))? {
        Change::Done => Ok(()),
        Change::Stale => Err(fault::concurrent_modification()),
        Change::NameTaken(name) => Err(name_taken(user.attribute_of_name(pool, &name))),
    }
}

/// Takes the verified addresses of `user` away from whoever else signs in by them (ForceAliasCreation): the
/// loser keeps the address, unverified, and the name goes. To be called before `user` is stored.
pub fn take_aliases(tx: &mut Tx<'_>, pool: &Pool, user: &User, now: Millis) -> Result<()> {
    for name in user.sign_in_names(pool) {
        let Some(attribute @ ("email" | "phone_number")) = user.attribute_of_name(pool, &name) else {
            continue;
        };
        if pool.has_username_attributes() {
            continue;
        }
        let Some(holder) = users::find(tx, &pool.id, &name)?.filter(|holder| holder.sub != user.sub) else {
            continue;
        };
        // A user name of this form can be older than a rule, and is nobody's to take.
        if holder.attribute_of_name(pool, &name) == Some(attribute) {
            let mut loser = holder.clone();
            loser.set_verified(attribute, false);
            loser.updated_at = now;
            save(tx, pool, &holder, &loser)?;
        }
    }
    Ok(())
}

/// Removes a user with its names and memberships.
///
/// # Errors
/// UserNotFoundException if it is gone already.
pub fn delete(tx: &mut Tx<'_>, pool: &Pool, user: &User) -> Result<()> {
    if users::delete(tx, user, &user.sign_in_names(pool))? { Ok(()) } else { Err(fault::unknown_user()) }
}
