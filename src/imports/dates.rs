//! Dates as publishers write them, to partial dates.

use std::sync::LazyLock;

use regex::Regex;

use crate::partial_date::PartialDate;

static YEAR_FIRST: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?(?:$|[T\s,Z+])").ok());
static YEAR_LAST: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^(\d{1,2})([-/.])(\d{1,2})[-/.](\d{4})(?:$|[T\s,])").ok());
static TIMES: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\b\d{1,2}[:h.]\d{2}(?::\d{2})?\b").ok());
static WORDS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\p{L}+|\d+").ok());

/// The months' names in the languages that most fact-checkers write in, as they stand in dates.
const MONTHS: [&str; 12] = [
    "january janvier januar januari enero janeiro gennaio январь января січень січня styczeń stycznia ocak",
    "february février fevrier februar februari febrero fevereiro febbraio февраль февраля лютий лютого luty lutego şubat subat",
    "march mars märz maerz maart marzo março marco март марта березень березня marzec marca mart",
    "april avril abril aprile апрель апреля квітень квітня kwiecień kwietnia nisan",
    "may mai mayo maio maggio mei maj maja май мая травень травня mayıs",
    "june juin juni junio junho giugno июнь июня червень червня czerwiec czerwca haziran",
    "july juillet juli julio julho luglio июль июля липень липня lipiec lipca temmuz",
    "august août aout agosto augustus augusti август августа серпень серпня sierpień sierpnia ağustos agustos",
    "september septembre septiembre setiembre setembro settembre сентябрь сентября вересень вересня wrzesień września eylül",
    "october octobre oktober octubre outubro ottobre октябрь октября жовтень жовтня październik października ekim",
    "november novembre noviembre novembro ноябрь ноября листопад листопада kasım",
    "december décembre decembre dezember diciembre dezembro dicembre desember декабрь декабря грудень грудня grudzień grudnia aralık",
];

/// Names, and first letters of names, that are one month in one language and another in the next: listopad is November in Polish and
/// Czech, October in Croatian; lip. is July in Polish, June in Croatian.
const OF_TWO_MONTHS: &str = "listopad listopada lip";
/// The month of these: there is none, and so no more than the year is read.
const NO_MONTH: u32 = 0;

/// The date in a text, as precisely as it is beyond doubt; none where the year is not told, or the calendar has no such day.
///
/// `03/04/2021` is 2021, as nobody knows which of the two is the month. Times and zones are dropped: the day is as it was written.
pub fn parse(text: &str) -> Option<PartialDate> {
    let text = text.trim();
    if text.len() == 4 {
        return dated(text, None, None);
    }
    if let Some(found) = YEAR_FIRST.as_ref()?.captures(text) {
        return dated(found.get(1)?.as_str(), number(found.get(2)), number(found.get(3)));
    }
    if let Some(found) = YEAR_LAST.as_ref()?.captures(text) {
        let (first, second, year) = (number(found.get(1))?, number(found.get(3))?, found.get(4)?.as_str());
        return match (first, second) {
            // With dots the day comes first, wherever they are written so.
            (_, ..=12) if found.get(2)?.as_str() == "." => dated(year, Some(second), Some(first)),
            (13.., 1..=12) => dated(year, Some(second), Some(first)),
            (1..=12, 13..) => dated(year, Some(first), Some(second)),
            _ if first == second => dated(year, Some(first), Some(second)),
            (13.., 13..) => None,
            _ => dated(year, None, None),
        };
    }
    with_name(text)
}

/// Whether no more than the year was read of a date that tells more. Where the year comes first, what follows is never in doubt.
pub fn is_vaguer(read: &PartialDate, written: &str) -> bool {
    let is_year_first = YEAR_FIRST.as_ref().is_some_and(|form| form.is_match(written.trim()));
    read.as_str().len() == 4 && written.trim().len() > 4 && !is_year_first
}

fn number(found: Option<regex::Match<'_>>) -> Option<u32> {
    found?.as_str().parse().ok()
}

/// Years that a claim of today can be of: dates such as 0001-01-01 stand for none.
fn is_year(text: &str) -> bool {
    text.len() == 4 && text.parse().is_ok_and(|year: u32| (1000..2200).contains(&year))
}

/// A date of the calendar. Zeros stand for what is not known.
fn dated(year: &str, month: Option<u32>, day: Option<u32>) -> Option<PartialDate> {
    if !is_year(year) {
        return None;
    }
    let text = match (month.filter(|month| *month > 0), day.filter(|day| *day > 0)) {
        (Some(month), Some(day)) => format!("{year}-{month:02}-{day:02}"),
        (Some(month), None) => format!("{year}-{month:02}"),
        (None, _) => year.to_owned(),
    };
    PartialDate::try_from(text).ok()
}

