//! oEmbed 1.0: what content systems ask when somebody pastes a claim's address into an article.

use std::fmt::Write as _;

use actix_web::HttpResponse;
use serde_json::{Map, Value, json};
use url::Url;
use uuid::Uuid;

use super::answer::Site;
use super::card;
use super::read::ClaimPage;
use super::sitemap::escaped;
use super::text::short;
use super::verdict::rating_of;
use crate::claims::{self, Claim};
use crate::error::{Error, Result};
use crate::kept::Rendered;

/// How wide the card is unless less is asked for, in CSS pixels.
pub const WIDTH: u32 = 600;
/// How high it is.
pub const HEIGHT: u32 = 360;
/// How long consumers may keep the answer, in seconds.
const CACHE_AGE: u32 = 300;

/// What is asked for. Other arguments are ignored, as the standard has it.
pub struct Asked {
    /// The claim.
    pub claim_id: Uuid,
    width: u32,
    height: u32,
    most: (Option<u32>, Option<u32>),
    xml: bool,
}

/// The address at which a page's card is asked for.
pub fn address(base: &str, page: &str, format: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("url", page)
        .append_pair("format", format)
        .finish();
    format!("{base}/oembed?{query}")
}

/// The element that shows a claim's card.
pub fn iframe(base: &str, claim: &Claim, width: u32, height: u32) -> String {
    let title = format!("Fact check: {}", short(&claim.text, 150));
    maud::html! {
        iframe src=(format!("{base}/embed/claims/{}", claim.id)) width=(width) height=(height) title=(title) frameborder="0" loading="lazy" {}
    }
    .into_string()
}

impl Asked {
    /// Reads the arguments. 400 where they are wrong, 404 where the address is none of a claim here, 501 for another format.
    pub fn read(site: &Site) -> Result<Self> {
        let xml = match site.parameter("format").as_deref() {
            None | Some("json") => false,
            Some("xml") => true,
            Some(_) => return Err(Error::NotOffered("There are json and xml.")),
        };
        let address =
            site.parameter("url").ok_or_else(|| Error::parameter("url", "is needed: the address of a claim's page"))?;
        let (most_wide, most_high) = (most(site, "maxwidth")?, most(site, "maxheight")?);
        let claim_id = claim_at(&address, &site.base).ok_or(Error::NotFound("claim page"))?;
        let (width, height) = (WIDTH.min(most_wide.unwrap_or(WIDTH)), HEIGHT.min(most_high.unwrap_or(HEIGHT)));
        Ok(Self { claim_id, width, height, most: (most_wide, most_high), xml })
    }

    /// The answer.
    pub fn answer(&self, page: &ClaimPage, site: &Site) -> HttpResponse {
        let members = self.members(page, &site.base);
        let modified = Some(page.modified);
        let policy = "default-src 'none'; frame-ancestors 'none'";
        if self.xml {
            return site.answer(Rendered::new(xml(&members), modified), "text/xml; charset=utf-8", policy);
        }
        site.answer(Rendered::new(Value::Object(members).to_string(), modified), "application/json", policy)
    }

    fn members(&self, page: &ClaimPage, base: &str) -> Map<String, Value> {
        let claim = &page.dossier.claim;
        let leading = page.leading();
        let rating = leading.and_then(|one| Some(rating_of(one.rating.as_ref()?, &one.verdict).0));
        let title = rating.map_or_else(|| claim.text.clone(), |rating| format!("{rating}: {}", claim.text));
        let mut members = Map::new();
        let mut add = |name: &str, value: Value| members.insert(name.to_owned(), value);
        add("version", json!("1.0"));
        add("type", json!("rich"));
        add("title", json!(title));
        add("author_name", json!(page.judge()));
        if let Some(one) = leading.filter(|one| one.verdict.author_id.is_none()) {
            add("author_url", json!(format!("{base}/newsrooms/{}", one.verdict.newsroom_id)));
        }
        add("provider_name", json!("OnRecord"));
        add("provider_url", json!(format!("{base}/")));
        add("cache_age", json!(CACHE_AGE));
        let (wide, high) = self.most;
        if wide.is_none_or(|most| most >= card::WIDTH) && high.is_none_or(|most| most >= card::HEIGHT) {
            add("thumbnail_url", json!(format!("{base}{}", card::path(page))));
            add("thumbnail_width", json!(card::WIDTH));
            add("thumbnail_height", json!(card::HEIGHT));
        }
        add("html", json!(iframe(base, claim, self.width, self.height)));
        add("width", json!(self.width));
        add("height", json!(self.height));
        members
    }
}

fn most(site: &Site, name: &str) -> Result<Option<u32>> {
    let Some(text) = site.parameter(name).filter(|text| !text.is_empty()) else { return Ok(None) };
    let number = text.parse().ok().filter(|number| *number > 0);
    number.map(Some).ok_or_else(|| Error::parameter(name, "must be a whole number of pixels, 1 or more"))
}

/// The claim whose page, or card, is at an address here, however the address is written.
fn claim_at(address: &str, base: &str) -> Option<Uuid> {
    let (address, here) = (Url::parse(address).ok()?, Url::parse(base).ok()?);
    let same =
        address.host() == here.host() && address.port() == here.port() && matches!(address.scheme(), "http" | "https");
    let path = address.path().strip_prefix(here.path().trim_end_matches('/')).filter(|_| same)?;
    claims::at_path(path)
}

fn xml(members: &Map<String, Value>) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>\n<oembed>\n");
    for (name, value) in members {
        let text = escaped(&value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned));
        let _ = writeln!(xml, "  <{name}>{text}</{name}>");
    }
    xml.push_str("</oembed>\n");
    xml
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_claims_are_told_from_others() {
        let id = Uuid::now_v7();
        let base = "https://facts.example";
        for address in [
            format!("https://facts.example/claims/{id}"),
            format!("http://FACTS.example/claims/{id}/?utm_source=x#s"),
            format!("https://facts.example/embed/claims/{id}"),
        ] {
            assert_eq!(claim_at(&address, base), Some(id), "{address}");
        }
        for address in [
            format!("https://other.example/claims/{id}"),
            format!("https://facts.example:81/claims/{id}"),
            format!("https://facts.example/sources/{id}"),
            format!("https://facts.example/claims/{}", id.simple()),
            format!("ftp://facts.example/claims/{id}"),
            "claims".into(),
        ] {
            assert_eq!(claim_at(&address, base), None, "{address}");
        }
    }
}
