//! The schema's enums, once for all operations. A value that this version does not know is kept as `Other`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! graphql_enums {
    ($($name:ident { $($variant:ident = $text:literal),+ $(,)? })+) => {
        $(
            #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
            pub enum $name { $($variant,)+ Other(String) }

            impl $name {
                /// The values that this version knows, in the schema's order.
                pub const KNOWN: &'static [&'static str] = &[$($text),+];

                /// The value as the schema writes it.
                #[must_use]
                pub fn as_str(&self) -> &str {
                    match self { $(Self::$variant => $text,)+ Self::Other(text) => text }
                }
            }

            impl From<&str> for $name {
                fn from(text: &str) -> Self {
                    match text { $($text => Self::$variant,)+ other => Self::Other(other.to_owned()) }
                }
            }

            impl Serialize for $name {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.serialize_str(self.as_str())
                }
            }

            impl<'de> Deserialize<'de> for $name {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    String::deserialize(deserializer).map(|text| Self::from(text.as_str()))
                }
            }
        )+

        /// Name and known values of each enum here.
        #[cfg(test)]
        pub(crate) const ALL: &[(&str, &[&str])] = &[$((stringify!($name), $name::KNOWN)),+];
    };
}

graphql_enums! {
    MetricKey {
        Steps = "STEPS",
        Distance = "DISTANCE",
        Calories = "CALORIES",
        ActiveZoneMinutes = "ACTIVE_ZONE_MINUTES",
        HeartRate = "HEART_RATE",
        RestingHeartRate = "RESTING_HEART_RATE",
        HeartRateVariability = "HEART_RATE_VARIABILITY",
        SkinTemperature = "SKIN_TEMPERATURE",
        SkinTemperatureRelative = "SKIN_TEMPERATURE_RELATIVE",
        Sleep = "SLEEP",
        Floors = "FLOORS",
        Elevation = "ELEVATION",
        ActiveCalories = "ACTIVE_CALORIES",
        BasalCalories = "BASAL_CALORIES",
        FatBurnZoneMinutes = "FAT_BURN_ZONE_MINUTES",
        CardioZoneMinutes = "CARDIO_ZONE_MINUTES",
        PeakZoneMinutes = "PEAK_ZONE_MINUTES",
        SedentaryMinutes = "SEDENTARY_MINUTES",
        LightlyActiveMinutes = "LIGHTLY_ACTIVE_MINUTES",
        FairlyActiveMinutes = "FAIRLY_ACTIVE_MINUTES",
        VeryActiveMinutes = "VERY_ACTIVE_MINUTES",
        LightHeartZoneMinutes = "LIGHT_HEART_ZONE_MINUTES",
        ModerateHeartZoneMinutes = "MODERATE_HEART_ZONE_MINUTES",
        VigorousHeartZoneMinutes = "VIGOROUS_HEART_ZONE_MINUTES",
        PeakHeartZoneMinutes = "PEAK_HEART_ZONE_MINUTES",
        HeartRateVariabilityDeep = "HEART_RATE_VARIABILITY_DEEP",
        BreathingRate = "BREATHING_RATE",
        OxygenSaturation = "OXYGEN_SATURATION",
        OxygenSaturationMin = "OXYGEN_SATURATION_MIN",
        OxygenSaturationMax = "OXYGEN_SATURATION_MAX",
        OxygenSaturationLowerBound = "OXYGEN_SATURATION_LOWER_BOUND",
        OxygenSaturationUpperBound = "OXYGEN_SATURATION_UPPER_BOUND",
        Vo2Max = "VO2_MAX",
        CoreTemperature = "CORE_TEMPERATURE",
        Weight = "WEIGHT",
        BodyFat = "BODY_FAT",
        Exercise = "EXERCISE",
    }
    ProviderKey { GoogleHealth = "GOOGLE_HEALTH", Fitbit = "FITBIT" }
    LinkedAccountState { Active = "ACTIVE", Expiring = "EXPIRING", NeedsConsent = "NEEDS_CONSENT", Revoked = "REVOKED" }
    PushState { None = "NONE", Active = "ACTIVE", Failed = "FAILED" }
    ConsentReason {
        InvalidGrant = "INVALID_GRANT",
        NoRefreshToken = "NO_REFRESH_TOKEN",
        VaultKey = "VAULT_KEY",
        AccountNotLinked = "ACCOUNT_NOT_LINKED",
    }
    Period { Day = "DAY", Week = "WEEK", Month = "MONTH", Year = "YEAR" }
    Role { Admin = "ADMIN", Member = "MEMBER" }
    Scope { ReadMetrics = "READ_METRICS", WriteSync = "WRITE_SYNC", WriteExport = "WRITE_EXPORT", Admin = "ADMIN" }
    SyncJobKind { Incremental = "INCREMENTAL", Deep = "DEEP", Backfill = "BACKFILL", Reparse = "REPARSE" }
    SyncJobState {
        Planned = "PLANNED",
        Running = "RUNNING",
        Waiting = "WAITING",
        Paused = "PAUSED",
        Done = "DONE",
        DoneWithGaps = "DONE_WITH_GAPS",
        Failed = "FAILED",
        Cancelled = "CANCELLED",
    }
    FailureCode {
        RateLimited = "RATE_LIMITED",
        ProviderUnreachable = "PROVIDER_UNREACHABLE",
        ProviderError = "PROVIDER_ERROR",
        BadAnswer = "BAD_ANSWER",
        NeedsConsent = "NEEDS_CONSENT",
        MissingScope = "MISSING_SCOPE",
        AccountNotLinked = "ACCOUNT_NOT_LINKED",
        RequestRefused = "REQUEST_REFUSED",
        Gone = "GONE",
        Disconnected = "DISCONNECTED",
        TokenBusy = "TOKEN_BUSY",
        RawIncomplete = "RAW_INCOMPLETE",
        Internal = "INTERNAL",
        ProcessingFailed = "PROCESSING_FAILED",
    }
    CoverageState {
        Complete = "COMPLETE",
        EmptyConfirmed = "EMPTY_CONFIRMED",
        Partial = "PARTIAL",
        Pending = "PENDING",
        Failed = "FAILED",
        NotPermitted = "NOT_PERMITTED",
    }
    SleepKind { Stages = "STAGES", Classic = "CLASSIC" }
    SleepLevel {
        Awake = "AWAKE",
        Light = "LIGHT",
        Deep = "DEEP",
        Rem = "REM",
        Asleep = "ASLEEP",
        Restless = "RESTLESS",
    }
    Priority { High = "HIGH", Normal = "NORMAL", Low = "LOW" }
    SignInStatus { SignedIn = "SIGNED_IN", Wrong = "WRONG", Throttled = "THROTTLED" }
    AcceptInvitationStatus {
        Accepted = "ACCEPTED",
        Invalid = "INVALID",
        PasswordTooShort = "PASSWORD_TOO_SHORT",
    }
    InviteUserStatus {
        Invited = "INVITED",
        EmailInvalid = "EMAIL_INVALID",
        CodeTaken = "CODE_TAKEN",
        CodeInvalid = "CODE_INVALID",
        AlreadySignedUp = "ALREADY_SIGNED_UP",
    }
    RequestSyncStatus {
        Accepted = "ACCEPTED",
        NotFound = "NOT_FOUND",
        NotLinked = "NOT_LINKED",
        NeedsConsent = "NEEDS_CONSENT",
        RangeReversed = "RANGE_REVERSED",
        RangeInFuture = "RANGE_IN_FUTURE",
        RangeTooEarly = "RANGE_TOO_EARLY",
        RangeTooLong = "RANGE_TOO_LONG",
        NothingStored = "NOTHING_STORED",
    }
    JobActionStatus { Accepted = "ACCEPTED", NotFound = "NOT_FOUND", NotPossible = "NOT_POSSIBLE" }
    ExerciseRouteStatus {
        Ready = "READY",
        NotFound = "NOT_FOUND",
        NoRoute = "NO_ROUTE",
        NotLinked = "NOT_LINKED",
        MissingScope = "MISSING_SCOPE",
        NeedsConsent = "NEEDS_CONSENT",
        Later = "LATER",
        Failed = "FAILED",
    }
    DisconnectStatus { Disconnected = "DISCONNECTED", NotFound = "NOT_FOUND" }
    CreateApiTokenStatus {
        Created = "CREATED",
        NameEmpty = "NAME_EMPTY",
        NoScopes = "NO_SCOPES",
        ScopeNotAllowed = "SCOPE_NOT_ALLOWED",
        UserNotFound = "USER_NOT_FOUND",
    }
    RevokeApiTokenStatus { Revoked = "REVOKED", NotFound = "NOT_FOUND" }
    UpdateProfileStatus { Updated = "UPDATED", TimeZoneUnknown = "TIME_ZONE_UNKNOWN", NameEmpty = "NAME_EMPTY" }
}

