use super::*;
use crate::user::samples::{self, attribute, client, wire};
use spec::cognito_idp::{
    NumberAttributeConstraintsType, StringAttributeConstraintsType, UserAttributeUpdateSettingsType,
};

/// The sample pool with some custom attributes; `family_name` is required.
fn pool() -> Pool {
    let mut pool = samples::pool(&[], &[]);
    let custom = |name: &str, kind| SchemaAttributeType {
        attribute_data_type: Some(kind),
        string_attribute_constraints: None,
        ..attribute(name)
    };
    let schema = pool.detail.schema_attributes.as_mut().unwrap();
    schema.iter_mut().find(|a| a.name.as_deref() == Some("family_name")).unwrap().required = Some(true);
    schema.extend([
        attribute("identities"),
        custom("custom:free", AttributeDataType::String),
        SchemaAttributeType {
            string_attribute_constraints: Some(StringAttributeConstraintsType {
                min_length: Some("2".into()),
                max_length: Some("4".into()),
            }),
            ..custom("custom:code", AttributeDataType::String)
        },
        SchemaAttributeType {
            number_attribute_constraints: Some(NumberAttributeConstraintsType {
                min_value: Some("-5".into()),
                max_value: Some("10".into()),
            }),
            ..custom("custom:level", AttributeDataType::Number)
        },
        custom("custom:flag", AttributeDataType::Boolean),
        custom("custom:since", AttributeDataType::DateTime),
        SchemaAttributeType { mutable: Some(false), ..custom("custom:tenant", AttributeDataType::String) },
        custom("dev:custom:role", AttributeDataType::String),
    ]);
    pool
}

fn text<T: std::fmt::Debug>(result: Result<T>) -> String {
    result.unwrap_err().message.into_owned()
}

const NOT_WRITABLE: &str = "A client attempted to write unauthorized attribute";

#[test]
fn values_of_each_type() {
    let pool = pool();
    let finding =
        |name: &str, text: &str| Err(format!("Attributes did not conform to the schema: {name}: {text}"));
    let long = "a".repeat(2049);
    for (name, value, expected) in [
        ("birthdate", "2000-01-01", Ok("2000-01-01")),
        ("birthdate", "2000", finding("birthdate", "String is shorter than the minimum length.")),
        ("name", long.as_str(), finding("name", "String is longer than the maximum length.")),
        ("custom:free", &long, finding("custom:free", "String is longer than the maximum length.")),
        ("name", "a\0b", finding("name", "String holds a NUL character.")),
        ("custom:code", "äöü", Ok("äöü")),
        ("custom:code", "a", finding("custom:code", "String is shorter than the minimum length.")),
        ("custom:code", "abcde", finding("custom:code", "String is longer than the maximum length.")),
        ("custom:level", "10", Ok("10")),
        ("custom:level", "-5", Ok("-5")),
        ("custom:level", "2.5", Ok("2.5")),
        ("custom:level", "11", finding("custom:level", "Attribute is greater than its maximum value.")),
        ("custom:level", "-6", finding("custom:level", "Attribute is less than its minimum value.")),
        ("custom:level", "ten", finding("custom:level", "Attribute is not a number.")),
        ("custom:level", "1e1", finding("custom:level", "Attribute is not a number.")),
        ("custom:level", "NaN", finding("custom:level", "Attribute is not a number.")),
        ("custom:level", "1.", finding("custom:level", "Attribute is not a number.")),
        ("custom:level", "-", finding("custom:level", "Attribute is not a number.")),
        ("custom:flag", "True", Ok("true")),
        ("custom:flag", "yes", finding("custom:flag", "Attribute is not a boolean.")),
        ("email_verified", "false", Ok("false")),
        ("email_verified", "1", finding("email_verified", "Attribute is not a boolean.")),
        ("custom:since", "1700000000", Ok("1700000000")),
        ("custom:since", "2026-11-21", Ok("2026-11-21")),
        ("custom:since", "2026-11-21T03:25:56.123+01:00", Ok("2026-11-21T03:25:56.123+01:00")),
        ("custom:since", "yesterday", finding("custom:since", "Attribute is not a date.")),
        ("custom:since", "2026-11-21x", finding("custom:since", "Attribute is not a date.")),
        ("custom:since", "ää-ää-ääää", finding("custom:since", "Attribute is not a date.")),
        ("email", "jane@example.com", Ok("jane@example.com")),
        ("email", "jane", Err("Invalid email address format.".into())),
        ("phone_number", "+15555559934", Ok("+15555559934")),
        ("phone_number", "5555559934", Err("Invalid phone number format.".into())),
        ("custom:nope", "x", finding("custom:nope", "Attribute does not exist in the schema.")),
        ("sub", "x", Err("user.sub: Attribute cannot be updated.".into())),
        ("identities", "[]", Err("user.identities: Attribute cannot be updated.".into())),
    ] {
        let found = check_creation(&pool, &wire(&[(name, value)]), None)
            .map(|values| values[name].clone())
            .map_err(|fault| fault.message.into_owned());
        assert_eq!(found, expected.map(str::to_owned), "{name}={value:.40}");
    }
}

