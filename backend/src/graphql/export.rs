//! Export jobs.

use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use pulsekeep_core::{
    account::{Scope, Viewer},
    id::{ExportId, UserId},
    job::{self, ExportState},
    time::DayRange,
};
use pulsekeep_export::{ExportAction, ExportRequest};
use pulsekeep_store::{ExportJob, NewExport};

use super::{
    context::RequestContext as _,
    enums::{ExportFormat, ExportJobState, MetricKey},
    errors::{ApiError, Reply},
    ids::Id,
    scalars::{Date, DateTime, Long},
    sync::{self, JobActionStatus},
};

/// What somebody asked to be written as files, and how far it is.
pub(super) struct ExportJobNode(pub ExportJob);

/// What somebody asked to be written as files, and how far it is.
#[Object(name = "ExportJob")]
impl ExportJobNode {
    async fn id(&self) -> Id<ExportId> {
        Id(self.0.id)
    }

    async fn state(&self) -> ExportJobState {
        self.0.state.into()
    }

    async fn format(&self) -> ExportFormat {
        self.0.asked.format.into()
    }

    /// Whether it is written under pseudonyms and with shifted dates, to a place of its own.
    async fn deidentified(&self) -> bool {
        self.0.asked.deidentified
    }

    /// Whose data; null for everybody's.
    async fn user_ids(&self) -> Option<Vec<Id<UserId>>> {
        self.0.asked.people.as_ref().map(|people| people.iter().map(|&person| Id(person)).collect())
    }

    async fn metrics(&self) -> Vec<MetricKey> {
        self.0.asked.metrics.iter().map(|&metric| metric.into()).collect()
    }

    /// First day whose files are brought up to date; null for all days.
    async fn from(&self) -> Option<Date> {
        self.0.asked.days.map(|days| Date(days.start))
    }

    /// Last day whose files are brought up to date; null for all days.
    async fn to(&self) -> Option<Date> {
        self.0.asked.days.map(|days| Date(days.last()))
    }

    /// Why it waits or has failed, and what to do; others than admins are told whom to ask.
    async fn problem(&self, ctx: &Context<'_>) -> Option<&str> {
        let is_admin = ctx.viewer().is_ok_and(Viewer::is_admin);
        let problem = self.0.problem.as_deref()?;
        // It names what only the operator has to know: places, rights, keys of the configuration.
        Some(if is_admin {
            problem
        } else {
            "Something is not as it should be where exports go; ask an admin"
        })
    }

    /// How often somebody has begun with it.
    async fn attempt(&self) -> i32 {
        self.0.attempt
    }

    /// When it is tried again, while it waits.
    async fn waiting_until(&self) -> Option<DateTime> {
        (self.0.state == ExportState::Waiting).then_some(DateTime(self.0.next_run_at))
    }

    /// People whose files are looked at.
    async fn people_total(&self) -> i32 {
        self.0.progress.people_total
    }

    /// People whose files are up to date.
    async fn people_done(&self) -> i32 {
        self.0.progress.people_done
    }

    /// Objects whose data has changed since the last export.
    async fn objects_total(&self) -> Long {
        Long(self.0.progress.objects_total)
    }

    /// Of these, those that are up to date.
    async fn objects_done(&self) -> Long {
        Long(self.0.progress.objects_done)
    }

    /// Of these, those that were written, since their content had changed.
    async fn objects_written(&self) -> Long {
        Long(self.0.progress.objects_written)
    }

    /// Rows in the objects that were written.
    async fn rows_written(&self) -> Long {
        Long(self.0.progress.rows_written)
    }

    /// Bytes of the objects that were written.
    async fn bytes_written(&self) -> Long {
        Long(self.0.progress.bytes_written)
    }

    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    async fn started_at(&self) -> Option<DateTime> {
        self.0.started_at.map(DateTime)
    }

    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }

    async fn finished_at(&self) -> Option<DateTime> {
        self.0.finished_at.map(DateTime)
    }
}

/// What is to be written as files.
#[derive(InputObject)]
pub(super) struct ExportInput {
    /// Whose data; everybody's when left out, for admins.
    user_ids: Option<Vec<Id<UserId>>>,
    /// All when left out.
    metrics: Option<Vec<MetricKey>>,
    /// First day whose files are brought up to date; all days when left out.
    from: Option<Date>,
    /// Last day; wanted with `from`.
    to: Option<Date>,
    /// BOTH when left out.
    format: Option<ExportFormat>,
    /// Under pseudonyms and with shifted dates, to a place of its own; for admins.
    deidentified: Option<bool>,
}

/// What came of a request for an export.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RequestExportStatus {
    /// The job is written.
    Accepted,
    /// One of the people is not there, or not yours to see. Nothing was written.
    NotFound,
    /// Exports of this kind are not set up; the message says what to do.
    NotSetUp,
    /// The days cannot be meant; the message says why.
    BadRange,
}

