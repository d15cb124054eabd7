//! The reviews in any JSON, wherever they are nested: a scanner that keeps no more than the record it is in.

use super::{DEEPEST, LARGEST, Piece, too_large};

/// How many records may be nested in each other; those around them are none.
const MOST_NESTED: usize = 3;

/// What a value stands under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Type,
    ClaimReviewed,
    Text,
    ClaimReview,
    Other,
}

impl Key {
    fn of(name: &[u8]) -> Self {
        match name {
            b"@type" => Self::Type,
            b"claimReviewed" => Self::ClaimReviewed,
            b"text" => Self::Text,
            b"claimReview" => Self::ClaimReview,
            _ => Self::Other,
        }
    }
}

/// An object or a list that is open.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "what was seen of it, each by itself")]
struct Frame {
    is_object: bool,
    /// Where it begins in the file.
    start: u64,
    /// In an object: whether a name comes next.
    named: bool,
    /// The member that is being read; in a list, the member that the list is.
    key: Key,
    /// It says that it is a ClaimReview, or has what only one has.
    is_review: bool,
    /// The members of a claim in an answer of Google's.
    has_text: bool,
    has_reviews: bool,
    /// How many records are nested in each other within it.
    within: usize,
}

/// The scanner. It goes by brackets, names and texts alone; whether a record is good JSON is seen when it is read.
#[derive(Debug, Default)]
pub struct Objects {
    kept: Vec<u8>,
    /// Where in the file `kept` begins.
    offset: u64,
    frames: Vec<Frame>,
    /// Where the text begins that is being read.
    string: Option<u64>,
    escaped: bool,
    /// Nothing more is read: no JSON, or nested too deep.
    broken: bool,
    /// Brackets do not match, which was told of.
    unbalanced: bool,
}

