//! A receiver of webhooks that does as it is told, and keeps what it was sent.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use serde_json::Value;
use standardwebhooks::Webhook;

use super::{SOON, until};

/// What it does with a request.
#[derive(Debug, Clone)]
pub enum Manner {
    /// Answers this status, with these lines of a header.
    Status(u16, &'static str),
    /// Hangs up without an answer.
    HangUp,
    /// Never answers.
    Silence,
    /// Answers without an end.
    Endless,
    /// Answers that it has taken it, and then never says the rest.
    Stalled,
}

/// What was sent.
#[derive(Debug, Clone)]
pub struct Received {
    pub path: String,
    pub headers: HeaderMap,
    pub text: String,
    /// What it did with it.
    pub accepted: bool,
}

struct State {
    manner: Manner,
    /// Of requests with this text.
    exceptions: HashMap<String, Manner>,
    received: Vec<Received>,
}

pub struct Receiver {
    pub url: String,
    state: Arc<Mutex<State>>,
}

impl Receiver {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State {
            manner: Manner::Status(200, ""),
            exceptions: HashMap::new(),
            received: Vec::new(),
        }));
        let shared = state.clone();
        // It ends with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = shared.clone();
                thread::spawn(move || serve(&stream, &state));
            }
        });
        Self { url, state }
    }

    pub fn is(&self, manner: Manner) {
        self.state.lock().unwrap().manner = manner;
    }

    /// What it does with requests that have this text.
    pub fn but(&self, text: &str, manner: Manner) {
        self.state.lock().unwrap().exceptions.insert(text.to_owned(), manner);
    }

    pub fn received(&self) -> Vec<Received> {
        self.state.lock().unwrap().received.clone()
    }

    /// What it has accepted.
    pub fn accepted(&self) -> Vec<Received> {
        self.received().into_iter().filter(|one| one.accepted).collect()
    }

    /// Waits until it has accepted so many.
    pub async fn accepts(&self, many: usize) -> Vec<Received> {
        until(&format!("{many} are received"), SOON, async || {
            let accepted = self.accepted();
            (accepted.len() >= many).then_some(accepted)
        })
        .await
    }
}

impl Received {
    pub fn body(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub fn kind(&self) -> String {
        self.body()["type"].as_str().unwrap().to_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap().to_str().unwrap()
    }

    pub fn is_signed_by(&self, secret: &str) -> bool {
        Webhook::new(secret).unwrap().verify(self.text.as_bytes(), &self.headers).is_ok()
    }
}

fn serve(stream: &TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream);
    while let Some(mut received) = read(&mut reader) {
        let mut known = state.lock().unwrap();
        let exception = known.exceptions.iter().find(|(text, _)| received.text.contains(text.as_str()));
        let manner = exception.map_or(&known.manner, |(_, manner)| manner).clone();
        received.accepted = matches!(manner, Manner::Status(200..=299, _));
        known.received.push(received);
        drop(known);
        let mut stream = stream;
        let going = match manner {
            Manner::Status(status, lines) => {
                stream.write_all(format!("HTTP/1.1 {status} So\r\n{lines}Content-Length: 2\r\n\r\nok").as_bytes())
            }
            Manner::HangUp => return,
            Manner::Silence => {
                thread::sleep(Duration::from_secs(60));
                return;
            }
            Manner::Stalled => {
                let going = stream.write_all(b"HTTP/1.1 200 So\r\nContent-Length: 2\r\n\r\n");
                thread::sleep(Duration::from_secs(60));
                going
            }
            Manner::Endless => {
                let head = b"HTTP/1.1 200 So\r\nTransfer-Encoding: chunked\r\n\r\n";
                let mut going = stream.write_all(head);
                while going.is_ok() {
                    going = stream.write_all(b"4\r\nmore\r\n");
                }
                return;
            }
        };
        if going.is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<&TcpStream>) -> Option<Received> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = HeaderMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        headers.insert(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value.trim()).unwrap());
    }
    let length = headers.get("content-length")?.to_str().unwrap().parse().unwrap();
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Received { path, headers, text: String::from_utf8(body).unwrap(), accepted: false })
}
