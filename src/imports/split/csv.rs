//! The rows of a table.

use std::collections::BTreeMap;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::{Content, LARGEST, Piece, Row, too_large};
use crate::imports::clean::{clean, cut};
use crate::imports::model::ImportProblem;

/// What a column may hold, with the headings by which it is known when nobody says which it is.
const KNOWN: [(&str, &[&str]); 12] = [
    ("claim", &["claim", "claimreviewed", "claim_reviewed", "claim_text", "text", "statement"]),
    ("language", &["language", "inlanguage", "languagecode", "lang"]),
    ("claimed_on", &["claimed_on", "claimdate", "claim_date"]),
    ("claimant", &["claimant", "claim_author", "speaker"]),
    ("appearance", &["appearance", "appearances", "firstappearance", "claim_url"]),
    ("url", &["url", "review_url", "link"]),
    ("title", &["title", "headline"]),
    ("summary", &["summary", "reviewbody", "review_body", "description"]),
    ("rating", &["rating", "alternatename", "alternativename", "textualrating", "verdict"]),
    ("reviewed_on", &["reviewed_on", "datepublished", "reviewdate", "review_date", "date"]),
    ("publisher", &["publisher", "author", "publisher_name", "organization"]),
    ("publisher_site", &["publisher_site", "site"]),
];

/// Which column holds what: from what is to be read to the heading.
#[derive(Debug, Clone, Default)]
pub struct Columns(BTreeMap<String, String>);

impl Columns {
    /// Reads `claim=Statement,url=Link`. Fails with what is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut columns = BTreeMap::new();
        for pair in text.split(',') {
            let (name, heading) =
                pair.split_once('=').ok_or_else(|| format!("{pair} must be a name, = and a heading"))?;
            let (name, heading) = (name.trim(), heading.trim());
            if !KNOWN.iter().any(|(known, _)| *known == name) {
                let known: Vec<_> = KNOWN.iter().map(|(known, _)| *known).collect();
                return Err(format!("{name} is not known here; known are {}", known.join(", ")));
            }
            if columns.insert(name.to_owned(), heading.to_owned()).is_some() {
                return Err(format!("{name} is given twice"));
            }
        }
        Ok(Self(columns))
    }

    /// What each column holds, by the table's headings.
    fn of(&self, headings: &[String]) -> Vec<Option<&'static str>> {
        let folded: Vec<String> = headings.iter().map(|heading| heading.trim().to_lowercase()).collect();
        let mut held = vec![None; headings.len()];
        for (name, usual) in KNOWN {
            let at = match self.0.get(name) {
                Some(heading) => folded.iter().position(|one| *one == heading.to_lowercase()),
                None => usual.iter().find_map(|usual| folded.iter().position(|one| one == usual)),
            };
            if let Some(held) = at.and_then(|at| held.get_mut(at))
                && held.is_none()
            {
                *held = Some(name);
            }
        }
        held
    }

    /// What is the matter with the headings of a table, as these columns and as its encoding have it.
    fn problems(&self, headings: &[String], held: &[Option<&str>]) -> Vec<ImportProblem> {
        let there = cut(&clean(&headings.join(", ")), 500).0;
        let lacking = self.0.iter().filter(|(name, _)| !held.contains(&Some(name.as_str()))).map(|(name, heading)| {
            let is_there = headings.iter().any(|one| one.trim().to_lowercase() == heading.to_lowercase());
            let detail = if is_there {
                format!("is to be read from “{heading}” by columns, which something else is read from already")
            } else {
                format!("is to be read from “{heading}” by columns, and the table has no such heading: it has {there}")
            };
            ImportProblem { member: name.clone(), detail }
        });
        let unread = headings.iter().any(|heading| heading.contains('\u{FFFD}')).then(|| ImportProblem {
            member: String::new(),
            detail: format!(
                "has headings that cannot be read in this encoding: {there}. Send the file with its charset"
            ),
        });
        lacking.chain(unread).collect()
    }
}

/// Tells of columns that nothing is read from.
fn unread(headings: &[String], held: &[Option<&str>]) -> Option<ImportProblem> {
    let named = headings.iter().zip(held).filter(|(heading, held)| held.is_none() && !heading.trim().is_empty());
    let named: Vec<&str> = named.map(|(heading, _)| heading.trim()).collect();
    (!named.is_empty()).then(|| ImportProblem {
        member: String::new(),
        detail: format!(
            "has, as all rows of its table, columns that nothing is read from: {}. If it is needed, say what they hold by columns",
            cut(&clean(&named.join(", ")), 500).0
        ),
    })
}

