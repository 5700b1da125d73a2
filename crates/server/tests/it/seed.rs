//! `--seed` and `--ephemeral`: what the file names is there, and nothing changes twice.

use crate::lab::Lab;
use axum::{body::Body, http::Request};
use cognate::seed;
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

const DOCUMENT: &str = include_str!("../../../../docs/ci.md");

/// The example of docs/ci.md.
fn example() -> &'static str {
    DOCUMENT.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap()
}

/// Everything that can be listed of the seed's pool, dates included.
async fn everything(lab: &Lab) -> Value {
    let mut all = Vec::new();
    for (operation, members) in [
        ("DescribeUserPool", json!({})),
        ("GetUserPoolMfaConfig", json!({})),
        ("DescribeUserPoolClient", json!({"ClientId": "web"})),
        ("DescribeUserPoolClient", json!({"ClientId": "backend"})),
        ("ListUserPoolClientSecrets", json!({"ClientId": "backend"})),
        ("ListUserPoolClients", json!({})),
        ("ListGroups", json!({})),
        ("ListUsers", json!({})),
        ("ListUsersInGroup", json!({"GroupName": "admins"})),
    ] {
        let mut request = members;
        request["UserPoolId"] = json!("us-east-1_shop");
        all.push(lab.admin(operation, request).await.ok());
    }
    Value::Array(all)
}

async fn sign_in(lab: &Lab, name: &str, password: &str) -> Value {
    let parameters = json!({"USERNAME": name, "PASSWORD": password});
    let request = json!({"ClientId": "web", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters});
    lab.call("InitiateAuth", request).await.json()
}

async fn apply(lab: &Lab, folder: &Path, text: &str) -> Result<usize, String> {
    std::fs::write(folder.join("seed.toml"), text).unwrap();
    seed::apply(&lab.app).await.map_err(|mistake| mistake.to_string())
}

macro_rules! seed_tests {
    ($(async fn $name:ident($lab:ident, $folder:ident) $body:block)*) => {$(
        mod $name {
            use super::*;

            async fn run($lab: Lab, $folder: &Path) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let folder = tempfile::tempdir().unwrap();
                let path = folder.path().join("seed.toml");
                let lab = Lab::with_settings(|config| config.seed = Some(path)).await;
                run(lab, folder.path()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let folder = tempfile::tempdir().unwrap();
                let path = folder.path().join("seed.toml");
                let lab = Lab::postgres_with_settings(|config| config.seed = Some(path)).await;
                run(lab.clone(), folder.path()).await;
                lab.remove().await;
            }
        }
    )*};
}

/// A pool that tracks sessions, with a client that says how long it reuses one.
const TRACKING: &str = r#"
    [[UserPools]]
    Id = "us-east-1_shop"
    PoolName = "shop"
    SessionConfiguration = { UserSessionTracking = "ENABLED", TokenSession = { MaxPerUser = 5 } }

    [[UserPools.Clients]]
    ClientId = "web"
    ClientName = "web"
    SessionConfiguration = { SSOSession = { MaxValidityMinutes = 0 } }
"#;

