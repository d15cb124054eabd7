//! Reading a bundle: every fault of every item is found, not only the first.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use crate::body::{Json, read_as};
use crate::claims::NewClaim;
use crate::documents::NewDocument;
use crate::error::{Error, FieldError, Result};
use crate::faults::RATINGS;
use crate::references::Noun;
use crate::sources::NewSource;
use crate::statements::NewStatement;
use crate::text::escaped;
use crate::verdicts::NewVerdict;

/// How many items of one noun a bundle may have. They are inserted in one statement, as they may refer to each other,
/// and PostgreSQL takes 65,535 parameters.
pub const MOST_ITEMS: usize = 2_500;

/// How many characters a `ref` may have.
pub const MOST_NAME: usize = 200;

/// The arrays of a bundle in the order in which they are recorded.
pub const ARRAYS: [(&str, Noun); 5] = [
    ("sources", Noun::Source),
    ("documents", Noun::Document),
    ("claims", Noun::Claim),
    ("statements", Noun::Statement),
    ("verdicts", Noun::Verdict),
];

/// One item, read.
#[derive(Debug)]
pub struct Item<T> {
    /// The id that it will have.
    pub id: Uuid,
    /// The name it has within the bundle.
    pub name: Option<String>,
    /// Where it stands.
    pub pointer: String,
    /// What to record.
    pub new: T,
}

/// A bundle that was read. Its readable items are valid by themselves; the others are among the faults.
#[derive(Debug, Default)]
pub struct Bundle {
    /// Who speaks.
    pub sources: Vec<Item<NewSource>>,
    /// Where it was said.
    pub documents: Vec<Item<NewDocument>>,
    /// What was claimed.
    pub claims: Vec<Item<NewClaim>>,
    /// Who takes which position.
    pub statements: Vec<Item<NewStatement>>,
    /// What was concluded.
    pub verdicts: Vec<Item<NewVerdict>>,
    /// Sources that are another record, one recorded already or another item's, and have its id. They are checked like
    /// the others.
    pub reused_sources: Vec<Item<NewSource>>,
    /// The same for documents.
    pub reused_documents: Vec<Item<NewDocument>>,
    /// What is wrong with the others.
    pub faults: Vec<FieldError>,
    /// The ids that they would have.
    pub unreadable: BTreeSet<Uuid>,
}

/// How a bundle's items get their ids.
#[derive(Debug, Clone, Copy)]
pub enum Ids {
    /// New ones.
    New,
    /// The demo story's, which are the same everywhere.
    Demo,
}

/// The names in a bundle with the ids they stand for.
#[derive(Debug, Default)]
struct Names(HashMap<String, (Noun, Uuid)>);

impl Bundle {
    /// Reads a bundle: 422 where it has no items at all or too many.
    pub fn read(body: Json, ids: Ids) -> Result<Self> {
        let mut errors = body.faults;
        let mut arrays = split(body.value, &mut errors)?;
        let (names, item_ids) = name(&arrays, ids, &mut errors);
        for (array, _) in ARRAYS {
            for (index, item) in arrays.get_mut(array).into_iter().flatten().enumerate() {
                names.resolve(item, &format!("/{array}/{index}"), &mut errors);
            }
        }
        let mut reader = Reader { arrays, item_ids, errors, unreadable: BTreeSet::new() };
        Ok(Self {
            sources: reader.read("sources"),
            documents: reader.read("documents"),
            claims: reader.read("claims"),
            statements: reader.read("statements"),
            verdicts: reader.read("verdicts"),
            reused_sources: Vec::new(),
            reused_documents: Vec::new(),
            faults: reader.errors,
            unreadable: reader.unreadable,
        })
    }
}

