//! From what was found to an answer: scores, bands, claims and verdicts.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, HashSet};

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::candidates::{Candidate, candidates, these};
use super::clean::Message;
use super::model::{Band, Match, MatchRequest, MatchedBy, Similar, USUALLY};
use super::reading::Reading;
use super::score::Nearness;
use super::{clean, exact, score};
use crate::auth::Viewer;
use crate::claims::{Claim, ClaimStatus, NewClaim};
use crate::db::Db;
use crate::dossier::DossierVerdict;
use crate::embeddings::{Cosines, Embeddings, Meaning, Vector};
use crate::error::Result;
use crate::rating_scales::Rating;
use crate::schema::claims;
use crate::verdicts::Verdict;

/// Among how many texts, and contexts, those are that are looked at because of what they mean: the index of vectors knows nothing of who may
/// see what, of topics and newsrooms.
const NEAREST: usize = 1000;

/// How near a claim is, and why.
#[derive(Debug, Clone, Default)]
struct Near {
    score: f32,
    /// The same by words and meaning alone, where an address or the same text makes it certain.
    likelihood: f32,
    matched_by: Vec<MatchedBy>,
    /// The same for claims with the same text.
    twins: Option<Uuid>,
}

/// What a text means, and what lies nearest.
struct Sense {
    vector: Vector,
    /// The nearest first.
    nearest: Vec<Uuid>,
    /// How much shared words count beside it.
    weight: f32,
}

/// The claims that match, as far as the caller may see them.
pub async fn matches(request: &MatchRequest, viewer: Viewer, db: &Db, embeddings: &Embeddings) -> Result<Similar> {
    let message = request.text.as_deref().map(clean::message).unwrap_or_default();
    let whole = message.whole();
    let meaning = if whole.is_empty() { Meaning::Off } else { embeddings.meaning(&whole).await };
    let degraded = matches!(meaning, Meaning::Missing);
    let sense = match meaning {
        Meaning::Of(vector) => {
            Some(Sense { nearest: vector.nearest(NEAREST).await, vector, weight: embeddings.weight() })
        }
        Meaning::Off | Meaning::Missing => None,
    };
    let found = async |conn: &AsyncPgConnection| {
        let near = near(request, &message, sense.as_ref(), viewer, conn).await?;
        answer(in_order(near), &message, request, viewer, conn).await
    };
    Ok(Similar { matches: db.search(found).await?, degraded })
}

async fn near(
    request: &MatchRequest,
    message: &Message,
    sense: Option<&Sense>,
    viewer: Viewer,
    conn: &AsyncPgConnection,
) -> Result<BTreeMap<Uuid, Near>> {
    let mut near: BTreeMap<Uuid, Near> = BTreeMap::new();
    if let Some(url) = &request.url {
        surely(exact::by_address(std::slice::from_ref(url), request, viewer, conn).await?, MatchedBy::Url, &mut near);
    }
    let Some(text) = &request.text else { return Ok(near) };
    // With what is around it, as a claim may be about just that, and without.
    surely(exact::by_text(&[text, &message.text], request, viewer, conn).await?, MatchedBy::Text, &mut near);
    surely(exact::by_address(&message.links, request, viewer, conn).await?, MatchedBy::Url, &mut near);
    let reading = Reading::of(message, request.language.as_deref(), conn).await?;
    let mut candidates = candidates(&reading, request, viewer, conn).await?;
    let mut cosines = HashMap::new();
    // Of what a link leads to, the words of the claims tell which is meant.
    add_these(near.keys().copied(), &mut candidates, request, viewer, conn).await?;
    if let Some(Sense { vector, nearest, .. }) = sense {
        add_these(nearest.iter().copied(), &mut candidates, request, viewer, conn).await?;
        cosines = vector.cosines(candidates.iter().map(|candidate| candidate.record_id));
    }
    let weight = sense.map_or(1.0, |sense| sense.weight);
    for (candidate, nearness) in candidates.iter().zip(score::by_words(&reading, &candidates)) {
        let cosines = cosines.get(&candidate.record_id).copied().unwrap_or_default();
        let foreign = reading.is_foreign(&candidate.words);
        let (score, meant) = likelihood(nearness, cosines, candidate.is_claim, foreign, weight);
        let score = if reading.is_a_word(&candidate.words) { score * OF_A_WORD } else { score };
        let why = [(MatchedBy::Words, nearness.words > 0.0), (MatchedBy::Meaning, meant)];
        let why: Vec<MatchedBy> = why.into_iter().filter_map(|(why, does)| does.then_some(why)).collect();
        if !why.is_empty() {
            near.entry(candidate.claim_id).or_default().add(score, &why, candidate);
        }
    }
    Ok(near)
}

