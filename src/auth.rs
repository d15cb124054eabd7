//! Who is calling: keys, callers and the roles that handlers ask for in their signatures.

use std::future::{Ready, ready};

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use diesel::dsl::{exists, sql};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::actor::Actor;
use crate::api_keys::LastUses;
use crate::columns::text_enum;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::oidc::Oidc;
use crate::schema::{api_keys, members};
use crate::scopes::{Scope, Scopes};
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

impl Role {
    /// What a key must be for, to be used for what this role is needed for.
    fn scope(self) -> Scope {
        match self {
            Self::Reader => Scope::Read,
            Self::Checker => Scope::Record,
            Self::Editor => Scope::Publish,
            Self::Admin => Scope::Admin,
        }
    }
}

/// A member who has shown who it is.
#[derive(Debug, Clone, Copy, Queryable)]
pub struct Caller {
    /// The member.
    pub member_id: Uuid,
    /// Its newsroom.
    pub newsroom_id: Uuid,
    /// Its role there.
    pub role: Role,
    /// What it may use of that role: all of it without a key.
    pub scopes: Scopes,
    /// The key that came with the request; none with a token of the single sign-on, and on the command line.
    pub key_id: Option<Uuid>,
}

impl Caller {
    /// A member who acts without a key.
    pub fn without_key(member_id: Uuid, newsroom_id: Uuid, role: Role) -> Self {
        Self { member_id, newsroom_id, role, scopes: Scopes::ALL, key_id: None }
    }

    /// 403 unless the member has at least this role, and its key the scope of it.
    pub fn needs(&self, role: Role) -> Result<()> {
        let scope = role.scope();
        if self.role < role {
            let (needed, has) = (role.as_str(), self.role.as_str());
            Err(Error::Forbidden(format!("This needs the role {needed}; your key has the role {has}.")))
        } else if self.scopes.has(scope) {
            Ok(())
        } else {
            Err(Error::Forbidden(format!("This needs a key with the scope {}, which yours has not.", scope.as_str())))
        }
    }
}

/// Every key begins like this, so that scanners find leaked ones.
pub const PREFIX: &str = "onr_";
/// The shortest key that an operator may choose: 128 random bits in base64.
const SHORTEST: usize = PREFIX.len() + 22;

/// A key to the API. Its text is shown once and never stored.
#[derive(Clone)]
pub struct Key(String);

/// What random keys are written in: no character ends a word, so that a double click takes the whole key.
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 256 random bits in base62.
const RANDOM_LENGTH: usize = 43;

