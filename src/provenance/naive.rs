//! The rules once more, as slowly and plainly as can be, for random stories: both must find the same.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use uuid::Uuid;

use super::findings::Findings;
use super::graph::{Graph, Node, Speaker, Spoken, classes};
use super::origins::{Grouping, OriginSide};
use crate::partial_date::PartialDate;
use crate::sources::SourceKind;
use crate::stance::{Side, Stance};

const STANCES: [Stance; 7] = [
    Stance::Asserts,
    Stance::Confirms,
    Stance::Reports,
    Stance::Denies,
    Stance::Disputes,
    Stance::DeclinesToComment,
    Stance::Retracts,
];
const DATES: [&str; 6] = ["2023", "2023-03", "2023-03-14", "2023-04", "2022-12-31", "2024-01"];

#[derive(Debug, Clone)]
struct Told {
    claim: usize,
    newsroom: usize,
    source: usize,
    behalf: Option<usize>,
    stance: Stance,
    said_on: Option<&'static str>,
    documents: BTreeSet<usize>,
    withdrawn: bool,
    hidden: bool,
}

#[derive(Debug, Clone)]
struct Story {
    told: Vec<Told>,
    links: BTreeSet<(usize, usize)>,
    sources: Vec<(bool, Option<usize>)>,
    same: Vec<(usize, usize)>,
    asked_newsroom: Option<usize>,
    /// The claims that are asked about, as one.
    asked: BTreeSet<usize>,
}

fn id(noun: u128, number: usize) -> Uuid {
    Uuid::from_u128((noun << 64) + number as u128)
}

fn told(claims: usize, sources: usize) -> impl Strategy<Value = Told> {
    let who = (0..claims, 0..2usize, 0..sources, prop::option::weighted(0.2, 0..sources));
    let what = (0..STANCES.len(), prop::option::of(0..DATES.len()), prop::collection::btree_set(0..3usize, 0..3));
    (who, what, prop::bool::weighted(0.08), prop::bool::weighted(0.08)).prop_map(
        |((claim, newsroom, source, behalf), (stance, date, documents), withdrawn, hidden)| Told {
            claim,
            newsroom,
            source,
            behalf,
            stance: STANCES[stance],
            said_on: date.map(|date| DATES[date]),
            documents,
            withdrawn,
            hidden,
        },
    )
}

fn story() -> impl Strategy<Value = Story> {
    (1..=200usize, 1..=4usize, 1..=30usize, 0..=3usize).prop_flat_map(|(size, claims, sources, density)| {
        (
            prop::collection::vec(told(claims, sources), size),
            prop::collection::btree_set((0..size, 0..size), 0..=size * density / 2),
            prop::collection::vec((prop::bool::weighted(0.3), prop::option::of(0..sources)), sources),
            prop::collection::vec((0..claims, 0..claims), 0..3),
            prop::option::weighted(0.2, 0..2usize),
        )
            .prop_map(move |(told, links, sources, same, asked_newsroom)| {
                let links = links.into_iter().filter(|(from, to)| from != to).collect();
                Story { told, links, sources, same, asked_newsroom, asked: (0..claims).collect() }
            })
    })
}

