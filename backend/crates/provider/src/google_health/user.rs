//! Identity, settings and paired devices.

use pulsekeep_core::{
    EpochMs,
    job::FailureCode,
    observation::{DeviceRecord, DeviceTime},
};
use reqwest::{Method, Request};
use secrecy::SecretString;
use serde::{Deserialize, de::DeserializeOwned};

use super::GoogleHealth;
use crate::{
    AccountIdentity, FetchFailure,
    json::{self, Id, Instant, Num},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    health_user_id: Option<Id>,
    legacy_user_id: Option<Id>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    time_zone: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DevicePage {
    #[serde(default)]
    paired_devices: Vec<Device>,
    #[serde(default)]
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Device {
    name: Option<String>,
    device_type: Option<String>,
    device_version: Option<String>,
    battery_level: Option<Num>,
    last_sync_time: Option<Instant>,
    mac_address: Option<String>,
}

/// Pages of devices that are read at most; nobody has 1,000.
const MOST_DEVICE_PAGES: usize = 10;

impl GoogleHealth {
    async fn read<T: DeserializeOwned>(
        &self,
        access: &SecretString,
        path: &'static str,
        query: &[(&str, &str)],
    ) -> Result<T, FetchFailure> {
        let mut url = self.config().api(path);
        url.query_pairs_mut().extend_pairs(query).append_pair("prettyPrint", "false");
        let answer = self.send(Request::new(Method::GET, url), access).await?;
        json::read(path, &answer.body, |d| T::deserialize(d)).map_err(|e| FetchFailure::unreadable(&e))
    }

    /// Identity, and the zone of the settings where that scope was granted.
    pub(super) async fn read_account(&self, access: &SecretString) -> Result<AccountIdentity, FetchFailure> {
        let identity: Identity = self.read(access, "/v4/users/me/identity", &[]).await?;
        let Some(Id(Some(provider_user_id))) = identity.health_user_id else {
            return Err(FetchFailure::new(FailureCode::BadAnswer, "the identity has no healthUserId"));
        };
        let time_zone = match self.read::<Settings>(access, "/v4/users/me/settings", &[]).await {
            Ok(settings) => settings.time_zone.filter(|zone| !zone.is_empty()),
            // Without it the person's offsets are learnt from the data.
            Err(FetchFailure { code: FailureCode::MissingScope | FailureCode::RequestRefused, .. }) => None,
            Err(failure) => return Err(failure),
        };
        let legacy_user_id = identity.legacy_user_id.and_then(|id| id.0);
        Ok(AccountIdentity { provider_user_id, legacy_user_id, time_zone, display_name: None })
    }

    /// All paired devices.
    pub(super) async fn read_devices(
        &self,
        access: &SecretString,
    ) -> Result<Vec<DeviceRecord>, FetchFailure> {
        let mut devices = Vec::new();
        let mut token = String::new();
        for _ in 0..MOST_DEVICE_PAGES {
            let mut query = vec![("pageSize", "100")];
            if !token.is_empty() {
                query.push(("pageToken", token.as_str()));
            }
            let page: DevicePage = self.read(access, "/v4/users/me/pairedDevices", &query).await?;
            devices.extend(page.paired_devices.into_iter().filter_map(device));
            token = page.next_page_token.unwrap_or_default();
            if token.is_empty() {
                break;
            }
        }
        Ok(devices)
    }
}

/// A device without any id cannot be told from others and is left out.
fn device(device: Device) -> Option<DeviceRecord> {
    let name = device.name.as_deref().and_then(|n| n.rsplit('/').next()).filter(|id| !id.is_empty());
    let external_id = name.map(ToOwned::to_owned).or(device.mac_address)?;
    Some(DeviceRecord {
        external_id,
        model: device.device_version.unwrap_or_default(),
        is_tracker: device.device_type.as_deref() != Some("SCALE"),
        last_sync: device.last_sync_time.and_then(|t| t.0).map(|ms| DeviceTime::Instant(EpochMs(ms))),
        battery_percent: device.battery_level.and_then(Num::whole).and_then(|n| i32::try_from(n).ok()),
    })
}
