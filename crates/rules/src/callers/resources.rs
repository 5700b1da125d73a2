//! Which resource an operation names, as policies know it.

use super::wrapped;
use serde::Deserialize;
use serde_json::Value;
use spec::{Blob, Service};

/// The ARN of what a call is about, taken from its checked input; `*` where the operation names nothing.
///
/// D: the IAM reference of the services. P: what refusals of ListIdentityPools and ListDatasets name.
pub fn resource(service: Service, operation: &str, input: &Value, region: &str, account_id: &str) -> String {
    let member = |name: &str| input.get(name).and_then(Value::as_str);
    let arn = |rest: String| format!("arn:aws:{}:{region}:{account_id}:{rest}", service.signing_name());
    let found = match service {
        Service::CognitoIdp => match (member("UserPoolId"), member("ResourceArn")) {
            (Some(pool_id), _) => Some(arn(format!("userpool/{pool_id}"))),
            (None, resource) => resource.map(str::to_owned),
        },
        Service::CognitoIdentity => match (member("IdentityPoolId"), member("ResourceArn")) {
            (Some(pool_id), _) => Some(arn(format!("identitypool/{pool_id}"))),
            (None, Some(resource)) => Some(resource.to_owned()),
            (None, None) => (operation == "ListIdentityPools").then(|| arn("identitypool/".to_owned())),
        },
        Service::CognitoSync => member("IdentityPoolId").map(|pool_id| {
            let dataset = member("DatasetName").or_else(|| (operation == "ListDatasets").then_some("null"));
            arn(match (member("IdentityId"), dataset) {
                (Some(identity), Some(name)) => {
                    format!("identitypool/{pool_id}/identity/{identity}/dataset/{name}")
                }
                (Some(identity), None) => format!("identitypool/{pool_id}/identity/{identity}"),
                (None, _) => format!("identitypool/{pool_id}"),
            })
        }),
        Service::Sts => member("RoleArn").map(str::to_owned),
        Service::Kms => match member("KeyId") {
            Some(key) if key.starts_with("arn:") => Some(key.to_owned()),
            Some(key) => Some(arn(format!("key/{key}"))),
            None => input.get("CiphertextBlob").and_then(key_of),
        },
    };
    found.unwrap_or_else(|| "*".to_owned())
}

/// The ARN of the key that wrapped something.
fn key_of(blob: &Value) -> Option<String> {
    let Blob(blob) = Blob::deserialize(blob).ok()?;
    let (arn, _) = wrapped::parts(&blob)?;
    wrapped::id_of(arn).map(|_| arn.to_owned())
}

/// The name of an operation in policies, such as `cognito-idp:AdminGetUser`.
pub fn action(service: Service, operation: &str) -> String {
    format!("{}:{operation}", service.signing_name())
}

/// The ARN of an access key's holder.
pub fn user_arn(account_id: &str, name: &str) -> String {
    format!("arn:aws:iam::{account_id}:user/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn operations_name_their_resource() {
        let key = "arn:aws:kms:us-east-1:123456789012:key/k";
        let [of_key, of_none] = [key, "a\nb"].map(|arn| Blob(wrapped::join(arn, b"sealed")));
        for (service, operation, input, expected) in [
            (
                Service::CognitoIdp,
                "AdminGetUser",
                json!({"UserPoolId": "eu-west-1_A", "Username": "u"}),
                "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_A",
            ),
            (Service::CognitoIdp, "TagResource", json!({"ResourceArn": "arn:x"}), "arn:x"),
            (
                Service::CognitoIdp,
                "CreateTerms",
                json!({"UserPoolId": "eu-west-1_A", "ResourceArn": "arn:other"}),
                "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_A",
            ),
            (Service::CognitoIdp, "ListUserPools", json!({"MaxResults": 1}), "*"),
            (Service::CognitoIdp, "CreateUserPool", Value::Null, "*"),
            (
                Service::CognitoIdentity,
                "ListIdentityPools",
                json!({}),
                "arn:aws:cognito-identity:eu-west-1:123456789012:identitypool/",
            ),
            (Service::CognitoIdentity, "DescribeIdentity", json!({"IdentityId": "r:1"}), "*"),
            (
                Service::CognitoSync,
                "ListDatasets",
                json!({"IdentityPoolId": "r:1", "IdentityId": "r:2"}),
                "arn:aws:cognito-sync:eu-west-1:123456789012:identitypool/r:1/identity/r:2/dataset/null",
            ),
            (
                Service::CognitoSync,
                "DescribeIdentityUsage",
                json!({"IdentityPoolId": "r:1", "IdentityId": "r:2"}),
                "arn:aws:cognito-sync:eu-west-1:123456789012:identitypool/r:1/identity/r:2",
            ),
            (
                Service::Sts,
                "AssumeRole",
                json!({"RoleArn": "arn:aws:iam::1:role/r"}),
                "arn:aws:iam::1:role/r",
            ),
            (Service::Sts, "GetCallerIdentity", json!({}), "*"),
            (Service::Kms, "Decrypt", json!({"KeyId": "arn:aws:kms:r:1:key/k"}), "arn:aws:kms:r:1:key/k"),
            (
                Service::Kms,
                "DescribeKey",
                json!({"KeyId": "alias/k"}),
                "arn:aws:kms:eu-west-1:123456789012:key/alias/k",
            ),
            (Service::Kms, "Decrypt", json!({"CiphertextBlob": "AA=="}), "*"),
            (Service::Kms, "Decrypt", json!({"CiphertextBlob": of_key}), key),
            (Service::Kms, "Decrypt", json!({"CiphertextBlob": of_key, "KeyId": "arn:other"}), "arn:other"),
            (Service::Kms, "Decrypt", json!({"CiphertextBlob": of_none}), "*"),
        ] {
            assert_eq!(
                resource(service, operation, &input, "eu-west-1", "123456789012"),
                expected,
                "{operation}"
            );
        }
    }
}