impl Story {
    fn followed(&self, from: usize) -> impl Iterator<Item = usize> + '_ {
        let open = !self.told[from].hidden && !self.told[from].withdrawn;
        self.links.range((from, 0)..(from + 1, 0)).filter(move |_| open).map(|(_, to)| *to)
    }

    /// The claims asked about and what is linked to them, in any number of steps.
    fn class(&self) -> BTreeSet<usize> {
        let mut class = self.asked.clone();
        loop {
            let before = class.len();
            for (a, b) in &self.same {
                if class.contains(a) || class.contains(b) {
                    class.extend([*a, *b]);
                }
            }
            if class.len() == before {
                return class;
            }
        }
    }

    /// Whether the statement is among those that one starts from.
    fn starts(&self, at: usize) -> bool {
        let told = &self.told[at];
        !told.hidden
            && self.asked.contains(&told.claim)
            && self.asked_newsroom.is_none_or(|asked| asked == told.newsroom)
    }

    fn reach(&self) -> Vec<BTreeSet<usize>> {
        let mut reach: Vec<BTreeSet<usize>> =
            (0..self.told.len()).map(|at| std::iter::once(at).chain(self.followed(at)).collect()).collect();
        loop {
            let mut grown = false;
            for at in 0..reach.len() {
                let all: BTreeSet<usize> = reach[at].iter().flat_map(|next| reach[*next].iter().copied()).collect();
                grown |= all.len() > reach[at].len();
                reach[at] = all;
            }
            if !grown {
                return reach;
            }
        }
    }

    /// What the one statement of SQL would fetch.
    fn graph(&self) -> Graph {
        let reach = self.reach();
        let within: BTreeSet<usize> =
            (0..self.told.len()).filter(|at| self.starts(*at)).flat_map(|at| reach[at].clone()).collect();
        let mut graph = Graph { newsroom_id: self.asked_newsroom.map(|asked| id(5, asked)), ..Graph::default() };
        let mut places = BTreeMap::new();
        for at in &within {
            let told = &self.told[*at];
            let said = (!told.hidden).then(|| told.said());
            let place = graph.statements.add_node(Node { id: id(2, *at), said });
            places.insert(*at, place);
            if !told.hidden {
                graph.by_claim.entry(id(1, told.claim)).or_default().push(place);
            }
        }
        for at in &within {
            for to in self.followed(*at) {
                graph.statements.add_edge(places[at], places[&to], None);
            }
        }
        let class = self.class();
        let outside =
            self.told.iter().enumerate().filter(|(at, told)| !within.contains(at) && class.contains(&told.claim));
        for (_, told) in outside.filter(|(_, told)| !told.hidden && !told.withdrawn) {
            graph.elsewhere.entry(id(1, told.claim)).or_default().push(told.said());
        }
        graph.same = classes(&self.same.iter().map(|(a, b)| (id(1, *a), id(1, *b))).collect::<Vec<_>>());
        for (at, (unnamed, affiliation)) in self.sources.iter().enumerate() {
            let kind = if *unnamed { SourceKind::Unnamed } else { SourceKind::Organization };
            graph.speakers.insert(id(3, at), Speaker { kind, affiliation_id: affiliation.map(|other| id(3, other)) });
        }
        graph
    }

    fn overtaken(&self, at: usize) -> bool {
        let mine = &self.told[at];
        let class = self.class();
        let Some(last_day) = mine.said_on.map(|date| format!("{date}{}", &"-12-31"[date.len() - 4..])) else {
            return false;
        };
        (0..self.told.len()).any(|other| {
            let later = &self.told[other];
            let takes_a_side = later.stance.side() != Side::Neutral || later.stance == Stance::Retracts;
            let compared = self.asked_newsroom.is_none() || !self.starts(at) || self.starts(other);
            let first_day = later.said_on.map(|date| format!("{date}{}", &"-01-01"[date.len() - 4..]));
            compared
                && !later.hidden
                && !later.withdrawn
                && takes_a_side
                && later.source == mine.source
                && class.contains(&later.claim)
                && (later.claim == mine.claim
                    || self.asked.contains(&later.claim) && self.asked.contains(&mine.claim)
                    || later.stance.side() != mine.stance.side())
                && first_day.is_some_and(|first_day| first_day > last_day)
        })
    }

    fn body(&self, source: usize) -> Option<usize> {
        self.sources[source].1.filter(|body| !self.sources[*body].0)
    }

    /// The last body upwards, or of a circle the smallest.
    fn top(&self, source: usize) -> usize {
        let mut way = vec![source];
        while let Some(next) = self.body(way[way.len() - 1]) {
            if let Some(from) = way.iter().position(|known| *known == next) {
                return way[from..].iter().copied().min().unwrap();
            }
            way.push(next);
        }
        way[way.len() - 1]
    }

    /// Sets of roots, one for each origin of a side, and all roots of that side on other claims.
    fn origins(&self, side: Side, grouping: Grouping) -> (BTreeSet<BTreeSet<usize>>, BTreeSet<usize>) {
        let (reach, class) = (self.reach(), self.class());
        let starting = (0..self.told.len()).filter(|at| {
            self.starts(*at)
                && !self.told[*at].withdrawn
                && self.told[*at].stance.side() == side
                && !self.overtaken(*at)
        });
        let ends: BTreeSet<usize> = starting
            .flat_map(|at| reach[at].clone())
            .filter(|end| {
                let told = &self.told[*end];
                !told.hidden && !told.withdrawn && told.stance.side() == side && self.followed(*end).next().is_none()
            })
            .collect();
        let (here, elsewhere): (BTreeSet<usize>, BTreeSet<usize>) =
            ends.into_iter().partition(|end| class.contains(&self.told[*end].claim));
        let mut sets: Vec<BTreeSet<usize>> =
            here.into_iter().filter(|end| !self.overtaken(*end)).map(|end| BTreeSet::from([end])).collect();
        let one = |a: usize, b: usize| {
            let (a, b) = (&self.told[a], &self.told[b]);
            let (for_a, for_b) = (a.behalf.unwrap_or(a.source), b.behalf.unwrap_or(b.source));
            a.source == b.source || for_a == for_b || grouping.affiliation && self.top(for_a) == self.top(for_b)
        };
        while let Some((a, b)) = (0..sets.len())
            .flat_map(|a| (0..a).map(move |b| (a, b)))
            .find(|(a, b)| sets[*a].iter().any(|x| sets[*b].iter().any(|y| one(*x, *y))))
        {
            let joined = sets.remove(a);
            sets[b].extend(joined);
        }
        if grouping.unnamed {
            let (unknown, known): (Vec<_>, Vec<_>) = sets.into_iter().partition(|set| {
                set.iter().all(|root| {
                    let voice = self.told[*root].behalf.unwrap_or(self.told[*root].source);
                    self.sources[voice].0 && self.body(voice).is_none()
                })
            });
            sets = known;
            if !unknown.is_empty() && !sets.iter().flatten().any(|root| self.unnamed(*root)) {
                sets.push(unknown.into_iter().flatten().collect());
            }
        }
        (sets.into_iter().collect(), elsewhere)
    }

    fn unnamed(&self, root: usize) -> bool {
        self.sources[self.told[root].behalf.unwrap_or(self.told[root].source)].0
    }

    fn check(&self, grouping: Grouping, found: &Findings) {
        let ids = |numbers: &BTreeSet<usize>| numbers.iter().map(|at| id(2, *at)).collect::<Vec<_>>();
        let (supporting, mut elsewhere) = self.origins(Side::Supporting, grouping);
        let (opposing, more) = self.origins(Side::Opposing, grouping);
        elsewhere.extend(more);
        for (side, origins) in [(OriginSide::Supporting, &supporting), (OriginSide::Opposing, &opposing)] {
            let mut expected: Vec<_> = origins.iter().map(ids).collect();
            expected.sort();
            let these = found.origins.iter().filter(|origin| origin.side == side);
            assert_eq!(these.map(|origin| origin.statement_ids.clone()).collect::<Vec<_>>(), expected);
        }
        assert_eq!((found.independent_supporting, found.independent_opposing), (supporting.len(), opposing.len()));
        assert_eq!(found.origin_elsewhere.iter().map(|one| one.statement_id).collect::<Vec<_>>(), ids(&elsewhere));
        assert_eq!(found.single_origin, supporting.len() == 1);
        let roots: BTreeSet<usize> = supporting.into_iter().flatten().collect();
        assert_eq!(found.unnamed_only, !roots.is_empty() && roots.iter().all(|root| self.unnamed(*root)));
        let shared = (0..3).any(|document| roots.iter().all(|root| self.told[*root].documents.contains(&document)));
        assert_eq!(found.single_document, !roots.is_empty() && shared);
        self.check_shape(found);
    }

    fn check_shape(&self, found: &Findings) {
        let reach = self.reach();
        let within: BTreeSet<usize> =
            (0..self.told.len()).filter(|at| self.starts(*at)).flat_map(|at| reach[at].clone()).collect();
        let circle =
            |at: usize| reach[at].iter().copied().filter(|other| reach[*other].contains(&at)).collect::<BTreeSet<_>>();
        let circles: BTreeSet<_> = within.iter().map(|at| circle(*at)).collect();
        let larger: Vec<Vec<Uuid>> = circles
            .iter()
            .filter(|circle| circle.len() > 1)
            .map(|circle| circle.iter().map(|at| id(2, *at)).collect())
            .collect();
        assert_eq!(found.circular, larger);
        let bare = within.iter().filter(|at| {
            let told = &self.told[**at];
            told.stance == Stance::Reports && !told.hidden && !told.withdrawn && self.followed(**at).next().is_none()
        });
        assert_eq!(found.dangling, bare.map(|at| id(2, *at)).collect::<Vec<_>>());
        let mut lengths = BTreeMap::new();
        let longest = circles.iter().map(|circle| self.length(circle, &circle_of(&circles), &mut lengths)).max();
        assert_eq!(found.depth, longest.unwrap_or_default());
        assert_eq!(found.longest_chain.len(), if within.is_empty() { 0 } else { found.depth + 1 });
        for pair in found.longest_chain.windows(2) {
            let [from, to] = [pair[0], pair[1]].map(|id| (id.as_u128() & u128::from(u64::MAX)) as usize);
            assert_eq!(circle(from).first(), Some(&from));
            let linked = circle(from).iter().any(|one| self.followed(*one).any(|next| circle(to).contains(&next)));
            assert!(linked && !circle(from).contains(&to));
        }
    }

    fn length(
        &self,
        circle: &BTreeSet<usize>,
        circle_of: &BTreeMap<usize, BTreeSet<usize>>,
        known: &mut BTreeMap<usize, usize>,
    ) -> usize {
        let first = *circle.first().unwrap();
        if let Some(length) = known.get(&first) {
            return *length;
        }
        let next: BTreeSet<usize> =
            circle.iter().flat_map(|at| self.followed(*at)).filter(|next| !circle.contains(next)).collect();
        let length = next.iter().map(|next| 1 + self.length(&circle_of[next], circle_of, known)).max().unwrap_or(0);
        known.insert(first, length);
        length
    }
}

