//! `GET /v1/search`: all that is found, whatever it is.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{Array, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use super::facets::{AskedFacets, Facet, Facets, facets_of};
use super::find::{Found, Hit, Newest, Ranking, Sort, find, newest};
use super::snippet::Stems;
use crate::auth::Viewer;
use crate::claims::Claim;
use crate::columns::text_enum;
use crate::documents::Document;
use crate::error::Result;
use crate::page::PageRequest;
use crate::planned::Planned;
use crate::schema::{claims, documents, sources, statements, verdicts};
use crate::sources::Source;
use crate::statements::Statement;
use crate::verdicts::Verdict;

text_enum! {
    /// What can be found.
    ResultType {
        /// A claim, by its text and context.
        Claim = "claim",
        /// A statement, by its quote and translation.
        Statement = "statement",
        /// A verdict, by its title and summary.
        Verdict = "verdict",
        /// A source, by its names and description.
        Source = "source",
        /// A document, by its title, description, authors and address.
        Document = "document",
    }
}

impl ResultType {
    const ALL: [Self; 5] = [Self::Claim, Self::Statement, Self::Verdict, Self::Source, Self::Document];
}

/// What to look for.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// Words, read by the rules of every language in use, without regard to accents; `"…"` for a phrase, `or`, `-` for without.
    /// Where nothing has these words, names and titles that are nearly so.
    #[validate(length(max = 500))]
    #[param(max_length = 500, example = "peskov")]
    pub q: String,
    /// Only these.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    pub noun: Option<ResultType>,
    /// The order; by relevance unless said.
    #[param(inline)]
    pub sort: Option<Sort>,
    /// What to count the claims behind the results by: `topic`, `language`, `rating`, `stance`, `newsroom`, `year`, joined by commas.
    #[param(value_type = Option<Vec<Facet>>, style = Form, explode = false, inline)]
    pub facets: Option<AskedFacets>,
}

/// Something that was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct SearchResult {
    /// What it is.
    #[serde(rename = "type")]
    pub noun: ResultType,
    /// Its id.
    pub id: Uuid,
    /// How to call it in a list: the claim's text, the source's name, the document's title, the verdict's headline; for a
    /// statement, who speaks.
    pub title: String,
    /// The piece of it that was found: HTML in which all is escaped but `<mark>`.
    #[schema(example = "Kremlin spokesman Dmitry <mark>Peskov</mark>")]
    pub snippet: String,
    /// How well it fits, 0 to 1. Comparable within one answer.
    pub score: f32,
    /// The record as a `GET` of it answers.
    pub record: FoundRecord,
}

/// The record that was found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum FoundRecord {
    /// A claim.
    Claim(Box<Claim>),
    /// A statement.
    Statement(Box<Statement>),
    /// A verdict.
    Verdict(Box<Verdict>),
    /// A source.
    Source(Box<Source>),
    /// A document.
    Document(Box<Document>),
}

/// A page of results with what was counted.
pub struct Results {
    /// The results in order.
    pub items: Vec<SearchResult>,
    /// The facets asked for.
    pub facets: Option<Facets>,
}

impl SearchQuery {
    fn nouns(&self) -> Vec<&'static str> {
        let all = ResultType::ALL.into_iter();
        all.filter(|noun| self.noun.is_none_or(|asked| asked == *noun)).map(ResultType::as_str).collect()
    }

    /// What results are ordered by, from the highest on.
    pub fn key(&self, score: f32, id: Uuid) -> (f32, Uuid) {
        (if self.sort == Some(Sort::Newest) { 0.0 } else { score }, id)
    }

    /// A page of what is found.
    pub async fn run(&self, page: &PageRequest, viewer: Viewer, conn: &AsyncPgConnection) -> Result<Results> {
        let nouns = self.nouns();
        let ranking = if self.sort == Some(Sort::Newest) { Ranking::Best } else { Ranking::of(page) };
        let found = find(&self.q, &nouns, ranking, viewer, conn).await?;
        let facets = facets_of(found.claims_behind(&nouns, viewer), self.facets.as_ref(), None, viewer, conn).await?;
        let (mut hits, words) = match found {
            Found::These { hits, words } => (hits, words),
            Found::Many(query) => {
                let after = page.after_scored().map(|(_, id)| id);
                (newest(&query, &nouns, Newest::Records, after, page.rows(), viewer, conn).await?, query.words)
            }
        };
        let order = |(score, id): (f32, Uuid), (other_score, other_id): (f32, Uuid)| {
            score.total_cmp(&other_score).then(id.cmp(&other_id))
        };
        let key = |hit: &Hit| self.key(hit.score, hit.record_id);
        hits.sort_unstable_by(|one, other| order(key(other), key(one)));
        if let Some(after) = page.after_scored() {
            hits.retain(|hit| order(key(hit), after).is_lt());
        }
        hits.truncate(usize::try_from(page.rows()).unwrap_or(usize::MAX));
        Ok(Results { items: read(&hits, &Stems::of(&words), viewer, conn).await?, facets })
    }
}