#[test]
fn sign_up_joins_its_findings() {
    let pool = pool();
    assert_eq!(
        text(check_sign_up(
            &pool,
            &client(&[], &[]),
            &wire(&[("custom:nope", "1"), ("birthdate", "1")]),
            None
        )),
        "Attributes did not conform to the schema: custom:nope: Attribute does not exist in the schema.\n\
         birthdate: String is shorter than the minimum length.\nfamily_name: The attribute is required"
    );
    for blank in ["", "Doe"] {
        let found = check_sign_up(&pool, &client(&[], &[]), &wire(&[("family_name", blank)]), None);
        assert_eq!(found.is_ok(), !blank.is_empty());
    }
}

#[test]
fn what_clients_write() {
    let pool = pool();
    let listed = client(&[], &["name", "custom:free", "email_verified", "sub", "dev:custom:role"]);
    let default = client(&[], &[]);
    for (client, name, expected) in [
        (&default, "name", true),
        (&default, "email", true),
        (&default, "updated_at", true),
        (&default, "custom:free", false),
        (&default, "email_verified", false),
        (&default, "phone_number_verified", false),
        (&default, "sub", false),
        (&default, "identities", false),
        (&default, "dev:custom:role", false),
        (&listed, "name", true),
        (&listed, "custom:free", true),
        (&listed, "custom:level", false),
        (&listed, "email", false),
        (&listed, "family_name", true),
        (&listed, "email_verified", false),
        (&listed, "sub", false),
        (&listed, "dev:custom:role", false),
    ] {
        assert_eq!(is_writable(&pool, client, name), expected, "{name}");
        let value = if name == "email" { "a@b.c" } else { "1" };
        let found = check_update(&pool, Writer::Client(client), &wire(&[(name, value)]));
        assert_eq!(found.as_ref().is_err_and(|f| f.message == NOT_WRITABLE), !expected, "{name}");
    }
}

#[test]
fn what_clients_read() {
    let listed = client(&["name", "custom:free"], &[]);
    let default = client(&[], &[]);
    for (client, name, expected) in [
        (&default, "sub", true),
        (&default, "email", true),
        (&default, "email_verified", true),
        (&default, "custom:free", false),
        (&default, "dev:custom:role", false),
        (&listed, "sub", true),
        (&listed, "name", true),
        (&listed, "custom:free", true),
        (&listed, "email", false),
        (&listed, "email_verified", false),
    ] {
        assert_eq!(readable(client)(name), expected, "{name}");
    }
}

#[test]
fn updates() {
    let pool = pool();
    let update = |attributes: &[(&str, &str)]| check_update(&pool, Writer::Operator, &wire(attributes));
    assert_eq!(
        text(update(&[("custom:nope", "1")])),
        "Type for attribute {custom:nope} could not be determined"
    );
    assert_eq!(text(update(&[("custom:tenant", "x")])), "user.custom:tenant: Attribute cannot be updated.");
    assert_eq!(text(update(&[("sub", "x")])), "user.sub: Attribute cannot be updated.");
    assert_eq!(
        text(update(&[("family_name", ""), ("birthdate", "1")])),
        "Attributes did not conform to the schema: family_name: The attribute is required\n\
         birthdate: String is shorter than the minimum length."
    );
    let changes =
        update(&[("name", "A"), ("name", "B"), ("nickname", ""), ("dev:custom:role", "x")]).unwrap();
    assert_eq!(
        changes,
        Changes::from([
            ("name".into(), Some("B".into())),
            ("nickname".into(), None),
            ("dev:custom:role".into(), Some("x".into()))
        ])
    );
    assert_eq!(
        text(check_deletion(&pool, Writer::Operator, &["name".into(), "custom:a".into(), "custom:b".into()])),
        "Invalid user attributes: user.custom:a: Attribute does not exist in the schema.\n\
         user.custom:b: Attribute does not exist in the schema.\n"
    );
    assert_eq!(
        check_deletion(&pool, Writer::Operator, &["name".into()]).unwrap(),
        Changes::from([("name".into(), None)])
    );
}

