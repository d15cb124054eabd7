//! What handlers take: a path's id, a list's query, a body. Whatever is wrong becomes one problem (`error.rs`).

use std::collections::{BTreeMap, HashSet};
use std::future::{Future, Ready, ready};
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use futures_util::StreamExt;
use serde::Deserialize;
use serde::de::value::{Error as ValueError, MapDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;
use validator::{Validate, ValidationErrors, ValidationErrorsKind};

use crate::config::Limits;
use crate::error::{Error, FieldError, ParameterError, Result};
use crate::page::PageRequest;
use crate::text;

/// Answers a request that cannot be routed to a record: 404.
const ID: &str = "id";

/// The `{id}` of a path. One that is no UUID names nothing: 404.
#[derive(Debug, Clone, Copy)]
pub struct Id(pub Uuid);

impl FromRequest for Id {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let part = request.match_info().get(ID).unwrap_or_default();
        // Only the form in which ids are written: braces, "urn:uuid:" and bare digits would be second addresses.
        let id = if part.len() == 36 { Uuid::try_parse(part).ok() } else { None };
        ready(id.map(Self).ok_or(Error::NotFound("record")))
    }
}

/// The `{slug}` of a path. One that is no slug names nothing: 404.
#[derive(Debug, Clone)]
pub struct Slug(pub String);

impl FromRequest for Slug {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let part = request.match_info().get("slug").unwrap_or_default();
        ready(if text::slug(part).is_ok() { Ok(Self(part.to_owned())) } else { Err(Error::NotFound("topic")) })
    }
}

/// The filters of a list with the page asked for. Unknown or repeated parameters and bad values are a 400.
#[derive(Debug)]
pub struct List<T> {
    /// The filters.
    pub filter: T,
    /// Which page of what they leave.
    pub page: PageRequest,
}

impl<T: DeserializeOwned + Validate> FromRequest for List<T> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read_parameters(request.query_string()).and_then(|mut parameters| {
            let page = PageRequest::read(request.path(), &mut parameters)?;
            Ok(Self { filter: read_filter(parameters)?, page })
        }))
    }
}

/// The filter of a list that has none.
#[derive(Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct NoFilter {}

/// The query of a request that is no list.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + Validate> FromRequest for Query<T> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read_parameters(request.query_string()).and_then(read_filter).map(Self))
    }
}

/// The query's parameters in NFC, each at most once.
pub fn read_parameters(query: &str) -> Result<BTreeMap<String, String>> {
    let mut parameters = BTreeMap::new();
    let mut errors = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (Some(name), Some(value)) = (decode(name), decode(value)) else {
            errors.push(ParameterError::new(name, "must be UTF-8, percent-encoded"));
            continue;
        };
        if let Err(detail) = text::storable(&value) {
            errors.push(ParameterError::new(name, detail.replace("; leave it out or send null", "; leave it out")));
        } else if parameters.insert(name.clone(), value.nfc().collect()).is_some() {
            errors.push(ParameterError::new(name, "must be given once"));
        }
    }
    if errors.is_empty() { Ok(parameters) } else { Err(Error::Query(errors)) }
}

fn decode(part: &str) -> Option<String> {
    let spaced = part.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced).decode_utf8().ok().map(Into::into)
}

fn read_filter<T: DeserializeOwned + Validate>(parameters: BTreeMap<String, String>) -> Result<T> {
    let parameters = MapDeserializer::<_, ValueError>::new(parameters.into_iter());
    let filter: T = serde_path_to_error::deserialize(parameters).map_err(|error| {
        let message = error.inner().to_string();
        let parameter = named(&message).unwrap_or_else(|| error.path().to_string());
        Error::parameter(parameter, sentence(&message))
    })?;
    filter.validate().map_err(|errors| {
        Error::Query(
            field_errors(&errors)
                .into_iter()
                .map(|error| ParameterError::new(error.pointer.trim_start_matches('/'), error.detail))
                .collect(),
        )
    })?;
    Ok(filter)
}

/// A JSON body as it was sent, with its hash for the Idempotency-Key.
#[derive(Debug)]
pub struct RawBody {
    /// The body in NFC; `None` when there was none.
    pub value: Option<Value>,
    /// SHA-256 of its bytes.
    pub hash: [u8; 32],
}

