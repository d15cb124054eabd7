//! Dates that are known to the year, the month or the day.

use chrono::{Days, NaiveDate, Utc};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::ValidationError;

use crate::text;

/// An ISO 8601 date as precise as it is known: `2023`, `2023-03` or `2023-03-14`.
///
/// Its text sorts by first possible day, coarser first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, AsExpression, FromSqlRow, ToSchema)]
#[serde(try_from = "String")]
#[diesel(sql_type = Text)]
#[schema(value_type = String, pattern = r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$")]
pub struct PartialDate(String);

impl PartialDate {
    /// The date as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Sorts after every date that this one may stand for, and before any later one.
    pub fn upper_bound(&self) -> String {
        format!("{}~", self.0)
    }

    /// Whether this date lies after `other` for certain: 2023 and 2023-03 do not tell.
    pub fn is_certainly_after(&self, other: &Self) -> bool {
        self.0 > other.upper_bound()
    }

    /// Whether it lies ahead wherever on earth one is.
    #[expect(clippy::disallowed_methods, reason = "with a day's margin it does not matter whose clock it is")]
    pub fn is_ahead(&self) -> bool {
        self.is_ahead_of(Utc::now().date_naive())
    }

    fn is_ahead_of(&self, today: NaiveDate) -> bool {
        // East of Greenwich it is tomorrow already.
        today.checked_add_days(Days::new(1)).is_some_and(|last| self.0 > last.to_string())
    }
}

/// A date of what has happened: not ahead.
pub fn past(date: &PartialDate) -> Result<(), ValidationError> {
    if date.is_ahead() {
        return Err(text::refusal("must not lie in the future"));
    }
    Ok(())
}

impl TryFrom<String> for PartialDate {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let filled = match text.len() {
            4 => format!("{text}-01-01"),
            7 => format!("{text}-01"),
            _ => text.clone(),
        };
        let digits = filled.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
        if filled.len() == 10 && digits && !filled.starts_with("0000") && filled.parse::<NaiveDate>().is_ok() {
            Ok(Self(text))
        } else if filled.len() == 10
            && digits
            && filled.get(8..).is_some_and(|day| ("29"..="31").contains(&day))
            && filled.get(..8).is_some_and(|month| format!("{month}01").parse::<NaiveDate>().is_ok())
        {
            Err("is no day of the calendar: that month has fewer days")
        } else {
            Err("must be a date such as 2023, 2023-03 or 2023-03-14")
        }
    }
}

impl ToSql<Text, Pg> for PartialDate {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        <String as ToSql<Text, Pg>>::to_sql(&self.0, out)
    }
}

impl FromSql<Text, Pg> for PartialDate {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(<String as FromSql<Text, Pg>>::from_sql(value)?))
    }
}

#[cfg(test)]
mod tests {
    use super::PartialDate;

    fn date(text: &str) -> Option<PartialDate> {
        PartialDate::try_from(text.to_owned()).ok()
    }

    #[test]
    fn only_calendar_dates_are_taken() {
        for good in ["2023", "2023-03", "2023-03-14", "2024-02-29", "0001", "9999-12-31"] {
            assert!(date(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "0000",
            "23",
            "2023-13",
            "2023-02-29",
            "2023-3",
            "2023-03-14T00:00",
            "+2023-03",
            "２０２３",
            "294277",
            "2023/03",
        ] {
            assert!(date(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_day_that_its_month_has_not_is_told_from_what_is_no_date() {
        let said = |text: &str| PartialDate::try_from(text.to_owned()).unwrap_err();
        for day in ["2024-02-30", "2023-02-29", "2023-04-31"] {
            assert!(said(day).contains("no day of the calendar"), "{day}");
        }
        for other in ["2023-13-30", "2023-02-32", "2023-02-00", "2023-00-30", "30.02.2024"] {
            assert!(said(other).contains("must be a date such as"), "{other}");
        }
    }

    #[test]
    fn what_lies_ahead_is_told_as_far_as_it_is_known() {
        let today = "2026-11-29".parse().unwrap();
        for (written, ahead) in [
            ("2026-11-30", false),
            ("2026-12-01", true),
            ("2026-11", false),
            ("2026-12", true),
            ("2026", false),
            ("2027", true),
        ] {
            assert_eq!(date(written).unwrap().is_ahead_of(today), ahead, "{written}");
        }
    }

    #[test]
    fn an_order_is_certain_only_where_dates_do_not_overlap() {
        let [year, month, day, later] = ["2023", "2023-03", "2023-03-14", "2023-04"].map(|text| date(text).unwrap());
        assert!(later.is_certainly_after(&month) && later.is_certainly_after(&day));
        assert!(
            !month.is_certainly_after(&year) && !day.is_certainly_after(&month) && !year.is_certainly_after(&month)
        );
    }
}
