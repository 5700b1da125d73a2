//! The command line: what is written and is no setting is refused, mistakes tell no secrets, and files are private.

use crate::program::{Program, command, run};
use std::{fs, path::Path};

/// Runs a command that must be refused; answers what it printed.
#[track_caller]
fn refused(folder: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> String {
    let output = command(folder, arguments).envs(variables.iter().copied()).output().unwrap();
    let told =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(!output.status.success(), "{arguments:?}: {told}");
    told
}

#[test]
fn a_misspelt_setting_is_refused_wherever_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    for (name, value, expected) in [
        ("COGNATE_MDOE", "production", "the nearest is COGNATE_MODE"),
        ("COGNATE_LISTN", "127.0.0.1:1", "the nearest is COGNATE_LISTEN"),
        ("COGNATE_REGION", "us-est-1", "the nearest is us-east-1"),
        ("COGNATE_SMTP_URL", "smtp://u:hunter2@mail.example.com?tls=0", "--smtp-url must be"),
        ("COGNATE_EMAIL_WEBHOOK", "http://hooks.example.com/hunter2", "--email-webhook must be"),
        ("COGNATE_SMS_WEBHOOK", "http://hooks.example.com/hunter2", "--sms-webhook must be"),
        ("COGNATE_OTLP_URL", "http://traces.example.com/hunter2", "--otlp-url must be"),
        ("COGNATE_DATABASE_URL", "postgres://u:hunter2@h:port/d", "PostgreSQL address"),
        ("COGNATE_MASTER_KEY", "hunter2!", "COGNATE_MASTER_KEY"),
        ("COGNATE_MASTER_KEY_FILE", "/nowhere/key", "there is no master key in /nowhere/key"),
    ] {
        let told = refused(folder, &[(name, value)], &serve);
        assert!(told.contains(expected) && !told.contains("hunter2"), "{name}: {told}");
    }
    let file = folder.join("settings.toml");
    fs::write(&file, "mode = 'production'\nsmtp_ulr = 'smtp://u:hunter2@mail.example.com'\n").unwrap();
    for command in [&["config"][..], &serve] {
        let told = refused(folder, &[], &[&["--config", file.to_str().unwrap()], command].concat());
        assert!(told.contains("settings.toml: line 2, column 1: there is no setting smtp_ulr"), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
    let seed = folder.join("seed.toml");
    fs::write(&seed, "[[UserPools]]\nId = 'us-east-1_a'\nPassword = hunter2\n").unwrap();
    let told = refused(folder, &[], &["--seed", seed.to_str().unwrap(), "serve", "--listen", "127.0.0.1:0"]);
    assert!(told.contains("line 3, column 12") && !told.contains("hunter2"), "{told}");
}

#[test]
fn an_access_key_is_for_actions_and_pools_that_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fn create<'a>(more: &[&'a str]) -> Vec<&'a str> {
        [&["access-keys", "create", "--name", "a"], more].concat()
    }
    let told = refused(folder, &[], &create(&["--allow", "cognito-idp:Descrbe"]));
    assert!(told.contains("cognito-idp:Descrbe is no action"), "{told}");
    let told = refused(folder, &[], &create(&["--allow", "cognito-idp:*", "--on", "us-east-1_Nowhere1"]));
    assert!(told.contains("there is no pool us-east-1_Nowhere1"), "{told}");
    let policy = folder.join("policy.json");
    let statement = |action: &str, pool: &str| {
        format!(
            r#"{{"Statement": [{{"Effect": "Allow", "Action": "{action}",
                "Resource": "arn:aws:cognito-idp:us-east-1:123456789012:userpool/{pool}"}}]}}"#
        )
    };
    for (action, pool, expected) in [
        ("cognito-idp:AdminGetUsr", "*", "is no action"),
        ("cognito-idp:*", "us-east-1_N", "there is no pool"),
    ] {
        fs::write(&policy, statement(action, pool)).unwrap();
        let told = refused(folder, &[], &create(&["--policy", policy.to_str().unwrap()]));
        assert!(told.contains(expected), "{told}");
    }
    for wrong in ["us-east-2:123456789012:userpool/*", "us-east-1:123456789012:userpol/*"] {
        let deny = format!(
            r#"{{"Statement": [{{"Effect": "Allow", "Action": "*", "Resource": "*"}},
                {{"Effect": "Deny", "Action": "*", "Resource": "arn:aws:cognito-idp:{wrong}"}}]}}"#
        );
        fs::write(&policy, deny).unwrap();
        let told = refused(folder, &[], &create(&["--policy", policy.to_str().unwrap()]));
        assert!(told.contains("is no resource here"), "{told}");
    }
    fs::write(&policy, statement("cognito-idp:Admin*", "*")).unwrap();
    run(folder, &create(&["--policy", policy.to_str().unwrap()]));
    run(folder, &create(&["--allow", "cognito-idp:AdminGetUser"]));
}