fn circle_of(circles: &BTreeSet<BTreeSet<usize>>) -> BTreeMap<usize, BTreeSet<usize>> {
    circles.iter().flat_map(|circle| circle.iter().map(|at| (*at, circle.clone()))).collect()
}

impl Told {
    fn said(&self) -> Spoken {
        Spoken {
            claim_id: id(1, self.claim),
            newsroom_id: id(5, self.newsroom),
            source_id: id(3, self.source),
            on_behalf_of_id: self.behalf.map(|other| id(3, other)),
            stance: self.stance,
            said_on: self.said_on.map(|date| PartialDate::try_from(date.to_owned()).unwrap()),
            document_id: None,
            carried_by: self.documents.iter().map(|document| id(4, *document)).collect(),
            withdrawn: self.withdrawn,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// On one graph around all claims: each claim by itself, and some taken as one.
    #[test]
    fn random_stories_are_judged_as_by_the_plain_rules(story in story(), affiliation: bool, unnamed: bool, pooled in 0..16u8) {
        let (grouping, graph) = (Grouping { affiliation, unnamed }, story.graph());
        let some = story.asked.iter().copied().filter(|claim| pooled >> claim & 1 == 1).collect();
        for asked in story.asked.iter().map(|claim| BTreeSet::from([*claim])).chain([some]) {
            let claims: Vec<_> = asked.iter().map(|claim| id(1, *claim)).collect();
            Story { asked, ..story.clone() }.check(grouping, &graph.findings(&claims, grouping));
        }
    }
}
