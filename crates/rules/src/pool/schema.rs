//! The attributes that users of a pool may have: the standard ones, and the pool's own.

use crate::{Result, fault};
use spec::cognito_idp::{
    AttributeDataType, NumberAttributeConstraintsType, SchemaAttributeType, StringAttributeConstraintsType,
};

/// How many attributes of its own a pool may have.
pub const CUSTOM_ATTRIBUTES_MAX: usize = 50;
/// The longest value of an attribute.
const VALUE_CHARACTERS_MAX: u64 = 2_048;

/// The standard attributes in the order in which DescribeUserPool lists them, with the shortest and the longest
/// value that strings may have.
const STANDARD: [(&str, Kind); 20] = [
    ("sub", Kind::Text("1", "2048")),
    ("name", Kind::TEXT),
    ("given_name", Kind::TEXT),
    ("family_name", Kind::TEXT),
    ("middle_name", Kind::TEXT),
    ("nickname", Kind::TEXT),
    ("preferred_username", Kind::TEXT),
    ("profile", Kind::TEXT),
    ("picture", Kind::TEXT),
    ("website", Kind::TEXT),
    ("email", Kind::TEXT),
    ("email_verified", Kind::Flag),
    ("gender", Kind::TEXT),
    ("birthdate", Kind::Text("10", "10")),
    ("zoneinfo", Kind::TEXT),
    ("locale", Kind::TEXT),
    ("phone_number", Kind::TEXT),
    ("phone_number_verified", Kind::Flag),
    ("address", Kind::TEXT),
    ("updated_at", Kind::Moment),
];

#[derive(Clone, Copy)]
enum Kind {
    Text(&'static str, &'static str),
    Flag,
    Moment,
}

impl Kind {
    const TEXT: Kind = Kind::Text("0", "2048");
}

/// The standard attributes as a new pool has them.
pub fn standard() -> Vec<SchemaAttributeType> {
    STANDARD.iter().map(|(name, kind)| standard_attribute(name, *kind)).collect()
}

fn standard_attribute(name: &str, kind: Kind) -> SchemaAttributeType {
    let mut attribute = SchemaAttributeType {
        name: Some(name.to_owned()),
        attribute_data_type: Some(AttributeDataType::String),
        developer_only_attribute: Some(false),
        mutable: Some(name != "sub"),
        required: Some(name == "sub"),
        number_attribute_constraints: None,
        string_attribute_constraints: None,
    };
    match kind {
        Kind::Text(min, max) => {
            attribute.string_attribute_constraints = Some(StringAttributeConstraintsType {
                min_length: Some(min.to_owned()),
                max_length: Some(max.to_owned()),
            });
        }
        Kind::Flag => attribute.attribute_data_type = Some(AttributeDataType::Boolean),
        Kind::Moment => {
            attribute.attribute_data_type = Some(AttributeDataType::Number);
            attribute.number_attribute_constraints =
                Some(NumberAttributeConstraintsType { min_value: Some("0".to_owned()), max_value: None });
        }
    }
    attribute
}

/// The schema of a new pool. `requested` changes standard attributes and adds the pool's own.
pub fn of_new_pool(requested: &[SchemaAttributeType]) -> Result<Vec<SchemaAttributeType>> {
    let mut schema = standard();
    let mut own = Vec::new();
    for request in requested {
        match schema.iter_mut().find(|a| a.name == request.name) {
            Some(attribute) => change_standard(attribute, request)?,
            None => own.push(request.clone()),
        }
    }
    with_custom(&schema, &own)
}

