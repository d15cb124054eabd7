//! What holds for all pictures: nothing overlaps, nothing is missing, nothing gets out of its quotes.

use super::layout::Rect;
use super::stories::{arrow, cited, demo, network, node, random, sixty};
use super::{Picture, svg};
use crate::stance::Stance;

fn pictures() -> Vec<(String, Picture)> {
    let mut all = vec![("demo".into(), demo()), ("sixty".into(), sixty()), ("network".into(), network())];
    for seed in 1..=20 {
        let nodes = [2, 5, 12, 60][seed % 4];
        all.push((format!("random-{seed}"), random(nodes, nodes * (seed % 3 + 2) / 2, seed as u64 * 7919)));
    }
    all.push(("five-hundred".into(), random(500, 450, 4711)));
    all.push(("cited".into(), cited()));
    all
}

fn overlap(a: Rect, b: Rect) -> bool {
    let slack = 0.5;
    a.x + slack < b.right() && b.x + slack < a.right() && a.y + slack < b.bottom() && b.y + slack < a.bottom()
}

#[test]
fn nothing_overlaps() {
    for (name, picture) in pictures() {
        let layout = svg::layout(&picture);
        let mut things: Vec<_> = layout.blocks.iter().map(|rect| (*rect, usize::MAX)).collect();
        things.extend(layout.routes.iter().enumerate().filter_map(|(at, route)| Some((route.label?, at))));
        for (index, (a, _)) in things.iter().enumerate() {
            assert!(a.x >= -0.5 && a.y >= -0.5, "{name}: {a:?} is outside");
            assert!(a.right() <= layout.size.width + 0.5 && a.bottom() <= layout.size.height + 0.5, "{name}: {a:?}");
            for (b, _) in &things[..index] {
                assert!(!overlap(*a, *b), "{name}: {a:?} and {b:?}");
            }
        }
    }
}

#[test]
fn no_arrow_runs_through_a_node_or_words() {
    for (name, picture) in pictures() {
        let layout = svg::layout(&picture);
        let words = layout.routes.iter().enumerate().filter_map(|(at, route)| Some((route.label?, at)));
        let things: Vec<_> = layout.blocks.iter().map(|rect| (*rect, usize::MAX)).chain(words).collect();
        for (at, route) in layout.routes.iter().enumerate().filter(|(_, route)| !route.is_loop) {
            assert!(route.points.len() >= 2, "{name}: an arrow without a way");
            for pair in route.points.windows(2) {
                let ((x, y), (to_x, to_y)) = (pair[0], pair[1]);
                // A curve stays within the box of its ends.
                let swept = Rect { x: x.min(to_x), y: y.min(to_y), width: (x - to_x).abs(), height: (y - to_y).abs() };
                let swept = Rect { x: swept.x - 0.6, width: swept.width + 1.2, ..swept };
                for (thing, of) in &things {
                    assert!(*of == at || !overlap(swept, *thing), "{name}: {swept:?} through {thing:?}");
                }
            }
        }
    }
}

#[test]
fn origins_lie_at_the_bottom() {
    let layout = svg::layout(&demo());
    assert!(layout.blocks[0].bottom() < layout.blocks[1].y && layout.blocks[1].bottom() < layout.blocks[2].y);
}

#[test]
fn svg_is_xml_with_every_text_in_it() {
    for (name, picture) in pictures() {
        let text = picture.svg();
        let document = roxmltree::Document::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let written: String =
            document.descendants().filter(roxmltree::Node::is_text).filter_map(|n| n.text()).collect();
        let written = without_spaces(&written);
        for node in &picture.nodes {
            for line in [node.name.as_str()].into_iter().chain(node.lines()) {
                assert!(written.contains(&without_spaces(line)), "{name}: {line} is missing");
            }
        }
        if let Ok(folder) = std::env::var("PICTURES") {
            let write = |ending: &str, text: &str| std::fs::write(format!("{folder}/{name}.{ending}"), text).unwrap();
            write("svg", &text);
            write("dot", &picture.dot());
            write("mmd", &picture.mermaid());
        }
    }
}

