//! Which addresses webhooks reach: no private ones, whatever a name says. Names are resolved here, and what is connected to is what
//! was checked, so that a name which says something else a moment later gains nothing.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_util::client::legacy::connect::dns::Name;
use ipnet::IpNet;
use tower_service::Service;
use url::{Host, Url};

use super::settings::WebhookSettings;
use crate::error::{Error, Result};

/// What is not the public internet (IANA's special-purpose registries).
static NOT_PUBLIC: LazyLock<Vec<IpNet>> = LazyLock::new(|| {
    const NETWORKS: &[&str] = &[
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
        "5f00::/16",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    ];
    NETWORKS.iter().filter_map(|network| network.parse().ok()).collect()
});

/// Time to resolve a name when an address is set; where it takes longer, it is judged when it is sent to.
const RESOLVES_WITHIN: Duration = Duration::from_secs(2);

/// What may be reached.
#[derive(Debug, Clone)]
pub struct Networks {
    allowed: Arc<[IpNet]>,
    http: bool,
}

impl Networks {
    /// As the settings say.
    pub fn new(settings: &WebhookSettings) -> Self {
        Self { allowed: settings.networks.clone().into(), http: settings.http }
    }

    fn may_reach(&self, address: IpAddr) -> bool {
        // An IPv4 address is the same in the clothes of an IPv6 one.
        let address = address.to_canonical();
        self.allowed.iter().any(|network| network.contains(&address))
            || !NOT_PUBLIC.iter().any(|network| network.contains(&address))
    }

    /// What is wrong with an address, as far as it says so itself: a name may still stand for any host.
    pub fn check_form(&self, url: &Url) -> Result<(), String> {
        match url.scheme() {
            "https" => {}
            "http" if self.http => {}
            _ => {
                return Err(
                    "must be an https address: whoever runs the server may allow http (ONRECORD_WEBHOOK_HTTP)".into()
                );
            }
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must have no user name and no password: what is sent is signed".into());
        }
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) => None,
            None => return Err("must name a host".into()),
        };
        match literal {
            Some(address) if !self.may_reach(address) => Err(private(&address.to_string())),
            _ => Ok(()),
        }
    }

    /// 422 for an address that must not be reached, by what its name stands for now. A name that stands for nothing yet is taken:
    /// it is judged again each time that something is sent.
    pub async fn check(&self, url: &str) -> Result<()> {
        let refused = |detail| Error::field("/url", detail);
        let url = Url::parse(url).map_err(|_| refused("must be an absolute https address".into()))?;
        self.check_form(&url).map_err(refused)?;
        let Some(Host::Domain(name)) = url.host() else { return Ok(()) };
        let resolving = tokio::net::lookup_host((name, 0));
        let Ok(Ok(addresses)) = tokio::time::timeout(RESOLVES_WITHIN, resolving).await else { return Ok(()) };
        let addresses: Vec<_> = addresses.map(|address| address.ip()).collect();
        if addresses.is_empty() || addresses.iter().any(|address| self.may_reach(*address)) {
            return Ok(());
        }
        Err(refused(private(name)))
    }
}

fn private(host: &str) -> String {
    format!(
        "must not lead into a private network, as {host} does; whoever runs the server may allow it in ONRECORD_WEBHOOK_NETWORKS"
    )
}

/// The names' addresses that may be reached, for the client that connects.
impl Service<Name> for Networks {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let networks = self.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let reachable: Vec<_> = found.filter(|address| networks.may_reach(address.ip())).collect();
            if reachable.is_empty() {
                return Err(io::Error::other("its name leads into a private network only"));
            }
            Ok(reachable.into_iter())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(settings: &WebhookSettings, address: &str) -> bool {
        Url::parse(address).is_ok_and(|url| Networks::new(settings).check_form(&url).is_err())
    }

    #[test]
    fn every_network_is_read() {
        assert_eq!(NOT_PUBLIC.len(), 28);
    }

    #[test]
    fn no_private_address_is_reached_however_it_is_written() {
        let none = WebhookSettings::default();
        for host in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "2130706433",
            "0x7f.1",
            "0177.0.0.1",
            "127.1",
            "127.0.0.1.",
            "１２７.0.0.1",
            "[::]",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:a00:1]",
            "[::7f00:1]",
            "[64:ff9b::7f00:1]",
            "[64:ff9b:1::1]",
            "[100::1]",
            "[2001::1]",
            "[2001:db8::1]",
            "[2002:7f00:1::]",
            "[3fff::1]",
            "[5f00::1]",
            "[fc00::1]",
            "[fd12::1]",
            "[fe80::1]",
            "[fec0::1]",
            "[ff02::1]",
        ] {
            assert!(Url::parse(&format!("https://{host}/")).is_ok(), "{host}");
            assert!(refused(&none, &format!("https://{host}/")), "{host}");
        }
        // With a zone it is no address.
        assert!(Url::parse("https://[fe80::1%25lo]/").is_err());
        for host in ["8.8.8.8", "172.32.0.1", "[2a00:1450::1]", "[2606:4700::1]", "example.com"] {
            assert!(!refused(&none, &format!("https://{host}/")), "{host}");
        }
    }

    #[test]
    fn what_is_allowed_is_reached_and_nothing_beside_it() {
        let some = WebhookSettings { networks: vec!["10.1.0.0/16".parse().unwrap()], http: true };
        assert!(!refused(&some, "http://10.1.2.3/"));
        assert!(!refused(&some, "http://[::ffff:10.1.2.3]/"));
        assert!(refused(&some, "http://10.2.0.1/"));
        for address in
            ["http://example.com/", "ftp://example.com/", "https://me@example.com/", "https://me:you@example.com/"]
        {
            assert!(refused(&WebhookSettings::default(), address), "{address}");
        }
    }
}
