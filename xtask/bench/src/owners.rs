//! Users with a passkey and a remembered device, in a pool of their own, and how they sign in.

use crate::{
    api::{Api, PASSWORD, Signing, request, text},
    connection::Request,
    load::{self, CLIENTS, Cost, HASHING_CLIENTS},
    process::Server,
    srp::{self, SrpClient},
};
use anyhow::{Result, anyhow};
use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use hyper::body::Bytes;
use rules::sign_in::srp::{Owner as SrpOwner, modulus, x};
use serde_json::{Value, json};

/// How many users there are: each sign-in by a device computes two proofs in the client too.
const OWNERS: usize = 200;
const RELYING_PARTY: &str = "example.com";
const ORIGIN: &str = "https://example.com";
/// What each device has for a password; real ones are random.
const DEVICE_PASSWORD: &str = "ZGV2aWNlLXBhc3N3b3Jk";
const DEVICE_SALT: [u8; 16] = [0x3b; 16];
/// Present and verified.
const FLAGS: u8 = 0x05;
const HAS_CREDENTIAL: u8 = 0x40;

struct Owner {
    name: String,
    pair: EcdsaKeyPair,
    credential_id: Vec<u8>,
    device_key: String,
    device_group: String,
}

/// The users and their pool.
pub struct Owners {
    api: Api,
    owners: Vec<Owner>,
    srp: SrpClient,
}

