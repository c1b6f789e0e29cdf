import { JobsPage } from "../pages/jobs";
import { signIn } from "../pages/sign-in";
import { expectNoAxeViolations } from "../support/axe";
import { graphql } from "../support/graphql";
import { joined } from "../support/joining";
import { daysAgo } from "../support/people";
import { expect, test } from "../support/test";
import { pattern, words } from "../support/words";

/** Two people whom the demo has connected to Google Health. */
const TWO = ["Nora Lindqvist", "Walter Boon"];
const STEPS = [words.vm.steps];

/** Nothing is on its way any more: the demo's first backfills would stand before ours. */
async function untilQuiet(jobs: JobsPage, page: import("@playwright/test").Page): Promise<void> {
  await jobs.open("?show=open");
  const busy = page.locator("[data-job] .badge").getByText(words.job_state.running, { exact: true });
  await expect(busy).toHaveCount(0, { timeout: 80_000 });
}

test("a backfill over several people: plan, batch, pause, resume, done", async ({ page, product, simulator }) => {
  test.setTimeout(240_000);
  await signIn(page, product.admin);
  const jobs = new JobsPage(page);
  await untilQuiet(jobs, page);
  // Slow enough to be caught at work.
  await simulator.faults([{ provider: "google", path_prefix: "/google/v4", kind: "latency", ms: 700 }]);
  await jobs.open();
  await jobs.plan({ people: TWO, from: daysAgo(420, "UTC"), to: daysAgo(240, "UTC"), metrics: STEPS });

  // The plan comes before the first request: expected, at most, by metric.
  const plan = jobs.backfill.locator(".plan");
  await expect(plan).toContainText(pattern(words.backfill.plan));
  await expect(plan.getByRole("table", { name: words.backfill.per_metric }).getByRole("rowheader")).toHaveText(STEPS);
  await jobs.startBackfill();

  const batch = jobs.newestBatch;
  await expect(batch).toContainText(pattern(words.batch.title, { kind: words.job_kind.backfill, n: "2" }));
  await expect(batch.getByRole("progressbar").first()).toBeVisible();
  await jobs.steer(batch, "pause");
  await jobs.expectState(batch, "paused");
  await batch.getByRole("button", { name: words.batch.show_jobs }).click();
  await expect(batch.locator("[data-job]")).toHaveCount(2);
  for (const person of TWO) await jobs.expectState(batch.locator("[data-job]").filter({ hasText: person }), "paused");
  await expectNoAxeViolations(page, "sync centre with an open batch");

  await simulator.rest();
  await jobs.steer(batch.locator("> .row-actions"), "resume");
  await jobs.expectState(batch, "done", 120_000);
  const percent = batch.getByRole("progressbar").first();
  await expect(percent).toHaveAttribute("aria-valuenow", "100");
});

test("an admin lets a batch, and then one of its jobs, go first", async ({ page, product, simulator }) => {
  test.setTimeout(180_000);
  await signIn(page, product.admin);
  const jobs = new JobsPage(page);
  await simulator.faults([{ provider: "google", path_prefix: "/google/v4", kind: "latency", ms: 1_000 }]);
  await jobs.open();
  await jobs.plan({ people: TWO, from: daysAgo(2_400, "UTC"), to: daysAgo(710, "UTC"), metrics: STEPS });
  await jobs.startBackfill();
  const batch = jobs.newestBatch;
  // Held, so that it does not end while it is looked at.
  await jobs.steer(batch, "pause");
  await jobs.expectState(batch, "paused");
  await expect(jobs.urgency(batch)).toHaveValue("LOW");
  await jobs.urgency(batch).selectOption({ label: words.backfill.high });
  await batch.getByRole("button", { name: words.batch.show_jobs }).click();
  const own = batch.locator("[data-job]");
  await expect(own).toHaveCount(2);
  await expect(own.getByText(words.jobs.urgent)).toHaveCount(2);
  await jobs.urgency(own.first()).selectOption({ label: words.backfill.normal });
  await expect(own.getByText(words.jobs.urgent)).toHaveCount(1);
  await page.reload();
  await expect(jobs.urgency(batch)).toHaveValue("HIGH");
  await expectNoAxeViolations(page, "sync centre with a choice of urgency");
  await simulator.rest();
  await jobs.steer(batch.locator("> .row-actions"), "cancel");
  await jobs.expectState(batch, "cancelled");
  // What has ended is not urgent any more.
  await expect(jobs.urgency(batch)).toHaveCount(0);
});

test("a batch is cancelled, and its jobs with it", async ({ page, product, simulator }) => {
  test.setTimeout(180_000);
  await signIn(page, product.admin);
  const jobs = new JobsPage(page);
  await simulator.faults([{ provider: "google", path_prefix: "/google/v4", kind: "latency", ms: 1_000 }]);
  await jobs.open();
  await jobs.plan({ people: TWO, from: daysAgo(700, "UTC"), to: daysAgo(430, "UTC"), metrics: STEPS });
  await jobs.startBackfill();
  const batch = jobs.newestBatch;
  await jobs.steer(batch, "cancel");
  await jobs.expectState(batch, "cancelled");
});

