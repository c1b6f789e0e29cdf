//! One type per operation in `graphql/`, checked against `schema.graphql` while compiling.

use graphql_client::GraphQLQuery;

pub use super::enums::*;

/// `YYYY-MM-DD`.
pub type Date = String;
/// RFC 3339.
pub type DateTime = String;
/// IANA name.
pub type TimeZone = String;

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
                    "UpdateProfileStatus"
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
    /// The raw documents behind a day.
    RawDocuments in "graphql/raw_documents.graphql",
    /// The body of one of them.
    RawBody in "graphql/raw_body.graphql",
    /// What is known of each metric on each day, of many people.
    CohortCoverage in "graphql/cohort_coverage.graphql",
    /// The same of one person, with the fields of [`CohortCoverage`].
    PersonCoverage in "graphql/person_coverage.graphql",
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
    /// Sync jobs, newest first.
    SyncJobs in "graphql/jobs.graphql",
    /// A sync job as it changes: the fields of [`SyncJobs`].
    SyncJobChanged in "graphql/job_changed.graphql",
    /// Holds a job.
    PauseSyncJob in "graphql/pause_sync_job.graphql",
    /// Goes on with it.
    ResumeSyncJob in "graphql/resume_sync_job.graphql",
    /// Ends it.
    CancelSyncJob in "graphql/cancel_sync_job.graphql",
    /// Tries again what failed.
    RetrySyncJob in "graphql/retry_sync_job.graphql",
    /// The viewer's API tokens.
    ApiTokens in "graphql/tokens.graphql",
    /// A new one.
    CreateApiToken in "graphql/create_token.graphql",
    /// Revokes one.
    RevokeApiToken in "graphql/revoke_token.graphql",
    /// Name and time zone.
    UpdateProfile in "graphql/update_profile.graphql",
}

/// A sync job. Subscription and list ask for the same fields, and the list's type serves both.
pub type Job = sync_jobs::SyncJobsSyncJobsNodes;

/// A person with coverage. The queries of one and of many ask for the same fields, and one type serves both.
pub type Covered = cohort_coverage::CohortCoverageUsersNodes;

#[cfg(test)]
mod tests {
    use super::{cohort_coverage, person_coverage, sync_job_changed, sync_jobs};

    /// The names of a selection, without layout.
    fn selection<'a>(query: &'a str, from: &str, to: &str) -> Vec<&'a str> {
        let start = query.find(from).unwrap() + from.len();
        let end = start + query[start..].find(to).unwrap();
        query[start..end].split_whitespace().collect()
    }

    #[test]
    fn list_and_subscription_ask_for_the_same_fields_of_a_job() {
        let list = selection(sync_jobs::QUERY, "nodes {", "pageInfo");
        let event = selection(sync_job_changed::QUERY, "syncJobChanged(userId: $userId) {", "finishedAt");
        assert_eq!(list, [&event[..], &["finishedAt", "}"]].concat());
    }

    #[test]
    fn one_and_many_ask_for_the_same_fields_of_a_person_s_coverage() {
        let many = selection(cohort_coverage::QUERY, "nodes {", "pageInfo");
        let one = selection(person_coverage::QUERY, "user(id: $id) {", "\n  }\n}");
        assert_eq!(many, [&one[..], &["}"]].concat());
    }
}
