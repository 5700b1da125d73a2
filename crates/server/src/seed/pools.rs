//! Pools and groups as the seed has them.

use super::{Mistake, Sower, entry::Place, file, is_unknown, request, undated};
use crate::cognito_idp::{groups, mfa_config as mfa_operations, pools};
use rules::{
    ids::PoolId,
    pool::{Pool, mfa_config, schema, settings},
};
use serde_json::{Value, json};
use spec::cognito_idp::{
    CreateUserPoolRequest, GetGroupRequest, GroupType, Operation, SetUserPoolMfaConfigRequest,
    UpdateUserPoolRequest, UserPoolType,
};

impl Sower {
    /// Makes the pool, or changes it to what the file says.
    pub(super) async fn pool(&self, wanted: &file::Pool) -> Result<(), Mistake> {
        let place = &wanted.place;
        let id = wanted.id.clone();
        let found = self.app.db.read(move |tx| store::pools::find(tx, &id)).await?;
        match found {
            None => {
                let create = Operation::CreateUserPool.spec();
                self.ask(place, create, wanted.members.clone(), async |app, _, input| {
                    pools::create_as(app, wanted.id.clone(), input).await
                })
                .await?;
                self.mfa(wanted).await
            }
            Some(pool) => {
                let asked: CreateUserPoolRequest =
                    request(place, Operation::CreateUserPool.spec(), wanted.members.clone())?;
                let pool = self.lasting(wanted, pool, asked).await?;
                self.pool_settings(wanted, &pool).await
            }
        }
    }

    /// What is set once: refuses a difference, and adds attributes.
    async fn lasting(
        &self,
        wanted: &file::Pool,
        mut pool: Pool,
        asked: CreateUserPoolRequest,
    ) -> Result<Pool, Mistake> {
        let place = &wanted.place;
        let fresh = settings::create(asked.clone(), wanted.id.clone(), String::new(), self.app.now())
            .map_err(|fault| place.fault(fault))?;
        check_lasting(place, &pool.detail, &fresh.detail)?;
        let mut further = Vec::new();
        for attribute in fresh.schema() {
            let name = attribute.name.as_deref().unwrap_or_default();
            match pool.schema_attribute(name) {
                Some(present) if present == attribute => {}
                Some(_) => {
                    return Err(place.mistake(format!(
                        "Schema: {name} is different in the pool, and attributes cannot be changed"
                    )));
                }
                None => further.extend(asked_attribute(asked.schema.as_deref().unwrap_or_default(), name)),
            }
        }
        if !further.is_empty() {
            pool.detail.schema_attributes =
                Some(schema::with_custom(pool.schema(), &further).map_err(|fault| place.fault(fault))?);
            let input = json!({"UserPoolId": wanted.id, "CustomAttributes": further});
            self.ask(place, Operation::AddCustomAttributes.spec(), input, pools::add_custom_attributes)
                .await?;
        }
        Ok(pool)
    }

    /// What can be changed. Everything is decided first and asked for only if it is another pool then.
    async fn pool_settings(&self, wanted: &file::Pool, pool: &Pool) -> Result<(), Mistake> {
        let place = &wanted.place;
        let mut input = wanted.members.clone();
        if let Value::Object(members) = &mut input {
            for key in ["Schema", "AliasAttributes", "UsernameAttributes", "UsernameConfiguration"] {
                members.remove(key);
            }
            members.insert("UserPoolId".to_owned(), json!(wanted.id));
            if wanted.mfa.is_some() && !members.contains_key("MfaConfiguration") {
                members.insert("MfaConfiguration".to_owned(), json!(pool.mfa_configuration()));
            }
        }
        let update: UpdateUserPoolRequest = request(place, Operation::UpdateUserPool.spec(), input.clone())?;
        let mut decided =
            settings::update(pool, update, self.app.now()).map_err(|fault| place.fault(fault))?;
        if let Some(input) = self.mfa_input(wanted) {
            let set: SetUserPoolMfaConfigRequest =
                request(place, Operation::SetUserPoolMfaConfig.spec(), input)?;
            decided = mfa_config::set(&decided, set, self.app.now()).map_err(|fault| place.fault(fault))?;
        }
        if undated(&decided) == undated(pool) {
            return Ok(());
        }
        self.ask(place, Operation::UpdateUserPool.spec(), input, pools::update_user_pool).await?;
        self.mfa(wanted).await
    }

    fn mfa_input(&self, wanted: &file::Pool) -> Option<Value> {
        let mut input = wanted.mfa.clone()?;
        input["UserPoolId"] = json!(wanted.id);
        Some(input)
    }

    async fn mfa(&self, wanted: &file::Pool) -> Result<(), Mistake> {
        let Some(input) = self.mfa_input(wanted) else { return Ok(()) };
        let set = Operation::SetUserPoolMfaConfig.spec();
        self.ask(&wanted.place, set, input, mfa_operations::set_user_pool_mfa_config).await?;
        Ok(())
    }

    /// Makes the group, or changes it to what the file says.
    pub(super) async fn group(&self, pool_id: &PoolId, wanted: &file::Group) -> Result<(), Mistake> {
        let place = &wanted.place;
        let mut input = wanted.members.clone();
        input["UserPoolId"] = json!(pool_id);
        input["GroupName"] = json!(wanted.name);
        let asked = GetGroupRequest { group_name: wanted.name.clone(), user_pool_id: pool_id.to_string() };
        match groups::get_group(&self.app, &self.operator, asked).await {
            Ok(found) => {
                let group: GroupType = found.group.unwrap_or_default();
                let present = serde_json::to_value(group).unwrap_or_default();
                let is_same = wanted.members.as_object().into_iter().flatten().all(|(k, v)| present[k] == *v);
                if !is_same {
                    self.ask(place, Operation::UpdateGroup.spec(), input, groups::update_group).await?;
                }
            }
            Err(fault) if is_unknown(&fault) => {
                self.ask(place, Operation::CreateGroup.spec(), input, groups::create_group).await?;
            }
            Err(fault) => return Err(place.fault(fault)),
        }
        Ok(())
    }
}

fn asked_attribute(
    asked: &[spec::cognito_idp::SchemaAttributeType],
    full_name: &str,
) -> Option<spec::cognito_idp::SchemaAttributeType> {
    let own = |name: &str| full_name == name || full_name.ends_with(&format!(":{name}"));
    asked.iter().find(|attribute| attribute.name.as_deref().is_some_and(own)).cloned()
}

fn check_lasting(place: &Place, present: &UserPoolType, wanted: &UserPoolType) -> Result<(), Mistake> {
    let differs = [
        ("AliasAttributes", present.alias_attributes != wanted.alias_attributes),
        ("UsernameAttributes", present.username_attributes != wanted.username_attributes),
        ("UsernameConfiguration", present.username_configuration != wanted.username_configuration),
    ];
    match differs.iter().find(|(_, differs)| *differs) {
        Some((name, _)) => {
            Err(place
                .mistake(format!("{name} is different in the pool that is there, and cannot be changed")))
        }
        None => Ok(()),
    }
}