impl Objects {
    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8], pieces: &mut Vec<Piece>) {
        if self.broken {
            return;
        }
        let from = self.kept.len();
        self.kept.extend_from_slice(bytes);
        for at in from..self.kept.len() {
            let Some(byte) = self.kept.get(at).copied() else { break };
            let position = self.offset + at as u64;
            if let Err(detail) = self.step(byte, position, pieces) {
                pieces.push(Piece::broken(self.kept.get(at..).unwrap_or_default(), detail));
                self.broken = true;
                return;
            }
        }
        self.forget();
    }

    /// Ends the file.
    pub fn finish(self, pieces: &mut Vec<Piece>) {
        if !self.broken && (self.string.is_some() || !self.frames.is_empty()) {
            let start = self
                .frames
                .iter()
                .rev()
                .find(|frame| frame.start >= self.offset)
                .map_or(0, |frame| frame.start - self.offset);
            let rest = usize::try_from(start).ok().and_then(|start| self.kept.get(start..)).unwrap_or_default();
            pieces.push(Piece::broken(rest, "ends in the middle: the file is not whole, or not JSON"));
        }
    }

    fn step(&mut self, byte: u8, position: u64, pieces: &mut Vec<Piece>) -> Result<(), String> {
        if let Some(start) = self.string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => {
                    self.string = None;
                    self.read(start + 1, position);
                }
                _ => {}
            }
            return Ok(());
        }
        match byte {
            b'"' => self.string = Some(position),
            b'{' | b'[' => {
                if self.frames.len() >= DEEPEST {
                    return Err(format!("is nested more than {DEEPEST} deep: what follows is not read"));
                }
                let is_object = byte == b'{';
                let key = match self.frames.last() {
                    Some(frame) if !is_object && frame.is_object => frame.key,
                    _ => Key::Other,
                };
                if let Some(frame) = self.frames.last_mut() {
                    frame.has_reviews |= frame.is_object && !is_object && frame.key == Key::ClaimReview;
                }
                let (named, is_review, has_text, has_reviews, within) = (is_object, false, false, false, 0);
                let start = position;
                self.frames.push(Frame { is_object, start, named, key, is_review, has_text, has_reviews, within });
            }
            b'}' | b']' => {
                let opened = self.frames.iter().rposition(|frame| frame.is_object == (byte == b'}'));
                // What was left open within it is broken, and the first bracket that closes nothing. The rest goes on.
                let left_open = opened.and_then(|at| self.frames.split_off(at + 1).into_iter().next_back());
                match (opened.and_then(|_| self.frames.pop()), left_open) {
                    (Some(frame), None) => self.close(&frame, position, pieces),
                    (_, Some(inner)) => self.unmatched(inner.start, position, pieces),
                    (None, None) => self.unmatched(position, position, pieces),
                }
            }
            b',' => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.named = frame.is_object;
                }
            }
            b':' => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.named = false;
                }
            }
            _ if self.frames.is_empty()
                && !byte.is_ascii_whitespace()
                && !byte.is_ascii_alphanumeric()
                && !b"+-.".contains(&byte) =>
            {
                return Err("is no JSON: what follows is not read".into());
            }
            _ => {}
        }
        Ok(())
    }

    fn unmatched(&mut self, start: u64, end: u64, pieces: &mut Vec<Piece>) {
        let place = |at: u64| usize::try_from(at.checked_sub(self.offset)?).ok();
        let raw = place(start).zip(place(end)).and_then(|(start, end)| self.kept.get(start..=end)).unwrap_or_default();
        let raw = raw.get(..LARGEST).unwrap_or(raw);
        if !self.unbalanced {
            pieces.push(Piece::broken(raw, "has brackets that do not match"));
        }
        self.unbalanced = true;
    }

    /// A text was read: a member's name, or perhaps a type.
    fn read(&mut self, start: u64, end: u64) {
        let slice = |at: u64| usize::try_from(at.checked_sub(self.offset)?).ok();
        let text = slice(start).zip(slice(end)).and_then(|(start, end)| self.kept.get(start..end)).unwrap_or_default();
        let mut frames = self.frames.iter_mut().rev();
        let Some(frame) = frames.next() else { return };
        if frame.is_object && frame.named {
            frame.key = Key::of(text);
            frame.is_review |= frame.key == Key::ClaimReviewed;
            return;
        }
        frame.has_text |= frame.is_object && frame.key == Key::Text;
        if frame.key == Key::Type && is_claim_review(text) {
            frame.is_review = true;
            if !frame.is_object
                && let Some(object) = frames.next()
            {
                object.is_review = true;
            }
        }
    }

    fn close(&mut self, frame: &Frame, position: u64, pieces: &mut Vec<Piece>) {
        let is_record = frame.is_object && (frame.is_review || frame.has_text && frame.has_reviews);
        let within = frame.within + usize::from(is_record);
        if let Some(around) = self.frames.last_mut() {
            around.within = around.within.max(within);
        }
        // Each of those around it has all of its bytes once more.
        if !is_record || within > MOST_NESTED {
            return;
        }
        let start = frame.start.checked_sub(self.offset).and_then(|start| usize::try_from(start).ok());
        let end = usize::try_from(position - self.offset).unwrap_or(usize::MAX);
        match start.and_then(|start| self.kept.get(start..=end)) {
            Some(raw) if raw.len() <= LARGEST => pieces.push(Piece::json(raw)),
            raw => pieces.push(Piece::broken(raw.unwrap_or(&self.kept), too_large())),
        }
    }

    /// Lets go of what no record can need any more.
    fn forget(&mut self) {
        // Whatever began before what is kept is too large to be a record.
        let mut begun = self.frames.iter().filter(|frame| frame.is_object).map(|frame| frame.start).chain(self.string);
        let needed = begun.find_map(|start| usize::try_from(start.checked_sub(self.offset)?).ok());
        // Of what is larger than a record, the end is kept: it is one only for those within it.
        let surplus = self.kept.len().saturating_sub(LARGEST);
        let forgotten = needed.unwrap_or(self.kept.len()).max(surplus).min(self.kept.len());
        // Each moves what is kept: not for a few bytes.
        if forgotten >= LARGEST / 4 || forgotten == self.kept.len() {
            self.kept.drain(..forgotten);
            self.offset += forgotten as u64;
        }
    }
}

fn is_claim_review(name: &[u8]) -> bool {
    let name = name.rsplit(|byte| *byte == b'/' || *byte == b':' || *byte == b'#').next().unwrap_or(name);
    name.eq_ignore_ascii_case(b"ClaimReview")
}
