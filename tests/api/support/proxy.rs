//! A way to PostgreSQL that can be cut, held up, or broken at a word.

use std::io::Result;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// A port on this machine behind which a database is.
pub struct Proxy {
    port: u16,
    way: Way,
    carrying: Option<JoinHandle<()>>,
}

#[derive(Clone)]
struct Way {
    database: Arc<Config>,
    held_up: watch::Sender<bool>,
    breaks: Arc<Mutex<Option<(&'static str, Break)>>>,
}

/// How a connection breaks at a word that the client sends.
#[derive(Clone, Copy)]
pub enum Break {
    /// Before the database gets it.
    Sending,
    /// After the database has done it, before the client learns of it.
    Answering,
}

impl Proxy {
    pub async fn to(database: &str) -> Self {
        let database = Arc::new(database.parse().unwrap());
        let way = Way { database, held_up: watch::Sender::new(false), breaks: Arc::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut proxy = Self { port: listener.local_addr().unwrap().port(), way, carrying: None };
        proxy.carry(listener);
        proxy
    }

    fn carry(&mut self, listener: TcpListener) {
        self.carrying = Some(tokio::spawn(carry(listener, self.way.clone())));
    }

    /// The database's address by this way.
    pub fn url(&self) -> String {
        let database = &self.way.database;
        let password = String::from_utf8(database.get_password().unwrap_or_default().to_owned()).unwrap();
        format!(
            "host=127.0.0.1 port={} user={} password='{password}' dbname={}",
            self.port,
            database.get_user().unwrap(),
            database.get_dbname().unwrap()
        )
    }

    /// All connections break, and new ones are refused.
    pub async fn cut(&mut self) {
        if let Some(carrying) = self.carrying.take() {
            carrying.abort();
            // Its connections are closed when it is gone.
            let _ = carrying.await;
        }
    }

    /// New connections are taken again.
    pub async fn mend(&mut self) {
        self.carry(TcpListener::bind(("127.0.0.1", self.port)).await.unwrap());
    }

    /// From now on nothing comes through, and nothing breaks; or it does again.
    pub fn hold_up(&self, held_up: bool) {
        self.way.held_up.send_replace(held_up);
    }

    /// The next connection on which the client sends this word breaks.
    pub fn break_at(&self, word: &'static str, how: Break) {
        *self.way.breaks.lock().unwrap() = Some((word, how));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(carrying) = self.carrying.take() {
            carrying.abort();
        }
    }
}

async fn carry(listener: TcpListener, way: Way) {
    let mut connections = JoinSet::new();
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let way = way.clone();
        // How a connection ends is its ends' affair.
        connections.spawn(async move { drop(connect(client, way).await) });
    }
}

async fn connect(client: TcpStream, way: Way) -> Result<()> {
    let port = way.database.get_ports().first().copied().unwrap_or(5432);
    match &way.database.get_hosts()[0] {
        Host::Tcp(host) => pass(client, TcpStream::connect((host.as_str(), port)).await?, way).await,
        Host::Unix(folder) => {
            let socket = UnixStream::connect(folder.join(format!(".s.PGSQL.{port}"))).await?;
            pass(client, socket, way).await
        }
    }
}

async fn pass(mut client: TcpStream, mut server: impl AsyncRead + AsyncWrite + Unpin, way: Way) -> Result<()> {
    let (mut asked, mut answered) = (vec![0; 8192], vec![0; 8192]);
    // What works in the background commits as well.
    let mut inserts = false;
    loop {
        tokio::select! {
            length = client.read(&mut asked) => {
                let asked = &asked[..length?];
                inserts |= has(asked, "INSERT INTO \"sources\"");
                match way.open_for(if inserts { asked } else { &[] }).await {
                    _ if asked.is_empty() => return Ok(()),
                    None => server.write_all(asked).await?,
                    Some(Break::Sending) => return Ok(()),
                    Some(Break::Answering) => {
                        server.write_all(asked).await?;
                        // The first of its answer: it is done.
                        server.read_u8().await?;
                        return Ok(());
                    }
                }
            }
            length = server.read(&mut answered) => {
                let answered = &answered[..length?];
                way.open_for(&[]).await;
                if answered.is_empty() {
                    return Ok(());
                }
                client.write_all(answered).await?;
            }
        }
    }
}

impl Way {
    /// Waits while it is held up; whether the connection breaks at what was sent.
    async fn open_for(&self, sent: &[u8]) -> Option<Break> {
        self.held_up.subscribe().wait_for(|held_up| !held_up).await.unwrap();
        let mut breaks = self.breaks.lock().unwrap();
        breaks.take_if(|(word, _)| has(sent, word)).map(|(_, how)| how)
    }
}

fn has(sent: &[u8], word: &str) -> bool {
    sent.windows(word.len()).any(|part| part == word.as_bytes())
}
