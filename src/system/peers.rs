//! Which user is at the other end of a connection on 127.0.0.1, as the kernel says of that connection (sock_diag(7)),
//! or by its table of all of them (proc(5), `/proc/net/tcp`), which takes a hundred times as long.

#[cfg(target_os = "linux")]
mod sock_diag;

use std::net::SocketAddr;

/// Who holds the other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "other systems don't tell"))]
pub(crate) enum Peer {
    /// A process of this user holds it.
    User(u32),
    /// No process holds it any more: the kernel then says user 0 without an inode.
    Closed,
    /// The system doesn't list it: it is in another network namespace, or this kernel has no such table.
    Unknown,
}

/// The user at the `client` end of the connection to `server`.
#[cfg(target_os = "linux")]
pub(crate) fn of_connection(client: SocketAddr, server: SocketAddr) -> Peer {
    // a kernel may not answer such questions, or not for a closed end
    let entry = sock_diag::entry(client, server).or_else(|| in_table(client, server));
    match entry {
        Some(Entry { inode: 0, .. }) => Peer::Closed,
        Some(Entry { uid, .. }) => Peer::User(uid),
        None => Peer::Unknown,
    }
}

/// What the kernel says of a socket.
#[cfg(target_os = "linux")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    uid: u32,
    inode: u64,
}

#[cfg(target_os = "linux")]
fn in_table(client: SocketAddr, server: SocketAddr) -> Option<Entry> {
    // a program that connects by a dual-stack socket is in the other table, as ::ffff:127.0.0.1
    let tables = [procfs::net::tcp, procfs::net::tcp6];
    let mut entries = tables.into_iter().filter_map(|table| table().ok()).flatten();
    let same = |one: SocketAddr, other: SocketAddr| {
        one.port() == other.port() && one.ip().to_canonical() == other.ip().to_canonical()
    };
    let entry =
        entries.find(|entry| same(entry.local_address, client) && same(entry.remote_address, server))?;
    Some(Entry { uid: entry.uid, inode: entry.inode })
}

/// Not known on this system.
#[cfg(not(target_os = "linux"))]
pub(crate) fn of_connection(_client: SocketAddr, _server: SocketAddr) -> Peer {
    Peer::Unknown
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::net::{Ipv6Addr, TcpListener, TcpStream};

    #[test]
    fn the_user_of_an_open_connection_is_found() {
        let me = Peer::User(rustix::process::geteuid().as_raw());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = listener.local_addr().unwrap();
        let client = TcpStream::connect(server).unwrap();
        let address = listener.accept().unwrap().1;
        assert_eq!(of_connection(address, server), me);
        drop(client);
        assert_ne!(of_connection(address, server), me);
        assert_eq!(of_connection("127.0.0.1:1".parse().unwrap(), server), Peer::Unknown);
    }

    #[test]
    fn a_dual_stack_client_is_found() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = listener.local_addr().unwrap();
        let mapped = std::net::Ipv4Addr::LOCALHOST.to_ipv6_mapped();
        let _client = TcpStream::connect((mapped, server.port())).unwrap();
        let address = listener.accept().unwrap().1;
        assert_eq!(of_connection(address, server), Peer::User(rustix::process::geteuid().as_raw()));
        let other = SocketAddr::from((Ipv6Addr::LOCALHOST, address.port()));
        assert_eq!(of_connection(other, server), Peer::Unknown);
    }

    #[test]
    fn kernel_and_table_say_the_same() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = listener.local_addr().unwrap();
        let mapped = std::net::Ipv4Addr::LOCALHOST.to_ipv6_mapped();
        let clients =
            [TcpStream::connect(server), TcpStream::connect((mapped, server.port()))].map(Result::unwrap);
        for client in clients {
            let address = listener.accept().unwrap().1;
            let entry = in_table(address, server).unwrap();
            assert_eq!((entry.uid, entry.inode != 0), (rustix::process::geteuid().as_raw(), true));
            assert_eq!(sock_diag::entry(address, server), Some(entry));
            // the server's end is still open
            drop(client);
            assert_ne!(sock_diag::entry(address, server), Some(entry));
        }
        assert_eq!(sock_diag::entry("127.0.0.1:1".parse().unwrap(), server), None);
    }
}
