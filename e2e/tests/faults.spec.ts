import { DashboardPage } from "../pages/dashboard";
import { JobsPage } from "../pages/jobs";
import { signIn } from "../pages/sign-in";
import { joined } from "../support/joining";
import { daysAgo, linkedPerson, ownId } from "../support/people";
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

test("samples that are stored and cannot be read are named, with what mends them", async ({ page, product, simulator }) => {
  await signIn(page, product.member);
  const userId = await ownId(page);
  const person = await linkedPerson(page, simulator, userId);
  // Damage on disk takes the database's file: the page is shown the answer that the server gives then.
  const message = "The samples of 2026-01-02 cannot be read and are left out; `pulsekeep reparse` makes them anew.";
  await page.route("**/graphql", async (route) => {
    const answer = await route.fetch();
    const damaged = JSON.stringify([{ date: "2026-01-02", message }]);
    await route.fulfill({ response: answer, body: (await answer.text()).replace('"problems":[]', `"problems":${damaged}`) });
  });
  await new DashboardPage(page).open(userId, daysAgo(2, person.time_zone));
  await expect(page.getByRole("alert")).toContainText(message);
  await page.unroute("**/graphql");
  await page.reload();
  await expect(page.getByRole("alert")).toHaveCount(0);
});