#[cfg(test)]
mod tests {
    use super::{ALL, MetricKey};

    /// Values of `enum name` in the schema's text.
    fn values(schema: &str, name: &str) -> Vec<String> {
        let start = schema.find(&format!("enum {name} {{")).unwrap_or_else(|| panic!("no enum {name}"));
        let body = &schema[start..];
        let (open, close) = (body.find('{').unwrap(), body.find('}').unwrap());
        let no_docs: Vec<&str> = body[open + 1..close].split('"').step_by(2).collect();
        no_docs.join(" ").split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn every_value_of_the_schema_is_known() {
        let schema = include_str!("../../../schema.graphql");
        for (name, known) in ALL {
            let mut known: Vec<String> = known.iter().map(|s| (*s).to_owned()).collect();
            let mut wanted = values(schema, name);
            known.sort();
            wanted.sort();
            assert_eq!(known, wanted, "{name}");
        }
    }

    #[test]
    fn an_unknown_value_is_kept() {
        let key: MetricKey = serde_json::from_str("\"BLOOD_OXYGEN\"").unwrap();
        assert_eq!(key, MetricKey::Other("BLOOD_OXYGEN".to_owned()));
        assert_eq!(serde_json::to_string(&key).unwrap(), "\"BLOOD_OXYGEN\"");
    }
}