/// The schema with further attributes of the pool's own, none of which may exist yet.
pub fn with_custom(
    schema: &[SchemaAttributeType],
    requested: &[SchemaAttributeType],
) -> Result<Vec<SchemaAttributeType>> {
    let mut schema = schema.to_vec();
    for request in requested {
        let attribute = custom(request)?;
        if let Some(name) = &attribute.name
            && schema.iter().any(|a| a.name.as_ref() == Some(name))
        {
            return Err(fault::attribute_exists(name));
        }
        schema.push(attribute);
    }
    let own = schema.iter().filter(|a| a.name.as_deref().is_some_and(|n| n.contains(':'))).count();
    if own > CUSTOM_ATTRIBUTES_MAX {
        // Unverified: text.
        return Err(fault::invalid_parameter(format!(
            "A user pool can have {CUSTOM_ATTRIBUTES_MAX} custom attributes at the most."
        )));
    }
    Ok(schema)
}

/// Only what the request names is changed: whether the attribute is required, mutable, and how long it may be.
fn change_standard(attribute: &mut SchemaAttributeType, request: &SchemaAttributeType) -> Result<()> {
    let name = attribute.name.clone().unwrap_or_default();
    let data_type = attribute.attribute_data_type;
    if request.attribute_data_type.is_some_and(|t| Some(t) != data_type)
        || request.developer_only_attribute == Some(true)
    {
        return Err(fault::standard_attribute_type(&name));
    }
    check_constraints(&name, data_type, request)?;
    if name == "sub" {
        // Every user has a sub, which never changes, whatever the request says.
        return Ok(());
    }
    attribute.required = request.required.or(attribute.required);
    // Unverified: what an entry without Mutable means for a standard attribute.
    attribute.mutable = request.mutable.or(attribute.mutable);
    if let (Some(own), Some(wanted)) =
        (&mut attribute.string_attribute_constraints, &request.string_attribute_constraints)
    {
        own.min_length = wanted.min_length.clone().or(own.min_length.take());
        own.max_length = wanted.max_length.clone().or(own.max_length.take());
    }
    if let (Some(own), Some(wanted)) =
        (&mut attribute.number_attribute_constraints, &request.number_attribute_constraints)
    {
        own.min_value = wanted.min_value.clone().or(own.min_value.take());
        own.max_value = wanted.max_value.clone().or(own.max_value.take());
    }
    let changed = attribute.clone();
    check_constraints(&name, data_type, &changed)
}

/// An attribute of the pool's own, under its full name. A name that has a prefix already gets a second one, as
/// public reports show.
fn custom(request: &SchemaAttributeType) -> Result<SchemaAttributeType> {
    let Some(name) = &request.name else {
        // Unverified: text.
        return Err(fault::invalid_parameter("A schema attribute needs a name."));
    };
    let developer_only = request.developer_only_attribute.unwrap_or(false);
    let name = format!("{}custom:{name}", if developer_only { "dev:" } else { "" });
    if request.required == Some(true) {
        return Err(fault::custom_attribute_required());
    }
    // Unverified: what an attribute without a type is.
    let data_type = request.attribute_data_type.unwrap_or(AttributeDataType::String);
    check_constraints(&name, Some(data_type), request)?;
    let text = request.string_attribute_constraints.clone().unwrap_or_default();
    let number = request.number_attribute_constraints.clone().unwrap_or_default();
    Ok(SchemaAttributeType {
        name: Some(name),
        attribute_data_type: Some(data_type),
        developer_only_attribute: Some(developer_only),
        // Pools made through CloudFormation without Mutable have immutable attributes (aws-cdk issue 7011).
        mutable: Some(request.mutable.unwrap_or(false)),
        required: Some(false),
        number_attribute_constraints: (data_type == AttributeDataType::Number).then_some(number),
        string_attribute_constraints: (data_type == AttributeDataType::String).then_some(text),
    })
}

