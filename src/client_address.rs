//! Where a request comes from: the peer, or what a proxy that is trusted says of it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use ipnet::IpNet;

/// The address of a client as limits count it: an IPv6 address stands for its /64, which is what one customer is given.
fn counted(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from(u128::from(address) & !u128::from(u64::MAX)).into(),
        address @ IpAddr::V4(_) => address,
    }
}

/// Whether an address is one of these networks'.
pub fn is_among(address: IpAddr, networks: &[IpNet]) -> bool {
    let address = address.to_canonical();
    networks.iter().any(|network| network.contains(&address))
}

/// Whom limits count a request to.
pub fn of_request(request: &HttpRequest, trusted: &[IpNet]) -> IpAddr {
    // There is a peer unless the connection has just ended.
    let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    counted(of(peer, request.headers(), trusted))
}

/// The client's address. Whatever `X-Forwarded-For` says counts only as far as trusted proxies have written it: read
/// from its end, the first address that is none of theirs.
fn of(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let mut client = peer.to_canonical();
    let written = headers.get_all("x-forwarded-for").flat_map(|value| value.to_str().unwrap_or("?").split(','));
    for hop in written.collect::<Vec<_>>().into_iter().rev() {
        if !is_among(client, trusted) {
            break;
        }
        // What cannot be read was not written by a proxy as it should be: then the last one that can be is counted.
        let Some(address) = read(hop.trim()) else { break };
        client = address;
    }
    client
}

/// Some proxies write the port as well.
fn read(hop: &str) -> Option<IpAddr> {
    let address = hop.parse().or_else(|_| hop.parse().map(|socket: SocketAddr| socket.ip()));
    address.or_else(|_| hop.trim_matches(['[', ']']).parse()).ok().map(|address: IpAddr| address.to_canonical())
}

/// A network, or an address for that alone.
pub fn network(text: &str) -> Result<IpNet, String> {
    text.parse()
        .or_else(|_| text.parse().map(|address: IpAddr| address.to_canonical().into()))
        .map_err(|_| format!("{text} is neither an address nor a network such as 10.0.0.0/8"))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn client(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(HeaderName::from_static("x-forwarded-for"), HeaderValue::from_str(value).unwrap());
        }
        let trusted: Vec<_> = trusted.iter().map(|text| network(text).unwrap()).collect();
        of(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_what_trusted_proxies_have_written_counts() {
        assert_eq!(client("192.0.2.1", &["198.51.100.1"], &[]), "192.0.2.1");
        assert_eq!(client("192.0.2.1", &["198.51.100.1"], &["10.0.0.0/8"]), "192.0.2.1");
        assert_eq!(client("10.0.0.1", &["198.51.100.1"], &["10.0.0.0/8"]), "198.51.100.1");
        let written = ["203.0.113.9, 198.51.100.1", "10.1.1.1"];
        assert_eq!(client("10.0.0.1", &written, &["10.0.0.0/8"]), "198.51.100.1", "the first is the client's own");
        assert_eq!(client("10.0.0.1", &["10.2.2.2,10.1.1.1"], &["10.0.0.0/8"]), "10.2.2.2");
        assert_eq!(client("10.0.0.1", &[], &["10.0.0.1"]), "10.0.0.1");
        assert_eq!(client("10.0.0.2", &["198.51.100.1"], &["10.0.0.1"]), "10.0.0.2");
        assert_eq!(client("::ffff:10.0.0.1", &["198.51.100.1"], &["10.0.0.1"]), "198.51.100.1");
    }

    #[test]
    fn addresses_with_ports_and_brackets_are_read_and_nonsense_ends_the_search() {
        let of = |hop: &str| client("10.0.0.1", &[hop], &["10.0.0.0/8"]);
        assert_eq!(of("198.51.100.1:4711"), "198.51.100.1");
        assert_eq!(of("[2001:db8::1]:443"), "2001:db8::1");
        assert_eq!(of("[2001:db8::1]"), "2001:db8::1");
        assert_eq!(of("2001:db8::1"), "2001:db8::1");
        assert_eq!(of("203.0.113.9, unknown"), "10.0.0.1");
        assert_eq!(of("203.0.113.9, unknown, 10.1.1.1"), "10.1.1.1");
        assert_eq!(of(""), "10.0.0.1");
    }

    #[test]
    fn an_ipv6_network_counts_as_one() {
        let counted = |text: &str| counted(text.parse().unwrap()).to_string();
        assert_eq!(counted("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(counted("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(counted("192.0.2.1"), "192.0.2.1");
        assert!(network("10.0.0.0/33").is_err() && network("proxy").is_err());
    }
}
