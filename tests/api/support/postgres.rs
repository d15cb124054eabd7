//! One PostgreSQL for the whole run, by the code that embeds it in production, and a fresh database for each test.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, process};

use nix::sys::signal::kill;
use nix::sys::statvfs::statvfs;
use nix::unistd::Pid;
use onrecord::actor::Actor;
use onrecord::api_keys::{ApiKey, NewApiKey};
use onrecord::auth::{Caller, Key, Role};
use onrecord::config::Limits;
use onrecord::db::{Db, Pool};
use onrecord::demo;
use onrecord::embedded::{self, Embedded};
use onrecord::log::LogKey;
use onrecord::members::{Member, NewMember};
use onrecord::migrations::{Addresses, migrate};
use onrecord::newsrooms;
use onrecord::scopes::Scopes;
use tokio::sync::{Mutex, OnceCell};
use tokio_postgres::NoTls;
use uuid::Uuid;

/// The two newsrooms that every test database has.
pub const NEWSROOMS: [(&str, Uuid); 2] = [
    ("desk", Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001)),
    ("other", Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0002)),
];

/// Their members, one for each role.
pub const ROLES: [(&str, Role); 4] =
    [("reader", Role::Reader), ("checker", Role::Checker), ("editor", Role::Editor), ("admin", Role::Admin)];

/// The key of a newsroom's member with a role.
pub fn key(newsroom: &str, role: &str) -> String {
    format!("onr_{:-<30}", format!("{newsroom}-{role}"))
}

enum Server {
    Embedded(Embedded),
    Given(String),
}

static SERVER: OnceCell<Server> = OnceCell::const_new();
/// `CREATE DATABASE` takes a lock on its template.
static CREATING: Mutex<()> = Mutex::const_new(());
static NUMBER: AtomicUsize = AtomicUsize::new(0);

impl Server {
    async fn start() -> Self {
        let server = if let Ok(url) = std::env::var("TEST_DATABASE_URL") {
            Self::Given(url)
        } else {
            let settings = [
                ("fsync", "off"),
                ("synchronous_commit", "off"),
                ("full_page_writes", "off"),
                ("max_connections", "500"),
                ("shared_preload_libraries", "pg_stat_statements"),
                // What is counted must not be forgotten before it is read, whatever other tests do.
                ("pg_stat_statements.max", "50000"),
            ];
            Self::Embedded(Embedded::start(&folder(), &settings).await.unwrap())
        };
        server.make_template(&template(), false).await;
        server
    }

    async fn make_template(&self, name: &str, demo: bool) {
        self.administer(&format!("DROP DATABASE IF EXISTS {name}")).await;
        self.administer(&format!("CREATE DATABASE {name}")).await;
        populate(&self.url(name), demo).await;
    }

    fn url(&self, database: &str) -> String {
        match self {
            Self::Embedded(embedded) => embedded.url(database),
            Self::Given(url) => {
                let mut url: url::Url = url.parse().unwrap();
                url.set_path(database);
                url.into()
            }
        }
    }

    async fn administer(&self, sql: &str) {
        connect(&self.url("postgres")).await.batch_execute(sql).await.unwrap();
    }
}

fn template() -> String {
    format!("onrecord{}", process::id())
}

