//! The program itself, as a process.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{Client, Folder, until};

/// A start makes a cluster on a busy machine; a stop waits for its checkpoint.
const WITHIN: Duration = Duration::from_secs(90);

/// The program with a data directory of its own, which goes when this is dropped.
pub struct Program(Folder);

impl Program {
    pub fn new() -> Self {
        Self(Folder::new())
    }

    pub fn data_dir(&self) -> PathBuf {
        self.0.data_dir()
    }

    /// The process id of its PostgreSQL.
    pub fn postmaster(&self) -> Option<u32> {
        self.0.postmaster()
    }

    /// A file beside the data directory.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// A command line without settings of the environment but the data directory.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_onrecord"));
        for (name, _) in std::env::vars_os() {
            if name == "DATABASE_URL" || name == "RUST_LOG" || name.to_string_lossy().starts_with("ONRECORD_") {
                command.env_remove(name);
            }
        }
        command.args(arguments).env("ONRECORD_DATA_DIR", self.data_dir()).current_dir(self.0.path());
        command
    }

    /// Runs a command to its end.
    pub async fn run(&self, arguments: &[&str]) -> Ended {
        Process::start(self.command(arguments), "").ended().await
    }

    /// Runs a command that reads `input` to its end.
    pub async fn run_with(&self, arguments: &[&str], input: &str) -> Ended {
        Process::start(self.command(arguments), input).ended().await
    }

    /// Serves on a free port.
    pub async fn serve(&self, arguments: &[&str]) -> Serving {
        let arguments = [&["serve", "--listen", "127.0.0.1:0"], arguments].concat();
        Serving::start(self.command(&arguments)).await
    }
}

/// A running process. It is killed when dropped.
pub struct Process {
    child: Child,
    out: Arc<Mutex<Vec<u8>>>,
    err: Arc<Mutex<Vec<u8>>>,
    readers: [JoinHandle<()>; 2],
}

/// What a process has left.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub out: String,
    pub err: String,
}

impl Process {
    pub fn start(mut command: Command, input: &str) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (stdout, stderr): (ChildStdout, ChildStderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (out, err) = (Arc::default(), Arc::default());
        let readers = [gather(stdout, &out), gather(stderr, &err)];
        // One that ends without reading has refused something else before.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Self { child, out, err, readers }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }

    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// What it has said so far.
    pub fn out(&self) -> String {
        text(&self.out)
    }

    /// What it has complained about so far.
    pub fn err(&self) -> String {
        text(&self.err)
    }

    /// Waits for its end.
    pub async fn ended(mut self) -> Ended {
        let status = until("the process has ended", WITHIN, async || self.child.try_wait().unwrap()).await;
        until("its output has ended", WITHIN, async || self.readers.iter().all(JoinHandle::is_finished).then_some(()))
            .await;
        Ended { status, out: self.out(), err: self.err() }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn gather(mut from: impl Read + Send + 'static, into: &Arc<Mutex<Vec<u8>>>) -> JoinHandle<()> {
    let into = Arc::clone(into);
    thread::spawn(move || {
        let mut read = [0; 4096];
        while let Ok(length @ 1..) = from.read(&mut read) {
            into.lock().unwrap().extend_from_slice(&read[..length]);
        }
    })
}

fn text(gathered: &Mutex<Vec<u8>>) -> String {
    String::from_utf8_lossy(&gathered.lock().unwrap()).into_owned()
}

impl Ended {
    /// Panics unless it did what it was asked; answers what it has printed.
    #[track_caller]
    pub fn done(self) -> String {
        assert!(self.status.success(), "{self:?}");
        self.out
    }

    /// Panics unless it failed with this complaint.
    #[track_caller]
    pub fn refused(self, complaint: &str) -> Self {
        assert_eq!(self.status.code(), Some(1), "{self:?}");
        assert!(self.err.contains(complaint), "{complaint:?} is not in {self:?}");
        self
    }
}

/// A server that has told its address.
pub struct Serving {
    pub process: Process,
    pub url: String,
}

impl Serving {
    pub async fn start(command: Command) -> Self {
        let mut process = Process::start(command, "");
        let url = until("it tells its address", WITHIN, async || {
            assert!(process.runs(), "it has ended: {}", process.err());
            let out = process.out();
            line(&out, "Swagger UI is at ").and(line(&out, "OnRecord is at "))
        })
        .await;
        Self { process, url }
    }

    /// Its address and port.
    pub fn listen(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }

    /// The key that a first start prints.
    pub async fn first_key(&self) -> String {
        until("it prints the first key", WITHIN, async || {
            line(&self.process.out(), "Your admin key, shown this once: ")
        })
        .await
    }

    /// The admin of the first newsroom.
    pub async fn admin(&self) -> Client {
        self.with_key(&self.first_key().await)
    }

    /// Nobody in particular.
    pub fn anyone(&self) -> Client {
        Client::new(&self.url, None)
    }

    pub fn with_key(&self, key: &str) -> Client {
        Client::new(&self.url, Some(key.to_owned()))
    }

    /// Stops it as an operator does; panics unless that goes well.
    pub async fn stop(self) -> Ended {
        self.process.signal(Signal::SIGTERM);
        let ended = self.process.ended().await;
        assert!(ended.status.success(), "{ended:?}");
        ended
    }

    /// Ends it without warning.
    pub async fn kill(self) -> Ended {
        self.process.signal(Signal::SIGKILL);
        self.process.ended().await
    }
}

/// The rest of the line that starts like this.
fn line(text: &str, start: &str) -> Option<String> {
    let (whole, _) = text.rsplit_once('\n')?;
    whole.lines().find_map(|line| line.strip_prefix(start)).map(str::to_owned)
}
