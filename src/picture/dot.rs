//! A picture as a graph for Graphviz.

use super::look::Look;
use super::shape::Shape;
use super::text::{FONTS, Type, plain};
use super::{Arrow, Node, Picture};

/// As wide as names in the SVG become.
const NAME: Type = Type { size: 14.0, bold: true };
const NAME_WIDTH: f64 = 186.0;

pub(super) fn write(picture: &Picture) -> String {
    let title = [picture.title.as_str(), picture.description.as_str()].map(plain);
    let title = quoted(title.iter().filter(|line| !line.is_empty()));
    let origins = origins(picture);
    [
        format!(
            "digraph picture {{\n  graph [charset=\"UTF-8\", label={title}, labelloc=t, bgcolor=white, rankdir=TB];\n"
        ),
        format!("  graph [fontname={}];\n", quoted([FONTS])),
        "  node [fontname=\"DejaVu Sans\", fontsize=12];\n".into(),
        "  edge [fontname=\"DejaVu Sans\", fontsize=10, color=\"#4d4d4d\"];\n".into(),
        picture.nodes.iter().enumerate().map(|(index, node)| vertex(index, node)).collect(),
        picture.arrows().map(edge).collect(),
        if origins.is_empty() { String::new() } else { format!("  {{ rank=sink; {}; }}\n", origins.join("; ")) },
        "}\n".into(),
    ]
    .concat()
}

fn edge(arrow: &Arrow) -> String {
    let words = arrow.words().map(|words| format!("label={}", quoted([plain(&words)])));
    let circular = "style=dashed, penwidth=2.6, color=\"#c00000\", fontcolor=\"#c00000\"";
    let attributes: Vec<_> = words.into_iter().chain(arrow.circular.then(|| circular.into())).collect();
    format!("  n{} -> n{} [{}];\n", arrow.from, arrow.to, attributes.join(", "))
}

/// Those who are relied on and rely on nobody.
fn origins(picture: &Picture) -> Vec<String> {
    let relied_on = |index: usize| picture.arrows().any(|arrow| arrow.to == index);
    let relies = |index: usize| picture.arrows().any(|arrow| arrow.from == index);
    (0..picture.nodes.len())
        .filter(|index| relied_on(*index) && !relies(*index))
        .map(|index| format!("n{index}"))
        .collect()
}

fn vertex(index: usize, node: &Node) -> String {
    let wrapped = |text: &str| NAME.wrap(text, NAME_WIDTH);
    let lines: Vec<_> = wrapped(&node.name).into_iter().chain(node.lines().flat_map(wrapped)).collect();
    let look: Look = node.look;
    let (shape, styles) = look.shape().dot();
    let mut style = vec!["filled"];
    style.extend(styles);
    match (node.dashed, look.is_dotted()) {
        (true, _) => style.push("dashed"),
        (false, true) => style.push("dotted"),
        (false, false) => {}
    }
    // The last two digits say how opaque a colour is.
    let (pale_fill, pale_stroke) = if node.faded { ("59", "80") } else { ("", "") };
    let tooltip = node.tooltip.as_ref().map(|tooltip| format!(", tooltip={}", quoted([plain(tooltip)])));
    let double = if look.shape() == Shape::Double { ", peripheries=2" } else { "" };
    format!(
        "  n{index} [label={}, shape={shape}, style={}, fillcolor=\"{}{pale_fill}\", color=\"{}{pale_stroke}\", fontcolor=\"{}\"{double}{}];\n",
        quoted(&lines),
        quoted([style.join(",")]),
        look.fill(),
        look.stroke(),
        if node.faded { "#595959" } else { "#1a1a1a" },
        tooltip.unwrap_or_default(),
    )
}

/// A quoted string of these lines. Graphviz replaces `\N` and entities in it.
fn quoted(lines: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let escaped = |line: &str| line.replace('\\', "\\\\").replace('"', "\\\"").replace('&', "&amp;");
    let lines: Vec<_> = lines.into_iter().map(|line| escaped(line.as_ref())).collect();
    format!("\"{}\"", lines.join("\\n"))
}
