import { DashboardPage } from "../pages/dashboard";
import { JobsPage } from "../pages/jobs";
import { joined } from "../support/joining";
import { expect, test } from "../support/test";
import { words } from "../support/words";

test("a provider that is down: the job says why and goes on by itself", async ({ browser, page, product, simulator, watch }) => {
  const who = await joined({ browser, page, product, simulator, watch }, "Google Health");
  const jobs = new JobsPage(who.page);
  await jobs.open();
  await expect(jobs.newest(who.person.name)).toContainText(words.job_state.done, { timeout: 80_000 });

  await simulator.faults([{ provider: "google", person: who.person.id, kind: "server_error_html", status: 503 }]);
  await new DashboardPage(who.page).open(who.userId);
  await new DashboardPage(who.page).syncNow();
  await expect(who.page.getByText(words.sync.accepted)).toBeVisible();
  await jobs.open();
  const job = jobs.newest(who.person.name);
  await expect(job).toContainText(words.job_state.waiting);
  // A sentence, no status line, no HTML of the provider.
  await expect(job).toContainText(/Google Health|provider/);
  await expect(job).not.toContainText(/<html|503/);

  await simulator.rest();
  await expect(job).toContainText(words.job_state.done, { timeout: 60_000 });
  await who.context.close();
});

test("a revoked consent: the page asks for a new one", async ({ browser, page, product, simulator, watch }) => {
  const who = await joined({ browser, page, product, simulator, watch }, "Fitbit");
  await simulator.faults([{ provider: "fitbit", person: who.person.id, kind: "revoked_consent" }]);
  const dashboard = new DashboardPage(who.page);
  await dashboard.open(who.userId);
  await dashboard.syncNow();
  await who.page.goto(`/people/${who.userId}/accounts`);
  const account = who.page.getByRole("listitem").filter({ hasText: "Fitbit" });
  await expect(async () => {
    await who.page.reload();
    await expect(account).toContainText(words.account_state.needs_consent, { timeout: 2_000 });
  }).toPass({ timeout: 60_000 });
  await who.context.close();
});
