//! Reading JSON bodies: strictly, in NFC, and bounded in size and time.

use std::collections::BTreeMap;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use futures_util::StreamExt;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use validator::Validate;

use crate::config::Limits;
use crate::error::{Error, FieldError, Result};
use crate::faults::{field_errors, unreadable_member};
use crate::text;

/// A JSON body as it was sent, with its hash for the Idempotency-Key.
#[derive(Debug)]
pub struct RawBody {
    /// The body; `None` when there was none.
    pub json: Option<Json>,
    /// SHA-256 of its bytes.
    pub hash: [u8; 32],
}

/// Reads a JSON body: 413 when larger than `limit` bytes, 415, 400 when unreadable, 408 when it takes too long to arrive.
pub async fn read_body(request: HttpRequest, payload: Payload, limit: usize, also: Option<&str>) -> Result<RawBody> {
    let bytes = read_bytes(&request, payload, limit).await?;
    let hash = Sha256::digest(&bytes).into();
    if bytes.is_empty() {
        return Ok(RawBody { json: None, hash });
    }
    check_media_type(&request, also)?;
    Ok(RawBody { json: Some(Json::parse(&bytes)?), hash })
}

/// Reads any body: 413 when larger than `limit` bytes, 408 when it takes too long to arrive.
pub async fn read_bytes(request: &HttpRequest, payload: Payload, limit: usize) -> Result<Vec<u8>> {
    let deadline =
        request.app_data::<web::Data<Limits>>().map_or(Limits::BODY_DEADLINE, |limits| limits.body_deadline());
    if content_length(request)?.is_some_and(|length| length > limit as u64) {
        return Err(Error::TooLarge(limit));
    }
    tokio::time::timeout(deadline, collect(payload, limit)).await.map_err(|_| Error::TooSlow)?
}

/// The body of a `POST` that asks and changes nothing. It may be as large as a bundle.
#[derive(Debug)]
pub struct Question<T>(pub T);

impl<T: DeserializeOwned + Validate + 'static> FromRequest for Question<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let limit = Limits::of(&request).bundle_bytes;
            let json = read_body(request, payload, limit, None).await?.json;
            Ok(Self(json.ok_or_else(|| Error::BadRequest(NO_BODY.into()))?.read()?))
        })
    }
}

/// What a request without a body is told that needs one.
pub const NO_BODY: &str = "The request needs a JSON body.";

/// JSON in NFC.
#[derive(Debug, Clone)]
pub struct Json {
    /// The value.
    pub value: Value,
    /// Texts in it that cannot be kept.
    pub faults: Vec<FieldError>,
}

impl Json {
    /// Reads JSON: 400 when unreadable, a member given twice included.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        parse(bytes).map(Self::of)
    }

    /// A value that was read already.
    pub fn of(mut value: Value) -> Self {
        let mut faults = Vec::new();
        text::normalize(&mut value, "", &mut faults);
        Self { value, faults }
    }

    /// Reads it as a request's type and validates it: 422 with all that is wrong.
    pub fn read<T: DeserializeOwned + Validate>(self) -> Result<T> {
        let faults: Vec<_> = self.faults.into_iter().map(blank_in::<T>).collect();
        let read = read_as(self.value);
        match read {
            Ok(read) if faults.is_empty() => Ok(read),
            Ok(_) => Err(Error::Validation(faults)),
            Err(more) => Err(Error::Validation(one_each(faults.into_iter().chain(more)))),
        }
    }
}

/// Says of a blank member whether it may be left out, as the request's type has it.
pub fn blank_in<T: DeserializeOwned>(mut fault: FieldError) -> FieldError {
    if fault.detail == text::BLANK
        && let Some(name) = fault.pointer.strip_prefix('/').filter(|name| !name.contains('/'))
    {
        let null = Value::Object(Map::from_iter([(name.to_owned(), Value::Null)]));
        // Members are read before missing ones are noticed.
        let read = serde_path_to_error::deserialize::<_, T>(null);
        let takes_null = read.err().is_none_or(|error| error.path().to_string() != name);
        fault.detail =
            if takes_null { "must not be blank: leave it out or send null" } else { "must not be blank" }.into();
    }
    fault
}