seed_tests! {
    async fn the_configuration_of_sessions_is_set_and_changes_nothing_twice(lab, folder) {
        let sessions = async || {
            let pool = json!({"UserPoolId": "us-east-1_shop"});
            let client = json!({"UserPoolId": "us-east-1_shop", "ClientId": "web"});
            let pool = lab.admin("GetUserPoolSessionConfiguration", pool).await.ok();
            let client = lab.admin("GetUserPoolClientSessionConfiguration", client).await.ok();
            (
                pool["UserSessionTracking"].clone(),
                pool["TokenSession"]["MaxPerUser"].clone(),
                client["SSOSession"]["MaxValidityMinutes"].clone(),
            )
        };
        assert_eq!(apply(&lab, folder, TRACKING).await, Ok(4));
        assert_eq!(sessions().await, (json!("ENABLED"), json!(5), json!(0)));
        lab.advance(60);
        assert_eq!(apply(&lab, folder, TRACKING).await, Ok(0));
        let changed = TRACKING.replace("MaxPerUser = 5", "MaxPerUser = 6").replace("Minutes = 0", "Minutes = 7");
        assert_eq!(apply(&lab, folder, &changed).await, Ok(2));
        assert_eq!(sessions().await, (json!("ENABLED"), json!(6), json!(7)));
        let unnamed = TRACKING.lines().filter(|line| !line.contains("SessionConfiguration"));
        assert_eq!(apply(&lab, folder, &unnamed.collect::<Vec<_>>().join("\n")).await, Ok(0));
        assert_eq!(sessions().await, (json!("ENABLED"), json!(6), json!(7)));
        for (from, to, expected) in [
            ("MaxPerUser = 5", "MaxPerUser = 0", "UserPools[0]: "),
            ("MaxPerUser", "MaxPerUsers", "UserPools[0].SessionConfiguration.TokenSession.MaxPerUsers: there is no such key"),
            ("MaxValidityMinutes = 0", "MaxValidityMinutes = -1", "UserPools[0].Clients[0]: "),
            ("ENABLED", "DISABLED", "UserPools[0].Clients[0]: OperationNotEnabledException: "),
            ("PoolName", "UserPoolTier = \"LITE\"\nPoolName", "UserPools[0]: TierChangeNotAllowedException: "),
        ] {
            let mistake = apply(&lab, folder, &TRACKING.replacen(from, to, 1)).await.unwrap_err();
            assert!(mistake.contains(expected), "{mistake}");
        }
        assert_eq!(sessions().await, (json!("ENABLED"), json!(6), json!(7)));
    }

    async fn the_example_of_the_documentation_works_and_changes_nothing_twice(lab, folder) {
        assert!(apply(&lab, folder, example()).await.unwrap() > 0);
        let first = everything(&lab).await;
        assert_eq!(first[0]["UserPool"]["Policies"]["PasswordPolicy"]["MinimumLength"], 10);
        assert_eq!(first[1]["MfaConfiguration"], "OPTIONAL");
        assert_eq!(first[3]["UserPoolClient"]["ClientSecret"], "for_tests_only_0123456789");
        assert_eq!(first[7]["Users"].as_array().unwrap().len(), 2);
        assert_eq!(first[8]["Users"][0]["Username"], "ada");
        assert!(sign_in(&lab, "ada", "Correct-horse-1").await["AuthenticationResult"].is_object());
        assert_eq!(sign_in(&lab, "grace", "Correct-horse-2").await["ChallengeName"], "NEW_PASSWORD_REQUIRED");
        let grace = json!({"UserPoolId": "us-east-1_shop", "Username": "7f3c1a52-5d0e-4c6b-9d55-0a4c6f1e2b3d"});
        assert_eq!(lab.admin("AdminGetUser", grace).await.ok()["Username"], "grace");
        assert_eq!(lab.get("/_cognate/outbox").await.ok(), json!([]));

        lab.advance(60);
        assert_eq!(apply(&lab, folder, example()).await, Ok(0));
        assert_eq!(everything(&lab).await, first);
    }

    async fn a_changed_file_changes_what_it_names_and_nothing_else(lab, folder) {
        apply(&lab, folder, example()).await.unwrap();
        let pool = |members: Value| {
            let mut request = members;
            request["UserPoolId"] = json!("us-east-1_shop");
            request
        };
        lab.admin("CreateGroup", pool(json!({"GroupName": "others"}))).await.ok();
        lab.admin("AdminAddUserToGroup", pool(json!({"GroupName": "others", "Username": "ada"}))).await.ok();
        lab.admin("AdminCreateUser", pool(json!({"Username": "eve", "MessageAction": "SUPPRESS"}))).await.ok();
        let name = json!([{"Name": "name", "Value": "Ada L."}]);
        lab.admin("AdminUpdateUserAttributes", pool(json!({"Username": "ada", "UserAttributes": name}))).await.ok();
        let changed = example()
            .replace("MinimumLength = 10", "MinimumLength = 12")
            .replace("\"plan\", AttributeDataType", "\"seat\", AttributeDataType = \"String\", Mutable = true }, { Name = \"plan\", AttributeDataType")
            .replace("\"ALLOW_USER_SRP_AUTH\", ", "")
            .replace("for_tests_only_0123456789", "for_tests_only_9876543210")
            .replace("Precedence = 1", "Precedence = 7")
            .replace("Correct-horse-1", "Correct-horse-9")
            .replace("ada@example.com", "lovelace@example.com")
            .replace("Correct-horse-2", "Correct-horse-3")
            .replace("Enabled = true\nAttr", "Enabled = false\nAttr");
        assert!(apply(&lab, folder, &changed).await.unwrap() > 0);
        let all = everything(&lab).await;
        assert_eq!(all[0]["UserPool"]["Policies"]["PasswordPolicy"]["MinimumLength"], 12);
        let schema = all[0]["UserPool"]["SchemaAttributes"].as_array().unwrap();
        assert!(schema.iter().any(|attribute| attribute["Name"] == "custom:seat"));
        assert_eq!(all[2]["UserPoolClient"]["ExplicitAuthFlows"].as_array().unwrap().len(), 2);
        assert_eq!(all[3]["UserPoolClient"]["ClientSecret"], "for_tests_only_9876543210");
        assert_eq!(all[4]["ClientSecrets"].as_array().unwrap().len(), 1);
        assert_eq!(all[6]["Groups"].as_array().unwrap().len(), 2);
        assert_eq!(all[6]["Groups"][0]["Precedence"], 7);
        let ada = lab.admin("AdminGetUser", pool(json!({"Username": "ada"}))).await.ok();
        let attribute = |name: &str| {
            let found = ada["UserAttributes"].as_array().unwrap().iter().find(|a| a["Name"] == name);
            found.map(|a| a["Value"].clone()).unwrap_or_default()
        };
        assert_eq!((attribute("email"), attribute("email_verified")), (json!("lovelace@example.com"), json!("true")));
        assert_eq!((attribute("name"), attribute("custom:plan")), (json!("Ada L."), json!("gold")));
        let groups = lab.admin("AdminListGroupsForUser", pool(json!({"Username": "ada"}))).await.ok();
        assert_eq!(groups["Groups"].as_array().unwrap().len(), 2);
        assert!(sign_in(&lab, "ada", "Correct-horse-1").await["AuthenticationResult"].is_null());
        assert!(sign_in(&lab, "ada", "Correct-horse-9").await["AuthenticationResult"].is_object());
        assert_eq!(sign_in(&lab, "grace", "Correct-horse-3").await["message"], "User is disabled.");
        lab.admin("AdminGetUser", pool(json!({"Username": "eve"}))).await.ok();
        assert_eq!(apply(&lab, folder, &changed).await, Ok(0));
    }

    async fn a_mistake_anywhere_leaves_everything_as_it_was(lab, folder) {
        for (good, bad, expected) in [
            ("Correct-horse-2", "short", "UserPools[0].Users[1]: InvalidPasswordException"),
            ("Groups = [\"admins\"]", "Groups = [\"nobody\"]", "UserPools[0].Users[0]: ResourceNotFoundException"),
            ("Sub = \"7f3c", "Sub = \"7F3C", "UserPools[0].Users[1]: Sub must be a UUID"),
            ("\"custom:plan\" =", "\"custom:rank\" =", "UserPools[0].Users[0]: InvalidParameterException"),
            ("Precedence = 1", "Precedence = -1", "UserPools[0].Groups[0]: 1 validation error detected"),
            ("ALLOW_USER_SRP_AUTH", "ALLOW_NOTHING", "UserPools[0].Clients[0]: 1 validation error detected"),
        ] {
            let mistake = apply(&lab, folder, &example().replace(good, bad)).await.unwrap_err();
            assert!(mistake.starts_with(expected), "{mistake}");
            let pools = lab.admin("ListUserPools", json!({"MaxResults": 10})).await.ok();
            assert_eq!(pools["UserPools"], json!([]), "{expected}");
        }
        apply(&lab, folder, example()).await.unwrap();
        let before = everything(&lab).await;
        for (good, bad, expected) in [
            ("AutoVerified", "UsernameAttributes = [\"email\"]\nAutoVerified", "UserPools[0]: UsernameAttributes is different"),
            ("Mutable = true", "Mutable = false", "UserPools[0]: Schema: custom:plan is different"),
            ("ClientName = \"web\"\n", "ClientName = \"web\"\nGenerateSecret = true\n", "UserPools[0].Clients[0]: a client has a secret"),
            ("Sub = \"7f3c", "Sub = \"8f3c", "UserPools[0].Users[1]: the user is there with the Sub"),
        ] {
            let text = example().replace("shop\"\nAuto", "store\"\nAuto").replace(good, bad);
            let mistake = apply(&lab, folder, &text).await.unwrap_err();
            assert!(mistake.starts_with(expected), "{mistake}");
            assert_eq!(everything(&lab).await, before, "{expected}");
        }
    }

    async fn a_reset_applies_the_seed_again(lab, folder) {
        apply(&lab, folder, example()).await.unwrap();
        let ada = json!({"UserPoolId": "us-east-1_shop", "Username": "ada"});
        lab.admin("AdminDeleteUser", ada).await.ok();
        lab.admin("CreateUserPool", json!({"PoolName": "other"})).await.ok();
        let reset = || async {
            lab.send(Request::post("/_cognate/reset").body(Body::empty()).unwrap()).await
        };
        reset().await.ok();
        assert!(sign_in(&lab, "ada", "Correct-horse-1").await["AuthenticationResult"].is_object());
        let pools = lab.admin("ListUserPools", json!({"MaxResults": 10})).await.ok();
        assert_eq!(pools["UserPools"].as_array().unwrap().len(), 1);

        std::fs::write(folder.join("seed.toml"), example().replace("Correct-horse-2", "short")).unwrap();
        let refused = reset().await;
        assert_eq!(refused.status, 400);
        assert!(refused.text.starts_with("UserPools[0].Users[1]: InvalidPasswordException"), "{}", refused.text);
        assert!(sign_in(&lab, "ada", "Correct-horse-1").await["AuthenticationResult"].is_object());
    }
}