impl Key {
    /// A new key of 256 random bits and their checksum; fails when the system has no randomness.
    pub fn random() -> anyhow::Result<Self> {
        let mut random = String::with_capacity(RANDOM_LENGTH);
        while random.len() < RANDOM_LENGTH {
            let mut bytes = [0; 64];
            getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
            // Six bits each; those beyond the alphabet are dropped, so that each character is as likely as the others.
            let characters = bytes.iter().filter_map(|byte| BASE62.get(usize::from(byte & 63)));
            random.extend(characters.take(RANDOM_LENGTH - random.len()).map(|byte| char::from(*byte)));
        }
        Ok(Self(format!("{PREFIX}{random}{}", checksum(&random))))
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

/// The CRC-32 of a key's random characters in base62, six of them: it tells scanners a key from what only looks like one.
///
/// Requests are not judged by it. Keys that were chosen, or made before there was one, have none and may have any form.
fn checksum(random: &str) -> String {
    let number = crc32fast::hash(random.as_bytes());
    let digit = |place: u32| BASE62.get((number / 62_u32.pow(place) % 62) as usize).map(|byte| char::from(*byte));
    (0..6).rev().filter_map(digit).collect()
}

fn hash(key: &str) -> Vec<u8> {
    Sha256::digest(key).to_vec()
}

/// Which keys open something.
const VALID: &str = "(api_keys.revoked_at IS NULL AND (api_keys.expires_at IS NULL OR api_keys.expires_at > now()))";

impl Caller {
    async fn find(key: &str, mut conn: &AsyncPgConnection) -> Result<Option<Self>> {
        let caller = api_keys::table
            .inner_join(members::table)
            .filter(api_keys::key_hash.eq(hash(key)))
            .filter(sql::<Bool>(VALID))
            .select((members::id, members::newsroom_id, members::role, api_keys::scopes, api_keys::id.nullable()))
            .first(&mut conn)
            .await
            .optional()?;
        Ok(caller)
    }
}

/// What a process knows of callers beside the database.
#[derive(Default)]
pub struct Callers {
    /// Which keys were used lately.
    pub last_uses: LastUses,
    /// The single sign-on, where there is one.
    pub oidc: Option<Oidc>,
}

/// Looks the key up, where one was sent, before anything else is read: a bad key is a 401 on public paths too.
pub async fn authenticate(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, actix_web::Error> {
    request.extensions_mut().insert(LookedAt);
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
    let authorization = String::from_utf8_lossy(authorization.as_bytes());
    let shown = authorization
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, shown)| shown.trim());
    let db = request.app_data::<web::Data<Db>>().ok_or_else(|| anyhow::anyhow!("no database"))?;
    let callers = request.app_data::<web::Data<Callers>>().ok_or_else(|| anyhow::anyhow!("no callers"))?;
    let key = match (shown, &callers.oidc) {
        // Copied from a page, most likely, with its dots for the rest.
        (Some(key), _) if key.starts_with(PREFIX) && !key.is_ascii() => {
            return Err(Error::Unauthenticated(
                "The key is not valid: it has characters that no key has. Send the whole key.",
            ));
        }
        (Some(key), _) if key.starts_with(PREFIX) => key,
        (Some(token), Some(oidc)) if Oidc::looks_like_token(token) => return oidc.caller(token, db).await.map(Some),
        _ => return Err(Error::Unauthenticated("Send Authorization: Bearer onr_…")),
    };
    let caller: Option<Caller> = db.read(async |conn| Caller::find(key, conn).await).await?;
    let caller = caller.ok_or(Error::Unauthenticated("The key is unknown, revoked or expired."))?;
    if let Some(id) = caller.key_id {
        callers.last_uses.note(id);
    }
    Ok(Some(caller))
}

/// Among a request's extensions: its key, if there is one, was looked at.
#[derive(Debug, Clone, Copy)]
pub struct LookedAt;

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

    /// 401 where the key of a member is no longer what it was when it was shown: for answers that take their time.
    pub async fn still_may(self, db: &Db) -> Result<()> {
        let Some(Caller { key_id: Some(id), role, .. }) = self.0 else { return Ok(()) };
        let valid = db
            .read(async |mut conn: &AsyncPgConnection| {
                let keys = api_keys::table.inner_join(members::table).filter(api_keys::id.eq(id));
                let key = keys.filter(members::role.eq(role)).filter(sql::<Bool>(VALID));
                Ok(diesel::select(exists(key.select(api_keys::id))).get_result::<bool>(&mut conn).await?)
            })
            .await?;
        if valid {
            Ok(())
        } else {
            Err(Error::Unauthenticated("The key is revoked, expired, or its member has another role."))
        }
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
        // With a key that is not for reading, one sees what everybody sees.
        ready(Ok(Self(caller(request).filter(|caller| caller.needs(Role::Reader).is_ok()))))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_key_ends_with_the_checksum_of_its_random_part() {
        let (one, other) = (Key::random().unwrap(), Key::random().unwrap());
        assert_ne!(one.reveal(), other.reveal());
        let (random, check) = one.reveal().strip_prefix(PREFIX).unwrap().split_at(RANDOM_LENGTH);
        assert_eq!(check, checksum(random));
        assert!(one.reveal().bytes().skip(PREFIX.len()).all(|byte| BASE62.contains(&byte)));
        assert!(Key::chosen(one.reveal()).is_ok(), "a random key may be chosen for another server");
    }

    /// As SECURITY.md describes it to those who write scanners; 0xCBF43926 is the check value of CRC-32.
    #[test]
    fn the_checksum_is_crc_32_in_base62() {
        assert_eq!(checksum("123456789"), "3jZRME");
        assert_eq!(checksum(""), "000000");
    }
}