#[test]
fn secrets_lie_in_files_and_a_flag_with_one_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let secret = folder.join("metrics-token");
    fs::write(&secret, "hunter2\n").unwrap();
    let told = run(folder, &["config", "--metrics-token-file", secret.to_str().unwrap()]);
    assert!(!told.contains("hunter2") && !told.contains("WARN"), "{told}");
    let told = run(folder, &["config", "--metrics-token", "hunter2", "--mode", "production"]);
    assert!(told.contains("the secret in --metrics-token") && !told.contains("hunter2"), "{told}");
    let in_force = told.lines().find(|line| line.starts_with("rate_per_address")).unwrap();
    assert!(in_force.contains("= 50 "), "{in_force}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_tells_how_to_administer_this_very_store() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let file = folder.join("settings.toml");
    fs::write(&file, "mode = 'production'\npublic_url = 'http://auth.example.com'\n").unwrap();
    let log = folder.join("log");
    let (lines, log_text) = {
        let program = Program::start_with(folder, &log, &["--config", file.to_str().unwrap()]);
        let lines = program.first_lines(2);
        drop(program);
        (lines, fs::read_to_string(&log).unwrap())
    };
    let hint = lines.iter().find(|line| line.contains("nobody")).unwrap_or_else(|| panic!("{lines:?}"));
    let flags = format!("--config {} --data-dir {}", file.display(), folder.join("data").display());
    assert!(hint.contains(&format!("cognate {flags} access-keys create")), "{hint}");
    assert!(log_text.contains("travel in clear to the public URL"), "{log_text}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_the_program_writes_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let log = folder.join("log");
    let _program = Program::start(folder, &log);
    let temporary = folder.join("temporary");
    fs::create_dir(&temporary).unwrap();
    let _ephemeral =
        Program::start_in(folder, &log, &["--ephemeral"], &[("TMPDIR", temporary.to_str().unwrap())]);
    let store = fs::read_dir(&temporary).unwrap().next().unwrap().unwrap().path();
    let mut seen = Vec::new();
    for place in [folder.join("data"), store] {
        for path in fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().path()).chain([place.clone()]) {
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode & 0o077, 0, "{} has {mode:o}", path.display());
            seen.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    for name in ["cognate.db", "cognate.db-wal", "master.key"] {
        assert!(seen.iter().any(|seen| seen == name), "{name} in {seen:?}");
    }
}

#[test]
fn pools_whose_sender_is_not_allowed_are_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (log, seed) = (folder.join("log"), folder.join("seed.toml"));
    let pool = "[[UserPools]]\nId = 'us-east-1_Shop'\nPoolName = 'shop'\n";
    fs::write(&seed, format!("{pool}EmailConfiguration = {{ From = 'shop@other.example' }}\n")).unwrap();
    // Before there is a mail server a pool may name anybody.
    drop(Program::start_with(folder, &log, &["--seed", seed.to_str().unwrap()]).first_lines(2));
    assert!(!fs::read_to_string(&log).unwrap().contains("no e-mail of the pool leaves"));
    let mail = ["--smtp-url", "smtp://localhost:1?tls=none", "--mail-from", "no-reply@example.com"];
    let told = refused(folder, &[], &[&["doctor"], &mail[..]].concat());
    assert!(told.contains("no e-mail of pool us-east-1_Shop leaves: it names shop@other.example"), "{told}");
    drop(Program::start_with(folder, &log, &mail).first_lines(2));
    let log_text = fs::read_to_string(&log).unwrap();
    assert!(
        log_text.contains("no e-mail of the pool leaves") && log_text.contains("us-east-1_Shop"),
        "{log_text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_names_functions_that_cannot_be_run() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let file = folder.join("settings.toml");
    let arn = |name: &str| format!("arn:aws:lambda:us-east-1:123456789012:function:{name}");
    fs::write(
        &file,
        "[[functions]]\narn = '*:there'\nhandler = 'there.py'\n[[functions]]\narn = '*:gone'\nhandler = 'gone.mjs'\n\
         [[functions]]\narn = '*:web'\nwebhook = 'https://h/hunter2'\nsecret = 'hunter2 hunter2 hunter2 hunter2'\n",
    )
    .unwrap();
    fs::write(folder.join("there.py"), "").unwrap();
    let file = file.to_str().unwrap();
    let program = Program::start_with(folder, &folder.join("log"), &["--config", file]);
    let functions = serde_json::json!({
        "PreSignUp": arn("there"),
        "CustomMessage": arn("unknown"),
        "KMSKeyID": "arn:aws:kms:us-east-1:123456789012:key/a",
        "CustomEmailSender": {"LambdaVersion": "V1_0", "LambdaArn": arn("sender")},
    });
    let input = serde_json::json!({"PoolName": "p", "LambdaConfig": functions});
    program.ok("CreateUserPool", input).await;
    drop(program);
    let output = command(folder, &["--config", file, "doctor"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let gone = folder.join("gone.mjs").display().to_string();
    for expected in [
        format!("WRONG  the handler of *:gone does not exist: {gone}"),
        format!("names the function {}, which no entry of [[functions]] fits", arn("unknown")),
        format!("names the function {}, which no entry of [[functions]] fits", arn("sender")),
    ] {
        assert!(told.contains(&expected), "{expected}: {told}");
    }
    assert!(!told.contains(&arn("there")) && !told.contains("hunter2"), "{told}");
    let told = run(folder, &["--config", file, "config"]);
    assert!(told.contains("*:web by webhook of https://h,") && !told.contains("hunter2"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_doubts_passkeys_without_a_relying_party() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let program = Program::start(folder, &folder.join("log"));
    let policies =
        serde_json::json!({"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"]}});
    let pool = program.ok("CreateUserPool", serde_json::json!({"PoolName": "p", "Policies": policies})).await;
    let id = pool["UserPool"]["Id"].as_str().unwrap().to_owned();
    let doctor = || {
        let output = command(folder, &["doctor"]).output().unwrap();
        String::from_utf8_lossy(&output.stdout).contains(&format!("doubt  pool {id} allows WEB_AUTHN"))
    };
    assert!(doctor());
    let settings =
        serde_json::json!({"UserPoolId": id, "WebAuthnConfiguration": {"RelyingPartyId": "localhost"}});
    program.ok("SetUserPoolMfaConfig", settings).await;
    drop(program);
    assert!(!doctor());
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn doctor_doubts_functions_that_others_may_change_or_name() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let file = folder.join("settings.toml");
    fs::write(
        &file,
        "[[functions]]\narn = '*:open'\nhandler = 'open.py'\n[[functions]]\narn = '*:within'\nhandler = 'open/a.py'\n\
         [[functions]]\narn = '*:own'\nhandler = 'own.py'\npools = ['us-east-1_*']\n",
    )
    .unwrap();
    fs::create_dir(folder.join("open")).unwrap();
    for (name, mode) in [("open.py", 0o646), ("open/a.py", 0o644), ("open", 0o777), ("own.py", 0o664)] {
        let path = folder.join(name);
        if !path.is_dir() {
            fs::write(&path, "").unwrap();
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let file = file.to_str().unwrap();
    let program = Program::start_with(folder, &folder.join("log"), &["--config", file]);
    let pool = program.ok("CreateUserPool", serde_json::json!({"PoolName": "p"})).await;
    let pool = pool["UserPool"]["Arn"].as_str().unwrap().to_owned();
    drop(program);
    let doctor = || {
        let output = command(folder, &["--config", file, "doctor"]).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let told = doctor();
    for (arn, place) in [("*:open", "open.py"), ("*:within", "open")] {
        let place = folder.join(place).display().to_string();
        let expected =
            format!("doubt  every user of this machine may change the handler of {arn}: chmod o-w {place}\n");
        assert!(told.contains(&expected), "{expected}: {told}");
    }
    assert!(!told.contains("*:own") && !told.contains("set its pools"), "{told}");

    let policy = |name: &str, actions: &str, resource: &str| {
        let path = folder.join(name);
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": "{actions}", "Resource": "{resource}"}}}}"#
        );
        fs::write(&path, text).unwrap();
        run(folder, &["access-keys", "create", "--name", name, "--policy", path.to_str().unwrap()]);
    };
    policy("all", "*", "*");
    policy("reader", "cognito-idp:Describe*", &pool);
    assert!(!doctor().contains("set its pools"));
    policy("owner", "cognito-idp:*", &pool);
    let told = doctor();
    for arn in ["*:open", "*:within"] {
        assert!(told.contains(&format!("any pool may name {arn}: set its pools\n")), "{told}");
    }
    assert!(!told.contains("any pool may name *:own"), "{told}");
}

#[test]
fn a_program_calls_with_an_access_key_that_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let created =
        run(folder, &["access-keys", "create", "--name", "a", "--allow", "cognito-idp:AdminGetUser"]);
    let id =
        created.split(|c: char| !c.is_ascii_alphanumeric()).find(|word| word.starts_with("AKIA")).unwrap();
    let file = folder.join("settings.toml");
    let settings = |id: &str| format!("[[functions]]\narn = '*'\ncommand = ['true']\naccess_key = '{id}'\n");
    let warning = |id: &str| {
        fs::write(&file, settings(id)).unwrap();
        let log = folder.join("log");
        drop(Program::start_with(folder, &log, &["--config", file.to_str().unwrap()]));
        let said = fs::read_to_string(log).unwrap();
        said.lines().any(|line| line.contains("the function runs without an access key") && line.contains(id))
    };
    assert!(!warning(id));
    assert!(warning("AKIAAAAAAAAAAAAAAAAA"));
    run(folder, &["access-keys", "revoke", id]);
    assert!(warning(id));
}
