use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::{Validate, ValidationError};

use crate::claims::Claim;
use crate::columns::text_enum;
use crate::dossier::DossierVerdict;
use crate::text;

/// How many matches are answered unless asked.
pub const USUALLY: usize = 10;

text_enum! {
    /// How likely it is that a claim says what the text says.
    Band {
        /// It does, in all likelihood.
        Same = "same",
        /// It is about the same matter.
        Related = "related",
        /// It shares some words or is near in meaning; mostly something else.
        Weak = "weak",
    }
}

text_enum! {
    /// Why a claim matches.
    MatchedBy {
        /// It, or the quote of a statement on it, is this text, but for case, width, blanks and punctuation.
        Text = "text",
        /// Its review, its own page, or a document in which a statement on it was found, has this address; with `http` or `https`, `www.` or not, a last slash or not.
        Url = "url",
        /// It shares words.
        Words = "words",
        /// It is near in meaning.
        Meaning = "meaning",
    }
}

/// What to find the claims for: a text or an address.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = one_of_two))]
#[schema(example = json!({"text": "Did Peskov confirm that a meeting took place?", "limit": 3}))]
pub struct MatchRequest {
    /// What somebody has said, asked or posted: a sentence, a message, an article. Blanks and punctuation, links, and who posted it
    /// do not matter.
    #[validate(length(min = 1, max = 50_000))]
    #[schema(min_length = 1, max_length = 50_000)]
    pub text: Option<String>,
    /// Address of a review or of what was published.
    #[validate(length(max = 2000), custom(function = text::web_address))]
    #[schema(max_length = 2000, format = "uri")]
    pub url: Option<String>,
    /// BCP 47 tag of the text, where it is known: only its words are then looked for as such. Claims are found in all languages.
    #[validate(length(max = 35), custom(function = text::language))]
    #[schema(max_length = 35)]
    pub language: Option<String>,
    /// How many matches to answer at most; 10 unless said.
    #[validate(range(min = 1, max = 100))]
    #[schema(minimum = 1, maximum = 100)]
    pub limit: Option<usize>,
    /// Only claims filed under this topic.
    #[validate(custom(function = text::slug))]
    #[schema(max_length = 100)]
    pub topic: Option<String>,
    /// Only claims that this newsroom recorded.
    pub newsroom_id: Option<Uuid>,
}

impl MatchRequest {
    /// Whether only some of the claims are asked for.
    pub fn is_narrowed(&self) -> bool {
        self.topic.is_some() || self.newsroom_id.is_some()
    }

    /// For a text in a known language.
    pub fn of(text: &str, language: &str, limit: usize) -> Self {
        let (text, language) = (Some(text.to_owned()), Some(language.to_owned()));
        Self { text, language, limit: Some(limit), url: None, topic: None, newsroom_id: None }
    }
}

fn one_of_two(request: &MatchRequest) -> Result<(), ValidationError> {
    match (&request.text, &request.url) {
        (Some(_), Some(_)) => {
            Err(ValidationError::new("url").with_message("goes without text: send one of the two".into()))
        }
        (None, None) => Err(ValidationError::new("text").with_message("is needed, or url".into())),
        _ => Ok(()),
    }
}

/// Several texts or addresses.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = not_too_long))]
#[schema(example = json!({"items": [{"text": "Did Peskov confirm that a meeting took place?", "limit": 1}, {"url": "https://example.org/story"}]}))]
pub struct MatchBatch {
    /// Each as in a single request; their texts have at most 200,000 characters together.
    #[validate(length(min = 1, max = 100), nested)]
    #[schema(min_items = 1, max_items = 100)]
    pub items: Vec<MatchRequest>,
}

fn not_too_long(batch: &MatchBatch) -> Result<(), ValidationError> {
    let texts = batch.items.iter().filter_map(|item| item.text.as_deref());
    if texts.map(|text| text.chars().count()).sum::<usize>() <= 200_000 {
        return Ok(());
    }
    Err(ValidationError::new("items")
        .with_message("must have at most 200,000 characters in all texts together: send several requests".into()))
}

/// A claim that says what was asked for, or something near it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Match {
    /// The claim.
    pub claim: Claim,
    /// How well it matches, 0 to 1. Comparable between answers of the same server; `band` says what it means.
    #[schema(example = 0.93)]
    pub score: f32,
    /// What that means; at most `related` where text and claim name different numbers.
    pub band: Band,
    /// Why it matches.
    pub matched_by: Vec<MatchedBy>,
    /// The current verdict that stands for it, with its rating: a newsroom's own before another publisher's, the claim's newsroom's before
    /// another's, then what was published last; null where there is none.
    pub verdict: Option<DossierVerdict>,
}

/// What matches.
#[derive(Debug, Serialize, ToSchema)]
pub struct Similar {
    /// The best first.
    pub matches: Vec<Match>,
    /// Whether meaning was left out, though an embedding service is configured, because it is down, slow or not ready yet.
    pub degraded: bool,
}

/// What matches each item, in their order.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchSimilar {
    /// One for each item.
    pub results: Vec<Similar>,
}

/// How many similar claims to list.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SimilarQuery {
    /// How many matches to answer at most; 10 unless said.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<usize>,
}