/// Reads a JSON body: 413 when larger than `limit` bytes, 415, 400 when unreadable or when it takes too long to arrive,
/// 422 when text in it cannot be kept.
pub async fn read_body(request: HttpRequest, payload: Payload, limit: usize, also: Option<&str>) -> Result<RawBody> {
    let deadline =
        request.app_data::<web::Data<Limits>>().map_or(Limits::BODY_DEADLINE, |limits| limits.body_deadline());
    if content_length(&request)?.is_some_and(|length| length > limit as u64) {
        return Err(Error::TooLarge(limit));
    }
    let bytes = tokio::time::timeout(deadline, collect(payload, limit))
        .await
        .map_err(|_| Error::BadRequest("The body took too long to arrive.".into()))??;
    let hash = Sha256::digest(&bytes).into();
    if bytes.is_empty() {
        return Ok(RawBody { value: None, hash });
    }
    check_media_type(&request, also)?;
    Ok(RawBody { value: Some(read_json(&bytes)?), hash })
}

/// Reads JSON whose texts can be kept, and brings them into NFC: 400 when unreadable, 422 when a text cannot be kept.
pub fn read_json(bytes: &[u8]) -> Result<Value> {
    let mut value = parse(bytes)?;
    let mut errors = Vec::new();
    text::normalize(&mut value, "", &mut errors);
    if errors.is_empty() { Ok(value) } else { Err(Error::Validation(errors)) }
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

/// Reads a value as a request's type and validates it.
pub fn read_as<T: DeserializeOwned + Validate>(value: Value) -> Result<T, Vec<FieldError>> {
    if !value.is_object() {
        return Err(vec![FieldError::new("", "must be an object")]);
    }
    let read: T = serde_path_to_error::deserialize(value).map_err(|error| vec![unreadable_member(&error)])?;
    read.validate().map_err(|errors| field_errors(&errors))?;
    Ok(read)
}

fn unreadable_member(error: &serde_path_to_error::Error<serde_json::Error>) -> FieldError {
    use serde_path_to_error::Segment;
    let mut pointer: String = error
        .path()
        .iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", text::escaped(key)),
            Segment::Enum { .. } | Segment::Unknown => String::new(),
        })
        .collect();
    let message = error.inner().to_string();
    if let Some(name) = named(&message) {
        let last = format!("/{}", text::escaped(&name));
        if !pointer.ends_with(&last) {
            pointer.push_str(&last);
        }
    }
    FieldError::new(pointer, sentence(&message))
}

/// The member that serde names where its path does not: an unknown or a missing one.
fn named(message: &str) -> Option<String> {
    let rest = ["unknown field `", "missing field `", "duplicate field `"]
        .iter()
        .find_map(|start| message.strip_prefix(start))?;
    // An unknown name may itself hold backticks; what follows it is fixed.
    let end = rest.find("`, expected").or_else(|| rest.find("`, there are no fields")).or_else(|| rest.rfind('`'))?;
    rest.get(..end).map(Into::into)
}

/// serde's message in the words of the documentation.
fn sentence(message: &str) -> String {
    if message.starts_with("missing field") {
        "is required".into()
    } else if message.starts_with("unknown field") {
        match message.split_once("`, expected ") {
            Some((_, known)) => format!("is not known here; known are {}", known.trim_start_matches("one of ")),
            None => "is not known here".into(),
        }
    } else if let Some((_, known)) =
        message.split_once("unknown variant").and_then(|(_, rest)| rest.split_once("`, expected "))
    {
        format!("must be one of {}", known.trim_start_matches("one of "))
    } else if message.starts_with("UUID parsing failed") {
        "must be a UUID".into()
    } else if message.contains("premature end of input") || message.contains("input contains invalid characters") {
        "must be an RFC 3339 time such as 2023-10-02T09:30:00Z".into()
    } else if let Some((_, expected)) =
        message.strip_prefix("invalid type: ").and_then(|rest| rest.split_once(", expected "))
    {
        format!("must be {expected}")
    } else {
        message.to_owned()
    }
}

/// The validator's findings with JSON Pointers.
pub fn field_errors(errors: &ValidationErrors) -> Vec<FieldError> {
    let mut found = Vec::new();
    gather(errors, "", &mut found);
    found.sort();
    found
}

