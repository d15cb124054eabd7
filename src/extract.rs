//! What handlers take from a request's path and query. Whatever is wrong becomes one problem (`error`).

use std::collections::BTreeMap;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::Deserialize;
use serde::de::value::{Error as ValueError, MapDeserializer};
use serde::de::{DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;
use validator::Validate;

use crate::error::{Error, ParameterError, Result};
use crate::faults::{field_errors, named, sentence};
use crate::page::PageRequest;
use crate::text;

/// The `{id}` of a path. One that is no UUID names nothing: 404.
#[derive(Debug, Clone, Copy)]
pub struct Id(pub Uuid);

impl FromRequest for Id {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let part = request.match_info().get("id").unwrap_or_default();
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

/// Parameters with lists of which an empty one says something: none of them.
const MAY_BE_EMPTY: [&str; 1] = ["group"];

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
        let may_be_empty = value.is_empty() && MAY_BE_EMPTY.contains(&name.as_str());
        if let Err(detail) = text::storable(&value)
            && !may_be_empty
        {
            errors.push(ParameterError::new(name, detail.replace(" or send null", "")));
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

/// A parameter's value: present, so `Some` of what it says. serde's own deserializer of texts knows no options.
struct Given(String);

impl IntoDeserializer<'_, ValueError> for Given {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Given {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_string(self.0)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.0.as_str() {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            _ => visitor.visit_string(self.0),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_some(self)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.0.parse() {
            Ok(number) => visitor.visit_u64(number),
            Err(_) => Err(serde::de::Error::custom("must be a whole number, 0 or more")),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        self.0.into_deserializer().deserialize_enum(name, variants, visitor)
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// What remains is the filter; `as_of` is no part of it and read by [`crate::as_of::Moment`].
pub fn read_filter<T: DeserializeOwned + Validate>(parameters: BTreeMap<String, String>) -> Result<T> {
    let given = parameters.into_iter().filter(|(name, _)| name != "as_of").map(|(name, value)| (name, Given(value)));
    let parameters = MapDeserializer::<_, ValueError>::new(given);
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
