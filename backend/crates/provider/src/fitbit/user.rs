//! Profile and devices.

use pulsekeep_core::{
    job::FailureCode,
    observation::{DeviceRecord, DeviceTime},
};
use secrecy::SecretString;
use serde::Deserialize;

use super::Fitbit;
use crate::{
    AccountIdentity, FetchFailure,
    json::{self, Id, LocalTime, Num},
};

#[derive(Deserialize)]
struct Profile {
    user: User,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    encoded_id: Option<Id>,
    timezone: Option<String>,
    display_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Device {
    id: Option<Id>,
    mac: Option<Id>,
    device_version: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    last_sync_time: Option<LocalTime>,
    battery_level: Option<Num>,
}

impl Fitbit {
    /// The profile: id, zone, name.
    pub(super) async fn read_account(&self, access: &SecretString) -> Result<AccountIdentity, FetchFailure> {
        let answer = self.get("/1/user/-/profile.json", access).await?;
        let profile = json::read("profile", &answer.body, |d| Profile::deserialize(d))
            .map_err(|e| FetchFailure::unreadable(&e))?;
        let Some(Id(Some(provider_user_id))) = profile.user.encoded_id else {
            return Err(FetchFailure::new(FailureCode::BadAnswer, "the profile has no encodedId"));
        };
        Ok(AccountIdentity {
            legacy_user_id: None,
            provider_user_id,
            time_zone: profile.user.timezone.filter(|zone| !zone.is_empty()),
            display_name: profile.user.display_name.filter(|name| !name.is_empty()),
        })
    }

    /// All devices.
    pub(super) async fn read_devices(
        &self,
        access: &SecretString,
    ) -> Result<Vec<DeviceRecord>, FetchFailure> {
        let answer = self.get("/1/user/-/devices.json", access).await?;
        let devices = json::read("devices", &answer.body, |d| Vec::<Device>::deserialize(d))
            .map_err(|e| FetchFailure::unreadable(&e))?;
        Ok(devices.into_iter().filter_map(device).collect())
    }
}

/// A device without any id cannot be told from others and is left out.
fn device(device: Device) -> Option<DeviceRecord> {
    Some(DeviceRecord {
        external_id: device.id.and_then(|id| id.0).or_else(|| device.mac?.0)?,
        model: device.device_version.unwrap_or_default(),
        is_tracker: device.kind.as_deref() != Some("SCALE"),
        last_sync: device.last_sync_time.and_then(|t| t.0).map(DeviceTime::Local),
        battery_percent: device.battery_level.and_then(Num::whole).and_then(|n| i32::try_from(n).ok()),
    })
}
