//! A stand-in for a provider, for what a real one does not do: it misbehaves, changes its keys, and counts who asks.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

/// The answers by path, as they go over the wire; and how often each was asked for.
#[derive(Default)]
struct State {
    answers: HashMap<String, String>,
    asked: HashMap<String, usize>,
}

pub struct StandIn {
    pub url: String,
    state: Arc<Mutex<State>>,
}

/// An Ed25519 key: RFC 8032's test vectors, known to everybody.
pub struct SigningKey {
    pub id: &'static str,
    pkcs8: String,
    public: String,
}

impl SigningKey {
    pub fn first() -> Self {
        Self::new(
            "first",
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        )
    }

    pub fn second() -> Self {
        Self::new(
            "second",
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        )
    }

    fn new(id: &'static str, seed: &str, public: &str) -> Self {
        // PKCS #8 around 32 bytes (RFC 8410).
        Self { id, pkcs8: format!("302e020100300506032b657004220420{seed}"), public: public.into() }
    }

    fn jwk(&self) -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "kid": self.id, "use": "sig", "alg": "EdDSA",
            "x": BASE64_URL_SAFE_NO_PAD.encode(bytes(&self.public))})
    }

    pub fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.id.into()), ..Header::new(Algorithm::EdDSA) };
        encode(&header, claims, &EncodingKey::from_ed_der(&bytes(&self.pkcs8))).unwrap()
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

const DISCOVERY: &str = "/.well-known/openid-configuration";

impl StandIn {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::<Mutex<State>>::default();
        let stand_in = Self { url, state: state.clone() };
        stand_in.say(DISCOVERY, &json!({"issuer": stand_in.url, "jwks_uri": format!("{}/keys", stand_in.url)}));
        // It ends with the test's process: until then it waits for the next one who asks.
        thread::spawn(move || listener.incoming().flatten().for_each(|stream| answer(stream, &state)));
        stand_in
    }

    /// Answers a path with JSON from now on.
    pub fn say(&self, path: &str, body: &Value) {
        self.say_as(path, "200 OK", "", &body.to_string());
    }

    pub fn discovery(&self, body: &Value) {
        self.say(DISCOVERY, body);
    }

    pub fn keys(&self, keys: &[&SigningKey]) {
        let keys: Vec<_> = keys.iter().map(|key| key.jwk()).collect();
        self.say("/keys", &json!({"keys": keys}));
    }

    pub fn say_as(&self, path: &str, status: &str, header: &str, body: &str) {
        let length = body.len();
        let answer =
            format!("HTTP/1.1 {status}\r\n{header}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}");
        self.state.lock().unwrap().answers.insert(path.into(), answer);
    }

    /// How often a path was asked for.
    pub fn asked(&self, path: &str) -> usize {
        self.state.lock().unwrap().asked.get(path).copied().unwrap_or_default()
    }
}

fn answer(mut stream: TcpStream, state: &Mutex<State>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let Some(path) = lines.next().and_then(|line| line.split(' ').nth(1).map(str::to_owned)) else { return };
    for _ in lines.take_while(|line| !line.is_empty()) {}
    let mut state = state.lock().unwrap();
    *state.asked.entry(path.clone()).or_default() += 1;
    let answer = state
        .answers
        .get(&path)
        .cloned()
        .unwrap_or_else(|| "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".into());
    // Who has asked may have gone.
    let _ = stream.write_all(answer.as_bytes());
}