/// The first fault found at each place, by place.
pub fn one_each(faults: impl IntoIterator<Item = FieldError>) -> Vec<FieldError> {
    let mut first = BTreeMap::new();
    for fault in faults {
        first.entry(fault.pointer.clone()).or_insert(fault);
    }
    first.into_values().collect()
}

fn content_length(request: &HttpRequest) -> Result<Option<u64>> {
    let Some(length) = request.headers().get(header::CONTENT_LENGTH) else { return Ok(None) };
    let length = length.to_str().ok().and_then(|length| length.parse().ok());
    length.map(Some).ok_or_else(|| Error::BadRequest("Content-Length must be a number.".into()))
}

async fn collect(mut payload: Payload, limit: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| Error::BadRequest(format!("The body cannot be read: {error}.")))?;
        if bytes.len() + chunk.len() > limit {
            return Err(Error::TooLarge(limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn check_media_type(request: &HttpRequest, also: Option<&str>) -> Result<()> {
    let refused = Error::UnsupportedMediaType("Send Content-Type: application/json, in UTF-8.");
    let Ok(Some(media_type)) = request.mime_type() else { return Err(refused) };
    let essence = media_type.essence_str();
    let utf8 = media_type.get_param("charset").is_none_or(|charset| charset.as_str().eq_ignore_ascii_case("utf-8"));
    if utf8 && (essence == "application/json" || Some(essence) == also) { Ok(()) } else { Err(refused) }
}

/// Parses JSON strictly: a member given twice is refused, as nobody knows which of the two was meant.
fn parse(bytes: &[u8]) -> Result<Value> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let unreadable = |error: serde_json::Error| Error::BadRequest(format!("The body is not readable JSON: {error}."));
    let mut repeated = None;
    let value = json.deserialize_any(StrictValue(&mut repeated));
    let value = match (value, repeated) {
        (_, Some(name)) => return Err(Error::BadRequest(format!("The body has the member {name:?} twice."))),
        (value, None) => value.map_err(unreadable)?,
    };
    json.end().map_err(unreadable)?;
    Ok(value)
}

struct StrictValue<'a>(&'a mut Option<String>);

impl<'de> serde::de::DeserializeSeed<'de> for StrictValue<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for StrictValue<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(StrictValue(self.0))? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let member = members.next_value_seed(StrictValue(self.0))?;
            if map.contains_key(&name) {
                *self.0 = Some(name);
                return Err(A::Error::custom("member given twice"));
            }
            map.insert(name, member);
        }
        Ok(Value::Object(map))
    }
}

/// How many members that cannot be read are told of.
const MOST_FAULTS: usize = 50;

/// Reads a value as a request's type and validates it: otherwise every member that cannot be read, with the first that is missing, or else
/// what breaks the rules.
pub fn read_as<T: DeserializeOwned + Validate>(mut value: Value) -> Result<T, Vec<FieldError>> {
    let mut faults: Vec<FieldError> = Vec::new();
    let read: T = loop {
        let Value::Object(members) = &mut value else { return Err(vec![FieldError::new("", "must be an object")]) };
        match serde_path_to_error::deserialize(&*members) {
            Ok(read) if faults.is_empty() => break read,
            Ok(_) => return Err(faults),
            Err(error) => {
                let fault = unreadable_member(&error);
                // serde stops at the first. Without that member it comes to the next, and in the end to one that is missing, which may be
                // one that was there.
                let top = top_of(&fault).to_owned();
                members.retain(|name, _| text::escaped(name) != top);
                let again = faults.iter().any(|known| top_of(known) == top);
                if !again {
                    faults.push(fault);
                }
                if again || faults.len() == MOST_FAULTS {
                    return Err(faults);
                }
            }
        }
    };
    read.validate().map_err(|errors| field_errors(&errors))?;
    Ok(read)
}

/// The member of the body that a fault is in.
fn top_of(fault: &FieldError) -> &str {
    fault.pointer.split('/').nth(1).unwrap_or_default()
}

/// Reads a list, taking `null` for an empty one as it is for an absent member.
pub fn list<'de, D: Deserializer<'de>, T: serde::Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Option::<Vec<T>>::deserialize(deserializer).map(Option::unwrap_or_default)
}
