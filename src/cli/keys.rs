//! `onrecord keys`.

use chrono::{DateTime, Utc};
use clap::Subcommand;
use uuid::Uuid;

use super::database::{Missing, Opened, Timeouts, acting};
use super::print;
use crate::actor::Actor;
use crate::api_keys::{ApiKey, NewApiKey};
use crate::auth::Key;
use crate::config::{DatabaseSettings, Limits};
use crate::db::Db;
use crate::scopes::{Scope, Scopes};

#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Make a key and print it, once
    Create {
        /// What the key is for
        #[arg(long, default_value = "Made on the command line")]
        name: String,
        /// Whose key it will be [default: the only newsroom's first admin]
        #[arg(long)]
        member: Option<Uuid>,
        /// What it may be used for; may be given several times [default: all that its member may do]
        #[arg(long = "scope")]
        scopes: Vec<Scope>,
        /// From when on it is refused, as 2027-01-31T00:00:00Z [default: never]
        #[arg(long)]
        expires_at: Option<DateTime<Utc>>,
        #[command(flatten)]
        database: DatabaseSettings,
    },
    /// List keys: id, first characters, name, member, scopes, last use, whether revoked
    List {
        /// The keys of this member's newsroom [default: the only newsroom's]
        #[arg(long)]
        member: Option<Uuid>,
        #[command(flatten)]
        database: DatabaseSettings,
    },
    /// Revoke a key
    Revoke {
        /// The key's id
        id: Uuid,
        /// A member of the key's newsroom [default: the only newsroom's first admin]
        #[arg(long)]
        member: Option<Uuid>,
        #[command(flatten)]
        database: DatabaseSettings,
    },
}

impl Keys {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<()> {
        let (Self::Create { database, .. } | Self::List { database, .. } | Self::Revoke { database, .. }) = &self;
        let opened = Opened::shared(database, &Limits::default(), Timeouts::Left, Missing::Refused).await?;
        let done = self.act(&opened.db).await;
        opened.close().await?;
        done
    }

    async fn act(self, db: &Db) -> anyhow::Result<()> {
        match self {
            Self::Create { name, member, scopes, expires_at, .. } => {
                let scopes = if scopes.is_empty() {
                    Scopes::ALL
                } else {
                    Scopes::new(&scopes).map_err(|detail| anyhow::anyhow!("--scope {detail}"))?
                };
                let caller = acting(member, db).await?;
                let key = Key::random()?;
                let text = key.reveal().to_owned();
                let new = NewApiKey { member_id: caller.member_id, name, expires_at, scopes };
                let made = db.write(async move |conn| ApiKey::create_by_operator(&new, &key, caller, conn).await);
                Actor::member(caller).does(made).await?;
                print(&text)
            }
            Self::List { member, .. } => {
                let caller = acting(member, db).await?;
                for key in db.read(async |conn| ApiKey::all(caller, conn).await).await? {
                    let state = key.revoked_at.map_or_else(|| "valid".to_owned(), |at| format!("revoked {at}"));
                    let used = key.last_used_at.map_or_else(|| "never used".to_owned(), |at| format!("used {at}"));
                    let ApiKey { id, hint, name, member_id, scopes, .. } = key;
                    print(&format!("{id}  {hint}…  {name}  member {member_id}  {scopes}  {used}  {state}"))?;
                }
                Ok(())
            }
            Self::Revoke { id, member, .. } => {
                let caller = acting(member, db).await?;
                let revoked = db.write(async move |conn| ApiKey::revoke(id, caller, conn).await);
                Actor::member(caller).does(revoked).await?;
                print("Revoked.")
            }
        }
    }
}