test("one's own job: pause, resume, cancel", async ({ browser, page, product, simulator, watch }) => {
  test.setTimeout(240_000);
  const who = await joined({ browser, page, product, simulator, watch }, "Fitbit");
  const jobs = new JobsPage(who.page);
  await jobs.open();
  await jobs.expectState(who.page.locator("[data-job]").filter({ hasText: words.job_kind.incremental }).first(), "done", 90_000);
  await simulator.faults([{ provider: "fitbit", person: who.person.id, kind: "latency", ms: 900 }]);
  const backfill = who.page.locator("[data-job]").filter({ hasText: words.job_kind.backfill }).first();
  await expect(backfill.getByRole("combobox")).toHaveCount(0);
  await jobs.steer(backfill, "pause");
  await jobs.expectState(backfill, "paused");
  await jobs.steer(backfill, "resume");
  await expect(backfill.getByRole("button", { name: words.jobs.pause, exact: true })).toBeVisible();
  await jobs.steer(backfill, "cancel");
  await jobs.expectState(backfill, "cancelled");
  await who.context.close();
});

test("what was given up is listed, and tried again by a click", async ({ page, product, simulator }) => {
  test.setTimeout(240_000);
  await signIn(page, product.member);
  const jobs = new JobsPage(page);
  await untilQuiet(jobs, page);
  // A refused permission is not tried again by itself.
  await simulator.faults([{ provider: "google", person: "nora", data_type: "steps", kind: "missing_scope" }]);
  await jobs.plan({ people: [], from: daysAgo(520, "UTC"), to: daysAgo(510, "UTC"), metrics: STEPS });
  await jobs.startBackfill();
  const job = jobs.newest("Nora Lindqvist");
  await expect(job.locator(".badge").first()).toHaveText(
    new RegExp(`^(${words.job_state.done_with_gaps}|${words.job_state.failed})$`),
    { timeout: 60_000 },
  );
  await job.getByRole("button", { name: words.gaps.show }).click();
  const gaps = job.getByRole("table", { name: words.gaps.caption });
  await expect(gaps).toContainText(words.vm.steps);
  await expect(gaps).toContainText(words.vm.code_missing_scope);

  await simulator.rest();
  await jobs.steer(job, "retry");
  await jobs.expectState(job, "done");
});

test("an account says what it may still ask, and when it asks next", async ({ page, product }) => {
  await signIn(page, product.member);
  const jobs = new JobsPage(page);
  await jobs.open();
  const account = jobs.account("Nora Lindqvist");
  await expect(account.getByRole("img", { name: words.sync_accounts.budget })).toBeVisible();
  await expect(account).toContainText(words.sync_accounts.next_sync);
  await expect(account).toContainText(words.sync_accounts.devices);
});

test("a consent that was withdrawn, and one that ends soon", async ({ browser, page, product, simulator, watch }) => {
  test.setTimeout(180_000);
  const who = await joined({ browser, page, product, simulator, watch }, "Fitbit");
  await simulator.faults([{ provider: "fitbit", person: who.person.id, kind: "revoked_consent" }]);
  const ask = "mutation Ask($id: ID!) { requestSync(input: { userIds: [$id] }) { status } }";
  await graphql(who.page, ask, { id: who.userId });
  const state = "query State($id: ID!) { user(id: $id) { linkedAccounts { state } } }";
  const now = async () => {
    const { user } = await graphql<{ user: { linkedAccounts: { state: string }[] } }>(who.page, state, { id: who.userId });
    return user.linkedAccounts.map((account) => account.state);
  };
  await expect.poll(now, { timeout: 60_000 }).toEqual(["NEEDS_CONSENT"]);

  await who.page.goto(`/people/${who.userId}`);
  const banner = who.page.getByRole("alert");
  await expect(banner).toContainText(/connect Fitbit again/i);
  const again = pattern(words.accounts.reconnect, { provider: "Fitbit" });
  await expect(banner.getByRole("link", { name: again })).toHaveAttribute("href", /\/connect\/fitbit/);
  const jobs = new JobsPage(who.page);
  await jobs.open();
  const account = jobs.account(who.person.name);
  await expect(account).toContainText(words.account_state.needs_consent);
  await expect(account.getByRole("link", { name: again })).toBeVisible();

  // A testing-mode consent takes days to come near its end: the page is shown the answer that the server gives then.
  const ends = new Date(Date.now() + 47 * 3_600_000).toISOString();
  await who.page.route("**/graphql", async (route) => {
    const answer = await route.fetch();
    const text = (await answer.text())
      .replaceAll('"state":"NEEDS_CONSENT"', '"state":"EXPIRING"')
      .replaceAll('"consentEndsAt":null', `"consentEndsAt":"${ends}"`)
      .replaceAll(/"advice":"[^"]*"/g, '"advice":"The consent ends soon. Publish the Google project."');
    await route.fulfill({ response: answer, body: text });
  });
  await who.page.goto(`/people/${who.userId}`);
  await expect(banner).toContainText(/The consent ends .*in 4[67] h/);
  await expect(banner).toContainText("Publish the Google project");
  await expectNoAxeViolations(who.page, "dashboard with a consent that ends soon");
  await jobs.open();
  await expect(account).toContainText(words.account_state.expiring);
  await expect(account).toContainText(words.sync_accounts.ends);
  await who.page.unrouteAll({ behavior: "wait" });
  await who.context.close();
});
