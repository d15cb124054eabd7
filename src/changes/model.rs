use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::Viewer;
use crate::columns::text_enum;
use crate::error::Result;
use crate::schema::changes;

/// The nouns whose publication is proved in the transparency log.
const PROVED: [&str; 3] = ["claim", "statement", "verdict"];

/// One row of the log, without values.
#[derive(Debug, Clone, HasQuery)]
pub struct Change {
    /// Its number; rises with every change of a record.
    pub id: i64,
    /// What the record is: `source`, `claim` …
    pub noun: String,
    /// The record.
    pub record_id: Uuid,
    /// Whose record it is; none for what comes with OnRecord.
    pub newsroom_id: Option<Uuid>,
    /// What the record hangs on, such as a statement's claim.
    pub parent_id: Option<Uuid>,
    /// `insert`, `update`, `delete`, `show`, `hide` or `redact`.
    pub operation: String,
    /// The record's version after it.
    pub version: i32,
    /// Whether everybody sees the record after it.
    pub public: bool,
    /// Whether everybody saw it before.
    pub was_public: bool,
    /// When, database time.
    pub at: DateTime<Utc>,
    /// Who made it.
    pub member_id: Option<Uuid>,
    /// With which key.
    pub key_id: Option<Uuid>,
    /// In which request.
    pub request_id: Option<String>,
    /// The fields that changed.
    pub changed: Vec<String>,
    /// What a reader of the log should know.
    pub remark: Option<String>,
    /// The salted hash of each field that has a value, in base64.
    pub hashes: Value,
}

impl Change {
    /// Whether everybody may know that it happened.
    pub fn is_published(&self) -> bool {
        self.public || self.was_public
    }

    /// Whether it is a leaf of the transparency log.
    pub fn is_proved(&self) -> bool {
        self.is_published() && PROVED.contains(&self.noun.as_str())
    }

    /// Its leaf: JSON with sorted members and without blanks. The values are in it as salted hashes only, and nothing of it
    /// is kept from the public.
    pub fn leaf(&self) -> String {
        let mut members = self.published_members();
        // Whether there is one is the newsroom's own affair.
        if let Some(Value::Object(hashes)) = members.get_mut("hashes") {
            hashes.remove("note");
        }
        canonical(members)
    }

    /// All of it, for the chain over the whole log.
    pub fn entry(&self) -> String {
        let mut members = self.published_members();
        members.extend([
            ("changed", json!(self.changed)),
            ("key_id", json!(self.key_id)),
            ("member_id", json!(self.member_id)),
            ("parent_id", json!(self.parent_id)),
            ("remark", json!(self.remark)),
            ("request_id", json!(self.request_id)),
        ]);
        canonical(members)
    }

    fn published_members(&self) -> BTreeMap<&'static str, Value> {
        let hashes: BTreeMap<&String, &Value> = self.hashes.as_object().into_iter().flatten().collect();
        BTreeMap::from([
            ("at", json!(self.at.to_rfc3339_opts(SecondsFormat::Micros, true))),
            ("change", json!(self.id)),
            ("hashes", json!(hashes)),
            ("newsroom_id", json!(self.newsroom_id)),
            ("noun", json!(self.noun)),
            ("operation", json!(self.operation)),
            ("public", json!(self.public)),
            ("record_id", json!(self.record_id)),
            ("version", json!(self.version)),
            ("was_public", json!(self.was_public)),
        ])
    }
}

/// Its members in the order of the map. Those of the hashes are sorted as well, and lists keep their order.
fn canonical(members: BTreeMap<&'static str, Value>) -> String {
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()).to_string()
}

text_enum! {
    /// What happened to a record.
    Operation {
        /// It was recorded.
        Insert = "insert",
        /// It was changed.
        Update = "update",
        /// It was deleted.
        Delete = "delete",
        /// It became public because something public refers to it.
        Show = "show",
        /// It is public no more because nothing public refers to it.
        Hide = "hide",
        /// What fields said in former versions was blanked.
        Redact = "redact",
    }
}

/// A logged record as callers see it: without what only the database needs, and without a note that is not for them.
pub fn shown(after: &Value, with_note: bool) -> Map<String, Value> {
    let members = after.as_object().into_iter().flatten();
    let kept = members.filter(|(name, _)| *name != "url_normal" && (with_note || *name != "note"));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// A value behind a hash of the log.
#[derive(Debug, Serialize, ToSchema)]
pub struct Disclosed {
    /// The hash's salt.
    pub salt: String,
    /// The value as JSON, in the bytes that were hashed.
    pub text: String,
}

#[derive(QueryableByName)]
struct Field {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    salt: String,
    #[diesel(sql_type = Text)]
    text: String,
}

impl Change {
    /// The values behind the hashes, as far as the viewer may see them today.
    pub async fn disclosed(&self, viewer: Viewer, mut conn: &AsyncPgConnection) -> Result<BTreeMap<String, Disclosed>> {
        let is_own = self.newsroom_id.is_some_and(|newsroom_id| viewer.is_of(newsroom_id));
        let fields: Vec<Field> = diesel::sql_query(
            "SELECT key AS name, salts ->> key AS salt, value::text AS text
             FROM changes c JOIN change_values v ON v.change_id = c.id CROSS JOIN LATERAL jsonb_each(v.after)
             WHERE c.id = $1 AND salts ? key AND ($2 OR (key <> 'note' AND c.public AND is_public(c.noun, c.record_id)))",
        )
        .bind::<BigInt, _>(self.id)
        .bind::<Bool, _>(is_own)
        .load(&mut conn)
        .await?;
        Ok(fields.into_iter().map(|Field { name, salt, text }| (name, Disclosed { salt, text })).collect())
    }
}
