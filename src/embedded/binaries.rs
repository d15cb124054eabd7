//! Finds the PostgreSQL server's programs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

/// The oldest major version whose SQL the migrations use.
const OLDEST: u32 = 15;

#[cfg(target_os = "macos")]
const INSTALL: &str = "brew install postgresql@17";
#[cfg(not(target_os = "macos"))]
const INSTALL: &str = "sudo apt-get install postgresql, on Fedora sudo dnf install postgresql-server";

/// Where packages put servers of several versions: a folder, and what stands before the version in its entries' names.
const INSTALLED: &[(&str, &str)] = &[
    ("/usr/lib/postgresql", ""),
    ("/usr", "pgsql-"),
    ("/opt/homebrew/opt", "postgresql@"),
    ("/usr/local/opt", "postgresql@"),
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql@"),
    ("/Applications/Postgres.app/Contents/Versions", ""),
];

/// The folder with `postgres` and `initdb`: of exactly major version `wanted`, because only that can read an existing
/// cluster; without one, the first that is new enough.
///
/// Fails with a sentence that says what to install.
pub fn find(wanted: Option<u32>) -> Result<PathBuf> {
    let mut unfit = Vec::new();
    for folder in candidates() {
        // Libraries and clients alone come with a pg_config as well.
        if !folder.join("postgres").is_file() || !folder.join("initdb").is_file() {
            continue;
        }
        let Some(version) = version(&folder) else { continue };
        if wanted.map_or(version >= OLDEST, |wanted| version == wanted) {
            return Ok(folder);
        }
        unfit.push(version.to_string());
    }
    unfit.dedup();
    let found = if unfit.is_empty() { "none".to_owned() } else { format!("only version {}", unfit.join(", ")) };
    match wanted {
        Some(wanted) => bail!(
            "the records were written by PostgreSQL {wanted}, but its server is not installed here (found: {found}): \
             install version {wanted} again, or move the records to a server of your own and set DATABASE_URL"
        ),
        None => bail!(
            "a PostgreSQL server of version {OLDEST} or newer is needed (found: {found}): install it ({INSTALL}), or \
             set DATABASE_URL to use one elsewhere"
        ),
    }
}

fn candidates() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    if let Some(told) = output(Command::new("pg_config").arg("--bindir")) {
        folders.push(PathBuf::from(told.trim_end()));
    }
    for folder in std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()) {
        // Often a link to `postgres` alone: the other programs lie beside its target.
        if let Ok(postgres) = folder.join("postgres").canonicalize() {
            folders.extend(postgres.parent().map(Path::to_owned));
        }
    }
    for (parent, prefix) in INSTALLED {
        let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(parent)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                let version = entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
                Some((version, entry.path().join("bin")))
            })
            .collect();
        versions.sort_unstable_by_key(|(version, _)| std::cmp::Reverse(*version));
        folders.extend(versions.into_iter().map(|(_, folder)| folder));
    }
    folders
}

/// The major version of the server in `folder`, from `postgres (PostgreSQL) 15.20 (…)`.
fn version(folder: &Path) -> Option<u32> {
    let told = output(Command::new(folder.join("postgres")).arg("--version"))?;
    let number = told.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?;
    number.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}

fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    if output.status.success() { String::from_utf8(output.stdout).ok() } else { None }
}
