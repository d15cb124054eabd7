//! The blocks of JSON-LD in a page.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::LazyLock;

use encoding_rs::Encoding;
use lol_html::{HtmlRewriter, MemorySettings, Settings, element, text};
use regex::bytes::Regex;

use super::json::Objects;
use super::references::follow;
use super::{LARGEST, Piece, too_large};

/// The largest block that is read.
const LARGEST_BLOCK: usize = 4 * LARGEST;
/// What the parser may keep: a tag and its attributes.
const LARGEST_TAG: usize = LARGEST;

/// What was read of a page.
#[derive(Default)]
struct Blocks {
    /// The block that is being read.
    open: Option<Vec<u8>>,
    overlong: bool,
    pieces: Vec<Piece>,
}

impl Blocks {
    fn take(&mut self, text: &str, last: bool) {
        let Some(block) = &mut self.open else { return };
        if block.len() + text.len() > LARGEST_BLOCK {
            self.overlong = true;
        } else {
            block.extend_from_slice(text.as_bytes());
        }
        if last {
            self.end();
        }
    }

    fn end(&mut self) {
        let Some(block) = self.open.take() else { return };
        if std::mem::take(&mut self.overlong) {
            self.pieces.push(Piece::broken(&block, too_large()));
            return;
        }
        let before = self.pieces.len();
        let mut objects = Objects::default();
        let block = unwrapped(&block);
        objects.push(block, &mut self.pieces);
        objects.finish(&mut self.pieces);
        follow(block, self.pieces.get_mut(before..).unwrap_or_default());
    }
}

static OPENING: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^(?:\s|//|/\*|\*/|<!--|<!\[CDATA\[)+").ok());
static CLOSING: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?:\s|//|/\*|\*/|-->|\]\]>)+$").ok());

/// A block without the comment or CDATA section that hides it from old browsers, or from readers of XML.
fn unwrapped(block: &[u8]) -> &[u8] {
    let from = OPENING.as_ref().and_then(|opening| opening.find(block)).map_or(0, |found| found.end());
    let block = block.get(from..).unwrap_or_default();
    let to = CLOSING.as_ref().and_then(|closing| closing.find(block)).map_or(block.len(), |found| found.start());
    block.get(..to).unwrap_or_default()
}

/// What reads a page; what it would write goes nowhere.
type Rewriter = HtmlRewriter<'static, fn(&[u8])>;

/// A page that is being read.
pub struct Page {
    /// None once it cannot be read further.
    rewriter: Option<Rewriter>,
    blocks: Rc<RefCell<Blocks>>,
}

impl Page {
    pub fn new() -> Self {
        let blocks = Rc::<RefCell<Blocks>>::default();
        let (opened, read) = (blocks.clone(), blocks.clone());
        let settings = Settings::new()
            .append_element_content_handler(element!("script", move |script| {
                let kind = script.get_attribute("type").unwrap_or_default();
                let kind = kind.split(';').next().unwrap_or_default().trim();
                opened.borrow_mut().open = kind.eq_ignore_ascii_case("application/ld+json").then(Vec::new);
                Ok(())
            }))
            .append_element_content_handler(text!("script", move |text| {
                read.borrow_mut().take(text.as_str(), text.last_in_text_node());
                Ok(())
            }))
            .with_memory_settings(MemorySettings::new().with_max_allowed_memory_usage(LARGEST_TAG))
            .with_strict(false);
        let nothing: fn(&[u8]) = |_| {};
        Self { rewriter: Some(HtmlRewriter::new(settings, nothing)), blocks }
    }

    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8], pieces: &mut Vec<Piece>) {
        let failed = self.rewriter.as_mut().and_then(|rewriter| rewriter.write(bytes).err());
        pieces.append(&mut self.blocks.borrow_mut().pieces);
        if let Some(error) = failed {
            self.rewriter = None;
            pieces.push(Piece::broken(bytes, format!("cannot be read as HTML from here on: {error}")));
        }
    }

    /// Ends the page.
    pub fn finish(mut self, pieces: &mut Vec<Piece>) {
        let ended = self.rewriter.take().map(HtmlRewriter::end);
        let mut blocks = self.blocks.borrow_mut();
        // A block without an end is one all the same.
        blocks.end();
        pieces.append(&mut blocks.pieces);
        if let Some(Err(error)) = ended {
            pieces.push(Piece::broken(&[], format!("cannot be read as HTML to its end: {error}")));
        }
    }
}

static CHARSET: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?i)<meta[^>]{0,200}charset\s*=\s*["']?\s*([a-z0-9_:-]{2,40})"#).ok());

/// The encoding that a page itself names, within its first kilobyte as the HTML standard has it.
pub fn charset(page: &[u8]) -> Option<&'static Encoding> {
    let beginning = page.get(..1024).unwrap_or(page);
    let label = CHARSET.as_ref()?.captures(beginning)?.get(1)?;
    // A page that says so in ASCII is not in UTF-16: the standard takes it for UTF-8.
    Encoding::for_label(label.as_bytes()).filter(|encoding| encoding.is_ascii_compatible())
}
