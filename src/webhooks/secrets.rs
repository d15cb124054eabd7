//! What deliveries are signed with.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use diesel::dsl::{now, sql};
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::Result;
use crate::schema::webhook_secrets;

/// A webhook's new secret, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookSecret {
    /// `whsec_` and 32 random bytes in base64. Keep it. Null in a replayed answer.
    pub secret: Option<String>,
    /// Until when the secret before it signs as well.
    pub former_until: Option<DateTime<Utc>>,
}

/// A new secret of 256 random bits; fails when the system has no randomness.
fn random() -> anyhow::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    Ok(format!("whsec_{}", BASE64_STANDARD.encode(bytes)))
}

impl WebhookSecret {
    /// Gives a webhook a secret; the one before signs beside it for another day. An older one is no longer good.
    pub async fn renew(webhook_id: Uuid, conn: &mut AsyncPgConnection) -> Result<Self> {
        use webhook_secrets as s;
        let of_webhook = s::webhook_id.eq(webhook_id);
        diesel::delete(s::table.filter(of_webhook).filter(s::expires_at.is_not_null())).execute(conn).await?;
        let former_until = diesel::update(s::table.filter(of_webhook))
            .set(s::expires_at.eq(sql::<Nullable<Timestamptz>>("now() + interval '24 hours'")))
            .returning(s::expires_at)
            .get_result(conn)
            .await
            .optional()?
            .flatten();
        let secret = random()?;
        let values = (s::webhook_id.eq(webhook_id), s::secret.eq(&secret));
        diesel::insert_into(s::table).values(values).execute(conn).await?;
        Ok(Self { secret: Some(secret), former_until })
    }

    /// What a webhook's deliveries are signed with now, the present secret first.
    pub async fn signing(webhook_id: Uuid, mut conn: &AsyncPgConnection) -> Result<Vec<String>> {
        use webhook_secrets as s;
        let good = s::expires_at.is_null().or(s::expires_at.gt(now));
        let secrets = s::table.filter(s::webhook_id.eq(webhook_id)).filter(good).order(s::id.desc()).select(s::secret);
        Ok(secrets.load(&mut conn).await?)
    }
}
