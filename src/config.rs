//! Settings, from flags or the environment. Every limit with its default and its reason.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use actix_web::http::header;
use actix_web::{HttpRequest, web};
use clap::Args;
use ipnet::IpNet;
use url::Url;

use crate::{client_address, cors};

/// Where the records are kept.
#[derive(Debug, Clone, Args)]
pub struct DatabaseSettings {
    /// PostgreSQL 15 or newer, as postgres://user:password@host/database. Without it OnRecord runs a PostgreSQL of its
    /// own in the data directory.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,

    /// The same database for the role that owns its tables and migrates them. With it the role in DATABASE_URL needs to
    /// own nothing, and cannot rewrite the log of changes; it is made if it is not there.
    #[arg(long, env = "ONRECORD_MIGRATION_URL", hide_env_values = true, requires = "database_url")]
    pub migration_url: Option<String>,

    /// Where the PostgreSQL of its own keeps its data [default: ./data; /var/lib/onrecord when root's PostgreSQL could
    /// not reach that].
    #[arg(long, env = "ONRECORD_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
}

/// How OnRecord is reached.
#[derive(Debug, Clone, Args)]
pub struct ServerSettings {
    /// Address and port to listen on. Only this machine by default: put a proxy with TLS in front for others.
    #[arg(long, env = "ONRECORD_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: String,

    /// The address under which clients reach OnRecord, for links [default: the one that each request names].
    #[arg(long, env = "ONRECORD_PUBLIC_URL")]
    pub public_url: Option<String>,

    /// The first admin key, instead of a random one: for automation. Used on the first start only.
    #[arg(long, env = "ONRECORD_BOOTSTRAP_KEY", hide_env_values = true)]
    pub bootstrap_key: Option<String>,
}

/// The address for links.
#[derive(Debug, Clone)]
pub struct PublicUrl {
    set: Option<String>,
    /// Who may say by which address a request came.
    proxies: Vec<IpNet>,
}

impl PublicUrl {
    /// The address that was set, if one was, and the proxies that are trusted.
    pub fn new(url: Option<&str>, proxies: &[IpNet]) -> Self {
        Self { set: url.map(|url| url.trim_end_matches('/').to_owned()), proxies: proxies.to_vec() }
    }

    /// The address that was set, without a slash at its end; empty where none was: a link is then a path.
    pub fn base(&self) -> &str {
        self.set.as_deref().unwrap_or_default()
    }

    /// The address without a slash at its end: the one that was set, else the one by which this request came, as a trusted
    /// proxy says or the request itself. Empty where neither is an address: a link is then a path.
    ///
    /// What anybody else says of it would stand in answers that shared caches keep for all.
    pub fn of(&self, request: &HttpRequest) -> String {
        if let Some(url) = &self.set {
            return url.clone();
        }
        let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let named = || origin("http", host).unwrap_or_default();
        if !request.peer_addr().is_some_and(|peer| client_address::is_among(peer.ip(), &self.proxies)) {
            return named();
        }
        // The last value is the proxy's own. `Forwarded`, which proxies pass on as it came, says nothing.
        let said =
            |name: &str| request.headers().get_all(name).last()?.to_str().ok()?.rsplit(',').next().map(str::trim);
        let scheme = said("x-forwarded-proto").unwrap_or("http");
        origin(scheme, said("x-forwarded-host").unwrap_or(host)).unwrap_or_else(named)
    }

    /// The address to tell whoever started the server, which listens on `address`.
    pub fn at(&self, address: SocketAddr) -> String {
        self.set.clone().unwrap_or_else(|| match address.ip() {
            ip if ip.is_unspecified() => format!("http://localhost:{}", address.port()),
            _ => format!("http://{address}"),
        })
    }
}

/// The transparency log's key.
#[derive(Debug, Clone, Args)]
pub struct LogSettings {
    /// The file with the key that signs the log's checkpoints, made on the first start; all servers of one database share it.
    /// Back it up, and not with the database [default: log.key in the data directory].
    #[arg(long, env = "ONRECORD_LOG_KEY_FILE")]
    pub log_key_file: Option<PathBuf>,