fn gather(errors: &ValidationErrors, pointer: &str, found: &mut Vec<FieldError>) {
    for (field, kind) in errors.errors() {
        // A rule across members says itself where it points.
        let pointer = if field == "__all__" { pointer.to_owned() } else { format!("{pointer}/{field}") };
        match kind {
            ValidationErrorsKind::Struct(inner) => gather(inner, &pointer, found),
            ValidationErrorsKind::List(items) => {
                for (index, inner) in items {
                    gather(inner, &format!("{pointer}/{index}"), found);
                }
            }
            ValidationErrorsKind::Field(faults) => {
                found.extend(faults.iter().map(|fault| {
                    let at = if fault.code == "refused" { String::new() } else { format!("/{}", fault.code) };
                    match fault.code.as_ref() {
                        "length" | "range" => FieldError::new(&pointer, bounds(fault)),
                        _ => FieldError::new(format!("{pointer}{at}"), fault.message.clone().unwrap_or_default()),
                    }
                }));
            }
        }
    }
}

fn bounds(fault: &validator::ValidationError) -> String {
    let of = |name: &str| fault.params.get(name).and_then(Value::as_u64);
    let what = match fault.params.get("value") {
        Some(Value::Array(_)) => " items",
        Some(Value::Number(_)) => "",
        _ => " characters",
    };
    match (of("min"), of("max")) {
        (Some(min), Some(max)) => format!("must have {min} to {max}{what}"),
        (Some(min), None) => format!("must have at least {min}{what}"),
        (_, max) => format!("must have at most {}{what}", max.unwrap_or_default()),
    }
}

/// Members that only the server writes.
const SERVER_SET: &[&str] = &["id", "newsroom_id", "created_at", "updated_at", "version", "claim_reviewed"];

/// A JSON merge patch (RFC 7396) of a record whose writable members are those of `T`.
#[derive(Debug)]
pub struct Patch<T> {
    members: Map<String, Value>,
    of: std::marker::PhantomData<T>,
}

impl<T: DeserializeOwned + Validate> Patch<T> {
    /// The record as it will be, by the same rules as a new one: 422 names what the patch makes wrong.
    pub fn apply(&self, record: &impl serde::Serialize) -> Result<T> {
        let mut value = serde_json::to_value(record)?;
        if let Value::Object(members) = &mut value {
            members.retain(|name, _| !SERVER_SET.contains(&name.as_str()));
        }
        merge(&mut value, &self.members);
        read_as(value).map_err(Error::Validation)
    }

    /// Every id that the patch mentions, wherever it stands: what may have to be locked.
    pub fn ids(&self) -> Vec<Uuid> {
        let mut ids = Vec::new();
        for member in self.members.values() {
            gather_ids(member, &mut ids);
        }
        ids
    }

    /// Whether the patch names this member.
    pub fn has(&self, member: &str) -> bool {
        self.members.contains_key(member)
    }
}

fn gather_ids(value: &Value, ids: &mut Vec<Uuid>) {
    match value {
        Value::String(text) => ids.extend(Uuid::try_parse(text)),
        Value::Array(items) => items.iter().for_each(|item| gather_ids(item, ids)),
        Value::Object(members) => members.values().for_each(|member| gather_ids(member, ids)),
        _ => {}
    }
}

fn merge(target: &mut Value, patch: &Map<String, Value>) {
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(members) = target else { return };
    for (name, change) in patch {
        match change {
            Value::Null => {
                members.remove(name);
            }
            Value::Object(inner) => merge(members.entry(name).or_insert(Value::Null), inner),
            other => {
                members.insert(name.clone(), other.clone());
            }
        }
    }
}

impl<T: 'static> FromRequest for Patch<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let limit = Limits::of(&request).body_bytes;
            match read_body(request, payload, limit, Some("application/merge-patch+json")).await?.value {
                Some(Value::Object(members)) => {
                    let sent: HashSet<&str> = members.keys().map(String::as_str).collect();
                    let refused: Vec<_> = SERVER_SET
                        .iter()
                        .filter(|name| sent.contains(*name))
                        .map(|name| FieldError::new(format!("/{name}"), "is set by the server"))
                        .collect();
                    if !refused.is_empty() {
                        return Err(Error::Validation(refused));
                    }
                    Ok(Self { members, of: std::marker::PhantomData })
                }
                Some(_) => Err(Error::field("", "must be an object")),
                None => Err(Error::BadRequest("The request needs a body.".into())),
            }
        })
    }
}

/// Reads a list, taking `null` for an empty one as it is for an absent member.
pub fn list<'de, D: Deserializer<'de>, T: serde::Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Option::<Vec<T>>::deserialize(deserializer).map(Option::unwrap_or_default)
}
