//! Changes of records as JSON merge patches.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use uuid::Uuid;
use validator::Validate;

use crate::body::{Json, blank_in, read_as, read_body};
use crate::config::Limits;
use crate::error::{Error, FieldError, Result};

/// Members that only the server writes.
pub const SERVER_SET: &[&str] = &[
    "id",
    "newsroom_id",
    "created_at",
    "updated_at",
    "version",
    "claim_reviewed",
    "under_review",
    "retraction_reason",
];

const SET_BY_SERVER: &str = "is set by the server";

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

    /// A patch that came as a member of another body, at `pointer`: 422 for what only the server writes, and for members
    /// of which `refused` says why they are not changed so.
    pub fn within(pointer: &str, members: Map<String, Value>, refused: &[(&str, &str)]) -> Result<Self> {
        let by_server = SERVER_SET.iter().map(|name| (*name, SET_BY_SERVER));
        let faults: Vec<_> = by_server
            .chain(refused.iter().copied())
            .filter(|(name, _)| members.contains_key(*name))
            .map(|(name, why)| FieldError::new(format!("{pointer}/{name}"), why))
            .collect();
        if faults.is_empty() {
            Ok(Self { members, of: std::marker::PhantomData })
        } else {
            Err(Error::Validation(faults))
        }
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

impl<T: DeserializeOwned + 'static> FromRequest for Patch<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let limit = Limits::of(&request).body_bytes;
            match read_body(request, payload, limit, Some("application/merge-patch+json")).await?.json {
                Some(Json { value: Value::Object(members), faults }) => {
                    let set_by_server = SERVER_SET
                        .iter()
                        .filter(|name| members.contains_key(**name))
                        .map(|name| FieldError::new(format!("/{name}"), SET_BY_SERVER));
                    let refused: Vec<_> = faults.into_iter().map(blank_in::<T>).chain(set_by_server).collect();
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
