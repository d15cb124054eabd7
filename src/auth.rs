//! Who is calling: keys, callers and the roles that handlers ask for in their signatures.

use std::future::{Ready, ready};

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::actor::Actor;
use crate::columns::text_enum;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::schema::{api_keys, members};
use crate::telemetry::RequestId;

text_enum! {
    /// What a member may do in its newsroom. Each role includes the ones before it.
    Role {
        /// Sees the newsroom's drafts.
        Reader = "reader",
        /// Records and drafts.
        Checker = "checker",
        /// Publishes.
        Editor = "editor",
        /// Manages members, keys and settings.
        Admin = "admin",
    }
}

/// A member with a valid key.
#[derive(Debug, Clone, Copy, Queryable)]
pub struct Caller {
    /// The member.
    pub member_id: Uuid,
    /// The key that the request came with; none on the command line.
    pub key_id: Option<Uuid>,
    /// Its newsroom.
    pub newsroom_id: Uuid,
    /// Its role there.
    pub role: Role,
}

impl Caller {
    /// 403 unless the member has at least this role.
    pub fn needs(&self, role: Role) -> Result<()> {
        if self.role >= role {
            Ok(())
        } else {
            Err(Error::Forbidden(format!(
                "This needs the role {}; your key has the role {}.",
                role.as_str(),
                self.role.as_str()
            )))
        }
    }
}

/// Every key begins like this, so that scanners find leaked ones.
const PREFIX: &str = "onr_";
/// The shortest key that an operator may choose: 128 random bits in base64.
const SHORTEST: usize = PREFIX.len() + 22;

/// A key to the API. Its text is shown once and never stored.
#[derive(Clone)]
pub struct Key(String);

impl Key {
    /// A new key of 256 random bits; fails when the system has no randomness.
    pub fn random() -> anyhow::Result<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
        Ok(Self(format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// A key that the operator chose.
    pub fn chosen(text: &str) -> anyhow::Result<Self> {
        let fit = |random: &str| random.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        anyhow::ensure!(
            text.len() >= SHORTEST && text.strip_prefix(PREFIX).is_some_and(fit),
            "a key must be {PREFIX} followed by at least 22 letters, digits, - or _"
        );
        Ok(Self(text.to_owned()))
    }

    /// What is stored of it.
    pub fn hash(&self) -> Vec<u8> {
        hash(&self.0)
    }

    /// Its first characters, to tell keys apart in a list.
    pub fn hint(&self) -> &str {
        self.0.get(..PREFIX.len() + 4).unwrap_or(PREFIX)
    }

    /// The text itself, to be shown once.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

fn hash(key: &str) -> Vec<u8> {
    Sha256::digest(key).to_vec()
}

impl Caller {
    async fn find(key: &str, mut conn: &AsyncPgConnection) -> Result<Option<Self>> {
        let caller = api_keys::table
            .inner_join(members::table)
            .filter(api_keys::key_hash.eq(hash(key)))
            .filter(api_keys::revoked_at.is_null())
            .filter(sql::<Bool>("(api_keys.expires_at IS NULL OR api_keys.expires_at > now())"))
            .select((members::id, api_keys::id.nullable(), members::newsroom_id, members::role))
            .first(&mut conn)
            .await
            .optional()?;
        Ok(caller)
    }
}

/// Looks the key up, where one was sent, before anything else is read: a bad key is a 401 on public paths too.
pub async fn authenticate(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, actix_web::Error> {
    let mut actor = Actor { request_id: RequestId::given(&request), ..Actor::default() };
    match identify(&request).await {
        Ok(Some(caller)) => {
            actor = Actor { member_id: Some(caller.member_id), key_id: caller.key_id, ..actor };
            request.extensions_mut().insert(caller);
        }
        Ok(None) => {}
        Err(error) => return Ok(request.error_response(error)),
    }
    Ok(actor.does(next.call(request)).await?.map_into_boxed_body())
}

async fn identify(request: &ServiceRequest) -> Result<Option<Caller>> {
    let Some(authorization) = request.headers().get(header::AUTHORIZATION) else { return Ok(None) };
    let key = authorization
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, key)| key.trim())
        .filter(|key| key.starts_with(PREFIX))
        .ok_or(Error::Unauthenticated("Send Authorization: Bearer onr_…"))?;
    let db = request.app_data::<web::Data<Db>>().ok_or_else(|| anyhow::anyhow!("no database"))?;
    let caller = db.read(async |conn| Caller::find(key, conn).await).await?;
    caller.map(Some).ok_or(Error::Unauthenticated("The key is unknown, revoked or expired."))
}

fn caller(request: &HttpRequest) -> Option<Caller> {
    request.extensions().get().copied()
}

/// Anybody: a member, or the public.
#[derive(Debug, Clone, Copy)]
pub struct Viewer(pub Option<Caller>);

impl Viewer {
    /// The caller's newsroom; `None` for the public.
    pub fn newsroom_id(self) -> Option<Uuid> {
        self.0.map(|caller| caller.newsroom_id)
    }

    /// Whether the caller works in this newsroom.
    pub fn is_of(self, newsroom_id: Uuid) -> bool {
        self.newsroom_id() == Some(newsroom_id)
    }
}

impl From<Caller> for Viewer {
    fn from(caller: Caller) -> Self {
        Self(Some(caller))
    }
}

impl FromRequest for Viewer {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(caller(request))))
    }
}

macro_rules! roles {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => { $(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name(pub Caller);

        impl FromRequest for $name {
            type Error = Error;
            type Future = Ready<Result<Self>>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                ready(match caller(request) {
                    Some(caller) => caller.needs(Role::$name).map(|()| Self(caller)),
                    None => Err(Error::Unauthenticated("This needs a key: send Authorization: Bearer onr_…")),
                })
            }
        }
    )+ };
}

roles! {
    /// A member who may at least read drafts.
    Reader,
    /// A member who may at least record and draft.
    Checker,
    /// A member who may at least publish.
    Editor,
    /// A member who manages the newsroom.
    Admin,
}

/// What everybody may see of a record, and what the caller may do with it.
#[derive(Debug, Clone, Copy)]
pub struct Access<'a> {
    /// `source`, `claim` …
    pub noun: &'static str,
    /// The newsroom that recorded it.
    pub newsroom_id: Uuid,
    /// Whether everybody sees it.
    pub public: bool,
    /// Why it was withdrawn, if it was.
    pub withdrawn_reason: Option<&'a str>,
}

impl Access<'_> {
    /// 404 for what the caller may not see, 410 for what was withdrawn.
    pub fn see(&self, viewer: Viewer) -> Result<()> {
        match self.withdrawn_reason {
            _ if viewer.is_of(self.newsroom_id) || self.public => Ok(()),
            Some(reason) => Err(Error::Gone { noun: self.noun, reason: reason.to_owned() }),
            None => Err(Error::NotFound(self.noun)),
        }
    }

    /// 403 for another newsroom's record; else as [`Access::see`].
    pub fn own(&self, caller: Caller) -> Result<()> {
        self.see(caller.into())?;
        if caller.newsroom_id == self.newsroom_id {
            Ok(())
        } else {
            Err(Error::Forbidden(format!("This {} belongs to another newsroom.", self.noun)))
        }
    }

    /// 403 for a checker where the record is public; else as [`Access::own`].
    pub fn change(&self, caller: Caller) -> Result<()> {
        self.own(caller)?;
        if self.public {
            caller.needs(Role::Editor)?;
        }
        Ok(())
    }
}
