//! What is the same beyond doubt: the same text, the same address.

use std::collections::BTreeSet;

use diesel::sql_types::{Array, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use url::Url;
use uuid::Uuid;

use super::candidates::narrowed;
use super::model::MatchRequest;
use crate::auth::Viewer;
use crate::claims;
use crate::error::Result;
use crate::planned::Planned;
use crate::text;

/// How many claims of one text or address are looked at.
const MOST: usize = 200;

#[derive(diesel::QueryableByName)]
struct Same {
    #[diesel(sql_type = SqlUuid)]
    claim_id: Uuid,
}

/// Claims with one of these texts, or a quote of it, but for case, width, blanks and punctuation, the first recorded first. None have a text of
/// nothing else.
pub async fn by_text(
    texts: &[&str],
    request: &MatchRequest,
    viewer: Viewer,
    mut conn: &AsyncPgConnection,
) -> Result<Vec<Uuid>> {
    let sql = format!(
        "SELECT claim_id FROM search_entries WHERE key = ANY (ARRAY(SELECT nullif(text_key(said), text_key('')) FROM unnest($1) AS t(said)))
             AND noun IN ('claim', 'statement') AND (public OR newsroom_id = $2) {}
         GROUP BY claim_id ORDER BY claim_id LIMIT {MOST}",
        narrowed(request)
    );
    let query = diesel::sql_query(sql)
        .bind::<Array<Text>, _>(texts)
        .bind::<Nullable<SqlUuid>, _>(viewer.newsroom_id())
        .bind::<Nullable<Text>, _>(request.topic.as_deref())
        .bind::<Nullable<SqlUuid>, _>(request.newsroom_id);
    let found: Vec<Same> = Planned(query).load(&mut conn).await?;
    Ok(found.into_iter().map(|same| same.claim_id).collect())
}

/// An address with either scheme, with `www.` or without, and with a last slash or without: nearly everywhere that is one page.
fn spellings(address: &str) -> Vec<String> {
    let spelt = |scheme: &str, www: bool, slash: bool| {
        let mut url = Url::parse(address).ok()?;
        let (host, path) = (url.host_str()?.to_owned(), url.path().to_owned());
        let bare = host.strip_prefix("www.").unwrap_or(&host);
        url.set_scheme(scheme).ok()?;
        url.set_host(Some(&if www { format!("www.{bare}") } else { bare.to_owned() })).ok()?;
        url.set_path(&format!("{}{}", path.strip_suffix('/').unwrap_or(&path), if slash { "/" } else { "" }));
        Some(url.to_string())
    };
    let every = ["http", "https"].into_iter().flat_map(|scheme| [false, true].map(|www| (scheme, www)));
    let spelt = every.flat_map(|(scheme, www)| [false, true].map(|slash| spelt(scheme, www, slash))).flatten();
    // It may have no other, as an IPv6 address with `www.`.
    spelt.chain([address.to_owned()]).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Claims whose verdict was published at one of these addresses, on which somebody spoke in a document of one, or whose own page it is.
pub async fn by_address(
    addresses: &[String],
    request: &MatchRequest,
    viewer: Viewer,
    mut conn: &AsyncPgConnection,
) -> Result<Vec<Uuid>> {
    let asked: Vec<String> = addresses.iter().filter_map(|address| text::normal_url(address)).collect();
    let normal: Vec<String> = asked.iter().flat_map(|address| spellings(address)).collect();
    if normal.is_empty() {
        return Ok(Vec::new());
    }
    // A verdict's address is kept as it was sent, percent-encoded or not.
    let decoded = normal.iter().filter_map(|url| percent_encoding::percent_decode_str(url).decode_utf8().ok());
    // What PostgreSQL does not keep is no verdict's.
    let decoded = decoded.filter(|url| !url.contains('\0'));
    let written: Vec<String> = decoded.map(Into::into).chain(addresses.iter().chain(&normal).cloned()).collect();
    // On whichever host: a server has many names, and no other server has a claim of this id.
    let path = |url: &String| Some(Url::parse(url).ok()?.path().to_owned());
    let pages: Vec<Uuid> = asked.iter().filter_map(path).filter_map(|path| claims::at_path(&path)).collect();
    let sql = format!(
        "WITH these AS (SELECT id FROM documents WHERE url_normal = ANY ($1) AND (public OR newsroom_id = $2)),
         said AS (SELECT id FROM statements WHERE document_id IN (SELECT id FROM these)
                  UNION SELECT statement_id FROM appearances WHERE document_id IN (SELECT id FROM these))
         SELECT DISTINCT claim_id FROM (
             SELECT claim_id FROM search_entries WHERE key IN (SELECT address_key(url) FROM unnest($5) AS t(url)) AND noun = 'verdict' AND (public OR newsroom_id = $2)
             UNION ALL SELECT claim_id FROM statements WHERE id IN (SELECT id FROM said) AND (public OR newsroom_id = $2 AND status <> 'withdrawn')
             UNION ALL SELECT claim_id FROM search_entries WHERE record_id = ANY ($6) AND noun = 'claim' AND (public OR newsroom_id = $2)
         ) AS found WHERE true {} ORDER BY claim_id LIMIT {MOST}",
        narrowed(request)
    );
    let found: Vec<Same> = Planned(
        diesel::sql_query(sql)
            .bind::<Array<Text>, _>(normal)
            .bind::<Nullable<SqlUuid>, _>(viewer.newsroom_id())
            .bind::<Nullable<Text>, _>(request.topic.as_deref())
            .bind::<Nullable<SqlUuid>, _>(request.newsroom_id)
            .bind::<Array<Text>, _>(written)
            .bind::<Array<SqlUuid>, _>(pages),
    )
    .load(&mut conn)
    .await?;
    Ok(found.into_iter().map(|same| same.claim_id).collect())
}

#[cfg(test)]
mod tests {
    use super::spellings;

    #[test]
    fn an_address_is_among_its_spellings() {
        for (address, many) in [
            ("https://example.org/a", 8),
            ("https://www.example.org/a/?b=1", 8),
            ("http://example.org/", 4),
            ("https://example.org:8443/a//", 8),
            ("http://[::1]/a", 4),
        ] {
            let spelt = spellings(address);
            assert!(spelt.iter().any(|one| one == address), "{address}: {spelt:?}");
            assert_eq!(spelt.len(), many, "{address}: {spelt:?}");
        }
        assert!(spellings("https://example.org/a").contains(&"http://www.example.org/a/".to_owned()));
    }
}