impl Owners {
    /// Makes the pool and its users, with a passkey and a device each.
    pub async fn make(server: &Server) -> Result<Owners> {
        let mut api = Api::of(server.address, "", "");
        let pool = json!({
            "PoolName": "owners",
            "DeviceConfiguration": {"ChallengeRequiredOnNewDevice": true},
            "Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"]}},
        });
        let pool = api.call("CreateUserPool", Signing::Signed, &pool).await?;
        api.pool = text(&pool["UserPool"]["Id"])?;
        let settings =
            json!({"UserPoolId": api.pool, "WebAuthnConfiguration": {"RelyingPartyId": RELYING_PARTY}});
        api.call("SetUserPoolMfaConfig", Signing::Signed, &settings).await?;
        let flows = ["ALLOW_USER_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH"];
        let client = json!({"UserPoolId": api.pool, "ClientName": "owners", "ExplicitAuthFlows": flows});
        let client = api.call("CreateUserPoolClient", Signing::Signed, &client).await?;
        api.client = text(&client["UserPoolClient"]["ClientId"])?;
        let names: Vec<String> = (0..OWNERS).map(|number| format!("owner-{number}")).collect();
        let create =
            |name: &String| request("AdminCreateUser", Signing::Signed, &api.admin_create_user(name));
        load::each(server, HASHING_CLIENTS, &names.iter().map(create).collect()).await?;
        let set = |name: &String| {
            let input =
                json!({"UserPoolId": api.pool, "Username": name, "Password": PASSWORD, "Permanent": true});
            request("AdminSetUserPassword", Signing::Signed, &input)
        };
        load::each(server, HASHING_CLIENTS, &names.iter().map(set).collect()).await?;
        let sign_ins = names.iter().map(|name| api.password_sign_in(name, PASSWORD)).collect();
        let (_, answers) = load::each(server, HASHING_CLIENTS, &sign_ins).await?;
        let mut owners = Vec::new();
        for (name, answer) in names.into_iter().zip(answers) {
            owners.push(equip(&api, name, &parsed(&answer)?["AuthenticationResult"]).await?);
        }
        Ok(Owners { api, owners, srp: SrpClient::new() })
    }

    /// Every user signs in by the passkey, once.
    pub async fn sign_in_by_passkeys(&self, server: &Server) -> Result<[Cost; 2]> {
        let begin = |owner: &Owner| {
            let parameters = json!({"USERNAME": owner.name, "PREFERRED_CHALLENGE": "WEB_AUTHN"});
            self.api.initiate("USER_AUTH", &parameters)
        };
        let (first, asked) = load::each(server, CLIENTS, &self.owners.iter().map(begin).collect()).await?;
        let answer = |(owner, asked): (&Owner, &Bytes)| {
            let asked = parsed(asked)?;
            let options: Value =
                serde_json::from_str(&text(&asked["ChallengeParameters"]["CREDENTIAL_REQUEST_OPTIONS"])?)?;
            let credential = owner.proof(&options)?.to_string();
            let responses = json!({"USERNAME": owner.name, "CREDENTIAL": credential});
            Ok(self.respond("WEB_AUTHN", &asked["Session"], &responses))
        };
        let answers: Result<Vec<Request>> = self.owners.iter().zip(&asked).map(answer).collect();
        let (second, _) = load::each(server, CLIENTS, &answers?.into()).await?;
        Ok([first, second])
    }

    /// Every user signs in by password and device, both by SRP, once. The costs are those of the questions and of the
    /// proofs.
    pub async fn sign_in_by_devices(&mut self, server: &Server) -> Result<[Cost; 2]> {
        let srp_a = self.srp.srp_a();
        let begin = |owner: &Owner| {
            self.api.initiate("USER_SRP_AUTH", &json!({"USERNAME": owner.name, "SRP_A": srp_a}))
        };
        let (mut questions, asked) =
            load::each(server, CLIENTS, &self.owners.iter().map(begin).collect()).await?;
        let timestamp = srp::timestamp(&self.api.date().await?)?;
        let mut answers = Vec::new();
        for (owner, asked) in self.owners.iter().zip(&asked) {
            let mut answer =
                self.srp.answer(&self.api.pool, &parsed(asked)?["ChallengeParameters"], &timestamp)?;
            answer["DEVICE_KEY"] = owner.device_key.as_str().into();
            answers.push(self.respond("PASSWORD_VERIFIER", &Value::Null, &answer));
        }
        let (mut proofs, asked) = load::each(server, CLIENTS, &answers.into()).await?;
        let begin_device = |(owner, asked): (&Owner, &Bytes)| {
            let responses = json!({"USERNAME": owner.name, "DEVICE_KEY": owner.device_key, "SRP_A": srp_a});
            Ok(self.respond("DEVICE_SRP_AUTH", &parsed(asked)?["Session"], &responses))
        };
        let begun: Result<Vec<Request>> = self.owners.iter().zip(&asked).map(begin_device).collect();
        let (more, asked) = load::each(server, CLIENTS, &begun?.into()).await?;
        questions += more;
        let mut answers = Vec::new();
        for (owner, asked) in self.owners.iter().zip(&asked) {
            let asked = parsed(asked)?;
            let place = SrpOwner::device(&owner.device_group, &owner.device_key);
            let mut answer =
                self.srp.device_answer(place, &asked["ChallengeParameters"], DEVICE_PASSWORD, &timestamp)?;
            answer["USERNAME"] = owner.name.as_str().into();
            answers.push(self.respond("DEVICE_PASSWORD_VERIFIER", &asked["Session"], &answer));
        }
        let (more, _) = load::each(server, CLIENTS, &answers.into()).await?;
        proofs += more;
        // A sign-in is one, though it has two questions and two proofs.
        questions.count /= 2;
        proofs.count /= 2;
        Ok([questions, proofs])
    }

    fn respond(&self, challenge: &str, session: &Value, responses: &Value) -> Request {
        let mut input =
            json!({"ClientId": self.api.client, "ChallengeName": challenge, "ChallengeResponses": responses});
        if !session.is_null() {
            input["Session"] = session.clone();
        }
        request("RespondToAuthChallenge", Signing::Unsigned, &input)
    }
}

