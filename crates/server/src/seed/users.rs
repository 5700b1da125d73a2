//! Users as the seed has them.

use super::{Mistake, Sower, entry::Place, file, is_unknown};
use crate::{
    app::App,
    callers::CallOrigin,
    cognito_idp::{admin_create_user, admin_user_attributes, group_members, user_passwords, users},
    users::{changes, passwords},
};
use rules::{
    Fault,
    ids::{self, PoolId, Sub},
    user::{Membership, User},
};
use serde_json::json;
use spec::cognito_idp::{Operation, UserStatusType};
use std::sync::Arc;
use zeroize::Zeroizing;

impl Sower {
    /// Makes the user, or changes it to what the file says.
    pub(super) async fn user(&self, pool_id: &PoolId, wanted: &file::User) -> Result<(), Mistake> {
        let place = &wanted.place;
        let pool = self.app.pool(pool_id).await.map_err(|fault| place.fault(fault))?;
        let found = match find(&self.app, pool.clone(), &wanted.username).await {
            Ok(user) => Some(user),
            Err(fault) if is_unknown(&fault) => None,
            Err(fault) => return Err(place.fault(fault)),
        };
        let user = match found {
            None => {
                self.create(pool_id, wanted).await?;
                find(&self.app, pool.clone(), &wanted.username).await.map_err(|fault| place.fault(fault))?
            }
            Some(user) => {
                self.attributes(pool_id, wanted, &user).await?;
                user
            }
        };
        if wanted.sub.as_ref().is_some_and(|sub| *sub != user.sub) {
            return Err(place
                .mistake(format!("the user is there with the Sub {}, which cannot be changed", user.sub)));
        }
        self.password(pool_id, wanted, &user).await?;
        self.standing(pool_id, wanted, &user).await?;
        self.memberships(pool_id, wanted, &user).await
    }

    async fn create(&self, pool_id: &PoolId, wanted: &file::User) -> Result<(), Mistake> {
        let place = &wanted.place;
        let mut input = json!({
            "UserPoolId": pool_id,
            "Username": wanted.username,
            "UserAttributes": attributes(wanted),
            "MessageAction": "SUPPRESS",
        });
        if let Some(password) = &wanted.password {
            input["TemporaryPassword"] = json!(password);
        }
        if let Some(sub) = &wanted.sub {
            self.check_sub(place, pool_id, sub).await?;
        }
        let sub = wanted.sub.clone();
        self.ask(place, Operation::AdminCreateUser.spec(), input, async |app, _, input| {
            admin_create_user::create_as(app, &CallOrigin::seed(), sub, input).await
        })
        .await?;
        Ok(())
    }

    /// A sub is a UUID, and of one user only.
    async fn check_sub(&self, place: &Place, pool_id: &PoolId, sub: &Sub) -> Result<(), Mistake> {
        if !ids::is_sub(sub) {
            return Err(place.mistake("Sub must be a UUID in small letters"));
        }
        let (pool_id, id) = (pool_id.clone(), sub.clone());
        match self.app.db.read(move |tx| store::users::find(tx, &pool_id, &id)).await? {
            Some(_) => Err(place.mistake(format!("{sub} is another user's Sub"))),
            None => Ok(()),
        }
    }

    async fn attributes(&self, pool_id: &PoolId, wanted: &file::User, user: &User) -> Result<(), Mistake> {
        if wanted.attributes.iter().all(|(name, value)| user.attribute(name) == Some(value)) {
            return Ok(());
        }
        // All of them, because a changed address would not stay verified alone.
        let input = json!({
            "UserPoolId": pool_id, "Username": user.username, "UserAttributes": attributes(wanted),
        });
        let change = Operation::AdminUpdateUserAttributes.spec();
        self.ask(&wanted.place, change, input, async |app, caller, input| {
            // A seed calls no function, as it sends no message.
            let origin = CallOrigin::seed();
            admin_user_attributes::admin_update_user_attributes(app, caller, origin, input).await
        })
        .await?;
        Ok(())
    }

    async fn password(&self, pool_id: &PoolId, wanted: &file::User, user: &User) -> Result<(), Mistake> {
        let Some(password) = &wanted.password else { return Ok(()) };
        let is_temporary = user.password.as_ref().is_some_and(|password| password.temporary);
        let has_begun = user.password.is_some() && !is_temporary;
        if !wanted.permanent && has_begun {
            // A temporary password is for the first sign-in, and this user has one of their own.
            return Ok(());
        }
        let status =
            if wanted.permanent { UserStatusType::Confirmed } else { UserStatusType::ForceChangePassword };
        let hashes = user.password.iter().map(|password| password.hash.clone()).collect();
        let is_same = user.status == status
            && is_temporary != wanted.permanent
            && passwords::is_any_of(&self.app, Zeroizing::new(password.clone()), hashes)
                .await
                .map_err(|fault| wanted.place.fault(fault))?;
        if is_same {
            return Ok(());
        }
        let input = json!({
            "UserPoolId": pool_id, "Username": user.username, "Password": password,
            "Permanent": wanted.permanent,
        });
        let set = Operation::AdminSetUserPassword.spec();
        self.ask(&wanted.place, set, input, user_passwords::admin_set_user_password).await?;
        Ok(())
    }

    /// Whether the user may sign in.
    async fn standing(&self, pool_id: &PoolId, wanted: &file::User, user: &User) -> Result<(), Mistake> {
        let input = json!({"UserPoolId": pool_id, "Username": user.username});
        match wanted.enabled.filter(|enabled| *enabled != user.enabled) {
            Some(true) => {
                let enable = Operation::AdminEnableUser.spec();
                self.ask(&wanted.place, enable, input, users::admin_enable_user).await.map(drop)
            }
            Some(false) => {
                let disable = Operation::AdminDisableUser.spec();
                self.ask(&wanted.place, disable, input, users::admin_disable_user).await.map(drop)
            }
            None => Ok(()),
        }
    }

    async fn memberships(&self, pool_id: &PoolId, wanted: &file::User, user: &User) -> Result<(), Mistake> {
        let (pool, sub) = (pool_id.clone(), user.sub.clone());
        let found = self.app.db.read(move |tx| store::users::find_with_groups(tx, &pool, &sub)).await?;
        let present: Vec<Membership> = found.map(|(_, groups)| groups).unwrap_or_default();
        for group in &wanted.groups {
            if present.iter().any(|membership| membership.group == *group) {
                continue;
            }
            let input = json!({"UserPoolId": pool_id, "Username": user.username, "GroupName": group});
            let add = Operation::AdminAddUserToGroup.spec();
            self.ask(&wanted.place, add, input, group_members::admin_add_user_to_group).await?;
        }
        Ok(())
    }
}

async fn find(app: &App, pool: Arc<rules::pool::Pool>, typed: &str) -> Result<User, Fault> {
    let typed = typed.to_owned();
    app.db.read(move |tx| changes::find(tx, &pool, &typed)).await
}

fn attributes(wanted: &file::User) -> Vec<serde_json::Value> {
    wanted.attributes.iter().map(|(name, value)| json!({"Name": name, "Value": value})).collect()
}
