//! How much of what is scarce an address holds, connections or room, so that nobody alone holds it all.

use crate::http::admission::{is_local, network};
use ipnet::IpNet;
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard},
};

/// What each address holds. There are no more entries than there are things to hold.
#[derive(Clone)]
pub struct PerAddress {
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
    max: usize,
    proxies: Arc<[IpNet]>,
}

/// One of it, until it is dropped.
#[derive(Default)]
pub struct Held(Option<(PerAddress, IpAddr)>);

impl PerAddress {
    /// So many for each address but those of proxies.
    pub fn new(max: usize, proxies: &[IpNet]) -> PerAddress {
        PerAddress { counts: Arc::default(), max, proxies: proxies.into() }
    }

    /// Counts one more; none if the address has as many as it may. A proxy speaks for many, and what is of this
    /// network may be one.
    pub fn hold(&self, peer: IpAddr) -> Option<Held> {
        let peer = peer.to_canonical();
        if is_local(peer) || self.proxies.iter().any(|proxies| proxies.contains(&peer)) {
            return Some(Held(None));
        }
        let address = network(peer);
        let mut counts = self.counts();
        let count = counts.entry(address).or_default();
        if *count >= self.max {
            return None;
        }
        *count += 1;
        drop(counts);
        Some(Held(Some((self.clone(), address))))
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.counts.lock().unwrap_or_else(|e| e.into_inner())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some((all, address)) = &self.0 else { return };
        let mut counts = all.counts();
        if let Some(count) = counts.get_mut(address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_alone_holds_them_all() {
        let all = PerAddress::new(2, &["203.0.113.0/24".parse().unwrap()]);
        let hold = |address: &str| all.hold(address.parse().unwrap());
        let held = [hold("192.0.2.1"), hold("::ffff:192.0.2.1")];
        assert!(held.iter().all(Option::is_some));
        assert!(hold("192.0.2.1").is_none());
        assert!(hold("192.0.2.2").is_some());
        let network = [hold("2001:db8::1"), hold("2001:db8::2")];
        assert!(network.iter().all(Option::is_some));
        assert!(hold("2001:db8::3").is_none());
        let proxies =
            ["203.0.113.9", "127.0.0.1", "10.0.0.1"].map(|proxy| [hold(proxy), hold(proxy), hold(proxy)]);
        assert!(proxies.iter().flatten().all(Option::is_some));
        assert_eq!(all.counts().len(), 2);
        drop((held, network));
        assert_eq!(all.counts().len(), 0);
        assert!(hold("192.0.2.1").is_some());
    }
}
