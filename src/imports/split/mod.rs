//! A file in pieces as they arrive: records of any form, in memory that does not grow with the file.

mod csv;
mod html;
mod json;
mod references;

use encoding_rs::{Decoder, Encoding, UTF_8};
use serde_json::Value;

pub use csv::Columns;
pub use references::reference;

use csv::Rows;
use html::Page;
use json::Objects;

use super::model::{Form, ImportProblem};

/// The largest record that is read; real ones have a few kilobytes.
pub const LARGEST: usize = 1 << 20;
/// How deep JSON may be nested, as deep as the reader of a single record goes.
const DEEPEST: usize = 100;

/// One record of a file.
#[derive(Debug)]
pub struct Piece {
    /// It as it stands in the file, in UTF-8.
    pub raw: Vec<u8>,
    /// What it is, or why it cannot be read.
    pub content: Result<Content, String>,
}

/// A record that can be read.
#[derive(Debug)]
pub enum Content {
    /// An object of JSON.
    Object(Value),
    /// A row of a table.
    Row(Row),
}

/// A row of a table.
#[derive(Debug, Default)]
pub struct Row {
    /// What is in each column that is known.
    pub cells: Vec<(&'static str, String)>,
    /// What is the matter with the table's headings.
    pub problems: Vec<ImportProblem>,
    /// Why its cells may be those of other columns.
    pub shifted: Option<String>,
}

impl Piece {
    fn broken(raw: &[u8], detail: impl Into<String>) -> Self {
        Self { raw: raw.get(..LARGEST).unwrap_or(raw).to_vec(), content: Err(detail.into()) }
    }

    fn json(raw: &[u8]) -> Self {
        let content = serde_json::from_slice(raw).map(Content::Object);
        Self { raw: raw.to_vec(), content: content.map_err(|error| format!("is not readable JSON: {error}")) }
    }
}

/// A file that is being read.
pub struct Splitter {
    decoder: Option<Decoder>,
    encoding: Option<&'static Encoding>,
    reader: Reader,
    pieces: Vec<Piece>,
}

enum Reader {
    Json(Objects),
    Lines(Vec<u8>, bool),
    Html(Box<Page>),
    Csv(Box<Rows>),
}

impl Splitter {
    /// For a file of this form; `charset` is a label of the Encoding Standard, or none where nothing is known.
    pub fn new(form: Form, charset: Option<&str>, columns: Columns) -> Self {
        let reader = match form {
            Form::Json => Reader::Json(Objects::default()),
            Form::Ndjson => Reader::Lines(Vec::new(), false),
            Form::Html => Reader::Html(Box::new(Page::new())),
            Form::Csv => Reader::Csv(Box::new(Rows::new(columns))),
        };
        let encoding = charset.and_then(|label| Encoding::for_label(label.as_bytes()));
        Self { decoder: None, encoding, reader, pieces: Vec::new() }
    }

    /// Takes the next bytes of the file.
    pub fn push(&mut self, bytes: &[u8]) -> impl Iterator<Item = Piece> {
        self.decode(bytes, false);
        self.pieces.drain(..)
    }

    /// Ends the file.
    pub fn finish(mut self) -> Vec<Piece> {
        self.decode(&[], true);
        let pieces = &mut self.pieces;
        match self.reader {
            Reader::Json(objects) => objects.finish(pieces),
            Reader::Lines(rest, overlong) => line(&rest, overlong, pieces),
            Reader::Html(page) => page.finish(pieces),
            Reader::Csv(rows) => rows.finish(pieces),
        }
        self.pieces
    }

    /// Any encoding to UTF-8. A byte order mark says more than what was told; what cannot be read becomes U+FFFD.
    fn decode(&mut self, bytes: &[u8], last: bool) {
        let in_html = matches!(self.reader, Reader::Html(_));
        let encoding = self.encoding;
        let decoder = self.decoder.get_or_insert_with(|| {
            let told = || if in_html { html::charset(bytes) } else { None };
            encoding.or_else(told).unwrap_or(UTF_8).new_decoder()
        });
        let mut text = String::with_capacity(decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len() * 3));
        let (_, _, _) = decoder.decode_to_string(bytes, &mut text, last);
        let (text, pieces) = (text.as_bytes(), &mut self.pieces);
        match &mut self.reader {
            Reader::Json(objects) => objects.push(text, pieces),
            Reader::Lines(rest, overlong) => lines(text, rest, overlong, pieces),
            Reader::Html(page) => page.push(text, pieces),
            Reader::Csv(rows) => rows.push(text, pieces),
        }
    }
}

/// Newline-delimited JSON: what is wrong with a line ends with it.
fn lines(mut text: &[u8], rest: &mut Vec<u8>, overlong: &mut bool, pieces: &mut Vec<Piece>) {
    while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
        let (one, more) = text.split_at(end);
        keep(one, rest, overlong);
        line(rest, *overlong, pieces);
        rest.clear();
        *overlong = false;
        text = more.get(1..).unwrap_or_default();
    }
    keep(text, rest, overlong);
}

fn keep(text: &[u8], rest: &mut Vec<u8>, overlong: &mut bool) {
    let room = LARGEST.saturating_sub(rest.len());
    *overlong |= text.len() > room;
    rest.extend_from_slice(text.get(..room).unwrap_or(text));
}

fn line(text: &[u8], overlong: bool, pieces: &mut Vec<Piece>) {
    if text.iter().all(u8::is_ascii_whitespace) {
        return;
    }
    if overlong {
        pieces.push(Piece::broken(text, too_large()));
        return;
    }
    let before = pieces.len();
    let mut objects = Objects::default();
    objects.push(text, pieces);
    objects.finish(pieces);
    if pieces.len() == before {
        pieces.push(Piece::broken(text, "has no ClaimReview in it"));
    }
}

fn too_large() -> String {
    format!("is larger than {LARGEST} bytes: no record is read that large")
}
