//! The server's process: how it is started, watched and stopped.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::place::{self, Account};

/// How often a process is looked at. An exit is noticed this late.
const LOOK: Duration = Duration::from_millis(100);
/// The same while waiting for an exit.
const LOOK_CLOSELY: Duration = Duration::from_millis(10);
/// Pauses before the server is started again: the first, and the longest that doubling leads to.
const PAUSE: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));
/// A server that ran this long was well; the next pause is the first again.
const WELL: Duration = Duration::from_secs(60);
/// Time for a fast shutdown, which ends with a checkpoint, and then for an immediate one.
const STOP_WITHIN: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(15));
/// From this size on the log is put aside, so that there are never more than about two of these.
const LOG_BYTES: u64 = 10 << 20;
/// How much of the log an error quotes.
const QUOTED_LINES: usize = 12;

/// Waits until its standard input ends, which happens when OnRecord does, in whichever way. Then stops the server $1, if
/// that is still the one in the file $2: its number may have passed to another process. A server that was only just
/// started has not written the file, hence the loop.
const WATCHDOG: &str = r#"
trap '' HUP INT TERM
read -r _
for _ in 1 2 3 4 5 6 7 8 9 10; do
    read -r pid <"$2" && [ "$pid" = "$1" ] && kill -INT "$1" && exit
    kill -0 "$1" || exit
    sleep 0.5
done"#;

/// All that is needed to start the server, at first and again.
pub struct Server {
    /// Folder of the programs.
    pub binaries: PathBuf,
    /// Folder of the cluster.
    pub cluster: PathBuf,
    /// Folder of the socket.
    pub socket_folder: PathBuf,
    /// The server's own messages.
    pub log: PathBuf,
    /// Whom it runs as, if not as the user of this process.
    pub account: Option<Account>,
    /// Settings of the caller.
    pub settings: Vec<(String, String)>,
}

impl Server {
    /// Starts the server's process and its watchdog. It does not take connections yet.
    pub fn launch(&self) -> Result<Postmaster> {
        if fs::metadata(&self.log).is_ok_and(|log| log.len() > LOG_BYTES) {
            fs::rename(&self.log, self.log.with_extension("log.1")).context("cannot put the PostgreSQL log aside")?;
        }
        let log = place::open(&self.log)?;
        let log_start = log.metadata()?.len();
        let program = self.binaries.join("postgres");
        let child = place::command(&program, self.account)
            .arg("-D")
            .arg(&self.cluster)
            .args(self.arguments())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot run {}", program.display()))?;
        // Rust's pipes are closed in other children, so this one ends with this process.
        let watchdog = place::command("/bin/sh", self.account)
            .args(["-c", WATCHDOG, "onrecord-watchdog", &child.id().to_string()])
            .arg(self.cluster.join("postmaster.pid"))
            .stdin(Stdio::piped())
            .spawn();
        let mut postmaster = Postmaster { child, watchdog: None, log_start };
        match watchdog {
            Ok(watchdog) => postmaster.watchdog = Some(watchdog),
            Err(error) => {
                postmaster.stop()?;
                return Err(error).context("cannot run /bin/sh");
            }
        }
        Ok(postmaster)
    }

    fn arguments(&self) -> Vec<OsString> {
        // A list; quoted, a comma in a name is part of it.
        let sockets = self.socket_folder.to_string_lossy().replace('"', "\"\"");
        let own = [
            ("listen_addresses", String::new()),
            ("unix_socket_directories", format!("\"{sockets}\"")),
            ("unix_socket_permissions", "0700".to_owned()),
            ("port", "5432".to_owned()),
            ("max_connections", "100".to_owned()),
            ("cluster_name", "onrecord".to_owned()),
            ("log_destination", "stderr".to_owned()),
            ("logging_collector", "off".to_owned()),
            ("log_line_prefix", "%m [%p] ".to_owned()),
            ("log_min_messages", "warning".to_owned()),
            // What a refused write would have stored is nobody's to read in a log: no details, no statements.
            ("log_error_verbosity", "terse".to_owned()),
            ("log_min_error_statement", "panic".to_owned()),
            // Every five minutes otherwise, in a log that is only put aside at a start.
            ("log_checkpoints", "off".to_owned()),
            // Each minute otherwise. Until rows that are gone are cleaned from the log's queue, whoever looks whether it is empty, which
            // kept pages do, passes over all that were in it.
            ("autovacuum_naptime", "5s".to_owned()),
        ];
        own.into_iter()
            .chain(self.settings.iter().map(|(name, value)| (name.as_str(), value.clone())))
            .flat_map(|(name, value)| ["-c".into(), format!("{name}={value}").into()])
            .collect()
    }

    /// Whether this run of the server has the cluster, and not one that a killed OnRecord had only just started.
    pub fn has_cluster(&self, postmaster: &Postmaster) -> bool {
        written_id(&self.cluster) == Some(postmaster.id())
    }

    /// The last lines that this run of the server has written.
    pub fn last_words(&self, postmaster: &Postmaster) -> String {
        let mut said = Vec::new();
        if let Ok(mut log) = File::open(&self.log)
            && log.seek(SeekFrom::Start(postmaster.log_start)).is_ok()
        {
            // What stops a server at its start is among the first lines, should there ever be many.
            let _ = log.take(64 << 10).read_to_end(&mut said);
        }
        let said = String::from_utf8_lossy(&said);
        let lines: Vec<&str> = said.lines().collect();
        lines[lines.len().saturating_sub(QUOTED_LINES)..].join("\n")
    }
}

