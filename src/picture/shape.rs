//! Outlines, as each format knows them.

use super::layout::{Rect, Size};

/// The form of a node's outline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Pointed at both sides.
    Hexagon,
    /// A plain box.
    Rectangle,
    /// With half-round sides.
    Stadium,
    /// A box with a second outline inside.
    Double,
    /// A sheet with a folded corner.
    Note,
    /// Narrower above.
    Trapezium,
    /// Narrower below.
    InvertedTrapezium,
    /// With cut corners, as a stop sign.
    Octagon,
    /// Leaning to the right.
    Parallelogram,
    /// With rounded corners.
    Rounded,
    /// As it says.
    Ellipse,
}

/// How far sides slant and corners are cut.
const SLANT: f64 = 14.0;

impl Shape {
    /// The box that holds a text of this size with some air around it.
    pub fn around(self, text: Size) -> Size {
        let (x, y) = match self {
            Self::Rectangle | Self::Note | Self::Rounded => (11.0, 8.0),
            Self::Stadium | Self::Octagon => (15.0, 9.0),
            Self::Double => (15.0, 11.0),
            Self::Hexagon | Self::Trapezium | Self::InvertedTrapezium | Self::Parallelogram => (SLANT + 7.0, 8.0),
            // A box in an ellipse takes up 1/√2 of both axes.
            Self::Ellipse => (text.width * 0.21 + 5.0, text.height * 0.21 + 5.0),
        };
        Size { width: (text.width + 2.0 * x).ceil(), height: (text.height + 2.0 * y).ceil() }
    }

    /// How wide the level part of its upper and lower edge is, in the middle: where arrows can begin and end.
    pub fn level(self, size: Size) -> f64 {
        match self {
            Self::Rectangle | Self::Double | Self::Rounded => size.width - 16.0,
            Self::Stadium => size.width - 2.0 * round_sides(size.height),
            Self::Ellipse => 0.0,
            _ => size.width - 2.0 * SLANT,
        }
    }

    /// The outline as the data of an SVG path.
    pub fn path(self, r: Rect) -> String {
        let (left, top, right, bottom) = (r.x, r.y, r.right(), r.bottom());
        let middle = r.middle();
        let corners: &[(f64, f64)] = &match self {
            Self::Rectangle => return rounded(r, 0.0),
            Self::Rounded => return rounded(r, 9.0),
            Self::Stadium => return rounded(r, round_sides(r.height)),
            Self::Double => return rounded(r, 8.0) + &rounded(r.shrunk(4.0), 5.0),
            Self::Ellipse => return ellipse(r),
            Self::Note => return note(r),
            Self::Octagon => return octagon(r),
            Self::Hexagon => {
                return polygon(&[
                    (left, middle.1),
                    (left + SLANT, top),
                    (right - SLANT, top),
                    (right, middle.1),
                    (right - SLANT, bottom),
                    (left + SLANT, bottom),
                ]);
            }
            Self::Trapezium => [(left + SLANT, top), (right - SLANT, top), (right, bottom), (left, bottom)],
            Self::InvertedTrapezium => [(left, top), (right, top), (right - SLANT, bottom), (left + SLANT, bottom)],
            Self::Parallelogram => [(left + SLANT, top), (right, top), (right - SLANT, bottom), (left, bottom)],
        };
        polygon(corners)
    }

    /// Its name in DOT, with the styles that it needs.
    pub fn dot(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Hexagon => ("hexagon", &[]),
            Self::Rectangle | Self::Double => ("box", &[]),
            Self::Stadium | Self::Rounded => ("box", &["rounded"]),
            Self::Note => ("note", &[]),
            Self::Trapezium => ("trapezium", &[]),
            Self::InvertedTrapezium => ("invtrapezium", &[]),
            Self::Octagon => ("octagon", &[]),
            Self::Parallelogram => ("parallelogram", &[]),
            Self::Ellipse => ("ellipse", &[]),
        }
    }

    /// What stands before and after a text in Mermaid. It has neither octagon nor note: a double circle and a flag.
    pub fn mermaid(self) -> (&'static str, &'static str) {
        match self {
            Self::Hexagon => ("{{", "}}"),
            Self::Rectangle => ("[", "]"),
            Self::Stadium => ("([", "])"),
            Self::Double => ("[[", "]]"),
            Self::Note => (">", "]"),
            Self::Trapezium => ("[/", "\\]"),
            Self::InvertedTrapezium => ("[\\", "/]"),
            Self::Octagon => ("(((", ")))"),
            Self::Parallelogram => ("[/", "/]"),
            Self::Rounded => ("(", ")"),
            Self::Ellipse => ("((", "))"),
        }
    }
}

fn round_sides(height: f64) -> f64 {
    (height / 2.0).min(20.0)
}

fn polygon(corners: &[(f64, f64)]) -> String {
    let points: Vec<_> = corners.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
    format!("M{}Z", points.join("L"))
}

fn rounded(r: Rect, radius: f64) -> String {
    if radius <= 0.0 {
        return polygon(&[(r.x, r.y), (r.right(), r.y), (r.right(), r.bottom()), (r.x, r.bottom())]);
    }
    let (across, down) = (r.width - 2.0 * radius, r.height - 2.0 * radius);
    let arc = |x: f64, y: f64| format!("a{radius:.1} {radius:.1} 0 0 1 {x:.1} {y:.1}");
    format!(
        "M{:.1} {:.1}h{across:.1}{}v{down:.1}{}h{:.1}{}v{:.1}{}Z",
        r.x + radius,
        r.y,
        arc(radius, radius),
        arc(-radius, radius),
        -across,
        arc(-radius, -radius),
        -down,
        arc(radius, -radius),
    )
}

fn ellipse(r: Rect) -> String {
    let (x, y) = (r.width / 2.0, r.height / 2.0);
    let (left, middle) = (r.x, r.middle().1);
    format!("M{left:.1} {middle:.1}a{x:.1} {y:.1} 0 1 1 {0:.1} 0a{x:.1} {y:.1} 0 1 1 -{0:.1} 0Z", r.width)
}

fn note(r: Rect) -> String {
    let fold = 11.0;
    let (x, y) = (r.right() - fold, r.y + fold);
    let sheet = polygon(&[(r.x, r.y), (x, r.y), (r.right(), y), (r.right(), r.bottom()), (r.x, r.bottom())]);
    format!("{sheet}M{x:.1} {:.1}V{y:.1}H{:.1}", r.y, r.right())
}

fn octagon(r: Rect) -> String {
    let cut = 12.0;
    let (left, right) = (r.x + cut, r.right() - cut);
    let (top, bottom) = (r.y + cut, r.bottom() - cut);
    polygon(&[
        (left, r.y),
        (right, r.y),
        (r.right(), top),
        (r.right(), bottom),
        (right, r.bottom()),
        (left, r.bottom()),
        (r.x, bottom),
        (r.x, top),
    ])
}
