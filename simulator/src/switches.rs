//! Switches: each one a documented deviation, or a place where nobody knows what the provider really does.

use serde::{Deserialize, Serialize};

/// How a worn minute without steps appears in Google's steps and distance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrueZero {
    /// No point at all.
    #[default]
    Absent,
    /// A point without its count (proto3 leaves a default value out).
    WithoutCount,
    /// A point with the count `"0"`.
    WithCount,
}

/// All switches; at rest the simulator follows the documentation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    /// Google: consent screen in testing mode, refresh tokens die after 7 days and say so.
    pub google_testing_mode: bool,
    /// Google: a refresh gives a new refresh token and ends the old one.
    pub google_refresh_rotation: bool,
    /// Google: 429 for the per-minute quota carries `Retry-After`.
    pub google_retry_after: bool,
    /// Google: requests a person may make in a minute.
    pub google_requests_per_minute: u32,
    /// Google: requests that all people of a client may make in a minute together.
    pub google_project_requests_per_minute: u32,
    /// Google: people who may ever consent to a client; 0 for any number.
    pub google_app_users: u32,
    /// Google: the client is not verified: 150 requests a minute and person, 15,000 of all, 100 people, where the other
    /// switches allow more.
    pub google_unverified_app: bool,
    /// Google: temperature baseline and deviation of the first seven nights are the string `"NaN"` instead of absent.
    pub google_nan_strings: bool,
    /// Google: the first page is empty and has a token.
    pub google_empty_page_with_token: bool,
    /// Google: the last page has `"nextPageToken": ""` instead of none.
    pub google_empty_next_page_token: bool,
    /// Google: points inside a page come in no order.
    pub google_unsorted_pages: bool,
    /// Google: the end of a dailyRollUp range is taken as inclusive.
    pub google_daily_roll_up_end_inclusive: bool,
    /// Google: filters on sleep are refused with 400.
    pub google_sleep_filter_refused: bool,
    /// Google: worn minutes without steps.
    pub google_true_zero: TrueZero,
    /// Google: roll-ups return windows without data, with no value in them.
    pub google_empty_windows_present: bool,
    /// Google: roll-ups come newest first.
    pub google_roll_up_descending: bool,
    /// Google: a night of the last day is first given unprocessed and classic, under the same name, until an hour after waking.
    pub google_sleep_unprocessed_first: bool,
    /// Fitbit: a refresh gives a new refresh token and ends the old one.
    pub fitbit_refresh_rotation: bool,
    /// Fitbit: the same refresh request gets the same answer until the new tokens are used.
    pub fitbit_same_answer: bool,
    /// Fitbit: `#_=_` at the end of the redirect.
    pub fitbit_redirect_fragment: bool,
    /// Fitbit: 429 carries `Retry-After`.
    pub fitbit_retry_after: bool,
    /// Fitbit: requests a person may make in an hour.
    pub fitbit_requests_per_hour: u32,
    /// Fitbit: the application may read intraday data; without, only the daily key is returned.
    pub fitbit_intraday_permission: bool,
    /// Fitbit: active zone minutes intraday as `{"dataset": […]}` instead of an array.
    pub fitbit_zone_minutes_dataset: bool,
    /// Fitbit: the keys of an object come in another order each time.
    pub fitbit_shuffled_keys: bool,
    /// Fitbit: longest range of the heart series, days.
    pub fitbit_heart_range_days: u32,
    /// Fitbit: longest range of the nights' oxygen saturation, days; 0 for none.
    pub fitbit_oxygen_range_days: u32,
    /// Fitbit: heart zones of a day without heart rate have only their names and limits.
    pub fitbit_minimal_heart_zones: bool,
    /// Google: a webhook call is an array of notifications instead of one.
    pub google_webhook_array: bool,
    /// Google: notifications say version `v4` and operation `UPDATE`.
    pub google_webhook_v4: bool,
    /// Google: notifications lack the secret in `Authorization`.
    pub google_webhook_without_authorization: bool,
    /// Google: changes of a subscriber are answered by an operation that holds it.
    pub google_webhook_operation: bool,
    /// Webhooks: every notification is sent twice.
    pub push_duplicate: bool,
    /// Webhooks: the newest is sent first.
    pub push_out_of_order: bool,
    /// Webhooks: nothing is sent, and nothing is repeated later.
    pub push_lost: bool,
    /// Webhooks: signed with somebody else's key.
    pub push_forged: bool,
    /// Webhooks: without a signature.
    pub push_unsigned: bool,
    /// Webhooks: nothing is sent but by the control API.
    pub push_by_hand: bool,
    /// Both: from this instant on no device hands over anything.
    pub devices_silent_after: Option<jiff::Timestamp>,
    /// Both: every request is answered with 410.
    pub gone: bool,
}

impl Default for Switches {
    fn default() -> Switches {
        Switches {
            google_testing_mode: false,
            google_refresh_rotation: false,
            google_retry_after: false,
            google_requests_per_minute: 300,
            google_project_requests_per_minute: 120_000,
            google_app_users: 0,
            google_unverified_app: false,
            google_nan_strings: false,
            google_empty_page_with_token: false,
            google_empty_next_page_token: false,
            google_unsorted_pages: false,
            google_daily_roll_up_end_inclusive: false,
            google_sleep_filter_refused: false,
            google_true_zero: TrueZero::Absent,
            google_empty_windows_present: false,
            google_roll_up_descending: false,
            google_sleep_unprocessed_first: false,
            fitbit_refresh_rotation: true,
            fitbit_same_answer: true,
            fitbit_redirect_fragment: true,
            fitbit_retry_after: false,
            fitbit_requests_per_hour: 150,
            fitbit_intraday_permission: true,
            fitbit_zone_minutes_dataset: false,
            fitbit_shuffled_keys: false,
            fitbit_heart_range_days: 366,
            fitbit_oxygen_range_days: 0,
            fitbit_minimal_heart_zones: false,
            google_webhook_array: false,
            google_webhook_v4: false,
            google_webhook_without_authorization: false,
            google_webhook_operation: false,
            push_duplicate: false,
            push_out_of_order: false,
            push_lost: false,
            push_forged: false,
            push_unsigned: false,
            push_by_hand: false,
            devices_silent_after: None,
            gone: false,
        }
    }
}

impl Switches {
    /// The lower of two limits for clients that are not verified.
    fn unless_unverified(&self, limit: u32, unverified: u32) -> u32 {
        if self.google_unverified_app { limit.min(unverified) } else { limit }
    }

    /// Google: requests of a person in a minute.
    pub(crate) fn google_person_limit(&self) -> u32 {
        self.unless_unverified(self.google_requests_per_minute, 150)
    }

    /// Google: requests of all people in a minute.
    pub(crate) fn google_project_limit(&self) -> u32 {
        self.unless_unverified(self.google_project_requests_per_minute, 250 * 60)
    }

    /// Google: people who may ever consent.
    pub(crate) fn google_user_limit(&self) -> u32 {
        self.unless_unverified(if self.google_app_users == 0 { u32::MAX } else { self.google_app_users }, 100)
    }
}