    /// The log's name in its checkpoints, used when the key is made [default: the host of ONRECORD_PUBLIC_URL, or onrecord].
    #[arg(long, env = "ONRECORD_LOG_NAME")]
    pub log_name: Option<String>,
}

impl LogSettings {
    /// The key's file, with this data directory.
    pub fn file(&self, data_dir: &Path) -> PathBuf {
        self.log_key_file.clone().unwrap_or_else(|| data_dir.join("log.key"))
    }

    /// The log's name, if its key is to be made.
    pub fn name(&self, public_url: Option<&str>) -> String {
        let host = || Some(url::Url::parse(public_url?).ok()?.host_str()?.to_owned());
        self.log_name.clone().or_else(host).unwrap_or_else(|| "onrecord".to_owned())
    }
}

/// `scheme://host`, where that is all it says. Both are clients' words, which end in a header.
fn origin(scheme: &str, host: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    if !matches!(scheme, "http" | "https") || host.len() > 255 || !host.chars().all(plain) {
        return None;
    }
    let origin = format!("{scheme}://{host}");
    // No port is left after a colon in what browsers would not take either.
    let valid = Url::parse(&origin).is_ok_and(|url| url.has_host()) && !host.ends_with(':');
    valid.then_some(origin)
}

/// Limits that keep one client, or one slow part, from taking the service from everybody else.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub struct Limits {
    /// Bytes in a request's body. The largest record is a verdict with its explanation, at most 400 kB of UTF-8.
    #[arg(long, env = "ONRECORD_BODY_BYTES", default_value_t = 1 << 20)]
    pub body_bytes: usize,

    /// Bytes in a bundle. A long story with all its quotes has a few hundred kB; this leaves room for an archive's.
    #[arg(long, env = "ONRECORD_BUNDLE_BYTES", default_value_t = 16 << 20)]
    pub bundle_bytes: usize,

    /// Bytes in a file to be imported. Dumps of all that was ever published as ClaimReview have some hundred MB.
    #[arg(long, env = "ONRECORD_IMPORT_BYTES", default_value_t = 1 << 30)]
    pub import_bytes: usize,

    /// Seconds for a request's headers to arrive. Browsers and proxies send them in one packet.
    #[arg(long, env = "ONRECORD_HEADER_SECONDS", default_value_t = 5)]
    pub header_seconds: u64,

    /// Seconds for a request's body to arrive. 16 MiB in this time is 4 Mbit/s.
    #[arg(long, env = "ONRECORD_BODY_SECONDS", default_value_t = 30)]
    pub body_seconds: u64,

    /// Seconds that an idle connection is kept. Longer than most proxies keep theirs, so that they close first.
    #[arg(long, env = "ONRECORD_IDLE_SECONDS", default_value_t = 75)]
    pub idle_seconds: u64,

    /// Seconds for requests under way to end after SIGTERM, before they are cut off.
    #[arg(long, env = "ONRECORD_DRAIN_SECONDS", default_value_t = 20)]
    pub drain_seconds: u64,

    /// Requests a minute with one key; 0 for no limit. A tool that copies an archive sends some dozens a second.
    #[arg(long, env = "ONRECORD_KEY_REQUESTS", default_value_t = 6_000)]
    pub key_requests: u32,

    /// Requests a minute without a key from one address, or from one IPv6 /64; 0 for no limit. A whole newsroom may read
    /// from one address, and each page of theirs sends a few.
    #[arg(long, env = "ONRECORD_ADDRESS_REQUESTS", default_value_t = 3_000)]
    pub address_requests: u32,

    /// Requests a minute from one address with keys that were not good within the last ten minutes; 0 for no limit. Some
    /// tools with a key each may start at once; who guesses needs more.
    #[arg(long, env = "ONRECORD_UNKNOWN_KEYS", default_value_t = 60)]
    pub unknown_keys: u32,

    /// Streams of server-sent events that may be open at once in this process; each lasts some minutes.
    #[arg(long, env = "ONRECORD_STREAMS", default_value_t = 1000)]
    pub streams: usize,

    /// Streams of server-sent events that one address, or one IPv6 /64, may have open at once, so that none takes all. A newsroom's
    /// screens may share an address.
    #[arg(long, env = "ONRECORD_ADDRESS_STREAMS", default_value_t = 100, value_parser = at_least_one)]
    pub address_streams: usize,

    /// Addresses or networks of proxies, separated by commas, whose X-Forwarded-For tells the client's address, and whose
    /// X-Forwarded-Host and -Proto the address that links begin with. Nobody's by default, as everybody can send them; behind
    /// a proxy that is not named all clients share its address.
    #[arg(long, env = "ONRECORD_TRUSTED_PROXIES", value_delimiter = ',', value_parser = client_address::network)]
    pub trusted_proxies: Vec<IpNet>,

    /// Origins of web pages that may read, separated by commas, each as a browser sends it [default: all]. On a private network, name
    /// them where not everybody is to read: a page that somebody there opens may pass on what it reads.
    #[arg(long, env = "ONRECORD_READING_ORIGINS", value_delimiter = ',', value_parser = cors::origin)]
    pub reading_origins: Vec<String>,

    /// Origins of web pages that may write as well, separated by commas.
    #[arg(long, env = "ONRECORD_TRUSTED_ORIGINS", value_delimiter = ',', value_parser = cors::origin)]
    pub trusted_origins: Vec<String>,

    /// Worker threads [default: one for each processor, as far as the shared connections go: 16 with the defaults].
    /// PostgreSQL beside them is what limits more.
    #[arg(long, env = "ONRECORD_WORKERS")]
    pub workers: Option<usize>,

    /// Connections for writes and slow reads. PostgreSQL on few cores is fastest with few. With the shared connections
    /// and two more, all instances together must stay below its `max_connections`: 66 with the defaults, of 100.
    #[arg(long, env = "ONRECORD_POOL_SIZE", default_value_t = 16)]
    pub pool_size: usize,

    /// Shared connections for lists, for each worker, beside the one for reads by a key. Reads queue in each, so a few
    /// carry thousands a second. Workers that are many get fewer, or none: then lists share the other one.
    #[arg(long, env = "ONRECORD_LIST_CONNECTIONS", default_value_t = 2)]
    pub list_connections: usize,

    /// Connections for reads of the past (`as_of`), which few ask for, and for bringing the log of changes into order.
    #[arg(long, env = "ONRECORD_PAST_CONNECTIONS", default_value_t = 4)]
    pub past_connections: usize,

    /// Shared connections of all workers together, at most. Three for each of 16 workers; together with the pool they
    /// leave a third of PostgreSQL's usual 100 to others.
    #[arg(long, env = "ONRECORD_SHARED_CONNECTIONS", default_value_t = 48, value_parser = at_least_one)]
    pub shared_connections: usize,

    /// Milliseconds to wait for a pool connection before 503: a client should retry within a second, not hang.
    #[arg(long, env = "ONRECORD_POOL_WAIT_MS", default_value_t = 750)]
    pub pool_wait_ms: u64,

    /// Milliseconds to connect to PostgreSQL, and to wait for an answer on a shared connection before 503.
    #[arg(long, env = "ONRECORD_CONNECT_MS", default_value_t = 2_000)]
    pub connect_ms: u64,

    /// Milliseconds that a statement may take. The slowest of ours, a large bundle's insert, takes a tenth of it.
    #[arg(long, env = "ONRECORD_STATEMENT_MS", default_value_t = 10_000)]
    pub statement_ms: u64,

    /// Milliseconds that a statement may wait for a lock. Writes to one claim queue up; a second is hundreds of them.
    #[arg(long, env = "ONRECORD_LOCK_MS", default_value_t = 2_000)]
    pub lock_ms: u64,

    /// Milliseconds that a transaction may sit idle: its process has died or hangs, and others wait for its locks.
    #[arg(long, env = "ONRECORD_IDLE_TRANSACTION_MS", default_value_t = 10_000)]
    pub idle_transaction_ms: u64,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "must be a number from 1".to_owned())
}