/// The bundle's arrays by name.
fn split(body: Value, errors: &mut Vec<FieldError>) -> Result<BTreeMap<String, Vec<Value>>> {
    let Value::Object(members) = body else { return Err(Error::field("", "must be an object")) };
    let mut arrays = BTreeMap::new();
    for (name, member) in members {
        let pointer = format!("/{}", escaped(&name));
        match member {
            _ if !ARRAYS.iter().any(|(known, _)| *known == name) => {
                errors.push(FieldError::new(
                    pointer,
                    "is not known here; known are sources, documents, claims, statements, verdicts",
                ));
            }
            Value::Null => {}
            Value::Array(items) if items.len() > MOST_ITEMS => {
                let detail = format!("must have at most {MOST_ITEMS} items: send several bundles");
                return Err(Error::field(pointer, detail));
            }
            Value::Array(items) => {
                arrays.insert(name, items);
            }
            _ => errors.push(FieldError::new(pointer, "must be a list")),
        }
    }
    if errors.is_empty() && arrays.values().all(Vec::is_empty) {
        return Err(Error::field(
            "",
            "must have at least one item in sources, documents, claims, statements or verdicts",
        ));
    }
    Ok(arrays)
}

/// Writes the ids that names stand for which other bundles have given, unless this one has items of these names.
pub fn name_earlier(bundle: &mut Value, names: &BTreeMap<String, Uuid>) {
    let items = ARRAYS.iter().filter_map(|(array, _)| bundle.get(array)?.as_array()).flatten();
    let own: BTreeSet<String> = items.filter_map(|item| Some(item.get("ref")?.as_str()?.to_owned())).collect();
    for (array, _) in ARRAYS {
        bundle.get_mut(array).into_iter().for_each(|items| write_ids(items, &own, names));
    }
}

fn write_ids(value: &mut Value, own: &BTreeSet<String>, names: &BTreeMap<String, Uuid>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| write_ids(item, own, names)),
        Value::Object(members) => {
            for (member, value) in members {
                let name = value.as_str().and_then(|text| text.strip_prefix('#')).filter(|name| !own.contains(*name));
                match name.and_then(|name| names.get(name)) {
                    Some(id) if ID_MEMBERS.iter().any(|(known, _)| known == member) => *value = id.to_string().into(),
                    _ => write_ids(value, own, names),
                }
            }
        }
        _ => {}
    }
}

/// Gives each item its id, and each `ref` the id of its item.
fn name(
    arrays: &BTreeMap<String, Vec<Value>>,
    ids: Ids,
    errors: &mut Vec<FieldError>,
) -> (Names, BTreeMap<String, Vec<Uuid>>) {
    let mut names = Names::default();
    let mut item_ids: BTreeMap<String, Vec<Uuid>> = BTreeMap::new();
    for (array, noun) in ARRAYS {
        for (index, item) in arrays.get(array).into_iter().flatten().enumerate() {
            let name = item.get("ref").and_then(Value::as_str);
            let id = match (ids, name) {
                (Ids::Demo, Some(name)) => crate::demo::id_of(name).unwrap_or_else(Uuid::now_v7),
                _ => Uuid::now_v7(),
            };
            item_ids.entry(array.to_owned()).or_default().push(id);
            let at = format!("/{array}/{index}/ref");
            match item.get("ref") {
                None | Some(Value::Null) => {}
                Some(Value::String(name)) if name.starts_with('#') => {
                    errors
                        .push(FieldError::new(at, "must not begin with #: that is put before a ref where it is named"));
                }
                Some(Value::String(name)) if (1..=MOST_NAME).contains(&name.chars().count()) => {
                    if names.0.insert(name.clone(), (noun, id)).is_some() {
                        errors.push(FieldError::new(at, "is the ref of another item too"));
                    }
                }
                Some(_) => errors.push(FieldError::new(at, format!("must be a text of 1 to {MOST_NAME} characters"))),
            }
        }
    }
    (names, item_ids)
}

/// The members that hold ids, and what each must name.
pub const ID_MEMBERS: &[(&str, Noun)] = &[
    ("affiliation_id", Noun::Source),
    ("publisher_id", Noun::Source),
    ("derived_from_id", Noun::Document),
    ("part_of_id", Noun::Claim),
    ("claim_id", Noun::Claim),
    ("source_id", Noun::Source),
    ("on_behalf_of_id", Noun::Source),
    ("document_id", Noun::Document),
    ("statement_id", Noun::Statement),
    ("rating_id", Noun::Rating),
    ("author_id", Noun::Source),
    ("supersedes_id", Noun::Verdict),
];

