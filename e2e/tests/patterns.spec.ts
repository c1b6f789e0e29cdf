import { DashboardPage } from "../pages/dashboard";
import { PatternsPage } from "../pages/patterns";
import { signIn } from "../pages/sign-in";
import { graphql } from "../support/graphql";
import { daysAgo, linkedPerson, ownId } from "../support/people";
import { expect, test } from "../support/test";
import { words } from "../support/words";

test("from the dashboard to the hours of the week, and on by the address", async ({ page, product }) => {
  await signIn(page, product.member);
  const id = await ownId(page);
  const dashboard = new DashboardPage(page);
  await dashboard.open(id, daysAgo(2, "UTC"));
  await expect(page.getByTestId("total-steps")).toHaveAttribute("data-value", /\d/, { timeout: 60_000 });
  await page.getByRole("link", { name: words.nav.patterns }).click();
  const patterns = new PatternsPage(page);
  await expect(page.getByRole("heading", { level: 1 })).toContainText(words.patterns.title);
  await expect(patterns.card("heat")).toContainText(words.vm.steps);
  await expect(patterns.card("usual").locator("canvas")).toBeVisible();

  await patterns.metric.selectOption("HEART_RATE");
  await expect(page).toHaveURL(/metric=HEART_RATE/);
  await expect(patterns.card("heat").getByRole("img")).toHaveAccessibleName(new RegExp(`^${words.vm.heart_rate}.*bpm`));
  await patterns.card("periods").getByRole("button", { name: words.patterns.month }).click();
  await expect(page).toHaveURL(/by=MONTH/);
  await page.reload();
  await expect(patterns.metric).toHaveValue("HEART_RATE");
  await expect(patterns.card("periods").getByRole("button", { name: words.patterns.month })).toHaveAttribute("aria-pressed", "true");

  // One value a day has no hours: those of the heart rate stand behind it.
  await patterns.metric.selectOption("RESTING_HEART_RATE");
  await expect(patterns.card("usual").getByRole("heading")).toContainText(words.vm.resting_heart_rate);
  await expect(patterns.card("heat").getByRole("heading")).toHaveText(`${words.vm.heart_rate}: ${words.patterns.heat}`);
});

test("the numbers behind the pictures are what the person did", async ({ page, product, simulator }) => {
  await signIn(page, product.member);
  const id = await ownId(page);
  const person = await linkedPerson(page, simulator, id);
  const days = [6, 5, 4, 3, 2, 1].map((back) => daysAgo(back, person.time_zone));
  const dashboard = new DashboardPage(page);
  await dashboard.open(id, days.at(-1));
  await expect(page.getByTestId("total-steps")).toHaveAttribute("data-value", /\d/, { timeout: 60_000 });
  const truths = await Promise.all(days.map((day) => simulator.truth(person.id, day)));
  const steps = truths.reduce((sum, truth) => sum + (truth.steps ?? 0), 0);

  // The backfill goes from the newest day back; it may still be under way.
  const patterns = new PatternsPage(page);
  const total = page.getByTestId("total-periods");
  await expect(async () => {
    await patterns.open(id, `?from=${days[0]}&to=${days.at(-1)}`);
    await expect(total).toHaveAttribute("data-value", String(steps), { timeout: 2_000 });
  }).toPass({ timeout: 60_000 });

  const table = await patterns.showTable("heat");
  await expect(table.getByRole("row")).toHaveCount(8);
  await expect(table.getByRole("rowheader").first()).toHaveText("Monday");
  const nights = await patterns.showTable("rhythm");
  await expect(nights.getByRole("row")).toHaveCount(days.length + 1);
});

test("two ranges, by keyboard", async ({ page, product }) => {
  await signIn(page, product.member);
  const id = await ownId(page);
  const patterns = new PatternsPage(page);
  await patterns.open(id);
  const card = patterns.card("versus");
  const own = card.getByRole("button", { name: words.patterns.against_own });
  await own.focus();
  await page.keyboard.press("Enter");
  await expect(own).toHaveAttribute("aria-pressed", "true");
  await expect(page).toHaveURL(/against=own&b-from=/);
  const from = card.getByLabel(words.patterns.own_from);
  await from.fill(daysAgo(20, "UTC"));
  await expect(page).toHaveURL(new RegExp(`b-from=${daysAgo(20, "UTC")}`));
  await card.getByRole("button", { name: words.patterns.against_week }).click();
  await expect(page).toHaveURL(/against=week/);
  await expect(from).toHaveCount(0);
});

test("the whole page is one request", async ({ page, product }) => {
  await signIn(page, product.member);
  const id = await ownId(page);
  const patterns = new PatternsPage(page);
  const asked: string[] = [];
  page.on("request", (request) => {
    if (request.url().endsWith("/graphql")) asked.push((request.postDataJSON() as { operationName: string }).operationName);
  });
  await patterns.open(id);
  await expect(patterns.card("versus")).toBeVisible();
  await page.waitForLoadState("networkidle");
  // A backfill under way may have it asked again, but never in parts.
  expect(new Set(asked.filter((name) => name !== "CurrentViewer"))).toEqual(new Set(["Patterns"]));
});

test("somebody without data is told so, and what to do", async ({ page, product }) => {
  await signIn(page, product.admin);
  const { viewer } = await graphql<{ viewer: { user: { id: string } } }>(page, "query Me { viewer { user { id } } }");
  const patterns = new PatternsPage(page);
  await patterns.open(viewer.user.id);
  await expect(patterns.card("heat")).toContainText(words.patterns.empty_hint);
  await expect(page.getByTestId("total-rhythm")).not.toHaveAttribute("data-value", /.*/);
  await expect(patterns.card("versus")).toContainText(words.patterns.nothing_to_compare);
});
