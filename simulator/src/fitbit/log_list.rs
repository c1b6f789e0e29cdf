//! Lists of logs: newest or oldest first from a day on, followed page by page through `pagination.next`.

use serde_json::{Value, json};

use super::Call;
use super::dates::date;
use super::error::invalid;
use crate::people::Day;
use crate::refusal::Refusal;

/// What a list was asked for.
pub(crate) struct LogList<'a> {
    path: &'static str,
    ascending: bool,
    edge_name: &'static str,
    edge: &'a str,
    edge_day: Day,
    limit: usize,
    offset: usize,
}

impl<'a> LogList<'a> {
    /// Reads the query of a list at a path (after the user).
    pub(crate) fn read(call: &'a Call, path: &'static str) -> Result<LogList<'a>, Refusal> {
        let query = |name: &str| call.query.get(name);
        let limit: usize = match query("limit").map(str::parse) {
            Some(Ok(limit @ 1..=100)) => limit,
            _ => return Err(invalid("limit", "The limit must be between 1 and 100")),
        };
        let offset: usize = match query("offset").map(str::parse) {
            Some(Ok(offset)) => offset,
            _ => return Err(invalid("offset", "The offset is required")),
        };
        let (ascending, edge_name) = match query("sort") {
            Some("asc") => (true, "afterDate"),
            Some("desc") => (false, "beforeDate"),
            _ => return Err(invalid("sort", "The sort order must be asc or desc")),
        };
        let edge = query(edge_name).ok_or_else(|| invalid(edge_name, &format!("{edge_name} is required")))?;
        let edge_day = date(&call.view, edge.split('T').next().unwrap_or_default())?;
        Ok(LogList { path, ascending, edge_name, edge, edge_day, limit, offset })
    }

    /// Takes the logs of this page: `of_day` gives those of a day in the order of time. Returns them with their days, and
    /// the member `pagination`.
    pub(crate) fn take<T>(&self, call: &Call, of_day: impl Fn(Day) -> Vec<T>) -> (Vec<(Day, T)>, Value) {
        let (first, last) = (call.view.first_day(), call.view.today());
        let days: Vec<Day> = if self.ascending {
            (self.edge_day.plus(1).max(first).0..=last.0).map(Day).collect()
        } else {
            (first.0..self.edge_day.0.min(last.0 + 1)).rev().map(Day).collect()
        };
        let logs = days.into_iter().flat_map(|day| {
            let mut logs = of_day(day);
            if !self.ascending {
                logs.reverse();
            }
            logs.into_iter().map(move |log| (day, log))
        });
        let mut found: Vec<(Day, T)> = logs.skip(self.offset).take(self.limit + 1).collect();
        let more = found.len() > self.limit;
        found.truncate(self.limit);
        (found, self.pagination(call, more))
    }

    fn pagination(&self, call: &Call, more: bool) -> Value {
        let LogList { path, edge_name, edge, limit, offset, .. } = *self;
        let sort = if self.ascending { "asc" } else { "desc" };
        let link = |offset: usize| {
            format!("{}/{path}?offset={offset}&limit={limit}&sort={sort}&{edge_name}={edge}", call.base)
        };
        let mut pagination = json!({
            "limit": limit,
            "next": if more { link(offset + limit) } else { String::new() },
            "offset": offset,
            "previous": if offset >= limit { link(offset - limit) } else { String::new() },
            "sort": sort,
        });
        pagination[edge_name] = edge.into();
        pagination
    }
}
