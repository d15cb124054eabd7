//! The key that signs checkpoints. It lies in a file and never in the database: who can rewrite the one cannot sign for it.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use signed_note::{Note, StandardSigner, StandardVerifier, VerifierList, generate_key, is_key_name_valid};

/// An Ed25519 key with its name, in the form of Go's signed notes.
pub struct LogKey {
    signer: StandardSigner,
    name: String,
    verifier: String,
}

impl std::fmt::Debug for LogKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LogKey({})", self.verifier)
    }
}

impl LogKey {
    /// The key in a file, which is made if there is none: two lines, the signing key and the verifying key.
    ///
    /// Fails with a sentence for whoever started OnRecord when the file cannot be read or made, or holds no key.
    pub fn open(file: &Path, name: &str) -> Result<Self> {
        match fs::read_to_string(file) {
            Ok(text) => Self::read(&text).with_context(|| format!("{} holds no key of a log", file.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Self::make(file, name).with_context(|| {
                    format!("cannot make the key that signs the log in {}: set ONRECORD_LOG_KEY_FILE", file.display())
                })?;
                Self::read(&fs::read_to_string(file)?)
            }
            Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
        }
    }

    fn read(text: &str) -> Result<Self> {
        let mut lines = text.lines();
        let (Some(signing), Some(verifier)) = (lines.next(), lines.next()) else { bail!("it has not two lines") };
        let signer = StandardSigner::new(signing.trim()).context("its first line is no signing key")?;
        let verifier = verifier.trim().to_owned();
        let name = verifier.split('+').next().unwrap_or_default().to_owned();
        let key = Self { signer, name, verifier };
        let trial = key.sign("trial\n")?;
        ensure!(opened(&trial, &key.verifier).is_ok(), "its two lines do not belong together");
        Ok(key)
    }

    /// Of several processes that make it at once, one does: the file appears whole, under its name, or not at all.
    fn make(file: &Path, name: &str) -> Result<()> {
        ensure!(is_key_name_valid(name), "{name:?} is no name for a log: it must have no blanks and no +");
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        let (signing, verifying) = generate_key(&mut rand_core::OsRng, name);
        let unfinished = file.with_extension(format!("partial.{}", uuid::Uuid::now_v7()));
        let mut writing = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        writing.write_all(format!("{signing}\n{verifying}\n").as_bytes())?;
        writing.sync_all()?;
        let linked = fs::hard_link(&unfinished, file);
        fs::remove_file(&unfinished)?;
        match linked {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// The name of the log, which is its checkpoints' origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The verifying key: `name+id+key`.
    pub fn verifier(&self) -> &str {
        &self.verifier
    }

    /// A text with this key's signature, as a signed note.
    pub fn sign(&self, text: &str) -> Result<Vec<u8>> {
        let mut note = Note::new(text.as_bytes(), &[]).context("the text is not fit for a signed note")?;
        note.add_sigs(&[&self.signer]).context("the key cannot sign")?;
        Ok(note.to_bytes())
    }
}

/// The text of a signed note, if `verifier` (`name+id+key`) has signed it.
pub fn opened(note: &[u8], verifier: &str) -> Result<Vec<u8>> {
    let verifier = StandardVerifier::new(verifier.trim()).context("this is no verifying key (name+id+key)")?;
    let note = Note::from_bytes(note).context("this is no signed note")?;
    note.verify(&VerifierList::new(vec![Box::new(verifier)])).context("it is not signed by this log's key")?;
    Ok(note.text().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_signs_what_its_verifier_opens() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep").join("log.key");
        let key = LogKey::open(&file, "example.org/log").unwrap();
        let note = key.sign("text\n").unwrap();
        let again = LogKey::open(&file, "another").unwrap();
        assert_eq!((again.verifier(), again.name()), (key.verifier(), "example.org/log"));
        assert_eq!(opened(&note, again.verifier()).unwrap(), b"text\n");
        let forged = String::from_utf8(note).unwrap().replacen("text", "lies", 1);
        assert!(opened(forged.as_bytes(), key.verifier()).is_err());
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("log.key");
        fs::write(&file, "nonsense\n").unwrap();
        assert!(LogKey::open(&file, "x").is_err());
        assert!(LogKey::open(&folder.path().join("other"), "two words").is_err());
    }
}
