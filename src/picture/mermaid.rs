//! A picture as a flowchart for Mermaid.

use std::collections::BTreeSet;

use super::look::Look;
use super::text::plain;
use super::{Arrow, Node, Picture};

pub(super) fn write(picture: &Picture) -> String {
    let looks: BTreeSet<_> = picture.nodes.iter().map(|node| node.look).collect();
    let circular: Vec<_> =
        picture.arrows().enumerate().filter(|(_, arrow)| arrow.circular).map(|(at, _)| at.to_string()).collect();
    [
        "flowchart TB\n".into(),
        format!("  accTitle: {}\n", entities(&picture.title)),
        format!("  accDescr: {}\n", entities(&picture.description)),
        picture.nodes.iter().enumerate().map(|(index, node)| vertex(index, node)).collect(),
        picture.arrows().map(edge).collect(),
        looks.into_iter().map(|look| class(picture, look.class(), &style(look), |node| node.look == look)).collect(),
        class(picture, "dashed", "stroke-dasharray:7 4", |node| node.dashed),
        class(picture, "faded", "fill-opacity:0.35,stroke-opacity:0.5,color:#595959", |node| node.faded),
        if circular.is_empty() {
            String::new()
        } else {
            format!("  linkStyle {} stroke:#c00000,stroke-width:3px,color:#c00000\n", circular.join(","))
        },
    ]
    .concat()
}

fn vertex(index: usize, node: &Node) -> String {
    let (before, after) = node.look.shape().mermaid();
    let lines: Vec<_> = [node.name.as_str()].into_iter().chain(node.lines()).map(entities).collect();
    format!("  n{index}{before}\"{}\"{after}\n", lines.join("<br/>"))
}

fn edge(arrow: &Arrow) -> String {
    let line = if arrow.circular { "-.->" } else { "-->" };
    let words = arrow.words().map(|words| format!("|\"{}\"|", entities(&words))).unwrap_or_default();
    format!("  n{} {line}{words} n{}\n", arrow.from, arrow.to)
}

fn style(look: Look) -> String {
    let dots = if look.is_dotted() { ",stroke-dasharray:2 4" } else { "" };
    format!("fill:{},stroke:{},color:#1a1a1a{dots}", look.fill(), look.stroke())
}

/// A class with its style, and which nodes have it.
fn class(picture: &Picture, name: &str, style: &str, has: impl Fn(&Node) -> bool) -> String {
    let nodes = picture.nodes.iter().enumerate().filter(|(_, node)| has(node));
    let nodes: Vec<_> = nodes.map(|(index, _)| format!("n{index}")).collect();
    if nodes.is_empty() {
        return String::new();
    }
    format!("  classDef {name} {style}\n  class {} {name}\n", nodes.join(","))
}

/// A text in which nothing is Mermaid's: all punctuation of ASCII is written as entities, which Mermaid puts in after
/// it has read brackets, directives, Markdown and HTML; so are the two letters by which it marks entities meanwhile.
fn entities(text: &str) -> String {
    let entity = |c: char| {
        let coded = c.is_ascii_punctuation() || matches!(c, 'ﬂ' | '¶');
        if coded { format!("#{};", u32::from(c)) } else { c.into() }
    };
    plain(text).chars().map(entity).collect()
}