/// Adds claims and statements that are not among the candidates yet.
async fn add_these(
    ids: impl Iterator<Item = Uuid>,
    candidates: &mut Vec<Candidate>,
    request: &MatchRequest,
    viewer: Viewer,
    conn: &AsyncPgConnection,
) -> Result<()> {
    let known: HashSet<Uuid> = candidates.iter().map(|candidate| candidate.record_id).collect();
    let others: Vec<Uuid> = ids.filter(|id| !known.contains(id)).collect();
    if !others.is_empty() {
        candidates.extend(these(&others, request, viewer, conn).await?);
    }
    Ok(())
}

impl Near {
    fn add(&mut self, score: f32, why: &[MatchedBy], candidate: &Candidate) {
        self.score = self.score.max(score);
        self.likelihood = self.likelihood.max(score);
        self.matched_by.extend(why);
        self.matched_by.sort_unstable();
        self.matched_by.dedup();
        self.twins = self.twins.or(candidate.text_key);
    }

    /// How likely it is the claim. Others may act on `same` at once, as chat bots do: it is less where the numbers are others, though an
    /// article that is linked to speaks of the claim.
    fn score(&self, claim: &Claim, message: &Message) -> f32 {
        let is_sure = self.matched_by.contains(&MatchedBy::Text);
        let others = || message.has_other_numbers(&claim.text, claim.context.as_deref().unwrap_or_default());
        if Band::of(self.score) == Band::Same && !is_sure && others() { OF_ANOTHER_NUMBER } else { self.score }
    }
}

/// The claims like one, without itself. 404 and 410 as for the claim.
pub async fn similar(id: Uuid, limit: usize, viewer: Viewer, db: &Db, embeddings: &Embeddings) -> Result<Similar> {
    let claim = db.read(async |conn| Claim::find(id, viewer, conn).await).await?;
    let request = MatchRequest::of(&claim.text, &claim.language, limit + 1);
    let mut found = matches(&request, viewer, db, embeddings).await?;
    found.matches.retain(|one| one.claim.id != id);
    found.matches.truncate(limit);
    Ok(found)
}

/// How many likely duplicates a new claim is answered with.
const MOST_DUPLICATES: usize = 5;

/// Claims that may say what a new one says. A search that fails keeps nobody from recording: none then.
pub async fn like_new(new: &NewClaim, viewer: Viewer, db: &Db, embeddings: &Embeddings) -> Vec<Match> {
    let request = MatchRequest::of(&new.text, &new.language, MOST_DUPLICATES);
    match matches(&request, viewer, db, embeddings).await {
        Ok(found) => found.matches.into_iter().filter(|one| one.band != Band::Weak).collect(),
        Err(error) => {
            tracing::warn!(%error, "cannot look for claims like a new one");
            Vec::new()
        }
    }
}

fn surely(ids: Vec<Uuid>, why: MatchedBy, near: &mut BTreeMap<Uuid, Near>) {
    for id in ids {
        let found = near.entry(id).or_default();
        found.score = 1.0;
        found.matched_by.push(why);
    }
}

/// The best first. Claims with the same text are as good as the best of them, but for an address that leads to one, and the first
/// recorded comes first. Where an address leads to several, what is said beside it tells which is meant.
fn in_order(near: BTreeMap<Uuid, Near>) -> Vec<(Uuid, Near)> {
    let mut best = HashMap::<Uuid, f32>::new();
    let of_texts = near.values().filter(|one| !one.matched_by.contains(&MatchedBy::Url));
    for (twins, score) in of_texts.filter_map(|one| Some((one.twins?, one.score))) {
        best.entry(twins).and_modify(|best| *best = best.max(score)).or_insert(score);
    }
    let mut ranked: Vec<(Uuid, Near)> = near.into_iter().collect();
    for (_, one) in &mut ranked {
        one.score = one.twins.and_then(|twins| best.get(&twins).copied()).unwrap_or(one.score).max(one.score);
    }
    let is_not_said = |near: &Near| !near.matched_by.contains(&MatchedBy::Text);
    ranked.sort_by(|(id, one), (other_id, other)| {
        let by_score = other.score.total_cmp(&one.score).then(is_not_said(one).cmp(&is_not_said(other)));
        let by_likelihood = match one.score {
            1.0 if is_not_said(one) => other.likelihood.total_cmp(&one.likelihood),
            _ => Ordering::Equal,
        };
        by_score.then(by_likelihood).then(id.cmp(other_id))
    });
    ranked
}

/// How likely a word alone says what a claim says that has it: "2027" is what many are about. It makes them weak.
const OF_A_WORD: f32 = 0.25;

/// How likely it is at most where the numbers are others: just below what is the same.
const OF_ANOTHER_NUMBER: f32 = 0.69;

/// From which cosine on a text is said to be near in meaning: three standard deviations above what lies at random.
const MEANT: f32 = 0.84;