/// Registers a passkey and confirms a device.
async fn equip(api: &Api, name: String, tokens: &Value) -> Result<Owner> {
    let access_token = &tokens["AccessToken"];
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)?;
    let credential_id = digest(&SHA256, name.as_bytes()).as_ref().to_vec();
    let metadata = &tokens["NewDeviceMetadata"];
    let (device_key, device_group) = (text(&metadata["DeviceKey"])?, text(&metadata["DeviceGroupKey"])?);
    let owner = Owner { name, pair, credential_id, device_key, device_group };
    let begun = api
        .call("StartWebAuthnRegistration", Signing::Unsigned, &json!({"AccessToken": access_token}))
        .await?;
    let credential = owner.registration(&begun["CredentialCreationOptions"]);
    let complete = json!({"AccessToken": access_token, "Credential": credential});
    api.call("CompleteWebAuthnRegistration", Signing::Unsigned, &complete).await?;
    let secret = x(SrpOwner::device(&owner.device_group, &owner.device_key), &DEVICE_SALT, DEVICE_PASSWORD);
    let v = modulus().exp_public(&[2], &*secret);
    let confirm = json!({
        "AccessToken": access_token,
        "DeviceKey": owner.device_key,
        "DeviceSecretVerifierConfig":
            {"PasswordVerifier": BASE64.encode(&v), "Salt": BASE64.encode(&DEVICE_SALT)},
    });
    api.call("ConfirmDevice", Signing::Unsigned, &confirm).await?;
    Ok(owner)
}

impl Owner {
    /// RegistrationResponseJSON without attestation.
    fn registration(&self, options: &Value) -> Value {
        let point = self.pair.public_key().as_ref();
        // A COSE_Key of P-256: {1: 2, 3: -7, -1: 1, -2: x, -3: y}.
        let key = [
            &[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32][..],
            &point[1..33],
            &[0x22, 0x58, 32],
            &point[33..],
        ]
        .concat();
        let length = u16::try_from(self.credential_id.len()).unwrap_or(u16::MAX).to_be_bytes();
        let data = [
            authenticator_data(FLAGS | HAS_CREDENTIAL).as_slice(),
            &[0; 16],
            &length,
            &self.credential_id,
            &key,
        ]
        .concat();
        // {"fmt": "none", "attStmt": {}, "authData": …}
        let object = [
            &b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58"[..],
            &[u8::try_from(data.len()).unwrap_or(u8::MAX)],
            &data,
        ]
        .concat();
        json!({
            "id": BASE64URL_NOPAD.encode(&self.credential_id),
            "rawId": BASE64URL_NOPAD.encode(&self.credential_id),
            "type": "public-key",
            "response": {
                "clientDataJSON": BASE64URL_NOPAD.encode(client_data("webauthn.create", options).as_bytes()),
                "attestationObject": BASE64URL_NOPAD.encode(&object),
                "transports": ["internal"],
            },
            "clientExtensionResults": {},
        })
    }

    /// AuthenticationResponseJSON.
    fn proof(&self, options: &Value) -> Result<Value> {
        let (data, client_data) = (authenticator_data(FLAGS), client_data("webauthn.get", options));
        let message = [&data[..], digest(&SHA256, client_data.as_bytes()).as_ref()].concat();
        let signature =
            self.pair.sign(&SystemRandom::new(), &message).map_err(|_| anyhow!("no signature"))?;
        Ok(json!({
            "id": BASE64URL_NOPAD.encode(&self.credential_id),
            "rawId": BASE64URL_NOPAD.encode(&self.credential_id),
            "type": "public-key",
            "response": {
                "clientDataJSON": BASE64URL_NOPAD.encode(client_data.as_bytes()),
                "authenticatorData": BASE64URL_NOPAD.encode(&data),
                "signature": BASE64URL_NOPAD.encode(signature.as_ref()),
            },
            "clientExtensionResults": {},
        }))
    }
}

/// The relying party, the flags, and no counter.
fn authenticator_data(flags: u8) -> Vec<u8> {
    [digest(&SHA256, RELYING_PARTY.as_bytes()).as_ref(), &[flags], &[0; 4]].concat()
}

fn client_data(ceremony: &str, options: &Value) -> String {
    json!({"type": ceremony, "challenge": options["challenge"], "origin": ORIGIN, "crossOrigin": false})
        .to_string()
}

fn parsed(answer: &Bytes) -> Result<Value> {
    Ok(serde_json::from_slice(answer)?)
}