/// What came of a request for an export.
#[derive(SimpleObject)]
pub(super) struct RequestExportPayload {
    status: RequestExportStatus,
    message: Option<String>,
    job: Option<ExportJobNode>,
}

/// What came of steering an export job.
#[derive(SimpleObject)]
pub(super) struct ExportActionPayload {
    status: JobActionStatus,
    message: Option<String>,
    job: Option<ExportJobNode>,
}

/// Mutations on export jobs.
#[derive(Default)]
pub(super) struct ExportMutation;

#[Object]
impl ExportMutation {
    /// Brings the files of people up to date, where exports go. Only what has changed is written.
    #[graphql(complexity = "20 + child_complexity")]
    async fn request_export(&self, ctx: &Context<'_>, input: ExportInput) -> Reply<RequestExportPayload> {
        let viewer = ctx.need(Scope::WriteExport)?;
        let refused =
            |status, message: String| Ok(RequestExportPayload { status, message: Some(message), job: None });
        let days = match days_of(&input)? {
            Ok(days) => days,
            Err(message) => return refused(RequestExportStatus::BadRange, message),
        };
        let deidentified = input.deidentified.unwrap_or(false);
        if deidentified && !viewer.is_admin() {
            return Err(ApiError::forbidden("Exports with pseudonyms are for admins; ask one of them"));
        }
        let Some(people) = people_of(ctx, viewer, input.user_ids).await? else {
            let message = "One of the people is not there. Nothing was asked for.";
            return refused(RequestExportStatus::NotFound, message.to_owned());
        };
        let new = NewExport {
            format: input.format.map_or(job::ExportFormat::Both, Into::into),
            deidentified,
            people,
            metrics: sync::metrics_of(input.metrics),
            days,
            created_by: viewer.user,
        };
        let services = ctx.services()?;
        match services.exporter.request(&new).await? {
            ExportRequest::NotSetUp(problem) => refused(RequestExportStatus::NotSetUp, problem),
            ExportRequest::Accepted(id) => {
                let job = services.store.export_job(viewer, id).await?.map(ExportJobNode);
                Ok(RequestExportPayload { status: RequestExportStatus::Accepted, message: None, job })
            }
        }
    }

    /// Ends an export. What it has written stays, and the next export goes on from there.
    async fn cancel_export_job(&self, ctx: &Context<'_>, id: Id<ExportId>) -> Reply<ExportActionPayload> {
        let viewer = ctx.need(Scope::WriteExport)?;
        let action = ctx.services()?.exporter.cancel(viewer, id.0).await?;
        steered(ctx, viewer, id.0, action).await
    }

    /// Lets an export that has failed, was cancelled or waits begin again at once.
    async fn retry_export_job(&self, ctx: &Context<'_>, id: Id<ExportId>) -> Reply<ExportActionPayload> {
        let viewer = ctx.need(Scope::WriteExport)?;
        let action = ctx.services()?.exporter.retry(viewer, id.0).await?;
        steered(ctx, viewer, id.0, action).await
    }
}

/// The days asked for, or why they cannot be meant.
fn days_of(input: &ExportInput) -> Reply<Result<Option<DayRange>, String>> {
    match (input.from, input.to) {
        (None, None) => Ok(Ok(None)),
        (Some(from), Some(to)) => {
            Ok(DayRange::inclusive(from.0, to.0).map(Some).map_err(|error| format!("{error}.")))
        }
        _ => Err(ApiError::bad_input("`from` and `to` go together: name both, or neither for all days")),
    }
}

/// The people asked for, `None` inside for everybody; `None` when one of them is not the viewer's to see.
async fn people_of(
    ctx: &Context<'_>,
    viewer: &Viewer,
    ids: Option<Vec<Id<UserId>>>,
) -> Reply<Option<Option<Vec<UserId>>>> {
    match ids {
        None if viewer.is_admin() => Ok(Some(None)),
        None => Err(ApiError::forbidden("Exports of everybody are for admins; name yourself in `userIds`")),
        Some(ids) => {
            let people = sync::people(ctx, &ids).await?;
            Ok(people.map(|people| Some(people.into_iter().map(|(id, _)| id).collect())))
        }
    }
}

async fn steered(
    ctx: &Context<'_>,
    viewer: &Viewer,
    id: ExportId,
    action: ExportAction,
) -> Reply<ExportActionPayload> {
    let job = ctx.services()?.store.export_job(viewer, id).await?.map(ExportJobNode);
    let (status, message) = match action {
        ExportAction::Accepted => (JobActionStatus::Accepted, None),
        ExportAction::NotFound => (JobActionStatus::NotFound, Some("There is no such export.".to_owned())),
        ExportAction::NotPossible(why) => {
            (JobActionStatus::NotPossible, Some(format!("Not possible: {why}.")))
        }
    };
    Ok(ExportActionPayload { status, message, job })
}