impl Names {
    /// Replaces every `"#ref"` in an item by the id it stands for.
    fn resolve(&self, item: &mut Value, pointer: &str, errors: &mut Vec<FieldError>) {
        let Value::Object(members) = item else { return };
        for (member, value) in members {
            let pointer = format!("{pointer}/{}", escaped(member));
            match value {
                Value::Array(items) => {
                    for (index, item) in items.iter_mut().enumerate() {
                        self.resolve(item, &format!("{pointer}/{index}"), errors);
                    }
                }
                Value::String(text) if text.starts_with('#') => {
                    let Some((_, wanted)) = ID_MEMBERS.iter().find(|(name, _)| name == member) else { continue };
                    match text.strip_prefix('#').and_then(|name| self.0.get(name)) {
                        Some((noun, id)) if noun == wanted => *text = id.to_string(),
                        Some((noun, _)) => errors.push(FieldError::new(
                            pointer,
                            format!("must name a {}; {text} is a {}", wanted.as_str(), noun.as_str()),
                        )),
                        None if *wanted == Noun::Rating => {
                            errors.push(FieldError::new(pointer, format!("must be a UUID; {RATINGS}")));
                        }
                        None => errors.push(FieldError::new(pointer, "names no item of this bundle")),
                    }
                }
                Value::String(text) => {
                    let names_item = ID_MEMBERS.iter().any(|(name, noun)| name == member && *noun != Noun::Rating);
                    if names_item && Uuid::try_parse(text).is_err() {
                        errors.push(FieldError::new(pointer, self.not_an_id(text)));
                    }
                }
                _ => {}
            }
        }
    }

    /// What is said of a text where an id is wanted.
    fn not_an_id(&self, text: &str) -> String {
        if self.0.contains_key(text) {
            format!("must be a UUID or begin with #: \"#{text}\" names an item of this bundle")
        } else {
            "must be a UUID, or # and the ref of an item of this bundle".into()
        }
    }
}

struct Reader {
    arrays: BTreeMap<String, Vec<Value>>,
    item_ids: BTreeMap<String, Vec<Uuid>>,
    errors: Vec<FieldError>,
    unreadable: BTreeSet<Uuid>,
}

impl Reader {
    fn read<T: DeserializeOwned + Validate>(&mut self, array: &str) -> Vec<Item<T>> {
        let items = self.arrays.remove(array).unwrap_or_default();
        let ids = self.item_ids.remove(array).unwrap_or_default();
        let mut read = Vec::with_capacity(items.len());
        for (index, (mut item, id)) in items.into_iter().zip(ids).enumerate() {
            let pointer = format!("/{array}/{index}");
            let name = item.as_object_mut().and_then(|members| members.remove("ref"));
            let name = name.and_then(|name| name.as_str().map(Into::into));
            match read_as(item) {
                Ok(new) => read.push(Item { id, name, pointer, new }),
                Err(faults) => {
                    self.unreadable.insert(id);
                    self.errors.extend(faults.into_iter().map(|fault| within(&pointer, fault)));
                }
            }
        }
        read
    }
}

/// An item's fault as one of the bundle. The single request's type does not know `ref`, which was taken out.
fn within(item: &str, fault: FieldError) -> FieldError {
    let FieldError { pointer, mut detail } = fault;
    if pointer.matches('/').count() == 1 {
        detail = detail.replacen("known here; known are ", "known here; known are ref, ", 1);
    }
    FieldError { pointer: format!("{item}{pointer}"), detail }
}

/// A whole story. Items have the members of the matching `POST` and an optional `ref`; any id in them may be `"#ref"`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what Bundle::read reads")]
pub struct NewBundle {
    /// Who speaks.
    #[schema(max_items = 2500)]
    sources: Option<Vec<NewSource>>,
    /// Where it was said.
    #[schema(max_items = 2500)]
    documents: Option<Vec<NewDocument>>,
    /// What was claimed.
    #[schema(max_items = 2500)]
    claims: Option<Vec<NewClaim>>,
    /// Who takes which position.
    #[schema(max_items = 2500)]
    statements: Option<Vec<NewStatement>>,
    /// What was concluded.
    #[schema(max_items = 2500)]
    verdicts: Option<Vec<NewVerdict>>,
}
