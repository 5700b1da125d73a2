//! Who may speak to the Runtime API of a process. Every program of this machine can connect to a port on loopback, and
//! clients of the Runtime API show no secret. So connections of other users of the machine are refused, where the
//! system says whose they are (Linux); programs of the same user, who could read the server's memory as well, are not.

use std::net::SocketAddrV4;

/// Where the system says whose connections are. A service that may see no more of /proc than processes
/// (`ProcSubset=pid`, as deploy/cognate.service has it) has no /proc/net, but this it has.
#[cfg(target_os = "linux")]
const TABLES: [&str; 2] = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];

/// Whether a connection belongs to the server's user, or to the one that the process has become.
#[cfg(target_os = "linux")]
pub(super) fn is_trusted(peer: SocketAddrV4, own: SocketAddrV4, process: u32) -> bool {
    use std::os::unix::fs::MetadataExt;

    let sockets = TABLES.map(std::fs::read_to_string);
    if sockets.iter().all(Result::is_err) {
        return true;
    }
    let owner = sockets.iter().flatten().find_map(|table| owner(table, peer, own));
    let Some(owner) = owner else { return false };
    owner == rustix::process::geteuid().as_raw()
        || std::fs::metadata(format!("/proc/{process}")).is_ok_and(|process| process.uid() == owner)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn is_trusted(_: SocketAddrV4, _: SocketAddrV4, _: u32) -> bool {
    true
}

/// The user of the socket at `peer` that is connected to `own`, in such a table.
#[cfg(target_os = "linux")]
fn owner(table: &str, peer: SocketAddrV4, own: SocketAddrV4) -> Option<u32> {
    let (local, remote) = (in_table(peer), in_table(own));
    table.lines().find_map(|line| {
        let mut columns = line.split_ascii_whitespace().skip(1);
        let is_it = columns.next()?.ends_with(&local) && columns.next()?.ends_with(&remote);
        // After the two addresses: state, queues, timer, retransmissions, uid.
        if is_it { columns.nth(4)?.parse().ok() } else { None }
    })
}

/// As the tables write it: the address as a number of this machine, and for IPv6 after a prefix.
#[cfg(target_os = "linux")]
fn in_table(address: SocketAddrV4) -> String {
    format!("{:08X}:{:04X}", u32::from_ne_bytes(address.ip().octets()), address.port())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::net::{SocketAddr, TcpListener, TcpStream};

    #[test]
    fn a_socket_is_found_in_the_tables() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
             0: 0100007F:D431 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 1 1\n";
        let six = "   1: 0000000000000000FFFF00000100007F:D431 0000000000000000FFFF00000100007F:1F90 01 \
             00000000:00000000 00:00000000 00000000  1001        0 1 1\n";
        let (peer, own) = ("127.0.0.1:54321".parse().unwrap(), "127.0.0.1:8080".parse().unwrap());
        assert_eq!(owner(table, peer, own), Some(1000));
        assert_eq!(owner(six, peer, own), Some(1001));
        assert_eq!(owner(table, own, peer), None);
    }

    #[test]
    fn tables_are_there_where_only_processes_are_seen() {
        for table in TABLES {
            assert!(table.starts_with("/proc/self/"), "{table}");
        }
        assert!(std::fs::read_to_string(TABLES[0]).is_ok());
    }

    #[test]
    fn a_connection_of_this_user_is_trusted_and_one_that_is_not_there_is_not() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (SocketAddr::V4(own), SocketAddr::V4(peer)) =
            (listener.local_addr().unwrap(), stream.local_addr().unwrap())
        else {
            panic!("IPv4 was asked for");
        };
        assert!(is_trusted(peer, own, 0));
        assert!(!is_trusted(SocketAddrV4::new(*peer.ip(), 1), own, 0));
    }
}
