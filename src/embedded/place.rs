//! Where the cluster lies, and which user it belongs to.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, lchown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag};
use nix::unistd::{Uid, User};

/// The longest path of a Unix socket that every system takes: macOS has 103 bytes, Linux 107.
const SOCKET_PATH_BYTES: usize = 103;

/// How long the lock of a killed OnRecord may last.
const FREE_WITHIN: Duration = Duration::from_millis(500);

/// The socket's name is PostgreSQL's; the number is that of its default port.
pub const SOCKET: &str = ".s.PGSQL.5432";

/// Locked by the process that runs the cluster.
const LOCK: &str = "onrecord.lock";

/// The cluster's folder in the data directory.
pub const CLUSTER: &str = "pg";

/// The user that runs the server where OnRecord itself is root, because PostgreSQL refuses to be root.
#[derive(Debug, Clone, Copy)]
pub struct Account {
    uid: u32,
    gid: u32,
}

impl Account {
    /// The user for the cluster in `data_dir`; none where OnRecord is not root and the server runs as the same user.
    ///
    /// Fails where the system has no user for it.
    pub fn for_cluster(data_dir: &Path) -> Result<Option<Self>> {
        if !Uid::effective().is_root() {
            return Ok(None);
        }
        // A cluster made by an ordinary user stays theirs when root runs OnRecord once.
        if let Ok(cluster) = fs::symlink_metadata(data_dir.join(CLUSTER))
            && cluster.uid() != 0
        {
            return Ok(Some(Self { uid: cluster.uid(), gid: cluster.gid() }));
        }
        for name in ["postgres", "nobody"] {
            if let Some(user) = User::from_name(name)? {
                return Ok(Some(Self { uid: user.uid.as_raw(), gid: user.gid.as_raw() }));
            }
        }
        bail!("PostgreSQL does not run as root, and there is no user postgres or nobody: run OnRecord as another user")
    }
}

/// The data directory where none is set: `./data`, but `/var/lib/onrecord` where root's PostgreSQL, which runs as an
/// unprivileged user, could not reach that (below `/root`, for one).
#[must_use]
pub fn default_data_dir() -> PathBuf {
    let here = PathBuf::from("./data");
    let account = Account::for_cluster(&here).ok().flatten();
    let existing = if here.is_dir() { here.as_path() } else { Path::new(".") };
    let reachable = existing.canonicalize().is_ok_and(|existing| reachable(&existing, account));
    if account.is_none() || reachable { here } else { PathBuf::from("/var/lib/onrecord") }
}

/// Makes the data directory and gives its absolute path.
///
/// As root it stays root's: the server's user, who may be `nobody`, must not be able to put links in place of the files
/// that root opens here. What that user writes are folders below.
pub fn data_dir(path: &Path) -> Result<PathBuf> {
    if !path.is_dir() {
        fs::create_dir_all(path).with_context(|| format!("cannot make the data directory {}", path.display()))?;
        let mode = if Uid::effective().is_root() { 0o711 } else { 0o700 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    }
    let path = path.canonicalize().with_context(|| format!("cannot open the data directory {}", path.display()))?;
    ensure!(path.to_str().is_some(), "the data directory's path {} is not UTF-8", path.display());
    Ok(path)
}

/// Fails with a sentence where the server's user cannot reach the data directory.
pub fn require_reachable(data_dir: &Path, account: Option<Account>) -> Result<()> {
    ensure!(
        reachable(data_dir, account),
        "PostgreSQL does not run as root, and its user (id {}) cannot reach the data directory {}: set ONRECORD_DATA_DIR \
         to another, such as /var/lib/onrecord, or let all users pass the folders above it (chmod o+x)",
        account.map_or(0, |account| account.uid),
        data_dir.display(),
    );
    Ok(())
}

/// Takes the data directory for this process, until the lock is dropped or the process ends in whichever way.
///
/// Fails with a sentence where another OnRecord has it.
pub fn lock(data_dir: &Path) -> Result<Flock<File>> {
    let since = Instant::now();
    let mut file = open(&data_dir.join(LOCK))?;
    loop {
        let error = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => return Ok(lock),
            // A child that a killed OnRecord was just starting keeps the lock until it runs its program.
            Err((same, Errno::EWOULDBLOCK)) if since.elapsed() < FREE_WITHIN => {
                file = same;
                thread::sleep(Duration::from_millis(20));
                continue;
            }
            Err((_, error)) => error,
        };
        ensure!(
            error != Errno::EWOULDBLOCK,
            "another OnRecord is using the data directory {}: stop that one, or set ONRECORD_DATA_DIR to another",
            data_dir.display()
        );
        return Err(error).with_context(|| format!("cannot lock the data directory {}", data_dir.display()));
    }
}

