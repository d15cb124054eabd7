//! Settings, from flags or the environment. Every limit with its default and its reason.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use actix_web::{HttpRequest, web};
use clap::Args;
use ipnet::IpNet;

use crate::client_address;

/// Where the records are kept.
#[derive(Debug, Clone, Args)]
pub struct DatabaseSettings {
    /// PostgreSQL 15 or newer, as postgres://user:password@host/database. Without it OnRecord runs a PostgreSQL of its
    /// own in the data directory.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,

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
pub struct PublicUrl(Option<String>);

impl PublicUrl {
    /// The address that was set, if one was.
    pub fn new(url: Option<&str>) -> Self {
        Self(url.map(|url| url.trim_end_matches('/').to_owned()))
    }

    /// The address without a slash at its end: the one that was set, else the one by which this request came.
    pub fn of(&self, request: &HttpRequest) -> String {
        self.0.clone().unwrap_or_else(|| {
            let connection = request.connection_info();
            format!("{}://{}", connection.scheme(), connection.host())
        })
    }

    /// The address to tell whoever started the server, which listens on `address`.
    pub fn at(&self, address: SocketAddr) -> String {
        self.0.clone().unwrap_or_else(|| match address.ip() {
            ip if ip.is_unspecified() => format!("http://localhost:{}", address.port()),
            _ => format!("http://{address}"),
        })
    }
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

    /// Addresses or networks of proxies, separated by commas, whose X-Forwarded-For tells the client's address. Nobody's
    /// by default, as everybody can send one; behind a proxy that is not named all clients share its address.
    #[arg(long, env = "ONRECORD_TRUSTED_PROXIES", value_delimiter = ',', value_parser = client_address::network)]
    pub trusted_proxies: Vec<IpNet>,

    /// Worker threads [default: one for each processor].
    #[arg(long, env = "ONRECORD_WORKERS")]
    pub workers: Option<usize>,

    /// Connections for writes and slow reads. PostgreSQL on few cores is fastest with few; all instances together must
    /// stay below its `max_connections`.
    #[arg(long, env = "ONRECORD_POOL_SIZE", default_value_t = 16)]
    pub pool_size: usize,

    /// Shared connections for lists, for each worker, beside the one for reads by a key. Reads queue in each, so a few
    /// carry thousands a second.
    #[arg(long, env = "ONRECORD_LIST_CONNECTIONS", default_value_t = 2)]
    pub list_connections: usize,

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

impl Limits {
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
