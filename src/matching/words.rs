//! The words of an entry as PostgreSQL sends them.

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::pg::{Pg, PgValue};

use crate::schema::sql_types::Tsvector;

/// A `tsvector`: words in order of their bytes, each with its places.
#[derive(Debug, Clone, Default, FromSqlRow)]
#[diesel(sql_type = Tsvector)]
pub struct Words(Vec<u8>);

/// A word of an entry.
#[derive(Debug, Clone, Copy)]
pub struct Word<'a> {
    /// The word, stemmed and folded.
    pub text: &'a str,
    places: &'a [u8],
}

/// Where a word stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Counted through all texts of the entry, from 1; those behind the 16,383rd have that number.
    pub position: u16,
    /// 3 to 0 for A to D.
    pub weight: u8,
}

impl FromSql<Tsvector, Pg> for Words {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(value.as_bytes().to_vec()))
    }
}

impl Words {
    /// The words in order. What does not follow the format of `tsvectorsend` ends them.
    pub fn iter(&self) -> impl Iterator<Item = Word<'_>> {
        let mut rest = self.0.get(4..).unwrap_or_default();
        std::iter::from_fn(move || {
            let end = rest.iter().position(|byte| *byte == 0)?;
            let text = std::str::from_utf8(&rest[..end]).ok()?;
            let (count, after) = rest[end + 1..].split_first_chunk::<2>()?;
            let (places, after) = after.split_at_checked(2 * usize::from(u16::from_be_bytes(*count)))?;
            rest = after;
            Some(Word { text, places })
        })
    }

    /// The configurations by which they were read.
    pub fn read_by(&self) -> impl Iterator<Item = &str> {
        self.iter().filter_map(|word| word.text.strip_prefix('='))
    }
}

impl<'a> Word<'a> {
    /// Where it stands.
    pub fn places(self) -> impl Iterator<Item = Place> + 'a {
        self.places.chunks_exact(2).map(|two| {
            let packed = u16::from_be_bytes([two[0], two[1]]);
            Place { position: packed & 0x3FFF, weight: (packed >> 14) as u8 }
        })
    }

    /// How often it stands in texts of weight A, and in others.
    pub fn counts(self) -> [f32; 2] {
        self.places().fold([0.0, 0.0], |[a, b], place| if place.weight == 3 { [a + 1.0, b] } else { [a, b + 1.0] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_postgresql_sends_them() {
        // '=english' 'meet':2A,5B
        let sent = b"\0\0\0\x02=english\0\0\0meet\0\0\x02\xC0\x02\x80\x05".to_vec();
        let words = Words(sent.clone());
        let read: Vec<_> = words.iter().map(|word| (word.text, word.places().collect::<Vec<_>>())).collect();
        let (first, second) = (Place { position: 2, weight: 3 }, Place { position: 5, weight: 2 });
        assert_eq!(read, [("=english", vec![]), ("meet", vec![first, second])]);
        assert_eq!(words.read_by().collect::<Vec<_>>(), ["english"]);
        for cut in 0..sent.len() {
            assert!(Words(sent[..cut].to_vec()).iter().count() <= 2);
        }
    }
}