/// How likely it is that an entry says what the text says, and whether by its meaning. Learned like the nearness, on multilingual E5;
/// within one text, it grows with the words shared and with the cosines.
fn likelihood(
    Nearness { words, share }: Nearness,
    cosines: Cosines,
    is_claim: bool,
    foreign: bool,
    weight: f32,
) -> (f32, bool) {
    let (logit, cosine) = match (cosines.first, cosines.second) {
        // In another language no words are expected to be shared, and the same lies a little farther apart.
        (Some(_), _) | (_, Some(_)) if foreign => {
            let cosine = cosines.first.unwrap_or(-1.0).max(cosines.second.unwrap_or(-1.0));
            (weight * (2.04 * words + 12.8 * share) + 80.0 * (cosine - 0.865), cosine)
        }
        // A context is about the text; a translation says the same as its quote.
        (Some(text), Some(context)) if is_claim => {
            let cosine = 0.6 * text + 0.4 * context;
            (weight * (1.92 * words + 11.0 * share) + 52.2 * cosine - 48.3, text.max(context))
        }
        (None, None) => (3.01 * words + 17.9 * share - 6.14, 0.0),
        (one, other) => {
            let cosine = one.unwrap_or(-1.0).max(other.unwrap_or(-1.0));
            (weight * (2.04 * words + 12.8 * share) + 45.7 * cosine - 43.2, cosine)
        }
    };
    (logistic(logit), cosine >= MEANT)
}

fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

impl Band {
    /// What a likelihood means.
    fn of(score: f32) -> Self {
        match score {
            0.7.. => Self::Same,
            0.3.. => Self::Related,
            _ => Self::Weak,
        }
    }
}

/// How many of the best are read at once for each that is asked for: some may be withdrawn, or left out by the request.
const AT_ONCE: usize = 3;
/// And at least, as those that name other numbers come behind what is the same.
const FEWEST: usize = 30;

/// Reads the best claims with their verdicts.
async fn answer(
    ranked: Vec<(Uuid, Near)>,
    message: &Message,
    request: &MatchRequest,
    viewer: Viewer,
    mut conn: &AsyncPgConnection,
) -> Result<Vec<Match>> {
    let limit = request.limit.unwrap_or(USUALLY);
    let mut matches = Vec::new();
    let at_once = (limit * AT_ONCE).max(FEWEST);
    for (nth, some) in ranked.chunks(at_once).enumerate() {
        let ids: Vec<Uuid> = some.iter().map(|(id, _)| *id).collect();
        let own = claims::newsroom_id.eq(viewer.newsroom_id().unwrap_or_default());
        let seen = claims::status.eq(ClaimStatus::Published).or(own.and(claims::status.eq(ClaimStatus::Draft)));
        let mut query = Claim::query().filter(claims::id.eq_any(&ids)).filter(seen).into_boxed();
        if let Some(topic) = &request.topic {
            query = query.filter(claims::topics.contains(vec![topic]));
        }
        if let Some(newsroom_id) = request.newsroom_id {
            query = query.filter(claims::newsroom_id.eq(newsroom_id));
        }
        let found: Vec<Claim> = query.load(&mut conn).await?;
        let mut found: HashMap<Uuid, Claim> = found.into_iter().map(|claim| (claim.id, claim)).collect();
        matches.extend(some.iter().filter_map(|(id, near)| Some((found.remove(id)?, near))).map(|(claim, near)| {
            let score = near.score(&claim, message);
            Match { band: Band::of(score), claim, score, matched_by: near.matched_by.clone(), verdict: None }
        }));
        // Those with other numbers are told as less than they were ranked by.
        let next = ranked.get((nth + 1) * at_once).map_or(0.0, |(_, near)| near.score);
        if matches.iter().filter(|one| one.score >= next).count() >= limit {
            break;
        }
    }
    // Where the numbers are others, what may be the same comes first all the same.
    matches.sort_by(|one, other| other.score.total_cmp(&one.score));
    matches.truncate(limit);
    let ids: Vec<Uuid> = matches.iter().map(|one| one.claim.id).collect();
    let mut verdicts = verdicts_on(&ids, viewer, conn).await?;
    for one in &mut matches {
        one.verdict = verdicts.remove(&one.claim.id);
    }
    Ok(matches)
}

/// The newest verdict on each claim, with its rating.
async fn verdicts_on(ids: &[Uuid], viewer: Viewer, conn: &AsyncPgConnection) -> Result<HashMap<Uuid, DossierVerdict>> {
    let verdicts = Verdict::newest_on(ids, viewer, conn).await?;
    let rating_ids = verdicts.iter().filter_map(|verdict| verdict.rating_id).collect();
    let ratings = Rating::find_all(&rating_ids, conn).await?;
    let rating = |id: Option<Uuid>| ratings.iter().find(|rating| Some(rating.id) == id).cloned();
    let rated = |verdict: Verdict| (verdict.claim_id, DossierVerdict { rating: rating(verdict.rating_id), verdict });
    Ok(verdicts.into_iter().map(rated).collect())
}