/// The program, killed if a test fails.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_serves_a_seed_and_leaves_nothing_behind() {
    let (folder, temporary) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = folder.path().join("seed.toml");
    std::fs::write(&file, example()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_cognate"));
    command.args(["--ephemeral", "serve", "--listen", "127.0.0.1:0", "--seed"]).arg(&file);
    command.current_dir(folder.path()).env_clear().env("TMPDIR", temporary.path());
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut program = Program(command.spawn().unwrap());
    let mut lines = BufReader::new(program.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let greeting = lines.next().unwrap();
    let url = greeting.strip_prefix("Cognate serves ").unwrap().to_owned();

    let request = json!({
        "ClientId": "web", "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": "ada", "PASSWORD": "Correct-horse-1"},
    });
    let answer = reqwest::Client::new()
        .post(&url)
        .header("x-amz-target", "AWSCognitoIdentityProviderService.InitiateAuth")
        .header("content-type", "application/x-amz-json-1.1")
        .body(request.to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);

    let kill = Command::new("kill").arg(program.0.id().to_string()).status().unwrap();
    assert!(kill.success());
    assert!(program.0.wait().unwrap().success());
    let names = |folder: &Path| -> Vec<_> {
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    };
    assert_eq!(names(folder.path()), ["seed.toml"]);
    assert!(names(temporary.path()).is_empty());
}

#[test]
fn the_program_does_not_start_with_a_seed_that_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seed.json");
    std::fs::write(&file, "{\"UserPools\": [{\"Id\": \"us-east-1_a\", \"PoolNmae\": \"a\"}]}").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_cognate"));
    command.args(["--ephemeral", "--listen", "127.0.0.1:0", "--seed"]).arg(&file);
    let output = command.current_dir(folder.path()).env_clear().output().unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("seed.json: UserPools[0].PoolNmae: there is no such key"), "{text}");
}
