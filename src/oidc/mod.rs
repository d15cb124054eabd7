//! Single sign-on: bearer tokens of an OpenID Connect provider, whose users become members of one newsroom.
//!
//! A token is good when the provider has signed it for OnRecord and for now. What its holder may do is what a claim in it
//! says, with each request anew: OnRecord keeps no sessions.

mod keys;
mod settings;
mod token;

pub use settings::{GroupRole, OidcSettings};

use anyhow::{Context, ensure};
use uuid::Uuid;

use crate::auth::{Caller, Role};
use crate::db::Db;
use crate::error::{Error, Result};
use crate::members::SignIn;
use keys::Keys;
use token::Identity;

/// The provider whose tokens are taken, and what its users become.
pub struct Oidc {
    keys: Keys,
    issuer: String,
    audience: String,
    role_claim: String,
    roles: Vec<GroupRole>,
    newsroom_id: Uuid,
}

impl Oidc {
    /// As the settings say, for the users of one newsroom; `None` where no issuer is set.
    ///
    /// # Errors
    /// When the other settings are missing, or the issuer can be impersonated by whoever is on the way to it.
    pub fn new(settings: &OidcSettings, newsroom_id: Uuid) -> anyhow::Result<Option<Self>> {
        let Some(issuer) = settings.issuer.clone() else { return Ok(None) };
        let audience = settings.audience.clone().context("ONRECORD_OIDC_ISSUER needs ONRECORD_OIDC_AUDIENCE")?;
        ensure!(!settings.roles.is_empty(), "ONRECORD_OIDC_ISSUER needs ONRECORD_OIDC_ROLES");
        Ok(Some(Self {
            keys: Keys::new(&issuer, settings)?,
            issuer,
            audience,
            role_claim: settings.role_claim.clone(),
            roles: settings.roles.clone(),
            newsroom_id,
        }))
    }

    /// Whether this may be one of the provider's tokens: three parts, the first of which is a JSON object in base64.
    pub fn looks_like_token(text: &str) -> bool {
        text.starts_with("eyJ") && text.split('.').count() == 3
    }

    /// The member whom a token stands for, who is added with the first one and has the role that it says.
    ///
    /// # Errors
    /// 401 for a token that is not good, 403 for a user without a role here or who was removed, 503 while nothing is
    /// known of the provider's keys.
    pub async fn caller(&self, token: &str, db: &Db) -> Result<Caller> {
        let header = token::read_header(token)?;
        let key = self.keys.find(&header).await?;
        let identity = Identity::verify(token, &header, &key, &self.issuer, &self.audience)?;
        let role = self.role(&identity).ok_or_else(|| {
            Error::Forbidden("You are signed in and have no role here. Ask whoever runs the sign-in for one.".into())
        })?;
        let subject = format!("{} {}", self.issuer, identity.subject());
        SignIn { newsroom_id: self.newsroom_id, subject, name: identity.name(), role }.member(db).await
    }

    /// The highest of the roles that the claim gives.
    fn role(&self, identity: &Identity) -> Option<Role> {
        let groups = identity.list(&self.role_claim);
        self.roles.iter().filter(|one| groups.contains(&one.group.as_str())).map(|one| one.role).max()
    }
}
