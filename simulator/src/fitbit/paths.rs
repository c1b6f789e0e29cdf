//! The data paths that are served, spelled as in Fitbit's own API description.

/// A served path with its scope.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Served {
    pub(crate) template: &'static str,
    pub(crate) scope: &'static str,
    /// What the error for a missing scope calls the data.
    pub(crate) subject: &'static str,
}

const fn served(template: &'static str, scope: &'static str, subject: &'static str) -> Served {
    Served { template, scope, subject }
}

const fn activity(template: &'static str) -> Served {
    served(template, "activity", "activity")
}

const fn heart(template: &'static str) -> Served {
    served(template, "heartrate", "heart rate")
}

const fn weight(template: &'static str) -> Served {
    served(template, "weight", "weight")
}

const fn oxygen(template: &'static str) -> Served {
    served(template, "oxygen_saturation", "oxygen saturation")
}

const fn breathing(template: &'static str) -> Served {
    served(template, "respiratory_rate", "respiratory rate")
}

const fn temperature(template: &'static str) -> Served {
    served(template, "temperature", "temperature")
}

const fn fitness(template: &'static str) -> Served {
    served(template, "cardio_fitness", "cardio fitness")
}

/// Paths with fixed words come before those with a placeholder in their place.
pub(crate) const SERVED: [Served; 53] = [
    activity("/1/user/-/activities/list.json"),
    activity("/1/user/-/activities/{log-id}.tcx"),
    activity("/1/user/-/activities/active-zone-minutes/date/{date}/1d/{detail-level}.json"),
    activity(
        "/1/user/-/activities/active-zone-minutes/date/{date}/1d/{detail-level}/time/{start-time}/{end-time}.json",
    ),
    activity("/1/user/-/activities/active-zone-minutes/date/{start-date}/{end-date}/{detail-level}.json"),
    activity("/1/user/-/activities/active-zone-minutes/date/{date}/{period}.json"),
    activity("/1/user/-/activities/active-zone-minutes/date/{start-date}/{end-date}.json"),
    heart("/1/user/-/activities/heart/date/{date}/1d/{detail-level}.json"),
    heart("/1/user/-/activities/heart/date/{date}/1d/{detail-level}/time/{start-time}/{end-time}.json"),
    heart("/1/user/-/activities/heart/date/{date}/{end-date}/{detail-level}.json"),
    heart(
        "/1/user/-/activities/heart/date/{date}/{end-date}/{detail-level}/time/{start-time}/{end-time}.json",
    ),
    heart("/1/user/-/activities/heart/date/{date}/{period}.json"),
    heart("/1/user/-/activities/heart/date/{base-date}/{end-date}.json"),
    activity("/1/user/-/activities/date/{date}.json"),
    activity("/1/user/-/activities/tracker/{resource-path}/date/{base-date}/{end-date}.json"),
    activity("/1/user/-/activities/tracker/{resource-path}/date/{date}/{period}.json"),
    activity("/1/user/-/activities/{resource-path}/date/{date}/1d/{detail-level}.json"),
    activity(
        "/1/user/-/activities/{resource-path}/date/{date}/1d/{detail-level}/time/{start-time}/{end-time}.json",
    ),
    activity("/1/user/-/activities/{resource-path}/date/{base-date}/{end-date}/{detail-level}.json"),
    activity(
        "/1/user/-/activities/{resource-path}/date/{date}/{end-date}/{detail-level}/time/{start-time}/{end-time}.json",
    ),
    activity("/1/user/-/activities/{resource-path}/date/{base-date}/{end-date}.json"),
    activity("/1/user/-/activities/{resource-path}/date/{date}/{period}.json"),
    heart("/1/user/-/hrv/date/{date}.json"),
    heart("/1/user/-/hrv/date/{date}/all.json"),
    heart("/1/user/-/hrv/date/{startDate}/{endDate}.json"),
    heart("/1/user/-/hrv/date/{startDate}/{endDate}/all.json"),
    oxygen("/1/user/-/spo2/date/{date}.json"),
    oxygen("/1/user/-/spo2/date/{date}/all.json"),
    oxygen("/1/user/-/spo2/date/{startDate}/{endDate}.json"),
    oxygen("/1/user/-/spo2/date/{startDate}/{endDate}/all.json"),
    breathing("/1/user/-/br/date/{date}.json"),
    breathing("/1/user/-/br/date/{date}/all.json"),
    breathing("/1/user/-/br/date/{startDate}/{endDate}.json"),
    breathing("/1/user/-/br/date/{startDate}/{endDate}/all.json"),
    temperature("/1/user/-/temp/skin/date/{date}.json"),
    temperature("/1/user/-/temp/skin/date/{startDate}/{endDate}.json"),
    temperature("/1/user/-/temp/core/date/{date}.json"),
    temperature("/1/user/-/temp/core/date/{startDate}/{endDate}.json"),
    fitness("/1/user/-/cardioscore/date/{date}.json"),
    fitness("/1/user/-/cardioscore/date/{startDate}/{endDate}.json"),
    served("/1.2/user/-/sleep/date/{date}.json", "sleep", "sleep"),
    served("/1.2/user/-/sleep/date/{base-date}/{end-date}.json", "sleep", "sleep"),
    served("/1.2/user/-/sleep/list.json", "sleep", "sleep"),
    weight("/1/user/-/body/log/weight/date/{date}.json"),
    weight("/1/user/-/body/log/weight/date/{date}/{period}.json"),
    weight("/1/user/-/body/log/weight/date/{base-date}/{end-date}.json"),
    weight("/1/user/-/body/log/fat/date/{date}.json"),
    weight("/1/user/-/body/log/fat/date/{date}/{period}.json"),
    weight("/1/user/-/body/log/fat/date/{base-date}/{end-date}.json"),
    weight("/1/user/-/body/{resource-path}/date/{date}/{period}.json"),
    weight("/1/user/-/body/{resource-path}/date/{base-date}/{end-date}.json"),
    served("/1/user/-/devices.json", "settings", "settings"),
    served("/1/user/-/profile.json", "profile", "profile"),
];

/// The served path that a path (with `-` for the user) is an instance of.
pub(crate) fn find(path: &str) -> Option<&'static Served> {
    SERVED.iter().find(|served| fits(served.template, path))
}

fn fits(template: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(wanted), Some(given)) if segment_fits(wanted, given) => {}
            _ => return false,
        }
    }
}

fn segment_fits(wanted: &str, given: &str) -> bool {
    match wanted.strip_suffix(".json") {
        Some(wanted) => given.strip_suffix(".json").is_some_and(|given| segment_fits(wanted, given)),
        None if wanted.starts_with('{') => !given.is_empty() && !given.ends_with(".json"),
        None => wanted == given,
    }
}
