//! What a key may be used for: it narrows what its member's role allows, and never widens it.

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::{Array, Text};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::{PartialSchema, ToSchema};

use crate::columns::text_enum;

text_enum! {
    /// One thing that a key may be used for.
    Scope {
        /// See the newsroom's drafts and members.
        Read = "read",
        /// Record, and change or delete drafts.
        Record = "record",
        /// Publish, and change, withdraw or delete what is public.
        Publish = "publish",
        /// Manage members, keys and the newsroom.
        Admin = "admin",
    }
}

impl Scope {
    const ALL: [Self; 4] = [Self::Read, Self::Record, Self::Publish, Self::Admin];
}

impl clap::ValueEnum for Scope {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.as_str()))
    }
}

/// A set of scopes, never empty; a list without repetitions in JSON and in PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Array<Text>)]
pub struct Scopes(u8);

impl Scopes {
    /// All of them.
    pub const ALL: Self = Self(0b1111);

    /// Those of a list; says what is wrong with one that is empty or has repetitions.
    pub fn new(list: &[Scope]) -> Result<Self, &'static str> {
        let set = list.iter().try_fold(0, |set, scope| match bit(*scope) {
            repeated if set & repeated != 0 => Err("must not name a scope twice"),
            new => Ok(set | new),
        })?;
        if set == 0 { Err("must name one scope at least") } else { Ok(Self(set)) }
    }

    /// Whether this scope is one of them.
    pub fn has(self, scope: Scope) -> bool {
        self.0 & bit(scope) != 0
    }

    /// Those that `other` lacks, in words; `None` where it has all of these.
    pub fn beyond(self, other: Self) -> Option<String> {
        let missing = Self(self.0 & !other.0);
        (missing.0 != 0).then(|| missing.to_string())
    }

    fn list(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.has(*scope))
    }
}

impl std::fmt::Display for Scopes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.list().map(Scope::as_str).collect();
        f.write_str(&names.join(", "))
    }
}

fn bit(scope: Scope) -> u8 {
    match scope {
        Scope::Read => 1,
        Scope::Record => 2,
        Scope::Publish => 4,
        Scope::Admin => 8,
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.list())
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&Vec::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl PartialSchema for Scopes {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::{ArrayBuilder, Ref};
        ArrayBuilder::new()
            .description(Some("What a key may be used for, of what its member's role allows."))
            .items(Ref::from_schema_name("Scope"))
            .min_items(Some(1))
            .unique_items(true)
            .into()
    }
}

impl ToSchema for Scopes {
    fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>) {
        schemas.push(("Scope".into(), Scope::schema()));
    }
}

impl FromSql<Array<Text>, Pg> for Scopes {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let list = <Vec<Scope> as FromSql<Array<Text>, Pg>>::from_sql(value)?;
        Ok(Self::new(&list)?)
    }
}

impl ToSql<Array<Text>, Pg> for Scopes {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let list: Vec<Scope> = self.list().collect();
        <Vec<Scope> as ToSql<Array<Text>, Pg>>::to_sql(&list, &mut out.reborrow())
    }
}
