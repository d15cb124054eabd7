//! A token: read, and believed only for what the provider has signed.

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header};
use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization;

use crate::error::{Error, Result};
use crate::text;

/// Seconds that the provider's clock and ours may differ.
const LEEWAY: u64 = 30;
/// The longest `sub` that `OpenID` Connect allows.
const LONGEST_SUBJECT: usize = 255;

/// The signatures that are taken. None with a shared secret: OnRecord has none, and the public key is no secret.
pub const ALGORITHMS: [Algorithm; 3] = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];

const MALFORMED: Error = Error::Unauthenticated("The token cannot be read.");

/// The header, of which nothing is believed: it only says which of the provider's keys is to be tried.
pub fn read_header(token: &str) -> Result<Header> {
    let header = decode_header(token).map_err(|_| MALFORMED)?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(Error::Unauthenticated("The token must be signed with RS256, ES256 or EdDSA."));
    }
    // What must be understood and is not makes it another kind of token.
    if header.crit.is_some() {
        return Err(MALFORMED);
    }
    // A provider signs other things as well, such as notices that somebody has signed out.
    let kind = header.typ.as_deref().unwrap_or("JWT");
    if ["JWT", "at+jwt", "application/at+jwt"].iter().any(|known| known.eq_ignore_ascii_case(kind)) {
        Ok(header)
    } else {
        Err(Error::Unauthenticated("This is neither an ID token nor an access token."))
    }
}

/// What a good token says of its holder.
pub struct Identity {
    subject: String,
    claims: Map<String, Value>,
}

impl Identity {
    /// Checks the signature, the issuer, the audience and the times.
    pub fn verify(token: &str, header: &Header, key: &DecodingKey, issuer: &str, audience: &str) -> Result<Self> {
        let mut validation = Validation::new(header.alg);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let claims =
            decode::<Map<String, Value>>(token, key, &validation).map_err(|error| refusal(error.kind()))?.claims;
        let printable = |text: &&str| text.len() <= LONGEST_SUBJECT && text.bytes().all(|b| (b' '..=b'~').contains(&b));
        let subject = claims.get("sub").and_then(Value::as_str).filter(printable).filter(|text| !text.is_empty());
        let subject = subject.ok_or(Error::Unauthenticated("The token has no usable sub."))?.to_owned();
        Ok(Self { subject, claims })
    }

    /// Who it is: for the provider always the same, for people unreadable.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// What to call them.
    pub fn name(&self) -> String {
        let claims = ["name", "preferred_username"].into_iter().filter_map(|name| self.claims.get(name)?.as_str());
        let clean = |text: &str| text.nfc().take(300).collect::<String>().trim().to_owned();
        let fit = |text: &String| !text.is_empty() && text::storable(text).is_ok() && text::line(text).is_ok();
        claims.map(clean).find(fit).unwrap_or_else(|| self.subject.clone())
    }

    /// The strings of a claim, which is named or pointed at.
    pub fn list(&self, claim: &str) -> Vec<&str> {
        let value = match claim.strip_prefix('/') {
            None => self.claims.get(claim),
            Some(path) => {
                let mut steps = path.split('/').map(|step| step.replace("~1", "/").replace("~0", "~"));
                let first = steps.next().and_then(|step| self.claims.get(&step));
                steps.fold(first, |value, step| value?.get(step.as_str()))
            }
        };
        match value {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

fn refusal(kind: &ErrorKind) -> Error {
    Error::Unauthenticated(match kind {
        ErrorKind::ExpiredSignature => "The token has expired. Sign in again.",
        ErrorKind::ImmatureSignature => "The token is not valid yet.",
        ErrorKind::InvalidIssuer => "The token comes from another issuer.",
        ErrorKind::InvalidAudience => "The token is for another audience.",
        ErrorKind::InvalidSignature => "The token's signature is wrong.",
        ErrorKind::MissingRequiredClaim(_) => "The token must have exp, iss, aud and sub.",
        _ => return MALFORMED,
    })
}
