//! `onrecord keys`.

use clap::Subcommand;
use uuid::Uuid;

use super::database::{Opened, Timeouts, acting};
use super::print;
use crate::actor::Actor;
use crate::api_keys::{ApiKey, NewApiKey};
use crate::auth::Key;
use crate::config::{DatabaseSettings, Limits};
use crate::db::Db;

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
        #[command(flatten)]
        database: DatabaseSettings,
    },
    /// List keys: id, first characters, name, member, whether revoked
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
        let opened = Opened::shared(database, &Limits::default(), Timeouts::Left).await?;
        let done = self.act(&opened.db).await;
        opened.close().await?;
        done
    }

    async fn act(self, db: &Db) -> anyhow::Result<()> {
        match self {
            Self::Create { name, member, .. } => {
                let caller = acting(member, db).await?;
                let key = Key::random()?;
                let text = key.reveal().to_owned();
                let new = NewApiKey { member_id: caller.member_id, name, expires_at: None };
                let made = db.write(async move |conn| ApiKey::create(&new, &key, caller, conn).await);
                Actor::member(caller).does(made).await?;
                print(&text)
            }
            Self::List { member, .. } => {
                let caller = acting(member, db).await?;
                for key in db.read(async |conn| ApiKey::all(caller, conn).await).await? {
                    let state = key.revoked_at.map_or_else(|| "valid".to_owned(), |at| format!("revoked {at}"));
                    print(&format!("{}  {}…  {}  member {}  {state}", key.id, key.hint, key.name, key.member_id))?;
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
