//! A picture as SVG. Everything is said by attributes, so that it needs no style sheet and the strictest policy fits it.

use super::layout::{self, Block, Layout, Link, Rect, Size};
use super::legend;
use super::look::Look;
use super::route::Route;
use super::shape::Shape;
use super::text::{self, FONTS, Type};
use super::{Arrow, Node, Picture};

const TITLE: Type = Type { size: 19.0, bold: true };
const DESCRIPTION: Type = Type { size: 13.0, bold: false };
const NAME: Type = Type { size: 14.0, bold: true };
const LINE: Type = Type { size: 12.0, bold: false };
const WORDS: Type = Type { size: 11.0, bold: false };
/// How wide texts in nodes and at arrows become before they are wrapped.
const NAME_WIDTH: f64 = 186.0;
const WORDS_WIDTH: f64 = 150.0;
/// A name that would fill many lines may be wider.
const LONG_NAME_WIDTH: f64 = 280.0;
const MARGIN: f64 = 24.0;
/// A small drawing still has a title and a legend.
const NARROWEST: f64 = 640.0;
const INK: &str = "#1a1a1a";
const PALE_INK: &str = "#595959";
const ARROW: &str = "#4d4d4d";
const CIRCULAR: &str = "#c00000";

/// Lines of text, one below the other.
struct Lines(Vec<Row>);

struct Row {
    text: String,
    right_to_left: bool,
    kind: Type,
}

impl Lines {
    fn add(&mut self, text: &str, kind: Type, width: f64) {
        // The text's direction is that of all its lines, whatever a line begins with.
        let right_to_left = text::is_right_to_left(text);
        let rows = kind.wrap(text, width).into_iter().map(|text| Row { text, right_to_left, kind });
        self.0.extend(rows);
    }

    fn of_one(text: &str, kind: Type, width: f64) -> Self {
        let mut lines = Self(Vec::new());
        lines.add(text, kind, width);
        lines
    }

    fn of_node(node: &Node) -> Self {
        let width = if NAME.width(&node.name) > NAME_WIDTH * 5.0 { LONG_NAME_WIDTH } else { NAME_WIDTH };
        let mut lines = Self::of_one(&node.name, NAME, width);
        for line in node.lines() {
            lines.add(line, LINE, width);
        }
        lines
    }

    fn size(&self) -> Size {
        Size {
            width: self.0.iter().map(|row| row.kind.width(&row.text)).fold(0.0, f64::max),
            height: self.0.iter().map(|row| row.kind.leading()).sum(),
        }
    }

    /// The lines with their middle at `x`.
    fn centred(&self, x: f64, top: f64, ink: &str) -> String {
        self.tops(top).map(|(row, y)| row.at(x, y, "middle", ink)).collect()
    }

    /// The lines from the side where they begin.
    fn between(&self, left: f64, right: f64, top: f64) -> String {
        self.tops(top).map(|(row, y)| row.at(if row.right_to_left { right } else { left }, y, "start", INK)).collect()
    }

    /// Each line with where it begins.
    fn tops(&self, top: f64) -> impl Iterator<Item = (&Row, f64)> {
        self.0.iter().scan(top, |y, row| {
            let at = *y;
            *y += row.kind.leading();
            Some((row, at))
        })
    }
}

impl Row {
    fn at(&self, x: f64, top: f64, anchor: &str, ink: &str) -> String {
        let direction = if self.right_to_left { " direction=\"rtl\"" } else { "" };
        let weight = if self.kind.bold { " font-weight=\"bold\"" } else { "" };
        // A line's letters stand on about four fifths of its height.
        let y = top + self.kind.leading() * 0.78;
        format!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{}\" text-anchor=\"{anchor}\" fill=\"{ink}\"{weight}{direction}>{}</text>\n",
            self.kind.size,
            escaped(&self.text),
        )
    }
}