fn without_spaces(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

#[test]
fn a_picture_is_the_same_each_time() {
    let picture = random(60, 90, 5);
    assert_eq!(picture.svg(), picture.svg());
}

#[test]
fn an_empty_picture_is_one_too() {
    roxmltree::Document::parse(&Picture::default().svg()).unwrap();
    assert_eq!(Picture::default().mermaid(), "flowchart TB\n  accTitle: \n  accDescr: \n");
}

#[test]
fn an_arrow_to_nowhere_is_left_out() {
    let picture =
        Picture { nodes: vec![node("A", Stance::Asserts, &[])], arrows: vec![arrow(0, 1, None)], ..Picture::default() };
    for text in [picture.svg(), picture.dot(), picture.mermaid()] {
        assert!(!text.contains("n1") && !text.contains("marker-end"), "{text}");
    }
}

const HOSTILE: &str =
    "\"]; x --> y </text><script>alert(1)</script> &amp; \\\" \\N `md` %%{init: {}}%% end\n--- # #quot; ﬂ°°60¶ß \u{1}";

fn hostile() -> Picture {
    let mut bad = node(HOSTILE, Stance::Denies, &[HOSTILE]);
    bad.tooltip = Some(HOSTILE.into());
    Picture {
        title: HOSTILE.into(),
        description: HOSTILE.into(),
        nodes: vec![bad.clone(), bad],
        arrows: vec![arrow(0, 1, Some(HOSTILE))],
    }
}

#[test]
fn hostile_texts_stay_texts_in_svg() {
    let text = hostile().svg();
    let document = roxmltree::Document::parse(&text).unwrap();
    let known = ["svg", "title", "desc", "defs", "marker", "path", "rect", "g", "text"];
    for element in document.descendants().filter(roxmltree::Node::is_element) {
        assert!(known.contains(&element.tag_name().name()), "{element:?}");
    }
    assert!(
        document
            .descendants()
            .any(|n| n.tag_name().name() == "title" && n.text().is_some_and(|t| t.contains("<script>")))
    );
}

#[test]
fn hostile_texts_stay_texts_in_dot() {
    let text = hostile().dot();
    for line in text.lines() {
        let mut quoted = false;
        let mut bare = String::new();
        let mut characters = line.chars();
        while let Some(c) = characters.next() {
            match c {
                '\\' => drop(characters.next()),
                '"' => quoted = !quoted,
                c if !quoted => bare.push(c),
                _ => {}
            }
        }
        assert!(!quoted && !bare.contains("script") && !bare.contains('<'), "{line}");
    }
}

#[test]
fn hostile_texts_stay_texts_in_mermaid() {
    let text = hostile().mermaid();
    assert_eq!(text.lines().count(), 3 + 2 + 1 + 2, "{text}");
    for bad in ["script>", "%%", "`", "--> y", "ﬂ", "¶", "\\N", "#quot;", "---"] {
        assert!(!text.contains(bad), "{bad} in {text}");
    }
    let line = text.lines().nth(3).unwrap();
    let inside = line.trim().strip_prefix("n0(((\"").and_then(|rest| rest.strip_suffix("\")))")).unwrap();
    assert!(!inside.replace("<br/>", "").contains(['"', '<', '>', '[', ']', '{', '}', '(', ')', '|', '&']), "{inside}");
}

#[test]
fn every_node_has_its_own_look() {
    let text = sixty().dot();
    for shape in ["hexagon", "box", "note", "trapezium", "invtrapezium", "octagon", "parallelogram", "ellipse"] {
        assert!(text.contains(&format!("shape={shape},")), "{shape}");
    }
    let mermaid = sixty().mermaid();
    for part in ["classDef partly_confirms fill:", "classDef dashed stroke-dasharray", "-.->|\"", "linkStyle "] {
        assert!(mermaid.contains(part), "{part}");
    }
}