/// A server's running process, with the watchdog that stops it should this process be killed.
///
/// Dropped, it is stopped by the watchdog.
pub struct Postmaster {
    child: Child,
    watchdog: Option<Child>,
    log_start: u64,
}

impl Postmaster {
    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        let ended = self.child.try_wait().context("cannot watch the PostgreSQL server")?;
        if ended.is_some()
            && let Some(mut watchdog) = self.watchdog.take()
        {
            drop(watchdog.stdin.take());
            watchdog.wait().context("cannot watch the PostgreSQL server's watchdog")?;
        }
        Ok(ended)
    }

    /// Stops it: ends sessions, writes everything out. Where that takes too long, at once: the next start recovers.
    ///
    /// Fails if it is still there after that.
    pub fn stop(&mut self) -> Result<()> {
        let pid = pid(self.id())?;
        stop(pid, || Ok(self.ended()?.is_some()))
    }
}

/// Starts the server again whenever it ends, until `stop` is closed; then stops it.
pub fn supervise(server: &Server, mut postmaster: Postmaster, id: &AtomicU32, stop: &Receiver<()>) -> Result<()> {
    let mut pause = PAUSE.0;
    loop {
        let started = Instant::now();
        let status = loop {
            match stop.recv_timeout(LOOK) {
                Err(RecvTimeoutError::Timeout) => (),
                _ => return postmaster.stop(),
            }
            if let Some(status) = postmaster.ended()? {
                break status;
            }
        };
        id.store(0, Ordering::Relaxed);
        let said = server.last_words(&postmaster);
        tracing::error!(%status, said, "PostgreSQL has ended unexpectedly and is started again");
        if started.elapsed() > WELL {
            pause = PAUSE.0;
        }
        postmaster = loop {
            match stop.recv_timeout(pause) {
                Err(RecvTimeoutError::Timeout) => (),
                _ => return Ok(()),
            }
            pause = (pause * 2).min(PAUSE.1);
            match server.launch() {
                Ok(postmaster) => break postmaster,
                Err(error) => tracing::error!("PostgreSQL cannot be started again: {error:#}"),
            }
        };
        id.store(postmaster.id(), Ordering::Relaxed);
    }
}

/// Stops a server of this cluster that outlived its OnRecord, and clears away the file of one that did not.
///
/// Only to be called with the data directory's lock held.
pub fn stop_left_behind(cluster: &Path) -> Result<()> {
    let file = cluster.join("postmaster.pid");
    if let Some(id) = written_id(cluster) {
        let pid = pid(id)?;
        if is_server_of(pid, cluster) {
            tracing::warn!(pid = id, "stopping the PostgreSQL that a killed OnRecord has left behind");
            stop(pid, || Ok(!is_server_of(pid, cluster)))?;
        }
        if kill(pid, None) == Err(Errno::ESRCH) {
            return Ok(());
        }
    }
    // PostgreSQL takes whichever process has the number for the old server, and does not start; nor if a crash of the
    // machine has emptied the file. That sessions of an old server are still at work it sees without it, by their shared
    // memory.
    place::remove_file(&file)
}

/// The process id of the server that has last taken the cluster, as it has written it down.
fn written_id(cluster: &Path) -> Option<u32> {
    let text = fs::read_to_string(cluster.join("postmaster.pid")).ok()?;
    text.lines().next()?.trim().parse().ok().filter(|id| i32::try_from(*id).is_ok_and(|id| id > 0))
}

/// Whether a process is the server of this cluster, not another one that has got its number meanwhile.
fn is_server_of(pid: Pid, cluster: &Path) -> bool {
    if let Ok(line) = fs::read(format!("/proc/{pid}/cmdline")) {
        let mut arguments = line.split(|byte| *byte == 0);
        // The server's sessions have titles for names, such as "postgres: onrecord: checkpointer".
        let server = arguments.next().is_some_and(|name| name.ends_with(b"postgres"));
        let here = || fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|folder| folder == cluster);
        return server && (arguments.any(|argument| argument == cluster.as_os_str().as_bytes()) || here());
    }
    // Systems without /proc.
    let listed = Command::new("ps").args(["-ww", "-o", "command=", "-p", &pid.to_string()]).output();
    listed.is_ok_and(|listed| {
        let line = String::from_utf8_lossy(&listed.stdout);
        line.contains(&format!("postgres -D {}", cluster.display()))
    })
}

fn stop(pid: Pid, mut ended: impl FnMut() -> Result<bool>) -> Result<()> {
    for (signal, within) in [(Signal::SIGINT, STOP_WITHIN.0), (Signal::SIGQUIT, STOP_WITHIN.1)] {
        if signal == Signal::SIGQUIT {
            tracing::warn!(%pid, "PostgreSQL takes too long to stop, and is stopped at once");
        }
        // An ended child that nobody has waited for keeps its number, so this reaches nobody else.
        if !ended()? {
            match kill(pid, signal) {
                Ok(()) | Err(Errno::ESRCH) => (),
                Err(error) => return Err(error).with_context(|| format!("cannot stop PostgreSQL, process {pid}")),
            }
        }
        let since = Instant::now();
        while since.elapsed() < within {
            if ended()? {
                return Ok(());
            }
            thread::sleep(LOOK_CLOSELY);
        }
    }
    bail!("PostgreSQL, process {pid}, does not stop")
}

fn pid(id: u32) -> Result<Pid> {
    Ok(Pid::from_raw(i32::try_from(id).context("a process id is too large")?))
}