/// A date with its month in words, anywhere in a text: the first month that has a year beside it.
fn with_name(text: &str) -> Option<PartialDate> {
    let lower = text.to_lowercase();
    let lower = TIMES.as_ref()?.replace_all(&lower, " ");
    let words: Vec<&str> = WORDS.as_ref()?.find_iter(&lower).take(200).map(|word| word.as_str()).collect();
    let found = words.iter().enumerate().find_map(|(at, word)| {
        let named = month(word)?;
        let around = |distance: isize| at.checked_add_signed(distance).and_then(|at| words.get(at)).copied();
        // 7 de outubro de 2018; October 7th, 2018; 2018 October 7: nearest first, never across another month. Three letters may be
        // another word, as in "out of 2019": then nothing but a day or a "de" may stand between.
        let is_short = word.chars().count() == 3;
        let between = around(1).is_some_and(|word| word == "de" || word.starts_with(|c: char| c.is_ascii_digit()));
        let distances: &[isize] = if is_short && !between { &[1, -1] } else { &[1, 2, 3, -1, -2] };
        let is_next = |distance: &isize| {
            (1..distance.abs()).all(|step| around(step * distance.signum()).and_then(month).is_none())
        };
        let year = distances.iter().copied().filter(is_next).filter_map(around).find(|word| is_year(word))?;
        let day = |word: &str| {
            let digits = word.trim_end_matches(char::is_alphabetic);
            digits.parse().ok().filter(|day| (1..=31).contains(day) && digits.len() <= 2)
        };
        let days: Vec<(isize, u32)> =
            [-1, 1, -2, 2].into_iter().filter_map(|distance| Some((distance, day(around(distance)?)?))).collect();
        // A number may be an hour, or count something: of the days that the calendar has, the nearest.
        let whole = days.iter().find_map(|(_, day)| dated(year, Some(named), Some(*day)));
        let is_impossible = named != NO_MONTH && days.iter().any(|(distance, _)| distance.abs() == 1);
        Some(whole.or_else(|| dated(year, Some(named), None).filter(|_| !is_impossible)))
    });
    found.flatten()
}

/// The month that a word names, or stands for as the first letters of its name.
fn month(word: &str) -> Option<u32> {
    let is = |names: &&str| word.chars().count() >= 3 && names.split(' ').any(|name| name.starts_with(word));
    if is(&OF_TWO_MONTHS) {
        return Some(NO_MONTH);
    }
    let found = MONTHS.iter().position(is)?;
    u32::try_from(found + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::{is_vaguer, parse};

    #[test]
    fn what_is_in_doubt_is_told_from_a_year() {
        for (written, vaguer) in [
            ("03/04/2021", true),
            ("7 listopada 2020", true),
            ("2021", false),
            ("2021-00-00T12:30:00", false),
            ("listopad 2020", true),
            ("October 2021", false),
            ("2021-03-04", false),
        ] {
            assert_eq!(is_vaguer(&parse(written).unwrap(), written), vaguer, "{written}");
        }
    }

    #[test]
    fn dates_of_every_shape_are_read_as_far_as_they_are_beyond_doubt() {
        for (written, read) in [
            ("2020-07-05", "2020-07-05"),
            ("2021-06-01 23:35", "2021-06-01"),
            ("2020-03-18T14:00:00+0200", "2020-03-18"),
            ("2023-01-24T13:32:06.838Z", "2023-01-24"),
            ("2019-04-10 12:09:05 UTC", "2019-04-10"),
            ("2019-4-1", "2019-04-01"),
            ("2021/06/01", "2021-06-01"),
            ("2019-04", "2019-04"),
            ("2019", "2019"),
            ("7th October 2018, 9:30 am", "2018-10-07"),
            ("October 7th, 2018", "2018-10-07"),
            ("mar. 5 mai 2020", "2020-05-05"),
            ("mar 5 mag 2020", "2020-05-05"),
            ("stated on March 4, 2021 in a speech:", "2021-03-04"),
            ("7 de outubro de 2018", "2018-10-07"),
            ("12 août 2022", "2022-08-12"),
            ("3. März 2020", "2020-03-03"),
            ("5 мая 2021 г.", "2021-05-05"),
            ("Wed, 05 Feb 2020 10:00:00 GMT", "2020-02-05"),
            ("June 2017", "2017-06"),
            ("31.12.2020", "2020-12-31"),
            ("25/12/2020", "2020-12-25"),
            ("12/25/2020", "2020-12-25"),
            ("7 de out. de 2018", "2018-10-07"),
            ("Sept. 5, 2020", "2020-09-05"),
            ("03/04/2021", "2021"),
            ("5 listopada 2020", "2020"),
            ("5. listopad 2020", "2020"),
            ("5 lis 2020", "2020"),
            ("5 листопада 2020", "2020-11-05"),
            ("5 lipca 2020", "2020-07-05"),
            ("12.25.2020", "2020-12-25"),
            ("20:30 February 5, 2021", "2021-02-05"),
            ("20:30 March 5, 2021", "2021-03-05"),
            ("20.30 March 5, 2021", "2021-03-05"),
            ("March 3:2021", "2021-03-03"),
            ("5 mars 2021 à 20h30", "2021-03-05"),
            ("June 2017, 31 pages", "2017-06"),
            ("2021-00-00", "2021"),
            ("2021-05-00", "2021-05"),
        ] {
            assert_eq!(parse(written).map(|date| date.as_str().to_owned()).as_deref(), Some(read), "{written}");
        }
    }

    #[test]
    fn words_that_begin_like_a_month_are_none() {
        for written in [
            "posted by the Mayor in 2018",
            "General election, 2019",
            "Decision of 2020",
            "marketing 2020",
            "out of 2019",
        ] {
            assert_eq!(parse(written), None, "{written}");
        }
    }

    #[test]
    fn what_tells_no_year_or_an_impossible_day_is_no_date() {
        let impossible =
            ["2021-02-30", "2023-13-45", "31.02.2023", "13/13/2023", "30 February 2023, updated 3 March 2023"];
        for written in
            ["", " ", "yesterday", "7 October", "0001-01-01T00:00:00", "20210607", "-", "2021-06-0x", "é2021"]
                .into_iter()
                .chain(impossible)
        {
            assert_eq!(parse(written), None, "{written}");
        }
    }
}