pub(super) fn write(picture: &Picture) -> String {
    let (texts, words) = texts(picture);
    let layout = arrange(picture, &texts, &words);
    let width = layout.size.width.max(NARROWEST);
    let title = Lines::of_one(&picture.title, TITLE, width);
    let description = Lines::of_one(&picture.description, DESCRIPTION, width);
    let below_title = MARGIN + title.size().height + 4.0;
    let below_description = below_title + description.size().height + 14.0;
    let (legend, below_legend) = legend(picture, width, below_description);
    let top = below_legend + 28.0;
    let left = MARGIN + (width - layout.size.width) / 2.0;
    let size = Size { width: width + 2.0 * MARGIN, height: top + layout.size.height + MARGIN };
    let routes = || picture.arrows().zip(&layout.routes);
    let nodes = picture.nodes.iter().zip(&texts).zip(&layout.blocks);
    [
        open(picture, size),
        title.between(MARGIN, MARGIN + width, MARGIN),
        description.between(MARGIN, MARGIN + width, below_title),
        legend,
        format!("<g transform=\"translate({left:.1} {top:.1})\">\n"),
        layout.alone.map(|top| alone(top, layout.size.width)).unwrap_or_default(),
        routes().map(|(of, route)| arrow(of, route)).collect(),
        routes().zip(&words).map(|((of, route), lines)| words_at(of, lines.as_ref(), route)).collect(),
        nodes.map(|((of, lines), rect)| node(of, lines, *rect)).collect(),
        "</g>\n</svg>\n".into(),
    ]
    .concat()
}

/// What is written in nodes and at arrows.
fn texts(picture: &Picture) -> (Vec<Lines>, Vec<Option<Lines>>) {
    let words = |arrow: &Arrow| arrow.words().map(|words| Lines::of_one(&words, WORDS, WORDS_WIDTH));
    (picture.nodes.iter().map(Lines::of_node).collect(), picture.arrows().map(words).collect())
}

/// Where everything lies.
#[cfg(test)]
pub(super) fn layout(picture: &Picture) -> Layout {
    let (texts, words) = texts(picture);
    arrange(picture, &texts, &words)
}

/// Where everything lies, with the room that texts take.
fn arrange(picture: &Picture, texts: &[Lines], words: &[Option<Lines>]) -> Layout {
    let blocks: Vec<_> = picture.nodes.iter().zip(texts).map(|(node, lines)| block(node.look, lines)).collect();
    let links: Vec<_> = picture
        .arrows()
        .zip(words)
        .map(|(arrow, words)| Link { from: arrow.from, to: arrow.to, label: words.as_ref().map(room_for_words) })
        .collect();
    layout::arrange(&blocks, &links)
}

fn block(look: Look, lines: &Lines) -> Block {
    let shape = look.shape();
    Block { shape, size: shape.around(lines.size()) }
}

fn room_for_words(lines: &Lines) -> Size {
    let Size { width, height } = lines.size();
    Size { width: width + 6.0, height: height + 4.0 }
}

fn open(picture: &Picture, Size { width, height }: Size) -> String {
    let (width, height) = (width.ceil(), height.ceil());
    let (title, description) = (escaped(&text::plain(&picture.title)), escaped(&text::plain(&picture.description)));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\" aria-labelledby=\"picture-title picture-description\" font-family=\"{FONTS}\">\n\
         <title id=\"picture-title\">{title}</title>\n\
         <desc id=\"picture-description\">{description}</desc>\n\
         <defs>\n{}{}</defs>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n",
        head("arrow", ARROW, 9.0),
        head("circular", CIRCULAR, 12.0),
    )
}

/// An arrowhead.
fn head(id: &str, colour: &str, length: f64) -> String {
    format!(
        "<marker id=\"picture-{id}\" viewBox=\"0 0 10 10\" refX=\"9.5\" refY=\"5\" markerWidth=\"{length}\" \
         markerHeight=\"{length}\" markerUnits=\"userSpaceOnUse\" orient=\"auto\">\
         <path d=\"M0 1L10 5L0 9Z\" fill=\"{colour}\"/></marker>\n"
    )
}

fn arrow(arrow: &Arrow, route: &Route) -> String {
    let (colour, width, dash, head) = if arrow.circular {
        (CIRCULAR, 2.6, " stroke-dasharray=\"8 4\"", "circular")
    } else {
        (ARROW, 1.3, "", "arrow")
    };
    format!(
        "<path d=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"{dash} marker-end=\"url(#picture-{head})\"/>\n",
        route.path(),
    )
}

fn words_at(arrow: &Arrow, lines: Option<&Lines>, route: &Route) -> String {
    let (Some(lines), Some(rect)) = (lines, route.label) else { return String::new() };
    let ground = format!(
        "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"#ffffff\"/>\n",
        rect.x, rect.y, rect.width, rect.height
    );
    ground + &lines.centred(rect.middle().0, rect.y + 2.0, if arrow.circular { CIRCULAR } else { INK })
}

