//! Pictures to test with. `PICTURES=folder cargo test picture` writes them there, to be looked at.

use super::{Arrow, Look, Node, Picture};
use crate::sources::SourceKind;
use crate::stance::Stance;

pub fn node(name: &str, stance: Stance, lines: &[&str]) -> Node {
    Node {
        name: name.into(),
        lines: lines.iter().map(|line| (*line).into()).collect(),
        look: Look::Stance(stance),
        dashed: name.starts_with("a ") || name.starts_with("an "),
        faded: false,
        tooltip: Some(format!("What {name} said")),
    }
}

pub fn arrow(from: usize, to: usize, label: Option<&str>) -> Arrow {
    Arrow::new(from, to, label.map(Into::into))
}

/// The demo story: `demo/nagorno-karabakh-2023.json`.
pub fn demo() -> Picture {
    let on = "on: The meeting took place";
    Picture {
        title: "Senior officials of the United States, the European Union and Russia held secret emergency talks in Istanbul on 17 September 2023".into(),
        description: "1 independent origin asserts it, 2 sources confirm it, nobody opposes it.".into(),
        nodes: vec![
            node("AgenPress", Stance::Reports, &["2023-10"]),
            node("POLITICO", Stance::Reports, &[]),
            node("a senior diplomat", Stance::Asserts, &[]),
            node("Dmitry Peskov", Stance::Confirms, &[on]),
            node("a US official", Stance::Confirms, &[on]),
            node("US State Department", Stance::DeclinesToComment, &[]),
            node("an EU official", Stance::Comments, &[on]),
        ],
        arrows: vec![arrow(0, 1, Some("reports")), arrow(1, 2, Some("told by"))],
    }
}

pub const STANCES: [Stance; 10] = [
    Stance::Asserts,
    Stance::Reports,
    Stance::Confirms,
    Stance::PartlyConfirms,
    Stance::Comments,
    Stance::Disputes,
    Stance::Denies,
    Stance::DeclinesToComment,
    Stance::NoResponse,
    Stance::Retracts,
];

const NAMES: [&str; 15] = [
    "Ministry of Foreign Affairs of the Republic of Azerbaijan, Department of Analysis and Strategic Studies",
    "وزارة الخارجية والمغتربين في الجمهورية العربية السورية (2023)",
    "משרד החוץ של מדינת ישראל, דובר 24/7",
    "阿塞拜疆共和国外交部新闻发言人办公室主任",
    "Reuters",
    "Верховная Рада — пресс-служба МИД Российской Федерации",
    "a person with knowledge of the discussions who was granted anonymity to speak freely",
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
    "قناة الجزيرة Al Jazeera English",
    "สำนักข่าวแห่งประเทศไทยและสำนักงานโฆษกกระทรวงการต่างประเทศ",
    "BBC",
    "an EU official",
    "Հայաստանի Հանրապետության արտաքին գործերի նախարարություն",
    "<b>“AT&T” \\ 'Quotes' -- %%{init}%% `code`</b>",
    "WWWWWWW MMMMMM @@@@ %%%%",
];

/// A story of 60 statements: long names in many scripts, diamonds, a fan, a circle, some hidden and withdrawn.
pub fn sixty() -> Picture {
    let mut picture = Picture {
        title: "Sixty statements on whether the convoy of 23 trucks reached Stepanakert — a story made to be drawn"
            .into(),
        description: "4 independent origins support, 2 oppose. One circle: three outlets rely on each other.".into(),
        ..Picture::default()
    };
    for index in 0..60 {
        let date = format!("2023-{:02}-{:02}", index % 12 + 1, index % 28 + 1);
        let mut node = node(NAMES[index % NAMES.len()], STANCES[index % 10], &[&date]);
        if index % 7 == 0 {
            node.lines.push("on: The convoy reached the city before the 19th of September".into());
        }
        if index % 13 == 12 {
            node = Node { look: Look::Hidden, name: "hidden statement".into(), lines: Vec::new(), ..node };
        }
        node.faded = index % 13 == 12 || index == 22;
        picture.nodes.push(node);
    }
    let mut link = |from, to, label| picture.arrows.push(arrow(from, to, label));
    // A diamond on a diamond.
    for (from, to) in [(0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (3, 5), (4, 6), (5, 6), (0, 6)] {
        link(from, to, (from % 2 == 0).then_some("citing"));
    }
    for outlet in 7..20 {
        link(outlet, 6, (outlet % 3 == 0).then_some("according to documents seen by"));
    }
    for (from, to) in [(20, 21), (21, 22), (22, 20), (23, 20), (24, 22), (24, 6)] {
        link(from, to, (from == 21).then_some("as reported by"));
    }
    for (from, to) in
        [(25, 26), (27, 26), (27, 28), (29, 30), (31, 29), (32, 33), (34, 33), (34, 35), (36, 34), (37, 37)]
    {
        link(from, to, Some("نقلاً عن").filter(|_| from % 2 == 1));
    }
    picture.mark_circles();
    picture
}

/// A network of sources.
pub fn network() -> Picture {
    let kinds = [
        ("AgenPress", SourceKind::Publication),
        ("POLITICO", SourceKind::Publication),
        ("US State Department", SourceKind::Government),
        ("Dmitry Peskov", SourceKind::Person),
        ("a senior diplomat", SourceKind::Unnamed),
        ("@osint_watch", SourceKind::SocialAccount),
        ("International Crisis Group", SourceKind::Organization),
    ];
    let nodes = kinds.map(|(name, kind)| {
        let dashed = kind == SourceKind::Unnamed;
        Node { name: name.into(), lines: Vec::new(), look: Look::Source(kind), dashed, faded: false, tooltip: None }
    });
    let pairs = [(0, 1, "12×"), (1, 4, "3×"), (1, 2, "1×"), (0, 3, "7×"), (5, 0, "2×"), (5, 6, "1×"), (1, 1, "4×")];
    Picture {
        title: "Who relies on whom".into(),
        description: "7 sources".into(),
        nodes: nodes.into(),
        arrows: pairs.map(|(from, to, label)| arrow(from, to, Some(label))).into(),
    }
}

/// Some graph or other: most nodes rely on few, some on one above them, so that there are circles.
pub fn random(nodes: usize, arrows: usize, seed: u64) -> Picture {
    let mut state = seed | 1;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    let mut picture = Picture { title: format!("{nodes} nodes"), ..Picture::default() };
    for index in 0..nodes {
        picture.nodes.push(node(NAMES[next(NAMES.len())], STANCES[next(10)], &[&index.to_string()]));
    }
    for _ in 0..arrows {
        let (a, b) = (next(nodes), next(nodes));
        let (from, to) = if next(12) == 0 { (a, b) } else { (a.max(b), a.min(b)) };
        let again = picture.arrows.iter().any(|arrow| arrow.from == arrow.to && arrow.from == from);
        if from != to || !again {
            picture.arrows.push(arrow(from, to, [None, None, Some("citing"), Some("told by officials")][next(4)]));
        }
    }
    picture.mark_circles();
    picture
}

/// Sixty outlets, each of which cites the one before and the original.
pub fn cited() -> Picture {
    let mut picture = random(60, 0, 1);
    for outlet in 1..60 {
        picture.arrows.push(arrow(outlet, outlet - 1, None));
        if outlet > 1 {
            picture.arrows.push(arrow(outlet, 0, None));
        }
    }
    picture.mark_circles();
    picture
}
