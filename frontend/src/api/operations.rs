//! One type per operation in `graphql/`, checked against `schema.graphql` while compiling.

use graphql_client::GraphQLQuery;

pub use super::enums::*;

/// `YYYY-MM-DD`.
pub type Date = String;
/// RFC 3339.
pub type DateTime = String;
/// IANA name.
pub type TimeZone = String;
/// A whole number.
pub type Long = i64;

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident in $file:tt),+ $(,)?) => {
        $(
            $(#[$doc])*
            #[derive(GraphQLQuery)]
            #[graphql(
                schema_path = "../schema.graphql",
                query_path = $file,
                response_derives = "Debug, Clone, PartialEq",
                variables_derives = "Debug, Clone, PartialEq",
                extern_enums(
                    "MetricKey", "ProviderKey", "LinkedAccountState", "ConsentReason", "Role", "Scope", "SyncJobKind",
                    "SyncJobState", "FailureCode", "CoverageState", "SleepKind", "SleepLevel", "Priority",
                    "SignInStatus", "AcceptInvitationStatus", "InviteUserStatus", "RequestSyncStatus",
                    "JobActionStatus", "DisconnectStatus", "CreateApiTokenStatus", "RevokeApiTokenStatus",
                    "UpdateProfileStatus", "PushState", "ExerciseRouteStatus", "Period"
                )
            )]
            pub struct $name;
        )+
    };
}

operations! {
    /// Who is signed in.
    CurrentViewer in "graphql/viewer.graphql",
    /// Starts a web session.
    SignIn in "graphql/sign_in.graphql",
    /// Ends it.
    SignOut in "graphql/sign_out.graphql",
    /// The invitation that the web session holds.
    PendingInvitation in "graphql/invitation.graphql",
    /// Sign-up.
    AcceptInvitation in "graphql/accept_invitation.graphql",
    /// The admin's table of people.
    People in "graphql/people.graphql",
    /// An invitation link.
    InviteUser in "graphql/invite_user.graphql",
    /// Everything daily on a person's dashboard.
    Dashboard in "graphql/dashboard.graphql",
    /// What is drawn within a day.
    DaySeries in "graphql/day_series.graphql",
    /// What is drawn within the days of a longer range.
    RangeSeries in "graphql/range_series.graphql",
    /// Patterns of a person's days.
    Patterns in "graphql/patterns.graphql",
    /// Fetches the route of an exercise.
    RequestExerciseRoute in "graphql/exercise_route.graphql",
    /// The raw documents behind a day.
    RawDocuments in "graphql/raw_documents.graphql",
    /// The body of one of them.
    RawBody in "graphql/raw_body.graphql",
    /// What is known of each metric on each day, of many people.
    CohortCoverage in "graphql/coverage.graphql",
    /// The same of one person.
    PersonCoverage in "graphql/coverage.graphql",
    /// The request behind a metric of a day.
    CoverageCell in "graphql/coverage_cell.graphql",
    /// Linked accounts of a person.
    Accounts in "graphql/accounts.graphql",
    /// Revokes a linked account.
    Disconnect in "graphql/disconnect.graphql",
    /// Fetches what is new.
    RequestSync in "graphql/request_sync.graphql",
    /// Fetches the past.
    RequestBackfill in "graphql/request_backfill.graphql",
    /// What a backfill would cost.
    BackfillEstimate in "graphql/backfill_plan.graphql",
    /// Reads stored answers anew.
    RequestReparse in "graphql/request_reparse.graphql",
    /// Sync jobs, newest first.
    SyncJobs in "graphql/jobs.graphql",
    /// A sync job.
    OneSyncJob in "graphql/jobs.graphql",
    /// The jobs of a batch.
    BatchJobs in "graphql/jobs.graphql",
    /// A sync job as it changes.
    SyncJobChanged in "graphql/jobs.graphql",
    /// Batches of jobs, newest first.
    SyncBatches in "graphql/batches.graphql",
    /// What a job has given up.
    JobGaps in "graphql/gaps.graphql",
    /// What a batch has given up.
    BatchGaps in "graphql/gaps.graphql",
    /// How the linked accounts of all people stand with their providers.
    SyncAccounts in "graphql/sync_accounts.graphql",
    /// The same of one person.
    OwnSyncAccounts in "graphql/sync_accounts.graphql",
    /// Holds a job.
    PauseSyncJob in "graphql/steer.graphql",
    /// Goes on with it.
    ResumeSyncJob in "graphql/steer.graphql",
    /// Ends it.
    CancelSyncJob in "graphql/steer.graphql",
    /// Tries again what failed.
    RetrySyncJob in "graphql/steer.graphql",
    /// Holds the jobs of a batch.
    PauseSyncBatch in "graphql/steer.graphql",
    /// Goes on with them.
    ResumeSyncBatch in "graphql/steer.graphql",
    /// Ends them.
    CancelSyncBatch in "graphql/steer.graphql",
    /// Tries again what failed in them.
    RetrySyncBatch in "graphql/steer.graphql",
    /// Lets a job go before others or behind them.
    SetSyncJobPriority in "graphql/steer.graphql",
    /// The same of the jobs of a batch.
    SetSyncBatchPriority in "graphql/steer.graphql",
    /// The viewer's API tokens.
    ApiTokens in "graphql/tokens.graphql",
    /// A new one.
    CreateApiToken in "graphql/create_token.graphql",
    /// Revokes one.
    RevokeApiToken in "graphql/revoke_token.graphql",
    /// Name and time zone.
    UpdateProfile in "graphql/update_profile.graphql",
}

// Where several operations select the same fragment, each has a type of its own for it; the first one's serves all.

/// A series of rates.
pub type RateSeries = day_series::Rates;
/// A sync job.
pub type Job = sync_jobs::JobFields;
/// A batch of sync jobs.
pub type Batch = sync_batches::SyncBatchesSyncBatchesNodes;
/// Days of a metric that were given up.
pub type Gap = job_gaps::Gap;
/// A person with linked accounts.
pub type PersonAccounts = sync_accounts::PersonAccounts;
/// A linked account in the sync centre.
pub type SyncAccount = sync_accounts::PersonAccountsLinkedAccounts;
/// A person with coverage.
pub type Covered = person_coverage::Covered;
/// Coverage of a metric.
pub type CoveredMetric = person_coverage::CoveredCoverage;
/// A person of the cohort with the counts of each day.
pub type Counted = cohort_coverage::CohortCoverageUsersNodes;