fn check_constraints(
    name: &str,
    data_type: Option<AttributeDataType>,
    request: &SchemaAttributeType,
) -> Result<()> {
    if let Some(text) = &request.string_attribute_constraints {
        let invalid = || fault::attribute_constraints("StringAttributeConstraints", name);
        let empty = text.min_length.is_none() && text.max_length.is_none();
        if data_type != Some(AttributeDataType::String) && !empty {
            return Err(invalid());
        }
        let bound = |bound: &Option<String>| -> Result<Option<u64>> {
            bound.as_ref().map(|b| length(b).ok_or_else(invalid)).transpose()
        };
        let (min, max) = (bound(&text.min_length)?, bound(&text.max_length)?);
        if min.max(max).is_some_and(|length| length > VALUE_CHARACTERS_MAX) {
            return Err(fault::attribute_too_long(name));
        }
        if min.zip(max).is_some_and(|(min, max)| max < min) {
            return Err(fault::attribute_bounds_crossed(name, "length"));
        }
    }
    if let Some(number) = &request.number_attribute_constraints {
        let invalid = || fault::attribute_constraints("NumberAttributeConstraints", name);
        let empty = number.min_value.is_none() && number.max_value.is_none();
        if data_type != Some(AttributeDataType::Number) && !empty {
            return Err(invalid());
        }
        let bound = |bound: &Option<String>| -> Result<Option<f64>> {
            bound.as_ref().map(|b| value(b).ok_or_else(invalid)).transpose()
        };
        let (min, max) = (bound(&number.min_value)?, bound(&number.max_value)?);
        if min.zip(max).is_some_and(|(min, max)| max < min) {
            return Err(fault::attribute_bounds_crossed(name, "value"));
        }
    }
    Ok(())
}