impl Limits {
    /// The same with as many workers, and as many connections for lists in each, as the shared connections allow on a
    /// machine with this many processors. Each worker needs one for reads by a key.
    #[must_use]
    pub fn fitted(&self, processors: usize) -> Self {
        let budget = self.shared_connections.max(1);
        let each = self.list_connections.saturating_add(1);
        let workers = match self.workers {
            Some(workers) => workers.clamp(1, budget),
            None => processors.clamp(1, (budget / each).max(1)),
        };
        let list_connections = self.list_connections.min(budget / workers - 1);
        Self { workers: Some(workers), list_connections, ..self.clone() }
    }

    /// The most connections that a fitted process takes: its pools, its workers' shared ones, and one each for its start,
    /// for the order of the log and for migrations.
    pub fn connections(&self) -> usize {
        let shared = self.workers.unwrap_or(1).saturating_mul(self.list_connections.saturating_add(1));
        self.pool_size.saturating_add(shared).saturating_add(self.past_connections).saturating_add(3)
    }

    /// How long a body may take where no limits are set.
    pub const BODY_DEADLINE: Duration = Duration::from_secs(30);

    /// The limits that a request is under.
    pub fn of(request: &HttpRequest) -> web::Data<Self> {
        request.app_data::<web::Data<Self>>().cloned().unwrap_or_else(|| web::Data::new(Self::default()))
    }

