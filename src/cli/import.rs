//! `onrecord import`.

use std::io::Read;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::database::acting;
use super::print;
use crate::actor::Actor;
use crate::auth::Caller;
use crate::body::Json;
use crate::bundles::{self, Bundle, Ids};
use crate::db::Db;
use crate::error::Error;

/// Records the bundles in order; ends with the first that is refused, and says which item is bad and why.
pub async fn import(files: &[PathBuf], member: Option<Uuid>, db: &Db) -> anyhow::Result<()> {
    let caller = acting(member, db).await?;
    for file in files {
        let imported = import_file(file, caller, db).await.map_err(|error| match error.downcast_ref() {
            Some(Error::Validation(errors)) => {
                let faults = errors.iter().map(|fault| format!("\n  {}: {}", fault.pointer, fault.detail));
                anyhow::anyhow!("nothing of {} was recorded:{}", file.display(), faults.collect::<String>())
            }
            _ => error.context(format!("nothing of {} was recorded", file.display())),
        })?;
        let bundles::Imported { created, reused, .. } = imported;
        print(&format!(
            "{}: recorded {} sources, {} documents, {} claims, {} statements, {} verdicts; reused {} sources, {} documents",
            file.display(),
            created.sources,
            created.documents,
            created.claims,
            created.statements,
            created.verdicts,
            reused.sources.len(),
            reused.documents.len()
        ))?;
    }
    Ok(())
}

async fn import_file(file: &Path, caller: Caller, db: &Db) -> anyhow::Result<bundles::Imported> {
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().read_to_end(&mut bytes)?;
    } else {
        bytes = std::fs::read(file)?;
    }
    let body = Json::parse(&bytes)?;
    let imported =
        db.write(async move |conn| bundles::import(Bundle::read(body.clone(), Ids::New)?, caller, conn).await);
    Ok(Actor::member(caller).does(imported).await?)
}
