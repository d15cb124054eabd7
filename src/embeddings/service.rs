//! The embedding service: OpenAI's `POST /v1/embeddings`.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail, ensure};
use serde::Deserialize;
use serde_json::json;
use ureq::tls::{RootCerts, TlsConfig};

use super::settings::EmbeddingSettings;

/// Time for a batch of passages.
const BATCH_TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes in an answer: vectors of 8,192 numbers for a batch have a quarter of it.
const LONGEST_ANSWER: u64 = 32 << 20;

/// What a text is to be: services embed a question otherwise than what may answer it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Something looked for.
    Query,
    /// Something found.
    Passage,
}

/// Why there are no vectors.
#[derive(Debug)]
pub enum Failure {
    /// The service has refused these texts; others it may take.
    Refused(anyhow::Error),
    /// It is away, slow or broken.
    Down(anyhow::Error),
}

/// A service that can be asked.
#[derive(Debug, Clone)]
pub struct Service {
    agent: ureq::Agent,
    settings: Arc<EmbeddingSettings>,
    url: Arc<str>,
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    index: usize,
    embedding: Vec<f32>,
}

impl Service {
    /// The service of the settings; none where they name none. Fails on an address that is none.
    pub fn new(settings: &EmbeddingSettings) -> anyhow::Result<Option<Self>> {
        let Some(url) = &settings.url else { return Ok(None) };
        let parsed: url::Url = url.parse().with_context(|| format!("ONRECORD_EMBEDDINGS_URL: {url} is no address"))?;
        ensure!(matches!(parsed.scheme(), "http" | "https"), "ONRECORD_EMBEDDINGS_URL must be http or https");
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()));
        let mut config = ureq::Agent::config_builder()
            .tls_config(tls.build())
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent("onrecord");
        if parsed.scheme() == "http" {
            config = config.proxy(None);
        }
        Ok(Some(Self { agent: config.build().into(), settings: Arc::new(settings.clone()), url: url.as_str().into() }))
    }

    /// The settings that it was made of.
    pub fn settings(&self) -> &EmbeddingSettings {
        &self.settings
    }

    /// One vector for each text. Blocks: for a thread of its own.
    pub fn embed(&self, model: &str, texts: &[String], kind: Kind) -> Result<Vec<Vec<i8>>, Failure> {
        let (prefix, input_type, timeout) = match kind {
            Kind::Query => (&self.settings.query_prefix, "query", Duration::from_millis(self.settings.query_ms)),
            Kind::Passage => (&self.settings.passage_prefix, "passage", BATCH_TIMEOUT),
        };
        let input: Vec<String> = texts.iter().map(|text| format!("{prefix}{text}")).collect();
        let mut body = json!({"model": model, "input": input, "encoding_format": "float"});
        if !self.settings.plain {
            body["input_type"] = json!(input_type);
        }
        let mut request = self.agent.post(&*self.url).header("Content-Type", "application/json");
        if let Some(key) = &self.settings.key {
            request = request.header("Authorization", format!("Bearer {key}"));
        }
        let request = request.config().timeout_global(Some(timeout)).build();
        let down = |error: anyhow::Error| Failure::Down(error.context(self.url.to_string()));
        let mut response = request.send(body.to_string()).map_err(|error| down(error.into()))?;
        let status = response.status().as_u16();
        match status {
            200 => {}
            400 | 413 | 422 => return Err(Failure::Refused(anyhow!("the service answered {status}"))),
            _ => return Err(down(anyhow!("the service answered {status}"))),
        }
        let bytes = response.body_mut().with_config().limit(LONGEST_ANSWER).read_to_vec();
        let bytes = bytes.map_err(|error| down(error.into()))?;
        self.read(&bytes, texts.len()).map_err(down)
    }

    fn read(&self, bytes: &[u8], count: usize) -> anyhow::Result<Vec<Vec<i8>>> {
        let answer: Answer = serde_json::from_slice(bytes).context("the answer is none of embeddings")?;
        let mut vectors = vec![Vec::new(); count];
        for item in answer.data {
            let dimensions = usize::from(self.settings.dimensions);
            ensure!(
                item.embedding.len() == dimensions,
                "a vector has {} numbers, not {dimensions}",
                item.embedding.len()
            );
            let place = vectors.get_mut(item.index).with_context(|| format!("there is no text {}", item.index))?;
            *place = quantized(&item.embedding)?;
        }
        if vectors.iter().any(Vec::is_empty) {
            bail!("not every text has a vector");
        }
        Ok(vectors)
    }
}

/// The direction in signed bytes: the largest number becomes 127. Angles between vectors change by less than a hundredth.
fn quantized(vector: &[f32]) -> anyhow::Result<Vec<i8>> {
    let largest = vector.iter().fold(0.0_f32, |largest, number| largest.max(number.abs()));
    ensure!(largest.is_finite() && vector.iter().all(|number| number.is_finite()), "a vector is not finite");
    ensure!(largest > 0.0, "a vector has no direction");
    #[expect(clippy::cast_possible_truncation, reason = "from -127 to 127")]
    Ok(vector.iter().map(|number| (number / largest * 127.0).round() as i8).collect())
}