/// A table that is being read.
pub struct Rows {
    columns: Columns,
    reader: Option<Reader>,
    /// What each column holds; none before the headings were read.
    held: Option<Vec<Option<&'static str>>>,
    /// What is the matter with the headings; each row says so.
    problems: Vec<ImportProblem>,
    /// Which columns nothing is read from; the first row says so.
    unread: Option<ImportProblem>,
    /// Of the row that is being read: it as it stands, its cells one after the other, and where each ends.
    raw: Vec<u8>,
    cells: Vec<u8>,
    written: usize,
    ends: Vec<usize>,
    ended: usize,
    /// Whether the row is too large, and read to its end only.
    overlong: bool,
}

/// The most columns that are read.
const MOST_COLUMNS: usize = 1000;

impl Rows {
    pub fn new(columns: Columns) -> Self {
        let (raw, cells, ends) = (Vec::new(), vec![0; LARGEST], vec![0; MOST_COLUMNS]);
        let (problems, unread) = (Vec::new(), None);
        let (reader, held) = (None, None);
        Self { columns, reader, held, problems, unread, raw, cells, written: 0, ends, ended: 0, overlong: false }
    }

    /// Takes the next bytes.
    pub fn push(&mut self, mut bytes: &[u8], pieces: &mut Vec<Piece>) {
        while !bytes.is_empty() {
            bytes = self.read(bytes, pieces);
        }
    }

    /// Ends the table.
    pub fn finish(mut self, pieces: &mut Vec<Piece>) {
        self.read(&[], pieces);
        if self.held.is_none() {
            pieces.push(Piece::broken(&self.raw, "has no headings"));
        }
    }

    /// Reads to the end of a row, or as far as there is something; answers what is left.
    fn read<'a>(&mut self, bytes: &'a [u8], pieces: &mut Vec<Piece>) -> &'a [u8] {
        let reader = self.reader.get_or_insert_with(|| ReaderBuilder::new().delimiter(delimiter(bytes)).build());
        let (cells, ends) = (self.cells.get_mut(self.written..), self.ends.get_mut(self.ended..));
        let (result, read, written, ended) =
            reader.read_record(bytes, cells.unwrap_or_default(), ends.unwrap_or_default());
        let (taken, rest) = bytes.split_at(read);
        if self.raw.len() < LARGEST {
            self.raw.extend_from_slice(taken);
        }
        (self.written, self.ended) = (self.written + written, self.ended + ended);
        match result {
            ReadRecordResult::InputEmpty | ReadRecordResult::End => {}
            ReadRecordResult::Record => {
                let piece = if std::mem::take(&mut self.overlong) { None } else { self.row() };
                pieces.extend(piece);
                self.begin();
            }
            ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                if !std::mem::replace(&mut self.overlong, true) {
                    pieces.push(Piece::broken(&self.raw, too_large()));
                }
                self.begin();
            }
        }
        rest
    }

    fn begin(&mut self) {
        self.raw.clear();
        (self.written, self.ended) = (0, 0);
    }

    fn row(&mut self) -> Option<Piece> {
        let mut from = 0;
        let ends = self.ends.get(..self.ended).unwrap_or_default();
        let cells: Vec<String> = ends
            .iter()
            .map(|end| {
                let cell = self.cells.get(from..*end).unwrap_or_default();
                from = *end;
                String::from_utf8_lossy(cell).into_owned()
            })
            .collect();
        let Some(held) = &self.held else {
            let held = self.columns.of(&cells);
            let lacking = (!held.contains(&Some("claim"))).then(|| {
                Piece::broken(&self.raw, "has no column for the claim: say which it is by columns=claim=HEADING")
            });
            self.problems = self.columns.problems(&cells, &held);
            self.unread = unread(&cells, &held);
            self.held = Some(held);
            return lacking;
        };
        // Blank cells beyond the headings say nothing.
        let blank = cells.iter().skip(held.len()).all(|cell| cell.trim().is_empty());
        let is_whole = cells.len() == held.len() || cells.len() > held.len() && blank;
        let shifted = (!is_whole).then(|| format!("has {} cells where the headings are {}", cells.len(), held.len()));
        let cells = held.iter().zip(cells).filter_map(|(name, cell)| Some(((*name)?, cell))).collect();
        let problems = self.problems.iter().cloned().chain(self.unread.take()).collect();
        let row = Row { cells, problems, shifted };
        Some(Piece { raw: self.raw.clone(), content: Ok(Content::Row(row)) })
    }
}

/// What separates the headings: the one of comma, semicolon and tab of which there are most.
fn delimiter(bytes: &[u8]) -> u8 {
    let headings = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |wanted: u8| headings.split(|byte| *byte == wanted).count();
    // The first of equal ones.
    b"\t;,".iter().copied().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',')
}