/// A folder that PostgreSQL's user can reach, in memory where there is room: each test makes and removes a thousand files.
/// Those of earlier runs, whose processes are gone, are removed.
fn folder() -> PathBuf {
    const PREFIX: &str = "onrecord-test-";
    const ROOM: u64 = 4 << 30;
    let free = |place: &str| statvfs(place).map_or(0, |found| found.blocks_available() * found.fragment_size());
    let place = if free("/dev/shm") > ROOM { "/dev/shm" } else { "/tmp" };
    for entry in fs::read_dir(place).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap_or_default();
        let Some(Ok(pid)) = name.strip_prefix(PREFIX).map(str::parse::<i32>) else { continue };
        if kill(Pid::from_raw(pid), None).is_err() {
            // Another user's stays.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    PathBuf::from(format!("{place}/{PREFIX}{}", process::id()))
}

/// Two newsrooms with a member and a key for each role; the first one the demo's, with its story, where that is wanted.
async fn populate(url: &str, demo: bool) {
    let limits = Limits { pool_size: 1, ..Limits::default() };
    let addresses = addresses(url);
    migrate(&addresses, Some(&limits)).await.unwrap();
    let pool = Pool::new(&addresses.server, &limits).unwrap();
    let db = Db::for_worker(pool);
    for (newsroom, id) in NEWSROOMS {
        let id_of = |name: &str| demo::id_of(name).filter(|_| demo && newsroom == "desk");
        let id = id_of("newsroom").unwrap_or(id);
        let admin_id = id_of("admin").unwrap_or_else(Uuid::now_v7);
        let key_id = id_of("first-key").unwrap_or_else(Uuid::now_v7);
        db.write(async move |conn| {
            let admin_key = Key::chosen(&key(newsroom, "admin"))?;
            newsrooms::bootstrap(newsroom, &admin_key, [id, admin_id, key_id], conn).await?;
            for (name, role) in ROLES.into_iter().filter(|(name, _)| *name != "admin") {
                let new = NewMember { name: name.into(), email: None, role, oidc_subject: None };
                let member = Member::create(Uuid::now_v7(), &new, id, conn).await?;
                let new =
                    NewApiKey { member_id: member.id, name: "test".into(), expires_at: None, scopes: Scopes::ALL };
                ApiKey::store(Uuid::now_v7(), &new, &Key::chosen(&key(newsroom, name))?, conn).await?;
            }
            Ok(())
        })
        .await
        .unwrap();
        if demo && newsroom == "desk" {
            let caller = Caller::without_key(admin_id, id, Role::Admin);
            Actor::member(caller).does(db.write(async move |conn| demo::load(caller, conn).await)).await.unwrap();
        }
    }
    // What is documented of the log is all of it.
    while db.write_quietly(onrecord::changes::sequence).await.unwrap() > 0 {}
}

/// A key that signs a test's log.
pub fn log_key() -> LogKey {
    let folder = tempfile::tempdir().unwrap();
    LogKey::open(&folder.path().join("log.key"), "test").unwrap()
}

async fn server() -> &'static Server {
    SERVER.get_or_init(Server::start).await
}

/// A new database with all tables, the two newsrooms and their keys; its address.
pub async fn database() -> String {
    copy(&template()).await
}

/// A new database as `onrecord serve --demo` makes it, with the tests' keys; its address.
pub async fn demo_database() -> String {
    static MADE: OnceCell<()> = OnceCell::const_new();
    let template = format!("{}demo", template());
    MADE.get_or_init(async || server().await.make_template(&template, true).await).await;
    copy(&template).await
}

async fn copy(template: &str) -> String {
    let url = create(server().await, &format!("TEMPLATE {template}")).await;
    // Roles' settings are not copied with a database.
    migrate(&addresses(&url), Some(&super::limits())).await.unwrap();
    url
}

/// The addresses of a test's database: the server's role owns nothing, as in production.
pub fn addresses(owner: &str) -> Addresses {
    if std::env::var("TEST_DATABASE_URL").is_err() {
        return embedded::addresses(owner.to_owned());
    }
    let mut server: url::Url = owner.parse().unwrap();
    let password = server.password().map(|_| "onrecord_server").map(ToOwned::to_owned);
    server.set_username("onrecord_server").unwrap();
    server.set_password(password.as_deref()).unwrap();
    Addresses { owner: owner.to_owned(), server: server.into() }
}

/// A new database without tables; its address.
pub async fn empty_database() -> String {
    create(server().await, "").await
}

async fn create(server: &Server, options: &str) -> String {
    let name = format!("{}n{}", template(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let _one_at_a_time = CREATING.lock().await;
    server.administer(&format!("CREATE DATABASE {name} {options}")).await;
    server.url(&name)
}

/// Removes a test's database.
pub async fn drop_database(url: &str) {
    let name = url.rsplit('/').next().unwrap().split('?').next().unwrap();
    let client = connect(&server().await.url("postgres")).await;
    client.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await.unwrap();
}

/// A connection for SQL that no client could send.
pub async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}