    /// Time for a body to arrive.
    pub fn body_deadline(&self) -> Duration {
        Duration::from_secs(self.body_seconds)
    }

    /// Time to wait for a pool connection.
    pub fn pool_wait(&self) -> Duration {
        Duration::from_millis(self.pool_wait_ms)
    }

    /// Time to connect to PostgreSQL.
    pub fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_ms)
    }

    /// Time for a quick read.
    pub fn read_deadline(&self) -> Duration {
        Duration::from_millis(self.connect_ms)
    }

    /// What the serving role is given in PostgreSQL.
    pub fn role_settings(&self) -> Vec<(&'static str, u64)> {
        vec![
            ("statement_timeout", self.statement_ms),
            ("lock_timeout", self.lock_ms),
            ("idle_in_transaction_session_timeout", self.idle_transaction_ms),
            // Off: what recursive statements find is overestimated by far, and compiling them takes a hundred times as long as
            // running them.
            ("jit", 0),
        ]
    }
}

impl Default for Limits {
    fn default() -> Self {
        #[derive(clap::Parser)]
        struct Defaults {
            #[command(flatten)]
            limits: Limits,
        }
        <Defaults as clap::Parser>::parse_from(["onrecord"]).limits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_begin_with_what_is_an_address_only() {
        for host in ["onrecord.example", "localhost:8080", "127.0.0.1", "[::1]:9000"] {
            assert_eq!(origin("https", host), Some(format!("https://{host}")));
        }
        for host in [
            "",
            "a b",
            "evil>; rel=\"next\", <x",
            "user@host",
            "host/path",
            "host?x",
            "host:",
            "host:99999",
            "[::1",
            "a\r\nb",
            "é",
        ] {
            assert_eq!(origin("http", host), None, "{host}");
        }
        assert_eq!(origin("javascript", "localhost"), None);
    }

    #[test]
    fn shared_connections_stay_within_their_budget_on_any_machine() {
        let fitted = |workers, list_connections, processors| {
            let fitted = Limits { workers, list_connections, ..Limits::default() }.fitted(processors);
            (fitted.workers.unwrap(), fitted.list_connections)
        };
        assert_eq!(fitted(None, 2, 2), (2, 2));
        assert_eq!(fitted(None, 2, 128), (16, 2), "no more workers than get all that they should have");
        assert_eq!(fitted(None, 100, 8), (1, 47));
        assert_eq!(fitted(Some(20), 2, 2), (20, 1));
        assert_eq!(fitted(Some(40), 2, 2), (40, 0), "those who ask for many get many, with less each");
        assert_eq!(fitted(Some(1000), 2, 2), (48, 0));
        assert_eq!(fitted(Some(0), 0, 0), (1, 0));
        assert_eq!(Limits::default().fitted(128).connections(), 71);
    }
}
