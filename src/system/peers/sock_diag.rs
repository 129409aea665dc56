//! One question to the kernel: what it knows of one connection (sock_diag(7), netlink(7)). Numbers are in the machine's
//! byte order, addresses and ports in the network's.

use std::net::{IpAddr, SocketAddr};

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, sendto, socket_with,
};

use super::Entry;

/// `SOCK_DIAG_BY_FAMILY`
const BY_FAMILY: u16 = 20;
/// `NLM_F_REQUEST`
const REQUEST: u16 = 1;
const AF_INET: u8 = 2;
const IPPROTO_TCP: u8 = 6;
/// Of `struct nlmsghdr`.
const HEADER: usize = 16;
/// Of `struct inet_diag_req_v2`.
const QUESTION: usize = 56;
/// Where `struct inet_diag_msg` has them, after the header.
const UID: usize = HEADER + 64;
const INODE: usize = HEADER + 68;

/// What the kernel knows of the `client` end of the connection to `server`, both of IPv4. `None` if it has no such
/// connection, or doesn't answer such questions.
pub(super) fn entry(client: SocketAddr, server: SocketAddr) -> Option<Entry> {
    let kernel = netlink::SocketAddrNetlink::new(0, 0);
    let socket =
        socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, Some(netlink::SOCK_DIAG))
            .ok()?;
    sendto(&socket, &question(client, server)?, SendFlags::empty(), &kernel).ok()?;
    let mut answer = [0; 1024];
    // the answer is there when the question has been sent
    recv(&socket, &mut answer, RecvFlags::DONTWAIT).ok()?;
    if answer.get(4..6)? != BY_FAMILY.to_ne_bytes() {
        return None; // an error
    }
    let number = |at: usize| Some(u32::from_ne_bytes(answer.get(at..at + 4)?.try_into().ok()?));
    Some(Entry { uid: number(UID)?, inode: number(INODE)?.into() })
}

fn question(client: SocketAddr, server: SocketAddr) -> Option<Vec<u8>> {
    let mut question = Vec::with_capacity(HEADER + QUESTION);
    let length = u32::try_from(HEADER + QUESTION).ok()?;
    question.extend(length.to_ne_bytes());
    question.extend(BY_FAMILY.to_ne_bytes());
    question.extend(REQUEST.to_ne_bytes());
    question.extend([0; 8]); // number and sender
    question.extend([AF_INET, IPPROTO_TCP, 0, 0]);
    question.extend(u32::MAX.to_ne_bytes()); // in whatever state
    question.extend(client.port().to_be_bytes());
    question.extend(server.port().to_be_bytes());
    for address in [client, server] {
        let IpAddr::V4(address) = address.ip().to_canonical() else { return None };
        question.extend(address.octets());
        question.extend([0; 12]);
    }
    question.extend([0; 4]); // any interface
    question.extend([u8::MAX; 8]); // no cookie
    Some(question)
}
