//! Records as CSV (RFC 4180) that spreadsheets open without harm.

use std::borrow::Cow;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;
use uuid::Uuid;
use validator::Validate;

use crate::error::{Error, Result};
use crate::extract::{read_filter, read_parameters};
use crate::partial_date::PartialDate;

/// How a table is written.
#[derive(Debug, Clone, Copy, Default, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TableForm {
    /// `true`: every cell as it is recorded, for programs. Left out, `'` stands before a cell that a spreadsheet would take for a formula.
    pub lossless: Option<bool>,
    /// `true`: a byte order mark in front, by which Excel knows UTF-8.
    pub bom: Option<bool>,
}

/// A list's filters, and how the table of it is written.
pub struct TableQuery<T> {
    /// Which records.
    pub filter: T,
    /// How.
    pub form: TableForm,
}

impl<T: DeserializeOwned + Validate> FromRequest for TableQuery<T> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read_parameters(request.query_string()).and_then(|parameters| {
            let (form, filter) =
                parameters.into_iter().partition(|(name, _)| ["lossless", "bom"].contains(&name.as_str()));
            Ok(Self { filter: read_filter(filter)?, form: read_filter(form)? })
        }))
    }
}

/// Rows to be sent.
pub struct Table {
    form: TableForm,
    rows: csv::Writer<Vec<u8>>,
}

impl Table {
    /// A piece of a table; the first has the heading.
    fn piece(form: TableForm, heading: Option<&[&str]>) -> Result<Self> {
        let before = if heading.is_some() && form.bom == Some(true) { "\u{feff}" } else { "" };
        let rows = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(before.as_bytes().to_vec());
        let mut table = Self { form, rows };
        if let Some(heading) = heading {
            table.rows.write_record(heading).map_err(unwritable)?;
        }
        Ok(table)
    }

    /// Adds a row.
    fn add<const N: usize>(&mut self, cells: [Cow<'_, str>; N]) -> Result<()> {
        let lossless = self.form.lossless == Some(true);
        let cells = cells.map(|cell| if lossless { cell } else { harmless(cell) });
        self.rows.write_record(cells.iter().map(|cell| cell.as_bytes())).map_err(unwritable)
    }

    /// A piece with a row for each record, made of it and of what goes with it; both were read in one snapshot.
    pub fn of<'a, T, B: 'a, const N: usize>(
        form: TableForm,
        heading: Option<&[&str; N]>,
        records: &'a [T],
        beside: impl Fn(&T) -> Option<&'a B>,
        row: impl Fn(&'a T, &'a B) -> [Cow<'a, str>; N],
    ) -> Result<Vec<u8>> {
        let mut table = Self::piece(form, heading.map(<[_; N]>::as_slice))?;
        for record in records {
            let Some(beside) = beside(record) else { continue };
            table.add(row(record, beside))?;
        }
        table.written()
    }

    /// The rows.
    fn written(self) -> Result<Vec<u8>> {
        self.rows.into_inner().map_err(|error| Error::Internal(anyhow::anyhow!("a table cannot be written: {error}")))
    }
}

fn unwritable(error: csv::Error) -> Error {
    Error::Internal(anyhow::Error::from(error).context("a table cannot be written"))
}

/// The cell of a text, empty where there is none.
pub fn optional(text: Option<&String>) -> Cow<'_, str> {
    text.map(String::as_str).unwrap_or_default().into()
}

/// The cell of a partial date.
pub fn date(date: Option<&PartialDate>) -> Cow<'_, str> {
    date.map(PartialDate::as_str).unwrap_or_default().into()
}

/// The cell of an id.
pub fn id(id: Option<Uuid>) -> Cow<'static, str> {
    id.map(|id| id.to_string()).unwrap_or_default().into()
}

/// The cell of several ids.
pub fn ids(ids: impl Iterator<Item = Uuid>) -> Cow<'static, str> {
    ids.map(|id| id.to_string()).collect::<Vec<_>>().join("; ").into()
}

/// The cell of a moment (RFC 3339).
pub fn time(at: DateTime<Utc>) -> Cow<'static, str> {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true).into()
}

/// Where spreadsheets part rows, and those of many countries cells: within quotation marks too, where these do not begin a cell of theirs.
const PARTING: [char; 4] = [';', '\t', '\r', '\n'];

/// A cell that no spreadsheet takes for a formula, whatever blanks or line breaks it begins with, and however wide its characters are; nor
/// what is behind a [`PARTING`] character in it.
fn harmless(cell: Cow<'_, str>) -> Cow<'_, str> {
    let begins = |c: char| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠');
    // Where a quotation mark does not begin a cell, it may be passed over.
    let passed = |c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '"');
    let starts = |part: &str| part.trim_start_matches(passed).starts_with(begins);
    let breaks = cell.starts_with(['\t', '\r', '\n']);
    if !breaks && !cell.split(PARTING).any(starts) {
        return cell;
    }
    let mut kept = String::with_capacity(cell.len() + 1);
    for (nth, part) in cell.split_inclusive(PARTING).enumerate() {
        if starts(part) || nth == 0 && breaks {
            kept.push('\'');
        }
        kept.push_str(part);
    }
    kept.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_calculate_is_text() {
        for cell in
            ["=1+1", "+1", "-1", "@SUM(A1)", "\n", "＝1+1", "＋1", "－1", "＠A1", "  =1+1", "\u{3000}=1", "\u{feff}=1"]
        {
            assert_eq!(harmless(cell.into()), format!("'{cell}"));
        }
        for cell in ["", "a=1", "'=1", "1-1", "–1", "\"1\"", "2023-10", "a; b", "a;'=1"] {
            assert_eq!(harmless(cell.into()), cell);
        }
        // A table in Germany or Italy has its cells parted by semicolons.
        assert_eq!(harmless("Prices rose;=1+1;so\t -1".into()), "Prices rose;'=1+1;so\t' -1");
        assert_eq!(harmless("Ann; @Bob".into()), "Ann;' @Bob");
        assert_eq!(harmless("\t=1".into()), "'\t'=1");
        assert_eq!(harmless("\r=1".into()), "'\r'=1");
        assert_eq!(harmless("Hello\r\n=1+1".into()), "Hello\r\n'=1+1");
        assert_eq!(harmless("so;\"=1+1;so".into()), "so;'\"=1+1;so");
    }
}