fn length(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// A decimal number without an exponent, of a size that a double holds.
fn value(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.ends_with(|c: char| c.is_ascii_digit());
    is_plain.then(|| text.parse().ok()).flatten().filter(|n: &f64| n.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn attributes(entries: &Value) -> Vec<SchemaAttributeType> {
        serde_json::from_value(entries.clone()).unwrap()
    }

    fn named(schema: &[SchemaAttributeType], name: &str) -> Value {
        let attribute = schema.iter().find(|a| a.name.as_deref() == Some(name)).unwrap();
        serde_json::to_value(attribute).unwrap()
    }

    #[test]
    fn standard_attributes_are_as_described() {
        let schema = of_new_pool(&[]).unwrap();
        assert_eq!(schema.len(), 20);
        assert_eq!(
            named(&schema, "sub"),
            json!({"Name": "sub", "AttributeDataType": "String", "DeveloperOnlyAttribute": false, "Mutable": false,
                "Required": true, "StringAttributeConstraints": {"MinLength": "1", "MaxLength": "2048"}})
        );
        assert_eq!(
            named(&schema, "updated_at"),
            json!({"Name": "updated_at", "AttributeDataType": "Number", "DeveloperOnlyAttribute": false,
                "Mutable": true, "Required": false, "NumberAttributeConstraints": {"MinValue": "0"}})
        );
        assert_eq!(
            named(&schema, "email_verified"),
            json!({"Name": "email_verified", "AttributeDataType": "Boolean", "DeveloperOnlyAttribute": false,
                "Mutable": true, "Required": false})
        );
        assert_eq!(
            named(&schema, "birthdate")["StringAttributeConstraints"],
            json!({"MinLength": "10", "MaxLength": "10"})
        );
    }

    #[test]
    fn requests_change_and_add() {
        let schema = of_new_pool(&attributes(&json!([
            {"Name": "email", "Required": true},
            {"Name": "name", "AttributeDataType": "String", "Mutable": false,
                "StringAttributeConstraints": {"MaxLength": "50"}},
            {"Name": "sub", "Required": false, "Mutable": true},
            {"Name": "team"},
            {"Name": "age", "AttributeDataType": "Number", "Mutable": true,
                "NumberAttributeConstraints": {"MinValue": "-1.5", "MaxValue": "150"}},
            {"Name": "since", "AttributeDataType": "DateTime", "DeveloperOnlyAttribute": true},
            {"Name": "custom:x", "AttributeDataType": "Boolean"},
        ])))
        .unwrap();
        assert_eq!(named(&schema, "email")["Required"], true);
        assert_eq!(named(&schema, "email")["Mutable"], true);
        assert_eq!(
            named(&schema, "name")["StringAttributeConstraints"],
            json!({"MinLength": "0", "MaxLength": "50"})
        );
        assert_eq!(
            (&named(&schema, "sub")["Required"], &named(&schema, "sub")["Mutable"]),
            (&json!(true), &json!(false))
        );
        assert_eq!(
            named(&schema, "custom:team"),
            json!({"Name": "custom:team", "AttributeDataType": "String", "DeveloperOnlyAttribute": false,
                "Mutable": false, "Required": false, "StringAttributeConstraints": {}})
        );
        assert_eq!(
            named(&schema, "custom:age")["NumberAttributeConstraints"],
            json!({"MinValue": "-1.5", "MaxValue": "150"})
        );
        assert_eq!(named(&schema, "dev:custom:since")["DeveloperOnlyAttribute"], true);
        assert_eq!(named(&schema, "custom:custom:x")["AttributeDataType"], "Boolean");
    }

    #[test]
    fn refusals() {
        let string = |constraints: Value| json!([{"Name": "x", "StringAttributeConstraints": constraints}]);
        let number = |constraints: Value| json!([{"Name": "x", "AttributeDataType": "Number", "NumberAttributeConstraints": constraints}]);
        for (request, expected) in [
            (json!([{}]), "A schema attribute needs a name."),
            (
                json!([{"Name": "x", "Required": true}]),
                "Required custom attributes are not supported currently.",
            ),
            (
                json!([{"Name": "email", "AttributeDataType": "Number"}]),
                "You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute email",
            ),
            (
                json!([{"Name": "email", "DeveloperOnlyAttribute": true}]),
                "You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute email",
            ),
            (
                json!([{"Name": "x"}, {"Name": "x"}]),
                "custom:x: Existing attribute already has name custom:x.",
            ),
            (
                string(json!({"MinLength": "one"})),
                "Invalid StringAttributeConstraints for schema attribute custom:x",
            ),
            (
                string(json!({"MaxLength": "-1"})),
                "Invalid StringAttributeConstraints for schema attribute custom:x",
            ),
            (
                string(json!({"MaxLength": ""})),
                "Invalid StringAttributeConstraints for schema attribute custom:x",
            ),
            (
                string(json!({"MaxLength": "2049"})),
                "user.custom:x: String attributes cannot have a length of more than 2048",
            ),
            (
                string(json!({"MinLength": "3", "MaxLength": "2"})),
                "user.custom:x: Max length cannot be less than min length.",
            ),
            (
                number(json!({"MinValue": "1e3"})),
                "Invalid NumberAttributeConstraints for schema attribute custom:x",
            ),
            (
                number(json!({"MinValue": "."})),
                "Invalid NumberAttributeConstraints for schema attribute custom:x",
            ),
            (
                number(json!({"MinValue": "3", "MaxValue": "2"})),
                "user.custom:x: Max value cannot be less than min value.",
            ),
            (
                json!([{"Name": "x", "AttributeDataType": "Boolean", "StringAttributeConstraints": {"MinLength": "1"}}]),
                "Invalid StringAttributeConstraints for schema attribute custom:x",
            ),
            (
                json!([{"Name": "email", "StringAttributeConstraints": {"MinLength": "9", "MaxLength": "8"}}]),
                "user.email: Max length cannot be less than min length.",
            ),
        ] {
            assert_eq!(of_new_pool(&attributes(&request)).unwrap_err().message, expected, "{request}");
        }
    }

    #[test]
    fn fifty_of_its_own() {
        let entries = |count: usize| -> Vec<SchemaAttributeType> {
            (0..count)
                .map(|i| SchemaAttributeType { name: Some(format!("a{i}")), ..Default::default() })
                .collect()
        };
        assert!(with_custom(&standard(), &entries(50)).is_ok());
        assert!(with_custom(&standard(), &entries(51)).is_err());
    }
}
