use async_graphql::{Context, SimpleObject};
use pulsekeep_core::{
    account::Scope,
    job::{JobKind, Priority},
};
use pulsekeep_sync::{BackfillPlan, JobRequest, RequestOutcome};

use super::{
    context::RequestContext as _,
    enums::MetricKey,
    errors::Reply,
    sync::{self, AskedDays, BackfillInput, Refused},
};

/// What a backfill would cost.
#[derive(SimpleObject, Default)]
#[graphql(name = "BackfillPlan")]
pub(super) struct BackfillPlanNode {
    /// Requests that are likely.
    requests_expected: i32,
    /// Requests at the most, retries apart.
    requests_at_most: i32,
    /// Seconds that the requests take within the providers' limits.
    eta_seconds: i32,
    metrics: Vec<BackfillPlanMetric>,
    /// What stands in the way, person by person, in words.
    problems: Vec<String>,
}

/// What one metric would cost.
#[derive(SimpleObject)]
pub(super) struct BackfillPlanMetric {
    metric: MetricKey,
    requests_expected: i32,
    requests_at_most: i32,
}

fn bounded(n: i64) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

impl BackfillPlanNode {
    /// People have budgets of their own: their requests add up, their times do not.
    fn add(&mut self, plan: &BackfillPlan) {
        self.requests_expected = self.requests_expected.saturating_add(bounded(plan.expected()));
        self.requests_at_most = self.requests_at_most.saturating_add(bounded(plan.at_most()));
        self.eta_seconds = self.eta_seconds.max(bounded(plan.eta_s));
        for part in &plan.metrics {
            let key = MetricKey::from(part.metric);
            let (expected, at_most) = (bounded(part.expected), bounded(part.at_most));
            match self.metrics.iter_mut().find(|metric| metric.metric == key) {
                Some(metric) => {
                    metric.requests_expected = metric.requests_expected.saturating_add(expected);
                    metric.requests_at_most = metric.requests_at_most.saturating_add(at_most);
                }
                None => self.metrics.push(BackfillPlanMetric {
                    metric: key,
                    requests_expected: expected,
                    requests_at_most: at_most,
                }),
            }
        }
    }
}

/// What the backfill would cost; nothing is written and no provider is asked.
pub(super) async fn of(ctx: &Context<'_>, input: BackfillInput) -> Reply<BackfillPlanNode> {
    let viewer = ctx.need(Scope::WriteSync)?;
    let mut node = BackfillPlanNode::default();
    let Some(people) = sync::people(ctx, &input.user_ids).await? else {
        node.problems.push("One of the people is not there.".to_owned());
        return Ok(node);
    };
    let metrics = sync::metrics_of(input.metrics);
    let asked = AskedDays { from: Some(input.from), to: Some(input.to) };
    node.problems.extend(ctx.services()?.engine.policy_problems().into_iter().map(|why| format!("{why}.")));
    for (user_id, name) in people {
        let days = match sync::days_of(ctx, user_id, asked).await? {
            Ok(days) => days,
            Err(error) => {
                node.problems.push(Refused::Range(error).in_words(&name));
                continue;
            }
        };
        let request = JobRequest {
            user_id,
            link: None,
            kind: JobKind::Backfill,
            metrics: metrics.clone(),
            days,
            priority: input.priority.map_or(Priority::Low, Into::into),
            created_by: viewer.user,
            batch: None,
        };
        match ctx.services()?.engine.plan(&request).await? {
            Ok(plan) => {
                node.add(&plan);
                let partly = ctx.services()?.engine.request_problems(&request).await?;
                node.problems.extend(partly.into_iter().map(|why| format!("{name}: {why}.")));
            }
            Err(outcome) => node.problems.extend(problem(outcome, &name)),
        }
    }
    Ok(node)
}

fn problem(outcome: RequestOutcome, name: &str) -> Option<String> {
    Refused::of(outcome).err().map(|why| why.in_words(name))
}
