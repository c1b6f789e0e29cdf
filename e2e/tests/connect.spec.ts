import { ConsentPage, type ProviderName } from "../pages/consent";
import { DashboardPage } from "../pages/dashboard";
import { connect } from "../pages/welcome";
import { invited, joined } from "../support/joining";
import { daysAgo } from "../support/people";
import { expect, test } from "../support/test";
import { pattern, words } from "../support/words";

const PROVIDERS: ProviderName[] = ["Google Health", "Fitbit"];

for (const provider of PROVIDERS) {
  test(`from an invitation over ${provider}'s consent to the numbers of a day`, async ({
    browser,
    page,
    product,
    simulator,
    watch,
  }) => {
    const who = await joined({ browser, page, product, simulator, watch }, provider);
    await expect(who.page.getByText(pattern(words.accounts.connected, { provider }))).toBeVisible();

    // A day that is over in every zone, so that its truth stands still.
    const day = daysAgo(2, who.person.time_zone);
    const truth = await simulator.truth(who.person.id, day);
    expect(truth.steps).toBeGreaterThan(0);
    const dashboard = new DashboardPage(who.page);
    await dashboard.open(who.userId, day);
    await dashboard.expectTotal("steps", truth.steps);
    await dashboard.expectTotal("distance", truth.distance_m, 10);
    await dashboard.expectTotal("calories", truth.calories_kcal, 2);
    await dashboard.expectTotal("active-zone-minutes", truth.active_zone_minutes);
    await dashboard.expectTotal("resting-heart-rate", truth.resting_heart_rate);
    await dashboard.expectTotal("heart-rate-variability", truth.hrv_rmssd_ms, 0.1);
    await dashboard.expectTotal("sleep", truth.sleep_minutes_asleep);

    // What is behind the chart is the same.
    await expect(dashboard.card("heart-rate").locator("canvas")).toBeVisible();
    const table = await dashboard.showTable("heart-rate");
    await expect(table.getByRole("row").nth(1)).toBeVisible();

    // A chart over several days shows, behind it, each day's own number.
    const days = [4, 3, 2].map((back) => daysAgo(back, who.person.time_zone));
    await dashboard.open(who.userId, days[0], days[2]);
    const truths = await Promise.all(days.map((each) => simulator.truth(who.person.id, each)));
    await dashboard.expectTotal("steps", truths.reduce((sum, each) => sum + each.steps!, 0));
    const rows = (await dashboard.showTable("steps")).getByRole("row");
    await expect(rows).toHaveCount(1 + days.length);
    for (const [index, each] of truths.entries()) {
      await expect(rows.nth(index + 1).getByRole("cell").first()).toContainText(each.steps!.toLocaleString("en-US"));
    }
    await who.context.close();
  });
}

test("a denied consent says what to do, and trying again works", async ({ browser, page, product, simulator, watch }) => {
  const who = await invited({ browser, page, product, simulator, watch }, "Google Health");
  const consent = new ConsentPage(who.page);
  await consent.deny();
  const failed = who.page.getByRole("heading", { level: 1, name: pattern(words.connect_failed.title, { provider: "Google Health" }) });
  await expect(failed).toBeVisible();
  await expect(who.page.getByRole("alert")).toContainText(words.connect_failed.denied);
  await expect(who.page.getByRole("alert")).toContainText(words.connect_failed.denied_do);

  await who.page.getByRole("link", { name: words.connect_failed.again }).click();
  await consent.expectOpen("Google Health");
  await consent.choose(who.person.name);
  await consent.allow();
  await expect(who.page).toHaveURL(new RegExp(`/people/${encodeURIComponent(who.userId)}`));
  await who.context.close();
});

test("consent with another account than the linked one is refused by name", async ({ browser, page, product, simulator, watch }) => {
  const who = await joined({ browser, page, product, simulator, watch }, "Fitbit");
  const other = (await simulator.people()).find((person) => person.id === "beatriz");
  await who.page.goto(`/people/${who.userId}/accounts`);
  await connect(who.page, "Fitbit");
  const consent = new ConsentPage(who.page);
  await consent.choose(other!.name);
  await consent.allow();
  await expect(who.page.getByRole("alert")).toContainText(words.connect_failed.other_account);
  await expect(who.page.getByRole("alert")).toContainText(who.person.fitbit_id);
  await who.context.close();
});

test("an invitation works once", async ({ browser, page, product, simulator, watch }) => {
  const who = await invited({ browser, page, product, simulator, watch }, "Fitbit");
  const context = await browser.newContext({ baseURL: product.url });
  watch.over(context);
  const second = await context.newPage();
  await second.goto(who.link);
  await expect(second.getByRole("alert")).toContainText(words.welcome.invalid);
  await context.close();
  await who.context.close();
});

test("a disconnected account is fetched no more, and its data stay", async ({ browser, page, product, simulator, watch }) => {
  const who = await joined({ browser, page, product, simulator, watch }, "Fitbit");
  const day = daysAgo(2, who.person.time_zone);
  const truth = await simulator.truth(who.person.id, day);
  const dashboard = new DashboardPage(who.page);
  await dashboard.open(who.userId, day);
  await dashboard.expectTotal("steps", truth.steps);

  await who.page.goto(`/people/${who.userId}/accounts`);
  await who.page.getByRole("button", { name: words.accounts.disconnect, exact: true }).click();
  await who.page.getByRole("dialog").getByRole("button", { name: words.accounts.disconnect_confirm }).click();
  await expect(who.page.getByText(words.accounts.disconnected, { exact: true })).toBeVisible();
  await expect(who.page.getByText(words.account_state.revoked, { exact: true })).toBeVisible();

  await dashboard.open(who.userId, day);
  await dashboard.expectTotal("steps", truth.steps);
  await dashboard.syncNow();
  await expect(who.page.getByText(/connect/i).first()).toBeVisible();
  await who.context.close();
});