#[test]
fn a_new_address_is_unverified() {
    let verified = [("email", "a@x.y"), ("email_verified", "true"), ("name", "A")];
    for (changes, email, is_verified) in [
        (&[("email", "b@x.y")][..], Some("b@x.y"), Some("false")),
        (&[("email", "a@x.y")], Some("a@x.y"), Some("true")),
        (&[("email", "b@x.y"), ("email_verified", "true")], Some("b@x.y"), Some("true")),
        (&[("email_verified", "true"), ("email", "b@x.y")], Some("b@x.y"), Some("true")),
        (&[("email", "")], None, None),
        (&[("name", "B")], Some("a@x.y"), Some("true")),
    ] {
        let mut user = samples::user(&verified);
        user.pending.insert("email".into(), "c@x.y".into());
        let pool = pool();
        let changes_checked = check_update(&pool, Writer::Operator, &wire(changes)).unwrap();
        assert_eq!(apply(&pool, &mut user, &changes_checked), []);
        assert_eq!(user.attribute("email"), email, "{changes:?}");
        assert_eq!(user.attribute("email_verified"), is_verified, "{changes:?}");
        assert_eq!(user.pending.is_empty(), changes.iter().any(|c| c.0 == "email"), "{changes:?}");
    }
}

#[test]
fn the_typed_name_is_an_attribute() {
    let pool = samples::pool(&[], &["email"]);
    let named = || Some(("email", "a@x.y".to_owned()));
    let client = client(&[], &["name"]);
    let found = check_sign_up(&pool, &client, &[], named()).unwrap();
    assert_eq!(found["email"], "a@x.y");
    assert_eq!(
        text(check_creation(&pool, &wire(&[("email", "b@x.y")]), named())),
        "Username and attribute email do not match."
    );
    assert!(check_creation(&pool, &wire(&[("email", "a@x.y")]), named()).is_ok());
}

#[test]
fn a_preferred_name_takes_no_address() {
    let pool = samples::pool(&["email", "preferred_username"], &[]);
    let set = wire(&[("preferred_username", "victim@example.com")]);
    let refused = "Username cannot be of email format, since user pool is configured for email alias.";
    assert_eq!(text(check_update(&pool, Writer::Operator, &set)), refused);
    assert_eq!(text(check_creation(&pool, &set, None)), refused);
    let plain = wire(&[("preferred_username", "jane")]);
    assert!(check_creation(&pool, &plain, None).is_ok());
    assert!(
        text(check_sign_up(&pool, &client(&[], &[]), &plain, None)).contains("before the user is confirmed")
    );
}

#[test]
fn codes_for_new_addresses() {
    use spec::cognito_idp::VerifiedAttributeType::{Email, PhoneNumber};
    let (email, sms) = (Medium::Email, Medium::Sms);
    let new = [("email", "b@x.y"), ("phone_number", "+1234567")];
    for (automatic, before, changes, codes, now, waiting) in [
        (vec![], vec![], &new[..], vec![], "b@x.y", None),
        (vec![Email], vec![], &new, vec![email], "b@x.y", None),
        (vec![Email, PhoneNumber], vec![], &new, vec![sms, email], "b@x.y", None),
        (vec![Email], vec![Email], &new, vec![email], "a@x.y", Some("b@x.y")),
        (vec![PhoneNumber], vec![Email], &new, vec![sms], "b@x.y", None),
        (vec![Email], vec![Email], &[("email", "a@x.y")], vec![], "a@x.y", None),
        (vec![Email], vec![Email], &[("email", "b@x.y"), ("email_verified", "true")], vec![], "b@x.y", None),
        (vec![Email], vec![], &[("email", "b@x.y"), ("email_verified", "false")], vec![email], "b@x.y", None),
        (vec![Email], vec![Email], &[("name", "B")], vec![], "a@x.y", None),
    ] {
        let mut pool = pool();
        pool.detail.auto_verified_attributes = Some(automatic.clone());
        pool.detail.user_attribute_update_settings = Some(UserAttributeUpdateSettingsType {
            attributes_require_verification_before_update: Some(before.clone()),
        });
        let mut user = samples::user(&[("email", "a@x.y"), ("email_verified", "true")]);
        let checked = check_update(&pool, Writer::Operator, &wire(changes)).unwrap();
        assert_eq!(apply(&pool, &mut user, &checked), codes, "{automatic:?} {before:?} {changes:?}");
        assert_eq!(user.attribute("email"), Some(now), "{automatic:?} {before:?} {changes:?}");
        assert_eq!(user.pending.get("email").map(String::as_str), waiting);
        assert_eq!(
            user.is_verified("email"),
            !codes.contains(&email) && automatic.contains(&Email) || waiting.is_some()
        );
    }
}
