//! A file to batches of records, on a thread of its own: that takes about as long as it takes to record them.

use std::collections::HashSet;

use sha2::{Digest, Sha256};
use tokio::sync::mpsc::{Receiver, Sender};
use url::Url;

use super::identity;
use super::model::{Import, ImportOptions, ImportProblem};
use super::record::{Entry, Reading};
use super::review::{self, Party, Review};
use super::split::{Content, Piece, Splitter};
use crate::sources::SourceKind;
use crate::text;

/// How many records are recorded in one transaction at most, and how many bytes.
const RECORDS: usize = 250;
const BYTES: usize = 4 << 20;

/// Records that follow each other in a file, each of another review.
pub struct Batch {
    pub entries: Vec<Entry>,
    /// How far in the file they end.
    pub bytes_read: i64,
}

/// Reads the file of an import, from what is not recorded yet.
pub struct Reader {
    import: Import,
    options: ImportOptions,
    base: Option<Url>,
    batches: Sender<Batch>,
    /// The records of the file so far.
    position: i64,
    bytes_read: i64,
    entries: Vec<Entry>,
    identities: HashSet<Vec<u8>>,
    size: usize,
}

impl Reader {
    pub fn new(import: Import, options: ImportOptions, batches: Sender<Batch>) -> Self {
        let base = options.base_url.as_deref().and_then(|base| Url::parse(base).ok());
        let (entries, identities) = (Vec::new(), HashSet::new());
        Self { import, options, base, batches, position: 0, bytes_read: 0, entries, identities, size: 0 }
    }

    /// Reads to the end of the file, or until nobody waits for it any more: then this is none.
    pub fn run(mut self, mut chunks: Receiver<Vec<u8>>) -> Option<()> {
        let mut splitter = Splitter::new(self.import.form, self.import.charset.as_deref(), self.options.columns());
        while let Some(bytes) = chunks.blocking_recv() {
            self.bytes_read += i64::try_from(bytes.len()).unwrap_or_default();
            for piece in splitter.push(&bytes) {
                self.take(&piece)?;
            }
        }
        // Where not all of it was fetched, what it ends with is not known.
        if self.bytes_read < self.import.bytes {
            return None;
        }
        for piece in splitter.finish() {
            self.take(&piece)?;
        }
        self.hand_over()
    }

    fn take(&mut self, piece: &Piece) -> Option<()> {
        for review in reviews(piece, self.base.as_ref()) {
            self.position += 1;
            // Recorded before this process took it.
            if self.position <= self.import.records {
                continue;
            }
            let entry = entry(self.position, piece, review, &self.options);
            let identity = entry.reading.as_ref().ok().map(|reading| &reading.identity);
            let is_full = self.entries.len() >= RECORDS || self.size + entry.raw.len() > BYTES;
            // A record that is there twice is found by the second one only once the first is recorded.
            if is_full || identity.is_some_and(|identity| self.identities.contains(identity)) {
                self.hand_over()?;
            }
            self.identities.extend(identity.cloned());
            self.size += entry.raw.len();
            self.entries.push(entry);
        }
        Some(())
    }

    fn hand_over(&mut self) -> Option<()> {
        let entries = std::mem::take(&mut self.entries);
        self.identities.clear();
        self.size = 0;
        self.batches.blocking_send(Batch { entries, bytes_read: self.bytes_read }).ok()
    }
}

/// The records of a small file that is whole in memory.
pub fn read_at_once(import: &Import, options: &ImportOptions, bytes: &[u8]) -> Vec<Entry> {
    let mut splitter = Splitter::new(import.form, import.charset.as_deref(), options.columns());
    let mut pieces: Vec<Piece> = splitter.push(bytes).collect();
    pieces.extend(splitter.finish());
    let reviews = pieces.iter().flat_map(|piece| reviews(piece, None).into_iter().map(move |review| (piece, review)));
    (1..).zip(reviews).map(|(position, (piece, review))| entry(position, piece, review, options)).collect()
}

/// The reviews in a piece of a file; one fault where there are none.
fn reviews(piece: &Piece, base: Option<&Url>) -> Vec<Result<Review, String>> {
    match piece.content.as_ref().map_err(Clone::clone).and_then(|content: &Content| review::read(content, base)) {
        Ok(reviews) => reviews.into_iter().map(Ok).collect(),
        Err(why) => vec![Err(why)],
    }
}

fn entry(position: i64, piece: &Piece, review: Result<Review, String>, options: &ImportOptions) -> Entry {
    let reading = review.and_then(|review| read(review, options));
    let problems = match &piece.content {
        Ok(Content::Row(row)) => row.problems.clone(),
        _ => Vec::new(),
    };
    Entry { position, raw: piece.raw.clone(), sha256: Sha256::digest(&piece.raw).to_vec(), reading, problems }
}

/// What a review says with what the options add; refused where nobody knows whose it is.
fn read(mut review: Review, options: &ImportOptions) -> Result<Reading, String> {
    if review.publisher.is_none() {
        let named = options.publisher.clone().or_else(|| review.url.as_deref().and_then(text::host));
        let (kind, role, website, wikidata_id) = (SourceKind::Publication, None, None, None);
        review.publisher = named.map(|name| Party { name, kind, role, website, wikidata_id });
    }
    let publisher = match &review.publisher {
        Some(publisher) => publisher.name.clone(),
        None if options.own => String::new(),
        None => {
            return Err(
                "names no publisher: say with publisher whose reviews these are, or with own that they are yours"
                    .into(),
            );
        }
    };
    let told = review.language.clone().or_else(|| options.language.clone());
    let language = told.or_else(|| identity::language(&review).map(Into::into));
    let language = language.unwrap_or_else(|| {
        let detail = "cannot be told by so few words: say with language what it is".into();
        review.problems.push(ImportProblem { member: "inLanguage".into(), detail });
        "und".into()
    });
    let identity = identity::of_record(&review, &publisher);
    let claim_identity = identity::of_claim(&review, &language);
    Ok(Reading { review, language, identity, claim_identity })
}
