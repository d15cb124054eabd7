//! The private PostgreSQL: without `DATABASE_URL`, OnRecord keeps its records in a cluster of its own.
//!
//! It is an ordinary server from the system's packages, run as a child of this process on a Unix socket. In the data
//! directory lie `pg`, the cluster; `run`, its socket; `postgres.log`; and `onrecord.lock`, by which only one OnRecord
//! uses the directory. However OnRecord ends, the server ends with it; and whatever was cut off, the next start mends.

mod binaries;
mod place;
mod server;

use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use nix::fcntl::Flock;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode, utf8_percent_encode};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};
use tokio_postgres::{Client, Config, NoTls};

pub use place::default_data_dir;
use place::{Account, CLUSTER};
use server::{Postmaster, Server};

use crate::migrations::Addresses;

/// The role that owns the cluster, and the database that is made in it.
pub const NAME: &str = "onrecord";
/// The role that serves: it owns nothing.
const SERVER: &str = "onrecord_server";
/// Before the process's number, the name of a cluster that is not finished.
const UNFINISHED: &str = "pg.partial";
/// How long a start may take. After a crash it includes recovery.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// How long sessions of a killed server may keep a new one from starting.
const FREE_WITHIN: Duration = Duration::from_secs(10);
/// How often it is asked whether it is ready.
const ASK: Duration = Duration::from_millis(20);

/// A running PostgreSQL server of OnRecord's own.
///
/// It is started again should it end. To end it, call [`stop`](Self::stop); dropped, it is stopped in the background.
#[derive(Debug)]
pub struct Embedded {
    socket_folder: PathBuf,
    id: Arc<AtomicU32>,
    stop: mpsc::Sender<()>,
    supervisor: JoinHandle<Result<()>>,
}

impl Embedded {
    /// Starts the server on the cluster in `data_dir`, which is made if there is none, and waits until it takes
    /// connections to the database `onrecord`.
    ///
    /// `settings` are the server's own by name, on top of OnRecord's; tests turn `fsync` off.
    ///
    /// Fails, with a sentence for whoever started OnRecord: if no fitting server is installed, another OnRecord uses
    /// the directory, the server's user cannot reach it, or the server does not start; its last messages are added.
    pub async fn start(data_dir: &Path, settings: &[(&str, &str)]) -> Result<Self> {
        let data_dir = data_dir.to_owned();
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (server, lock) = spawn_blocking(move || prepare(&data_dir, settings)).await??;
        let postmaster = launch(&server).await?;

        let socket_folder = server.socket_folder.clone();
        let id = Arc::new(AtomicU32::new(postmaster.id()));
        let (stop, stopped) = mpsc::channel();
        // A thread, not a task: the server must not end with the runtime that happened to start it.
        let supervisor = thread::Builder::new().name("postgres".to_owned()).spawn({
            let id = Arc::clone(&id);
            move || {
                let ended = server::supervise(&server, postmaster, &id, &stopped);
                // Not before the server is gone.
                drop(lock);
                ended
            }
        })?;
        Ok(Self { socket_folder, id, stop, supervisor })
    }

    /// The address of a database in the cluster, for the role that owns it.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        url(&self.socket_folder, database)
    }

    /// The server's process id; none while it is being started again.
    #[must_use]
    pub fn postmaster_pid(&self) -> Option<u32> {
        Some(self.id.load(Ordering::Relaxed)).filter(|id| *id != 0)
    }

    /// Stops the server: ends its sessions and writes everything out; after 30 seconds, at once.
    ///
    /// Fails if even then it is still there.
    pub async fn stop(self) -> Result<()> {
        let Self { socket_folder, stop, supervisor, .. } = self;
        drop(stop);
        spawn_blocking(move || {
            supervisor.join().map_err(|_| anyhow!("the supervisor of PostgreSQL has panicked"))??;
            // In /tmp it would stay for good. Where it is not empty, the next start sees to it.
            let _ = fs::remove_dir(socket_folder);
            Ok(())
        })
        .await?
    }
}

/// Megabytes of memory for PostgreSQL's buffers: a quarter of what this process may use, as PostgreSQL's manual advises, from its default
/// to as much as the index of a million claims fills.
pub fn buffers_mb() -> u64 {
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    let total = system.cgroup_limits().map_or(system.total_memory(), |limits| limits.total_memory);
    (total / 4 / (1 << 20)).clamp(128, 2048)
}

/// Whether a cluster lies in the data directory, running or not.
#[must_use]
pub fn is_made(data_dir: &Path) -> bool {
    data_dir.join(CLUSTER).exists()
}

/// The address of OnRecord's database in the cluster that another OnRecord is running on `data_dir`; none where none is.
pub fn running(data_dir: &Path) -> Result<Option<String>> {
    let Ok(data_dir) = data_dir.canonicalize() else { return Ok(None) };
    Ok(place::is_locked(&data_dir)?.then(|| url(&place::socket_path(&data_dir), NAME)))
}

/// The addresses of a database in a cluster of OnRecord's own, from the one for the role that owns it.
pub fn addresses(owner: String) -> Addresses {
    let server = owner.replacen(&format!("//{NAME}@"), &format!("//{SERVER}@"), 1);
    Addresses { owner, server }
}

/// Whether the server at this address takes connections to its database yet.
pub async fn takes_connections(url: &str) -> bool {
    let connecting = timeout(Duration::from_secs(5), tokio_postgres::connect(url, NoTls)).await;
    let Ok(Ok((client, connection))) = connecting else { return false };
    tokio::spawn(connection);
    drop(client);
    true
}

