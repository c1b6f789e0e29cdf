//! The texts that go into charts and tables: the section `vm` of the locale files.
//!
//! A text may hold places such as `{day}`, filled by [`fill`].

use std::borrow::Cow;

use serde::Deserialize;

macro_rules! words {
    ($($field:ident),+ $(,)?) => {
        /// One field per key of the section `vm`.
        #[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Words { $(pub $field: Cow<'static, str>),+ }

        #[cfg(target_arch = "wasm32")]
        impl Words {
            /// The texts of a locale.
            #[must_use]
            pub fn of(locale: crate::i18n::Locale) -> Self {
                Self { $($field: Cow::Borrowed(leptos_i18n::td_string!(locale, vm.$field))),+ }
            }
        }
    };
}

words! {
    decimal_mark, group_mark, months, months_long, weekdays, weekdays_long,
    day_short, day_medium, day_long, day_range, month_year, date_time,
    hours_minutes, minutes_only, days_hours, percent,
    unit_steps, unit_km, unit_kcal, unit_min, unit_bpm, unit_ms, unit_celsius, unit_celsius_relative, unit_hours,
    unit_m, unit_floors, unit_breaths, unit_percent, unit_vo2, unit_kg,
    group_activity, group_heart, group_night, group_body, group_other, n_metrics,
    steps, distance, calories, active_zone_minutes, heart_rate, resting_heart_rate, heart_rate_variability,
    skin_temperature, skin_temperature_relative, sleep,
    floors, elevation, active_calories, basal_calories,
    fat_burn_zone_minutes, cardio_zone_minutes, peak_zone_minutes,
    sedentary_minutes, lightly_active_minutes, fairly_active_minutes, very_active_minutes,
    light_heart_zone_minutes, moderate_heart_zone_minutes, vigorous_heart_zone_minutes, peak_heart_zone_minutes,
    heart_rate_variability_deep, breathing_rate,
    oxygen_saturation, oxygen_saturation_min, oxygen_saturation_max, oxygen_saturation_lower_bound,
    oxygen_saturation_upper_bound, vo2_max, core_temperature, weight, body_fat, exercise,
    no_data, day, time, metric, state, days,
    lowest, mean, highest,
    per_day, compare_same, compare_more, compare_less, compare_unknown,
    compare_day_same, compare_day_more, compare_day_less, compare_day_unknown,
    usual_within, usual_above, usual_below, usual_unknown,
    not_worn, not_worn_area, worn_for, upcoming,
    coverage_complete, coverage_empty, coverage_partial, coverage_pending, coverage_failed, coverage_not_permitted,
    coverage_unknown, coverage_summary,
    tally_failed, tally_partial, tally_pending, tally_not_permitted, tally_complete, tally_empty,
    code_rate_limited, code_provider_unreachable, code_provider_error, code_bad_answer, code_needs_consent,
    code_missing_scope, code_account_not_linked, code_request_refused, code_gone, code_disconnected,
    code_token_busy, code_raw_incomplete, code_internal, code_processing_failed, code_other,
    stage_awake, stage_rem, stage_light, stage_deep, stage_asleep, stage_restless, stage_other,
    stage, from, to, duration, night_summary,
    active_of, n_zone_minutes, n_ascent,
    reading_of, change_since, not_measured, mean_of_week, chart_trend, chart_readings, spread_between,
    chart_daily, chart_daily_empty, chart_amounts, chart_heart, chart_heart_empty, chart_nights,
    eta_seconds, eta_minutes, eta_hours, ago_moment, ago_minutes, ago_hours, ago_days, never,
    bytes_b, bytes_kb, bytes_mb,
    weekday, value, period, total, difference, worn, night, nap,
    rests_on, days_of, days_of_period, mean_of_day, days_with_data, days_before,
    heat_caption, heat_scale, heat_most,
    usual_caption, usual_is, usual_too_few, usual_between, usual_not_yet, outside_of, usual_low, usual_median, usual_high,
    regularity_of, regularity_is, regularity_rests, regularity_too_few, rhythm_caption,
    wear_valid, wear_mean, wear_of, wear_caption, versus_caption,
    budget_left, budget_all_left, budget_blocked, ends_in_days, ends_in_hours, ended,
}

/// Puts values into the places of a text.
#[must_use]
pub fn fill(text: &str, places: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let Some(close) = rest[open..].find('}').map(|at| open + at) else { break };
        let name = &rest[open + 1..close];
        out.push_str(&rest[..open]);
        match places.iter().find(|(place, _)| *place == name) {
            Some((_, value)) => out.push_str(value),
            None => out.push_str(&rest[open..=close]),
        }
        rest = &rest[close + 1..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_once_and_unknown_ones_stay() {
        assert_eq!(fill("{a} of {b}, {c}", &[("a", "{b}"), ("b", "2")]), "{b} of 2, {c}");
        assert_eq!(fill("open {a", &[("a", "1")]), "open {a");
    }
}
