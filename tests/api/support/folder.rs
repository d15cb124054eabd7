//! Folders for PostgreSQL clusters, and what runs on them.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A folder that PostgreSQL's user can reach. Removed when dropped, once nothing runs on it.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        // Not where TMPDIR says: that may be closed to PostgreSQL's user, or too long for a socket.
        let folder = tempfile::Builder::new()
            .prefix("onrecord-test.")
            .permissions(Permissions::from_mode(0o755))
            .tempdir_in("/tmp")
            .unwrap();
        Self(folder)
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A data directory in it, not made yet.
    pub fn data_dir(&self) -> PathBuf {
        self.path().join("data")
    }

    /// The process id of the server that has its data directory.
    pub fn postmaster(&self) -> Option<u32> {
        let written = fs::read_to_string(self.data_dir().join("pg/postmaster.pid")).ok()?;
        written.lines().next()?.parse().ok()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let since = Instant::now();
        while self.postmaster().is_some_and(runs) && since.elapsed() < Duration::from_secs(10) {
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Whether there is such a process. One that has ended and that nobody has waited for does not count.
pub fn runs(pid: u32) -> bool {
    if Path::new("/proc/self").exists() {
        return fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty());
    }
    let listed = Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output().unwrap();
    listed.stdout.first().is_some_and(|state| *state != b'Z')
}