fn url(socket_folder: &Path, database: &str) -> String {
    let host = percent_encode(socket_folder.as_os_str().as_bytes(), NON_ALPHANUMERIC);
    format!("postgres://{NAME}@/{}?host={host}", utf8_percent_encode(database, NON_ALPHANUMERIC))
}

/// Everything before the server's process: directory, lock, programs, cluster, and no server left behind.
fn prepare(data_dir: &Path, settings: Vec<(String, String)>) -> Result<(Server, Flock<File>)> {
    let data_dir = place::data_dir(data_dir)?;
    let lock = place::lock(&data_dir)?;
    let account = Account::for_cluster(&data_dir)?;
    place::require_reachable(&data_dir, account)?;
    remove_unfinished(&data_dir)?;

    let cluster = data_dir.join(CLUSTER);
    let binaries = if cluster.exists() {
        let version = fs::read_to_string(cluster.join("PG_VERSION")).unwrap_or_default();
        let version = version.trim().parse().map_err(|_| {
            anyhow!("{} is not a PostgreSQL cluster: move it away, or set ONRECORD_DATA_DIR", cluster.display())
        })?;
        binaries::find(Some(version))?
    } else {
        let binaries = binaries::find(None)?;
        let sync = !settings.iter().any(|(name, value)| name == "fsync" && value == "off");
        make_cluster(&binaries, &data_dir, account, sync)?;
        binaries
    };
    server::stop_left_behind(&cluster)?;
    let socket_folder = place::socket_folder(&data_dir, account)?;
    let log = data_dir.join("postgres.log");
    Ok((Server { binaries, cluster, socket_folder, log, account, settings }, lock))
}

/// Removes what killed processes have left of clusters that they were making.
fn remove_unfinished(data_dir: &Path) -> Result<()> {
    for entry in fs::read_dir(data_dir)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED)
            && let Err(error) = fs::remove_dir_all(entry.path())
        {
            // Its initdb may still be running, and fails soon. Ours has another name.
            tracing::warn!("{} cannot be removed yet: {error}", entry.path().display());
        }
    }
    Ok(())
}

/// Makes the cluster under another name, and gives it its own when it is finished: a killed initdb leaves nothing that
/// looks like a cluster.
fn make_cluster(binaries: &Path, data_dir: &Path, account: Option<Account>, sync: bool) -> Result<()> {
    tracing::info!("making a PostgreSQL cluster in {}", data_dir.display());
    let unfinished = data_dir.join(format!("{UNFINISHED}.{}", std::process::id()));
    place::private_folder(&unfinished, account)?;
    // Order by code point: the same on all systems, and no index breaks when the C library is updated.
    let locale: &[&str] =
        if cfg!(target_os = "macos") { &["--locale=C", "--lc-ctype=UTF-8"] } else { &["--locale=C.UTF-8"] };
    let made = place::command(binaries.join("initdb"), account)
        .arg("-D")
        .arg(&unfinished)
        .args(["-U", NAME, "--encoding=UTF8", "--locale-provider=libc", "--data-checksums", "--no-instructions"])
        .args(locale)
        // No password: who can enter the socket's folder is the user who owns the data files, or root. There is no TCP.
        .arg("--auth=trust")
        .args((!sync).then_some("--no-sync"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .with_context(|| format!("cannot run {}", binaries.join("initdb").display()))?;
    if !made.status.success() {
        let _ = fs::remove_dir_all(&unfinished);
        bail!(
            "initdb could not make a PostgreSQL cluster in {}: {}",
            data_dir.display(),
            String::from_utf8_lossy(&made.stderr).trim()
        );
    }
    fs::rename(&unfinished, data_dir.join(CLUSTER))?;
    // initdb has written its files out; their folder's new name needs the same.
    if sync {
        File::open(data_dir)?.sync_all()?;
    }
    Ok(())
}

/// Starts the server's process and waits until the database is there.
async fn launch(server: &Server) -> Result<Postmaster> {
    let began = Instant::now();
    loop {
        let mut postmaster = server.launch()?;
        let status = loop {
            if let Some(client) = connect(server).await
                && server.has_cluster(&postmaster)
            {
                make_database(&client).await.context("cannot make the database")?;
                return Ok(postmaster);
            }
            if let Some(status) = postmaster.ended()? {
                break status;
            }
            ensure!(
                began.elapsed() < READY_WITHIN,
                "PostgreSQL is not ready after {} seconds:\n{}",
                READY_WITHIN.as_secs(),
                server.last_words(&postmaster)
            );
            sleep(ASK).await;
        };
        let said = server.last_words(&postmaster);
        // Sessions of a killed server notice its end within moments, unless they are amid long work. A server that was
        // only just started by a killed OnRecord is stopped by its watchdog.
        let occupied = ["pre-existing shared memory block", "already exists"].iter().any(|words| said.contains(words));
        if !occupied || began.elapsed() > FREE_WITHIN {
            bail!("PostgreSQL does not start ({status}; its log is {}):\n{said}", server.log.display());
        }
        sleep(Duration::from_millis(200)).await;
        let cluster = server.cluster.clone();
        spawn_blocking(move || server::stop_left_behind(&cluster)).await??;
    }
}

async fn connect(server: &Server) -> Option<Client> {
    // Always there, unlike ours.
    let config = Config::from_str(&url(&server.socket_folder, "postgres")).ok()?;
    let (client, connection) = timeout(Duration::from_secs(5), config.connect(NoTls)).await.ok()?.ok()?;
    tokio::spawn(connection);
    Some(client)
}

async fn make_database(client: &Client) -> Result<()> {
    if client.query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&NAME]).await?.is_none() {
        client.batch_execute(&format!("CREATE DATABASE {NAME}")).await?;
    }
    Ok(())
}
