//! An embedding service that knows a few words in several languages, for what a real one does not do: it fails as it is told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use onrecord::embeddings::EmbeddingSettings;
use serde_json::{Value, json};

use super::no_service;

/// What it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Well,
    Down,
    Slow,
    Garbage,
    /// Vectors of another length.
    Short,
    /// Numbers that are none.
    Infinite,
    /// 400 for every request with the word "poison".
    Choosy,
    /// 500 for such a request.
    Fragile,
}

pub struct Embedder {
    pub url: String,
    state: Arc<Mutex<State>>,
}

struct State {
    mood: Mood,
    /// Each text that was embedded, with the model and kind.
    asked: Vec<(String, String, String)>,
}

/// Words that mean the same.
const MEANINGS: [&[&str]; 6] = [
    &["shark", "squalo", "акула"],
    &["road", "highway", "autostrada", "дорога"],
    &["minister", "ministro", "министр"],
    &["war", "guerra", "война"],
    &["bird", "uccello", "птица"],
    &["bridge", "ponte", "мост"],
];

impl Embedder {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1/embeddings", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State { mood: Mood::Well, asked: Vec::new() }));
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

    pub fn settings(&self, model: &str) -> EmbeddingSettings {
        EmbeddingSettings {
            url: Some(self.url.clone()),
            model: model.into(),
            dimensions: 8,
            query_ms: 2_000,
            ..no_service()
        }
    }

    pub fn is(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    /// How often passages with this text were embedded.
    pub fn embedded(&self, text: &str) -> usize {
        let state = self.state.lock().unwrap();
        state.asked.iter().filter(|(said, _, kind)| said.contains(text) && kind == "passage").count()
    }

    /// The models that queries were embedded by.
    pub fn queried(&self) -> Vec<String> {
        let state = self.state.lock().unwrap();
        state.asked.iter().filter(|(_, _, kind)| kind == "query").map(|(_, model, _)| model.clone()).collect()
    }
}

fn serve(stream: &TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream);
    while let Some(body) = request(&mut reader) {
        let mood = state.lock().unwrap().mood;
        let (status, answer) = answer(mood, &body, state);
        let head =
            format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", answer.len());
        let mut stream = stream;
        if stream.write_all(format!("{head}{answer}").as_bytes()).is_err() {
            return;
        }
    }
}

fn request(reader: &mut BufReader<&TcpStream>) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

fn answer(mood: Mood, body: &Value, state: &Mutex<State>) -> (&'static str, String) {
    let texts: Vec<&str> = body["input"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
    match mood {
        Mood::Down => return ("503 Service Unavailable", "{}".into()),
        Mood::Garbage => return ("200 OK", "<html>".into()),
        Mood::Slow => thread::sleep(Duration::from_secs(5)),
        Mood::Choosy if texts.iter().any(|text| text.contains("poison")) => return ("400 Bad Request", "{}".into()),
        Mood::Fragile if texts.iter().any(|text| text.contains("poison")) => {
            return ("500 Internal Server Error", "{}".into());
        }
        _ => {}
    }
    let text = |member: &str| body[member].as_str().unwrap().to_owned();
    let asked = texts.iter().map(|said| ((*said).to_owned(), text("model"), text("input_type")));
    state.lock().unwrap().asked.extend(asked);
    // The last one first: the index says which is which.
    let vector = |said: &str| match mood {
        Mood::Short => json!([1.0, 2.0]),
        Mood::Infinite => json!([1e39, 0, 0, 0, 0, 0, 0, 0]),
        _ => json!(meaning(said)),
    };
    let data = texts.iter().enumerate().rev().map(|(index, said)| json!({"index": index, "embedding": vector(said)}));
    ("200 OK", json!({"data": data.collect::<Vec<_>>()}).to_string())
}

/// One dimension for each meaning, and a little of what all texts have in common.
fn meaning(said: &str) -> Vec<f32> {
    let said = said.to_lowercase();
    let mut vector: Vec<f32> =
        MEANINGS.iter().map(|words| if words.iter().any(|word| said.contains(word)) { 1.0 } else { 0.0 }).collect();
    vector.extend([0.3, 0.0]);
    vector
}
