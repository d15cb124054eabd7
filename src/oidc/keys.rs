//! The provider's keys: fetched when they are needed, kept, and used on while the provider is away.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Mutex;
use ureq::tls::{RootCerts, TlsConfig};
use url::{Host, Url};

use super::settings::OidcSettings;
use crate::error::{Error, Result};

/// Time for the provider to answer. Requests that need a new key wait as long.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes in an answer of the provider's. Dozens of keys with their certificates have a tenth of it.
const LONGEST_ANSWER: u64 = 1 << 20;
/// A longer issuer leaves too little room for subjects in the database.
const LONGEST_ISSUER: usize = 500;

/// The keys of one provider.
pub struct Keys {
    issuer: String,
    agent: ureq::Agent,
    keep: Duration,
    retry: Duration,
    fetched: RwLock<Option<Arc<Fetched>>>,
    /// When they were last asked for. Who holds it asks.
    asked: Mutex<Option<Instant>>,
}

struct Fetched {
    keys: Vec<(Option<String>, Algorithm, DecodingKey)>,
    at: Instant,
}

impl Fetched {
    /// The key that a token names; where it names none, the only one that it can be.
    fn find(&self, header: &Header) -> Option<DecodingKey> {
        let fit = |(id, algorithm, _): &&(Option<String>, Algorithm, DecodingKey)| {
            *algorithm == header.alg && (header.kid.is_none() || *id == header.kid)
        };
        let mut fitting = self.keys.iter().filter(fit);
        match (fitting.next(), fitting.next()) {
            (Some((_, _, key)), None) => Some(key.clone()),
            _ => None,
        }
    }
}

const AWAY: Error = Error::Unavailable("The sign-in provider cannot be reached. Nothing was done; try again.");
const UNKNOWN: Error =
    Error::Unauthenticated("The token is signed with a key that the sign-in provider does not have.");

impl Keys {
    /// Keys of this issuer, which is not asked for them yet.
    pub fn new(issuer: &str, settings: &OidcSettings) -> anyhow::Result<Self> {
        let url = safe(issuer).context("ONRECORD_OIDC_ISSUER")?;
        let fit = issuer.len() <= LONGEST_ISSUER && issuer.bytes().all(|byte| byte.is_ascii_graphic());
        ensure!(fit, "ONRECORD_OIDC_ISSUER must have at most {LONGEST_ISSUER} characters, none of them a space");
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()));
        let mut config = ureq::Agent::config_builder()
            .tls_config(tls.build())
            .timeout_global(Some(TIMEOUT))
            // The keys are where the issuer says, and nowhere else.
            .max_redirects(0)
            .user_agent("onrecord");
        if url.scheme() == "http" {
            // On this machine: no proxy leads there.
            config = config.proxy(None);
        }
        Ok(Self {
            issuer: issuer.to_owned(),
            agent: config.build().into(),
            keep: Duration::from_secs(settings.keys_seconds),
            retry: Duration::from_secs(settings.retry_seconds),
            fetched: RwLock::default(),
            asked: Mutex::default(),
        })
    }

    /// The key that a token is to be checked with.
    pub async fn find(&self, header: &Header) -> Result<DecodingKey> {
        let known = self.fetched();
        let key = known.as_ref().and_then(|known| known.find(header));
        match (key, known) {
            (Some(key), Some(known)) if known.at.elapsed() < self.keep => Ok(key),
            // It is time to ask again. One request does, the others go on with what is known.
            (Some(key), _) => match self.asked.try_lock() {
                Ok(asked) => {
                    self.fetch(asked).await;
                    self.fetched().map_or(Ok(key), |known| known.find(header).ok_or(UNKNOWN))
                }
                Err(_) => Ok(key),
            },
            (None, _) => {
                let asked = self.asked.lock().await;
                // Somebody else may have asked while this one waited.
                if let Some(key) = self.fetched().and_then(|known| known.find(header)) {
                    return Ok(key);
                }
                let answered = self.fetch(asked).await;
                let known = self.fetched().ok_or(AWAY)?;
                known.find(header).ok_or(if answered { UNKNOWN } else { AWAY })
            }
        }
    }

    fn fetched(&self) -> Option<Arc<Fetched>> {
        self.fetched.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks the provider, unless that was done lately. `false` when it was asked now and has not answered.
    async fn fetch(&self, mut asked: tokio::sync::MutexGuard<'_, Option<Instant>>) -> bool {
        if asked.is_some_and(|at| at.elapsed() < self.retry) {
            return true;
        }
        *asked = Some(Instant::now());
        let (agent, issuer) = (self.agent.clone(), self.issuer.clone());
        let keys = tokio::task::spawn_blocking(move || ask(&agent, &issuer)).await.map_err(anyhow::Error::from);
        match keys.and_then(|keys| keys) {
            Ok(keys) => {
                let fetched = Some(Arc::new(Fetched { keys, at: Instant::now() }));
                *self.fetched.write().unwrap_or_else(PoisonError::into_inner) = fetched;
                true
            }
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "cannot get the sign-in provider's keys");
                false
            }
        }
    }
}

