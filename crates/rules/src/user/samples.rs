//! Pools, clients and users for tables.

use crate::{
    pool::{Client, Pool, PoolMfa, session_config::PoolSessions},
    user::{User, UserMfa},
};
use spec::cognito_idp::{
    AliasAttributeType, AttributeDataType, AttributeType, SchemaAttributeType,
    StringAttributeConstraintsType, UserPoolClientType, UserPoolType, UserStatusType, UsernameAttributeType,
};

/// A pool with these aliases or username attributes and the standard schema.
pub fn pool(aliases: &[&str], username_attributes: &[&str]) -> Pool {
    let aliases: Vec<_> = aliases.iter().filter_map(|a| AliasAttributeType::from_wire(a)).collect();
    let names: Vec<_> =
        username_attributes.iter().filter_map(|a| UsernameAttributeType::from_wire(a)).collect();
    let schema = super::attributes::STANDARD
        .iter()
        .map(|name| attribute(name))
        .chain([SchemaAttributeType { mutable: Some(false), required: Some(true), ..attribute("sub") }]);
    Pool {
        id: "us-east-1_Sample001".into(),
        detail: UserPoolType {
            alias_attributes: (!aliases.is_empty()).then_some(aliases),
            username_attributes: (!names.is_empty()).then_some(names),
            schema_attributes: Some(schema.collect()),
            ..UserPoolType::default()
        },
        mfa: PoolMfa::default(),
        sessions: PoolSessions::default(),
        version: 1,
    }
}

/// A mutable, optional attribute, of the standard type where it is a standard one.
pub fn attribute(name: &str) -> SchemaAttributeType {
    let kind = match name {
        "email_verified" | "phone_number_verified" => AttributeDataType::Boolean,
        "updated_at" => AttributeDataType::Number,
        _ => AttributeDataType::String,
    };
    let (min, max) = if name == "birthdate" { ("10", "10") } else { ("0", "2048") };
    SchemaAttributeType {
        name: Some(name.into()),
        attribute_data_type: Some(kind),
        mutable: Some(true),
        required: Some(false),
        string_attribute_constraints: (kind == AttributeDataType::String).then(|| {
            StringAttributeConstraintsType { min_length: Some(min.into()), max_length: Some(max.into()) }
        }),
        ..SchemaAttributeType::default()
    }
}

/// A client with these lists; empty means none.
pub fn client(read: &[&str], write: &[&str]) -> Client {
    let list = |names: &[&str]| {
        (!names.is_empty()).then(|| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>())
    };
    Client {
        id: "client".into(),
        pool_id: "us-east-1_Sample001".into(),
        detail: UserPoolClientType {
            read_attributes: list(read),
            write_attributes: list(write),
            ..UserPoolClientType::default()
        },
        secrets: Vec::new(),
        sso_session_minutes: None,
        version: 1,
    }
}

/// A confirmed user with these attributes.
pub fn user(attributes: &[(&str, &str)]) -> User {
    User {
        pool_id: "us-east-1_Sample001".into(),
        sub: "the-sub".into(),
        username: "jane".into(),
        status: UserStatusType::Confirmed,
        enabled: true,
        created_at: 1,
        updated_at: 1,
        sign_outs: 0,
        attributes: attributes.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        pending: Default::default(),
        password: None,
        mfa: UserMfa::default(),
        named_by: None,
        version: 1,
    }
}

/// Attributes as the wire has them.
pub fn wire(attributes: &[(&str, &str)]) -> Vec<AttributeType> {
    attributes
        .iter()
        .map(|(name, value)| AttributeType { name: (*name).into(), value: Some((*value).into()) })
        .collect()
}
