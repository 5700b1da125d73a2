//! Encrypts a code as a custom sender gets it, under a key of the server at an address. The client programs open it.
//!
//! `custom_sender_code ENDPOINT KEY-ARN POOL-ID CODE`

use cognate::{
    config::kms::Kms,
    kms::data_keys::DataKeys,
    messages::custom_sender,
    secrets::{random::SystemRandom, vault::Vault},
};
use std::{io::Write as _, sync::Arc};
use zeroize::Zeroizing;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [endpoint, key_arn, pool_id, code] = &arguments[..] else {
        anyhow::bail!("custom_sender_code ENDPOINT KEY-ARN POOL-ID CODE")
    };
    let credentials = Some(("AKIAIOSFODNN7EXAMPLE".to_owned(), Zeroizing::new("secret".to_owned())));
    let settings = Kms { endpoint: endpoint.parse()?, region: "us-east-1".to_owned(), credentials };
    // Nothing is sealed here: the server at the address has the keys.
    let vault = Arc::new(Vault::new(SystemRandom, &[0; 32], &[0; 32]));
    let data_keys = DataKeys::new(Some(&settings), vault).map_err(anyhow::Error::msg)?;
    let message = custom_sender::encrypt_code(&data_keys, SystemRandom, pool_id, key_arn, code).await;
    let message = message.map_err(|fault| anyhow::anyhow!("{fault}: {:?}", fault.cause))?;
    Ok(writeln!(std::io::stdout(), "{message}")?)
}