/// What OnRecord reads of a discovery document (`OpenID` Connect Discovery 1.0).
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

/// A JWK set, each key to be read by itself: one of a kind that is not known here must not hide the others.
#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

fn ask(agent: &ureq::Agent, issuer: &str) -> anyhow::Result<Vec<(Option<String>, Algorithm, DecodingKey)>> {
    let discovery = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let found: Discovery = get(agent, &discovery)?;
    ensure!(found.issuer == issuer, "{discovery} is of another issuer, {}", found.issuer);
    safe(&found.jwks_uri).context("jwks_uri")?;
    let set: KeySet = get(agent, &found.jwks_uri)?;
    let keys: Vec<_> = set.keys.into_iter().filter_map(usable).collect();
    ensure!(!keys.is_empty(), "{} has no key for RS256, ES256 or EdDSA", found.jwks_uri);
    Ok(keys)
}

fn get<T: DeserializeOwned>(agent: &ureq::Agent, url: &str) -> anyhow::Result<T> {
    let mut response = agent.get(url).call().with_context(|| url.to_owned())?;
    ensure!(response.status() == 200, "{url} answered {}", response.status());
    let body = response.body_mut().with_config().limit(LONGEST_ANSWER).read_to_vec().with_context(|| url.to_owned())?;
    serde_json::from_slice(&body).with_context(|| url.to_owned())
}

/// With plain HTTP, whoever is on the way could answer with keys of their own.
fn safe(url: &str) -> anyhow::Result<Url> {
    let url: Url = url.parse().with_context(|| format!("{url} is no URL"))?;
    let here = match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if here => Ok(url),
        _ => bail!("{url} must begin with https://, or lead to this machine"),
    }
}

/// A coordinate on P-256 in its 32 bytes (RFC 7518, 6.2.1.2). Some providers leave out the zeros that one key in 128 begins with.
fn whole(coordinate: &str) -> Option<String> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(coordinate).ok()?;
    let missing = 32_usize.checked_sub(bytes.len())?;
    Some(BASE64_URL_SAFE_NO_PAD.encode([vec![0; missing], bytes].concat()))
}

/// The signature that a key makes, where that is one of those that are taken.
fn usable(value: Value) -> Option<(Option<String>, Algorithm, DecodingKey)> {
    let mut jwk: Jwk = serde_json::from_value(value).ok()?;
    let algorithm = match &mut jwk.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (key.x, key.y) = (whole(&key.x)?, whole(&key.y)?);
            Algorithm::ES256
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
        _ => return None,
    };
    let signs = jwk.common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature);
    // A key may say that it is for one algorithm only, such as encryption.
    let said = jwk.common.key_algorithm.is_none_or(|said| said.to_string() == format!("{algorithm:?}"));
    (signs && said).then(|| Some((jwk.common.key_id.clone(), algorithm, DecodingKey::from_jwk(&jwk).ok()?)))?
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{EncodingKey, Header, Validation, decode, encode};
    use serde_json::{Value, json};

    use super::{Algorithm, usable};

    /// A key whose first coordinate begins with a zero, made for this test.
    const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg3HB2tsn4+SBt3wNt
QRy1g8CJC/xc2HFsji19zPZhxP6hRANCAAQATWccK5BS/Z4em7TY391sHYOLU3OX
0gjRwuCyH/g1K3cqQLlvee0zUkASaxOBIuTUATNvUsgGaPWw93Yl2IWB
-----END PRIVATE KEY-----";

    #[test]
    fn a_coordinate_may_lack_its_zeros() {
        let private = EncodingKey::from_ec_pem(PRIVATE.as_bytes()).unwrap();
        let token = encode(&Header::new(Algorithm::ES256), &json!({"exp": 4_000_000_000_u64}), &private).unwrap();
        for x in ["TWccK5BS_Z4em7TY391sHYOLU3OX0gjRwuCyH_g1Kw", "AE1nHCuQUv2eHpu02N_dbB2Di1Nzl9II0cLgsh_4NSs"] {
            let key = json!({"kty": "EC", "crv": "P-256", "x": x, "y": "dypAuW957TNSQBJrE4Ei5NQBM29SyAZo9bD3diXYhYE"});
            let (_, algorithm, key) = usable(key).unwrap();
            decode::<Value>(&token, &key, &Validation::new(algorithm)).unwrap();
        }
    }
}
