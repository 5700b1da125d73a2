use super::*;
use crate::{random::Seeded, user::samples};
use spec::cognito_idp::DeviceConfigurationType;

fn device(key: &str, authenticated_at: Millis) -> Device {
    Device {
        pool_id: "us-east-1_Sample001".into(),
        sub: "the-sub".into(),
        key: key.to_owned(),
        created_at: 1_500,
        detail: DeviceDetail {
            name: Some("Jane's phone".to_owned()),
            srp_salt: "00aa".to_owned(),
            srp_verifier: Sealed(vec![77; 4]),
            remembered: true,
            modified_at: 2_500,
            authenticated_at,
            last_address: Some("192.0.2.1".to_owned()),
            sdk: "aws-sdk-js-3".to_owned(),
        },
    }
}

#[test]
fn any_member_turns_tracking_on() {
    let configured = |challenge, prompt| {
        Some(DeviceConfigurationType {
            challenge_required_on_new_device: challenge,
            device_only_remembered_on_user_prompt: prompt,
        })
    };
    for (configuration, expected) in [
        (None, (false, false)),
        (configured(None, None), (false, false)),
        (configured(Some(true), None), (true, true)),
        (configured(Some(false), None), (true, true)),
        (configured(None, Some(false)), (true, true)),
        (configured(None, Some(true)), (true, false)),
        (configured(Some(true), Some(true)), (true, false)),
    ] {
        let mut pool = samples::pool(&[], &[]);
        pool.detail.device_configuration = configuration.clone();
        assert_eq!((tracks(&pool), remembers_at_once(&pool)), expected, "{configuration:?}");
    }
}

#[test]
fn keys_have_the_form_that_clients_know() {
    for region in ["us-east-1", "us-isof-south-1", "on-premises-in-the-cellar"] {
        let key = new_key(region, &mut Seeded(1));
        let (name, uuid) = key.split_once('_').unwrap();
        assert!(region.starts_with(name) && uuid.len() == 36, "{key}");
        assert!(key.len() <= 55, "{key}");
    }
    assert_ne!(new_key("r", &mut Seeded(1)), new_key("r", &mut Seeded(2)));
    assert_eq!(group_key(&[0; 32]), "-00000000");
    let mut mac = [0; 32];
    mac[..8].copy_from_slice(&[25, 26, 51, 52, 61, 62, 255, 1]);
    assert_eq!(group_key(&mac), "-PQpqz071");
}

#[test]
fn the_device_that_signed_in_least_lately_gives_way() {
    assert!(gives_way(&[]).is_none());
    let devices = [device("a", 30), device("b", 10), device("c", 20)];
    assert_eq!(gives_way(&devices).unwrap().key, "b");
}

#[test]
fn developers_are_shown_more_of_a_device() {
    let device = device("us-east-1_k", 3_999);
    let shown = |wire: &DeviceType| -> Vec<(String, String)> {
        let attributes = wire.device_attributes.as_ref().unwrap();
        attributes.iter().map(|a| (a.name.clone(), a.value.clone().unwrap())).collect()
    };
    let pairs = |list: &[(&str, &str)]| -> Vec<(String, String)> {
        list.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
    };
    let plain = device.to_wire();
    let expected =
        [("device_status", "valid"), ("device_name", "Jane's phone"), ("last_ip_used", "192.0.2.1")];
    assert_eq!(shown(&plain), pairs(&expected));
    assert_eq!(plain.device_last_authenticated_date, Some(Timestamp::from_millis(3_000)));
    assert_eq!(plain.device_create_date, Some(Timestamp::from_millis(1_500)));
    let owner = OwnerNames { username: "jane", region: "us-east-1", account_id: "000000000000" };
    let expected = [
        ("device_status", "valid"),
        ("device_name", "Jane's phone"),
        (
            "dev:device_arn",
            "arn:aws:cognito-idp:us-east-1:000000000000:owner/jane.us-east-1_Sample001/device/us-east-1_k",
        ),
        ("dev:device_owner", "jane.us-east-1_Sample001"),
        ("last_ip_used", "192.0.2.1"),
        ("dev:device_remembered_status", "remembered"),
        ("dev:device_sdk", "aws-sdk-js-3"),
    ];
    assert_eq!(shown(&device.to_detailed_wire(owner)), pairs(&expected));
}

#[test]
fn debug_shows_no_verifier() {
    let shown = format!("{:?}", device("k", 1));
    assert!(!shown.contains("77") && !shown.contains("00aa"), "{shown}");
}
