//! The picture that previews of links show: the claim and its verdict, 1200 by 630 pixels.

use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{self, fontdb};

use super::read::ClaimPage;
use super::verdict::{rating_of, tone};
use crate::kept::tag;
use crate::picture::{Type, is_right_to_left};

/// Its width in pixels, as the readers of Open Graph ask for.
pub const WIDTH: u32 = 1200;
/// Its height in pixels.
pub const HEIGHT: u32 = 630;
const MARGIN: f64 = 72.0;
/// Between the margins.
const ROOM: f64 = 1200.0 - 2.0 * MARGIN;
const RATING: Type = Type { size: 46.0, bold: true };
const SMALL: Type = Type { size: 24.0, bold: false };

/// The typefaces that come with the program, and behind them those of the machine, for writings that the first lack.
static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(include_bytes!("fonts/DejaVuSans.ttf").to_vec());
    fonts.load_font_data(include_bytes!("fonts/DejaVuSans-Bold.ttf").to_vec());
    fonts.load_system_fonts();
    Arc::new(fonts)
});

/// Its address, which changes with what it shows: previews keep pictures for long.
pub fn path(page: &ClaimPage) -> String {
    format!("/cards/claims/{}.png?v={}", page.dossier.claim.id, tag(svg(page).as_bytes()))
}

/// The colour of a verdict's band, dark enough for white letters.
fn colour(tone: &str) -> &'static str {
    match tone {
        "tone-1" => "#b3261e",
        "tone-2" => "#b4560b",
        "tone-3" => "#7a5d00",
        "tone-4" => "#3a7429",
        "tone-5" => "#10754a",
        _ => "#4a5563",
    }
}

/// The picture as SVG.
pub fn svg(page: &ClaimPage) -> String {
    let claim = &page.dossier.claim;
    let leading = page.leading();
    let rating = leading.and_then(|one| one.rating.as_ref());
    let words = match (rating, leading) {
        (Some(rating), Some(one)) => rating_of(rating, &one.verdict).0,
        _ => "No verdict yet",
    };
    let colour = colour(tone(rating, rating.and_then(|rating| page.scale(rating))));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{HEIGHT}\" font-family=\"DejaVu Sans\">\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fbfaf7\"/><rect width=\"{WIDTH}\" height=\"14\" fill=\"{colour}\"/>\
         <rect y=\"430\" width=\"{WIDTH}\" height=\"120\" fill=\"{colour}\"/>"
    );
    let (kind, lines) = fitted(&claim.text);
    write_lines(&mut svg, &["CLAIM".into()], Type { size: 22.0, bold: true }, 92.0, "#5b6470");
    let high = kind.leading() * as_f64(lines.len());
    write_lines(&mut svg, &lines, kind, 118.0 + ((296.0 - high) / 2.0).max(0.0) + kind.size, "#1b2430");
    write_lines(&mut svg, &cut(RATING.wrap(words, ROOM), 1), RATING, 506.0, "#ffffff");
    write_lines(&mut svg, &cut(SMALL.wrap(&format!("{} · OnRecord", page.judge()), ROOM), 1), SMALL, 602.0, "#434d59");
    svg.push_str("</svg>");
    svg
}

/// The claim in letters as large as there is room for, cut where there is none for the smallest.
fn fitted(text: &str) -> (Type, Vec<String>) {
    for (size, most) in [(72.0, 2), (58.0, 3), (46.0, 4), (38.0, 5)] {
        let kind = Type { size, bold: true };
        let lines = kind.wrap(text, ROOM);
        if lines.len() <= most {
            return (kind, lines);
        }
    }
    let kind = Type { size: 32.0, bold: true };
    (kind, cut(kind.wrap(text, ROOM), 7))
}

fn cut(mut lines: Vec<String>, most: usize) -> Vec<String> {
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            last.push('…');
        }
    }
    lines
}

fn write_lines(svg: &mut String, lines: &[String], kind: Type, first: f64, ink: &str) {
    let right_to_left = is_right_to_left(&lines.concat());
    let (x, direction) = if right_to_left { (f64::from(WIDTH) - MARGIN, " direction=\"rtl\"") } else { (MARGIN, "") };
    let weight = if kind.bold { "bold" } else { "normal" };
    for (nth, line) in lines.iter().enumerate() {
        let y = first + kind.leading() * as_f64(nth);
        let text = html_escape::encode_text(line);
        let _ = write!(
            svg,
            "<text x=\"{x}\" y=\"{y:.0}\" font-size=\"{}\" font-weight=\"{weight}\" fill=\"{ink}\"{direction}>{text}</text>",
            kind.size
        );
    }
}

fn as_f64(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}

/// The picture as PNG. It takes some hundredths of a second, so not on a worker's thread.
pub fn png(svg: &str) -> anyhow::Result<Vec<u8>> {
    let options =
        usvg::Options { fontdb: FONTS.clone(), font_family: "DejaVu Sans".into(), ..usvg::Options::default() };
    let tree = usvg::Tree::from_str(svg, &options)?;
    let mut pixels = Pixmap::new(WIDTH, HEIGHT).ok_or_else(|| anyhow::anyhow!("no room for a picture"))?;
    resvg::render(&tree, Transform::default(), &mut pixels.as_mut());
    Ok(pixels.encode_png()?)
}