/// Whether a process has the data directory.
pub fn is_locked(data_dir: &Path) -> Result<bool> {
    if !data_dir.join(LOCK).exists() {
        return Ok(false);
    }
    match Flock::lock(open(&data_dir.join(LOCK))?, FlockArg::LockExclusiveNonblock) {
        Ok(_) => Ok(false),
        Err((_, Errno::EWOULDBLOCK)) => Ok(true),
        Err((_, error)) => Err(error).context("cannot look whether the data directory is in use"),
    }
}

/// Opens a file of ours for appending, without following a link.
pub fn open(path: &Path) -> Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags(OFlag::O_NOFOLLOW.bits())
        .open(path)
        .with_context(|| format!("cannot write {}: does it belong to another user?", path.display()))
}

/// The folder for the server's socket: in the data directory or, where that makes the socket's path too long, in `/tmp`.
///
/// Fails where somebody else has put something in its place.
pub fn socket_folder(data_dir: &Path, account: Option<Account>) -> Result<PathBuf> {
    let folder = socket_path(data_dir);
    private_folder(&folder, account)?;
    // Left behind by a killed server. Its lock file would stop ours if another process had its number now.
    for name in [SOCKET.to_owned(), format!("{SOCKET}.lock")] {
        remove_file(&folder.join(name))?;
    }
    Ok(folder)
}

/// The path of that folder.
pub fn socket_path(data_dir: &Path) -> PathBuf {
    let folder = data_dir.join("run");
    if folder.join(SOCKET).as_os_str().len() <= SOCKET_PATH_BYTES {
        return folder;
    }
    let mut hasher = DefaultHasher::new();
    data_dir.hash(&mut hasher);
    PathBuf::from(format!("/tmp/onrecord-{:016x}", hasher.finish()))
}

/// Makes a folder that nobody but the server's user (and root) can enter.
///
/// An existing one is taken only if it is like that already. Its mode and owner are not mended by path, which its owner
/// could have turned into a link to something else by then.
pub fn private_folder(path: &Path, account: Option<Account>) -> Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            return Err(error).with_context(|| format!("cannot make the folder {}", path.display()));
        }
        _ => (),
    }
    let found = fs::symlink_metadata(path)?;
    let ours = found.uid() == Uid::effective().as_raw() || account.is_some_and(|account| found.uid() == account.uid);
    ensure!(
        found.is_dir() && ours && found.mode() & 0o777 == 0o700,
        "{} is in the way, as it is not a private folder of OnRecord's: remove it, or set ONRECORD_DATA_DIR to another \
         directory",
        path.display()
    );
    if let Some(account) = account {
        lchown(path, Some(account.uid), Some(account.gid))?;
    }
    Ok(())
}

/// Removes a file that may be gone.
pub fn remove_file(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// A program to be run as the server's user, apart from this process's terminal.
pub fn command(program: impl AsRef<OsStr>, account: Option<Account>) -> Command {
    let mut command = Command::new(program);
    // In a process group of its own: Ctrl-C must reach OnRecord first, which then stops the server.
    command.process_group(0).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // The caller's PGDATA or PGPORT mean another server, and our secrets are none of this one's business.
    for (name, _) in std::env::vars_os() {
        if name.as_bytes().starts_with(b"PG") || name.as_bytes().starts_with(b"ONRECORD_") {
            command.env_remove(name);
        }
    }
    // Its messages are read by this program.
    command.env("LC_ALL", "C");
    if let Some(account) = account {
        command.uid(account.uid).gid(account.gid);
    }
    command
}

/// Whether the server's user can enter `path`. Asked of the system itself, which knows ACLs and mounts.
fn reachable(path: &Path, account: Option<Account>) -> bool {
    account.is_none()
        || command("/bin/sh", account)
            .args(["-c", r#"cd -- "$1""#, "sh"])
            .arg(path)
            .status()
            .is_ok_and(|status| status.success())
}
