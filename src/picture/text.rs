//! How wide texts are, where they break and which way they run, without a font at hand.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

/// The typefaces that the widths below hold for: no wider one stands in the list.
pub const FONTS: &str = "DejaVu Sans, Verdana, Arial, sans-serif";

/// A size and a weight of type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Type {
    /// Pixels of an em.
    pub size: f64,
    /// Whether it is bold.
    pub bold: bool,
}

impl Type {
    /// From one line's baseline to the next.
    pub fn leading(self) -> f64 {
        (self.size * 1.3).ceil()
    }

    /// How wide a text is at most, in pixels.
    pub fn width(self, text: &str) -> f64 {
        let weight = if self.bold { 1.0 } else { 0.94 };
        text.chars().map(em).sum::<f64>() * self.size * weight
    }

    /// The text in lines of at most this width. Breaks where its writing allows it, and within a word that is too long
    /// between what readers take for characters; nothing is left out but the spaces at the breaks.
    pub fn wrap(self, text: &str, width: f64) -> Vec<String> {
        let text = plain(text);
        let mut lines = Vec::new();
        let mut line = String::new();
        for piece in pieces(&text) {
            if self.width(line.as_str()) + self.width(piece.trim_end()) > width {
                begin_another(&mut line, &mut lines);
            }
            if self.width(piece.trim_end()) <= width {
                line.push_str(piece);
                continue;
            }
            for character in piece.graphemes(true) {
                if self.width(&line) + self.width(character) > width {
                    begin_another(&mut line, &mut lines);
                }
                line.push_str(character);
            }
        }
        begin_another(&mut line, &mut lines);
        lines
    }
}

fn begin_another(line: &mut String, lines: &mut Vec<String>) {
    let done = std::mem::take(line);
    if !done.trim().is_empty() {
        lines.push(done.trim_end().to_owned());
    }
}

/// The text between the places where a line may end.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut start = 0;
    unicode_linebreak::linebreaks(text).map(move |(end, _)| {
        let piece = &text[start..end];
        start = end;
        piece
    })
}

/// The text in one line, without what no format can say: control characters, which XML 1.0 forbids, are spaces.
pub fn plain(text: &str) -> String {
    let spaced = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FFFE}' | '\u{FFFF}');
    text.chars().map(|c| if spaced(c) { ' ' } else { c }).collect::<String>().trim().to_owned()
}

/// Whether the text runs from right to left: its first letter that has a direction decides.
pub fn is_right_to_left(text: &str) -> bool {
    unicode_bidi::get_base_direction(text) == unicode_bidi::Direction::Rtl
}

/// How many ems a character is wide at most, in bold DejaVu Sans or Verdana.
fn em(c: char) -> f64 {
    match ASCII.get((c as usize).wrapping_sub(0x20)) {
        // Verdana's letters are up to a fortieth wider.
        Some(thousandths) => f64::from(*thousandths) * 0.001_03,
        None => em_beyond_ascii(c),
    }
}

/// The widths from the space to the tilde in bold DejaVu Sans, in thousandths of an em; of % in Verdana.
const ASCII: [u16; 95] = [
    349, 457, 587, 867, 711, 1272, 873, 332, 543, 543, 711, 867, 380, 480, 380, 689, 711, 711, 711, 711, 711, 711, 711,
    711, 711, 711, 402, 402, 867, 867, 867, 617, 1000, 776, 763, 734, 831, 684, 684, 821, 837, 546, 555, 775, 638, 996,
    847, 851, 733, 851, 783, 721, 683, 813, 774, 1128, 771, 736, 726, 543, 689, 543, 867, 711, 711, 675, 716, 593, 716,
    679, 436, 716, 712, 343, 402, 671, 343, 1058, 712, 688, 716, 716, 497, 596, 479, 712, 652, 980, 669, 652, 597, 711,
    543, 711, 867,
];

fn em_beyond_ascii(c: char) -> f64 {
    match (c.width().unwrap_or(0), u32::from(c)) {
        (0, _) => 0.0,
        // Emoji are wider than their em in the usual fonts.
        (_, 0x1F000..) => 1.3,
        (2, _) => 1.02,
        // Latin beyond English, Greek, Cyrillic: some of their letters are as wide as an M.
        (_, 0x0530..=0x058F) => 0.9,
        (_, 0x00A0..=0x052F) if matches!(c, 'Ж' | 'Ш' | 'Щ' | 'Ю' | 'Ы' | 'Ф' | 'М' | 'Æ' | 'Œ' | 'Њ' | 'Љ') => {
            1.27
        }
        (_, 0x00A0..=0x052F) if c.is_uppercase() || "жшщюыфмæœњљ—…".contains(c) => 1.12,
        (_, 0x00A0..=0x052F) => 0.82,
        (_, 0x0590..=0x05FF) => 0.8,
        // Joined letters are narrower than each alone.
        (_, 0x0600..=0x06FF) => 0.86,
        _ => 1.02,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: Type = Type { size: 14.0, bold: true };

    #[test]
    fn wraps_at_spaces_and_loses_nothing() {
        let text = "Ministry of Foreign Affairs of the Republic of Azerbaijan";
        let lines = NAME.wrap(text, 180.0);
        assert!(lines.len() > 2 && lines.iter().all(|line| NAME.width(line) <= 180.0), "{lines:?}");
        assert_eq!(lines.join(" "), text);
    }

    #[test]
    fn breaks_what_has_no_spaces() {
        for text in
            ["阿塞拜疆共和国外交部新闻发言人办公室", &"x".repeat(80), &"สำนักข่าวแห่งประเทศไทย".repeat(3), "👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦"]
        {
            let lines = NAME.wrap(text, 120.0);
            assert!(lines.len() > 1 && lines.iter().all(|line| NAME.width(line) <= 120.0), "{lines:?}");
            assert_eq!(lines.concat(), text);
            assert!(lines.iter().all(|line| text.graphemes(true).any(|c| line.starts_with(c))), "a mark was torn off");
        }
    }

    #[test]
    fn takes_lines_and_control_characters_for_spaces() {
        assert_eq!(NAME.wrap("one\ntwo\u{0}three", 500.0), ["one two three"]);
        assert_eq!(NAME.wrap(" \u{7} ", 500.0), [""; 0]);
    }

    #[test]
    fn knows_which_way_a_text_runs() {
        for text in ["وزارة الخارجية 2023", "2023 משרד החוץ", "“العربية” TV"] {
            assert!(is_right_to_left(text), "{text}");
        }
        for text in ["Al Jazeera (الجزيرة)", "2023-10", "外交部"] {
            assert!(!is_right_to_left(text), "{text}");
        }
    }
}