/// Reads the records and shows what was found of each.
async fn read(hits: &[Hit], stems: &Stems, viewer: Viewer, conn: &AsyncPgConnection) -> Result<Vec<SearchResult>> {
    let ids = |noun: ResultType| -> Vec<Uuid> {
        hits.iter().filter(|hit| hit.noun == noun.as_str()).map(|hit| hit.record_id).collect()
    };
    let own = viewer.newsroom_id().unwrap_or_default();
    let (mut one, mut two, mut three, mut four, mut five) = (conn, conn, conn, conn, conn);
    let (claims, statements, verdicts, sources, documents) = futures_util::try_join!(
        Claim::query()
            .filter(claims::id.eq_any(ids(ResultType::Claim)))
            .filter(claims::status.eq("published").or(claims::newsroom_id.eq(own)))
            .load(&mut one),
        Statement::query()
            .filter(statements::id.eq_any(ids(ResultType::Statement)))
            .filter(statements::public.or(statements::newsroom_id.eq(own)))
            .load(&mut two),
        Verdict::query()
            .filter(verdicts::id.eq_any(ids(ResultType::Verdict)))
            .filter(verdicts::public.or(verdicts::newsroom_id.eq(own)))
            .load(&mut three),
        Source::query()
            .filter(sources::id.eq_any(ids(ResultType::Source)))
            .filter(sources::public.or(sources::newsroom_id.eq(own)))
            .load(&mut four),
        Document::query()
            .filter(documents::id.eq_any(ids(ResultType::Document)))
            .filter(documents::public.or(documents::newsroom_id.eq(own)))
            .load(&mut five),
    )?;
    let speakers = speakers(&statements, conn).await?;
    let mut records: HashMap<Uuid, Shown> = HashMap::new();
    records.extend(claims.into_iter().map(|claim: Claim| (claim.id, Shown::claim(claim))));
    records.extend(statements.into_iter().map(|one: Statement| {
        let speaker = speakers.get(&one.id).cloned().unwrap_or_default();
        (one.id, Shown::statement(one.shown_to(viewer), speaker))
    }));
    records.extend(verdicts.into_iter().map(|verdict: Verdict| (verdict.id, Shown::verdict(verdict))));
    records.extend(sources.into_iter().map(|source: Source| (source.id, Shown::source(source.shown_to(viewer)))));
    records.extend(documents.into_iter().map(|document: Document| (document.id, Shown::document(document))));
    Ok(hits.iter().filter_map(|hit| Some(records.remove(&hit.record_id)?.result(hit, stems))).collect())
}

/// The names of those who speak.
async fn speakers(statements: &[Statement], mut conn: &AsyncPgConnection) -> Result<HashMap<Uuid, String>> {
    #[derive(QueryableByName)]
    struct Speaker {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = Text)]
        name: String,
    }
    let ids: Vec<Uuid> = statements.iter().map(|statement| statement.id).collect();
    // Of a statement that the caller may see, they may see who speaks, unless its newsroom has hidden the source since.
    let named: Vec<Speaker> = Planned(
        diesel::sql_query(
            "SELECT statements.id, name FROM statements JOIN sources ON sources.id = source_id
         WHERE statements.id = ANY ($1) AND (sources.public OR sources.newsroom_id = statements.newsroom_id)",
        )
        .bind::<Array<SqlUuid>, _>(ids),
    )
    .load(&mut conn)
    .await?;
    Ok(named.into_iter().map(|speaker| (speaker.id, speaker.name)).collect())
}

/// A record with its title and the texts that can have been found.
struct Shown {
    noun: ResultType,
    title: String,
    texts: Vec<String>,
    record: FoundRecord,
}

impl Shown {
    fn claim(claim: Claim) -> Self {
        let texts = [Some(claim.text.clone()), claim.context.clone()].into_iter().flatten().collect();
        Self { noun: ResultType::Claim, title: claim.text.clone(), texts, record: FoundRecord::Claim(Box::new(claim)) }
    }

    fn statement(statement: Statement, title: String) -> Self {
        let texts = [statement.quote.clone(), statement.translation.clone()].into_iter().flatten().collect();
        Self { noun: ResultType::Statement, title, texts, record: FoundRecord::Statement(Box::new(statement)) }
    }

    fn verdict(verdict: Verdict) -> Self {
        let texts: Vec<String> = [verdict.title.clone(), verdict.summary.clone()].into_iter().flatten().collect();
        let title = texts.as_slice().first().cloned().unwrap_or_default();
        Self { noun: ResultType::Verdict, title, texts, record: FoundRecord::Verdict(Box::new(verdict)) }
    }

    fn source(source: Source) -> Self {
        let names = [std::slice::from_ref(&source.name), &source.aliases].concat().join(", ");
        let texts = [Some(names), source.description.clone()].into_iter().flatten().collect();
        Self {
            noun: ResultType::Source,
            title: source.name.clone(),
            texts,
            record: FoundRecord::Source(Box::new(source)),
        }
    }

    fn document(document: Document) -> Self {
        let authors = (!document.authors.is_empty()).then(|| document.authors.join(", "));
        let texts: Vec<String> = [document.title.clone(), document.description.clone(), authors, document.url.clone()]
            .into_iter()
            .flatten()
            .collect();
        let title = [&document.title, &document.url, &document.description].into_iter().flatten().next().cloned();
        let (noun, title) = (ResultType::Document, title.unwrap_or_default());
        Self { noun, title, texts, record: FoundRecord::Document(Box::new(document)) }
    }

    /// The first text in which something was found shows it; the first of all where it was a name with typing errors.
    fn result(self, hit: &Hit, stems: &Stems) -> SearchResult {
        let mut shown = self.texts.iter().map(|text| stems.snippet(text));
        let first = shown.next().unwrap_or_default();
        let snippet =
            if first.contains("<mark>") { first } else { shown.find(|html| html.contains("<mark>")).unwrap_or(first) };
        SearchResult {
            noun: self.noun,
            id: hit.record_id,
            title: self.title,
            snippet,
            score: hit.score,
            record: self.record,
        }
    }
}
