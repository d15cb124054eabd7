//! `onrecord import`.

use std::io::Read;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::database::acting;
use super::print;
use crate::actor::Actor;
use crate::auth::Caller;
use crate::body::Json;
use crate::bundles;
use crate::db::Db;
use crate::error::{Error, Result};

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
    let bundles = parse(&bytes)?;
    let imported = db.write(async move |conn| bundles::import_all(bundles.clone(), caller, conn).await);
    Ok(Actor::member(caller).does(imported).await?)
}

/// The bundles in a file: one, however it is broken into lines, or one a line.
fn parse(bytes: &[u8]) -> Result<Vec<Json>> {
    let lines: Vec<_> = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).collect();
    match lines.as_slice() {
        [first, _, ..] if Json::parse(first).is_ok_and(|json| json.value.is_object()) => {
            lines.into_iter().map(Json::parse).collect()
        }
        _ => Ok(vec![Json::parse(bytes)?]),
    }
}