fn node(node: &Node, lines: &Lines, rect: Rect) -> String {
    let tooltip = node.tooltip.as_ref().map(|tooltip| format!("<title>{}</title>", escaped(&text::plain(tooltip))));
    let outline = Outline { look: node.look, dashed: node.dashed, faded: node.faded };
    let top = rect.middle().1 - lines.size().height / 2.0;
    let lines = lines.centred(rect.middle().0, top, if node.faded { PALE_INK } else { INK });
    format!("<g>{}{}{lines}</g>\n", tooltip.unwrap_or_default(), outline.at(node.look.shape(), rect))
}

/// How an outline is drawn.
struct Outline {
    look: Look,
    dashed: bool,
    faded: bool,
}

impl Outline {
    fn at(&self, shape: Shape, rect: Rect) -> String {
        let dash = match (self.dashed, self.look.is_dotted()) {
            (true, _) => " stroke-dasharray=\"7 4\"",
            (false, true) => " stroke-dasharray=\"0 4.5\" stroke-linecap=\"round\"",
            (false, false) => "",
        };
        let width = if self.dashed || self.look.is_dotted() { 2.0 } else { 1.6 };
        let opacity = if self.faded { " fill-opacity=\"0.35\" stroke-opacity=\"0.5\"" } else { "" };
        format!(
            "<path d=\"{}\" fill=\"{}\" stroke=\"{}\" stroke-width=\"{width}\" stroke-linejoin=\"round\"{dash}{opacity}/>\n",
            shape.path(rect),
            self.look.fill(),
            self.look.stroke(),
        )
    }
}

/// The legend in lines of this width, and where it ends.
fn legend(picture: &Picture, width: f64, top: f64) -> (String, f64) {
    let mut legend = Vec::new();
    let (mut x, mut y, mut bottom) = (0.0, top, top);
    for entry in legend::of(picture) {
        let lines = Lines::of_one(entry.words(), LINE, width);
        let chip = entry.size(lines.size());
        if x > 0.0 && x + chip.width > width {
            (x, y) = (0.0, bottom + 8.0);
        }
        let rect = Rect { x: MARGIN + x, y, width: chip.width, height: chip.height };
        let text_top = rect.middle().1 - lines.size().height / 2.0;
        legend.push(sample(&entry, rect));
        legend.push(match entry {
            legend::Entry::Look(_) => lines.centred(rect.middle().0, text_top, INK),
            _ => lines.between(rect.x + legend::SAMPLE, rect.right(), text_top),
        });
        x += chip.width + 16.0;
        bottom = bottom.max(y + chip.height);
    }
    (legend.concat(), bottom)
}

/// A small piece of what an entry of the legend explains.
fn sample(entry: &legend::Entry, rect: Rect) -> String {
    let y = rect.middle().1;
    let way = Route { points: vec![(rect.x + 13.0, y - 13.0), (rect.x + 13.0, y + 13.0)], ..Route::default() };
    let small = Rect { x: rect.x, y: y - 8.0, width: 26.0, height: 16.0 };
    let plain = Look::Stance(crate::stance::Stance::Reports);
    match *entry {
        legend::Entry::Look(look) => Outline { look, dashed: false, faded: false }.at(look.shape(), rect),
        legend::Entry::Arrow { circular } => arrow(&Arrow { from: 0, to: 0, label: None, circular }, &way),
        legend::Entry::Outline { dashed } => {
            Outline { look: plain, dashed, faded: !dashed }.at(Shape::Rectangle, small)
        }
    }
}

/// A line above those on their own.
fn alone(top: f64, width: f64) -> String {
    let row = Row { text: legend::ALONE.into(), right_to_left: false, kind: LINE };
    format!("<path d=\"M0 {top:.1}H{width:.1}\" stroke=\"#bbbbbb\"/>\n{}", row.at(0.0, top + 8.0, "start", PALE_INK))
}

/// A text as XML's content or attribute.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe += "&amp;",
            '<' => safe += "&lt;",
            '>' => safe += "&gt;",
            '"' => safe += "&quot;",
            '\'' => safe += "&#39;",
            _ => safe.push(c),
        }
    }
    safe
}
