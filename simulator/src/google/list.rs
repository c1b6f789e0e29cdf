//! `list`, `reconcile` and `get` of data points.

use super::Call;
use super::catalogue::{DataType, Record as Kind};
use super::error::GoogleError;
use super::filter::Filter;
use super::json::{self, Json};
use super::paging::{Cursor, read_page_size};
use super::points::PointWriter;
use super::records::{Content, Family, Reading, Record};
use crate::people::{Day, View, hash};
use crate::switches::Switches;

/// Reads `users/me/dataSourceFamilies/…`.
pub(crate) fn family(text: Option<&str>, health_user_id: &str) -> Result<Family, GoogleError> {
    let Some(text) = text else { return Ok(Family::All) };
    let wrong = || {
        GoogleError::invalid(
            "INVALID_DATA_POINT_DATA_SOURCE_FAMILY",
            "The data source family is not one of the supported.",
        )
    };
    let rest = text.strip_prefix("users/").ok_or_else(wrong)?;
    let (user, name) = rest.split_once("/dataSourceFamilies/").ok_or_else(wrong)?;
    if user != "me" && user != health_user_id {
        return Err(wrong());
    }
    match name {
        "all-sources" => Ok(Family::All),
        "google-wearables" => Ok(Family::Wearables),
        "google-sources" => Ok(Family::GoogleSources),
        "self-sources" => Ok(Family::SelfSources),
        _ => Err(wrong()),
    }
}

/// `list` and `reconcile`.
pub(crate) fn points(
    call: &Call,
    view: &View,
    data_type: DataType,
    merged: bool,
) -> Result<String, GoogleError> {
    let switches = call.state.switches();
    let asked_family = call.wire.parameter("dataSourceFamily");
    if asked_family.is_some() && data_type == DataType::Sleep && !merged {
        return Err(GoogleError::invalid(
            "INVALID_DATA_POINT_DATA_SOURCE_FAMILY",
            "Filtering by data source family is not supported for this data type.",
        ));
    }
    let family = family(asked_family, view.person().profile.google_id)?;
    let filter_text = call.wire.parameter("filter").unwrap_or_default();
    let filter = read_filter(filter_text, data_type, &switches)?;
    let size_text = call.wire.parameter("pageSize").unwrap_or_default();
    let size = read_page_size(size_text, data_type.page_sizes())?;
    let page = Page {
        size,
        shape: format!(
            "{}/{merged}/{filter_text}/{size_text}/{}/{}",
            data_type.kebab(),
            asked_family.unwrap_or_default(),
            view.person().profile.id
        ),
        token: call.wire.parameter("pageToken"),
    };
    let reading = Reading { view, data_type, merged, family, switches: &switches };
    let writer =
        PointWriter { person: view.person(), data_type, switches: &switches, merged, now: view.now() };
    page.take(call, reading, &filter, &switches, &writer)
}

fn read_filter(text: &str, data_type: DataType, switches: &Switches) -> Result<Filter, GoogleError> {
    if text.trim().is_empty() {
        return Ok(Filter::default());
    }
    if data_type.record() == Kind::Sleep && switches.google_sleep_filter_refused {
        return Err(GoogleError::invalid(
            "INVALID_DATA_POINT_FILTER",
            "Filters are not supported for this data type.",
        ));
    }
    Filter::read(text, data_type)
}

struct Page<'a> {
    size: usize,
    /// Everything that must stay the same from page to page.
    shape: String,
    token: Option<&'a str>,
}

impl Page<'_> {
    fn take(
        &self,
        call: &Call,
        reading: Reading<'_>,
        filter: &Filter,
        switches: &Switches,
        writer: &PointWriter<'_>,
    ) -> Result<String, GoogleError> {
        let signer = call.state.signer();
        let after = self.token.map(|token| Cursor::open(signer, &self.shape, token)).transpose()?;
        let token = |cursor: Cursor| Some(cursor.seal(signer, &self.shape));
        if after.is_none() && switches.google_empty_page_with_token {
            return Ok(json::page("dataPoints", &Json::default(), token(Cursor::BEGINNING).as_deref()));
        }
        let (from, to) = filter.span();
        // keys of sleep are ends, which lie up to a day after the starts that chunks go by: days have slack enough
        let to = match after {
            Some(cursor) if cursor.place < i64::MAX - 1 => Some(to.unwrap_or(i64::MAX).min(cursor.place + 1)),
            _ => to,
        };
        let is_next =
            |record: &Record| after.is_none_or(|cursor| cursor.is_before(record.start, record.origin as u8));
        let passes = |record: &Record| filter.passes(record.key.0, record.key.1);
        let mut kept: Vec<Record> = Vec::new();
        for chunk in reading.descending(from, to) {
            let mut chunk = chunk;
            chunk.sort_by_key(|record| (std::cmp::Reverse(record.start), record.origin));
            kept.extend(chunk.into_iter().filter(|record| is_next(record) && passes(record)));
            if kept.len() > self.size {
                break;
            }
        }
        let more = kept.len() > self.size;
        kept.truncate(self.size);
        let end = kept.last().map(|record| Cursor { place: record.start, number: record.origin as u8 });
        let next_page_token = match end {
            Some(cursor) if more => token(cursor),
            _ => switches.google_empty_next_page_token.then(String::new),
        };
        if switches.google_unsorted_pages {
            kept.sort_by_key(|record| hash(0x5047, record.start as u64, i64::from(record.origin as u8), 0));
        }
        let mut points = Json { text: String::with_capacity(kept.len() * 320) };
        for record in &kept {
            writer.write(&mut points, record);
        }
        Ok(json::page("dataPoints", &points, next_page_token.as_deref()))
    }
}

/// An identifiable record and its day, searched from the newest on.
fn find(view: &View, data_type: DataType, id: &str, switches: &Switches) -> Option<(Day, Record)> {
    let reading = Reading { view, data_type, merged: false, family: Family::All, switches };
    let writer = PointWriter { person: view.person(), data_type, switches, merged: false, now: view.now() };
    let id: u64 = id.parse().ok()?;
    let days = (view.first_day().0..=view.today().0).rev().map(Day);
    days.flat_map(|day| reading.of_day(day).into_iter().map(move |record| (day, record)))
        .find(|(_, record)| writer.id(record) == Some(id))
}

/// `get` of an identifiable point.
pub(crate) fn get(call: &Call, view: &View, data_type: DataType, id: &str) -> Result<String, GoogleError> {
    let switches = call.state.switches();
    let (_, record) = find(view, data_type, id, &switches).ok_or_else(GoogleError::not_found)?;
    let writer =
        PointWriter { person: view.person(), data_type, switches: &switches, merged: false, now: view.now() };
    let mut point = Json::default();
    writer.write(&mut point, &record);
    Ok(point.text)
}

/// `exportExerciseTcx`: the route of an exercise. One without a route is refused unless partial data is asked for.
pub(crate) fn export(call: &Call, view: &View, id: &str) -> Result<String, GoogleError> {
    let switches = call.state.switches();
    let found =
        find(view, DataType::Exercise, id, &switches).and_then(|(day, record)| match record.content {
            Content::Exercise(exercise) => Some((view.day(day)?, exercise)),
            _ => None,
        });
    let (day, exercise) = found.ok_or_else(GoogleError::not_found)?;
    let partial = call.wire.parameter("partialData") == Some("true");
    if !exercise.has_route && !partial {
        return Err(GoogleError::invalid_argument());
    }
    Ok(crate::tcx::write(&day, &exercise))
}
