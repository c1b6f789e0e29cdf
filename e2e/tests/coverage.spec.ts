import { CoveragePage } from "../pages/coverage";
import { signIn } from "../pages/sign-in";
import { daysAgo, ownId } from "../support/people";
import { expect, test } from "../support/test";
import { words } from "../support/words";

test("by keyboard from a cell to the request behind it", async ({ page, product }) => {
  await signIn(page, product.member);
  const id = await ownId(page);
  const coverage = new CoveragePage(page);
  const [from, to] = [daysAgo(13, "UTC"), daysAgo(0, "UTC")];
  await coverage.openPerson(id, from, to);
  const complete = coverage.cell(words.vm.steps, 2);
  await expect(complete).toHaveAccessibleName(words.vm.coverage_complete, { timeout: 60_000 });

  // One tab stop: the newest day of the first row. Arrow keys do the rest.
  await page.getByRole("button", { name: "90 days" }).focus();
  await page.keyboard.press("Tab");
  const first = coverage.grid.getByRole("gridcell").and(page.locator("[tabindex='0']"));
  await expect(first).toBeFocused();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowLeft");
  await expect(coverage.cell(words.vm.steps, 2)).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await expect(coverage.cell(words.vm.distance, 2)).toBeFocused();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");

  await expect(coverage.panel).toContainText(words.vm.coverage_complete);
  await expect(coverage.panel.getByRole("heading", { level: 2 })).toBeFocused();
  await expect(coverage.panel).toContainText(words.cell.days);
  await expect(page).toHaveURL(/metric=STEPS&day=/);
  await coverage.panel.getByRole("button", { name: words.raw.body_of }).first().click();
  const body = page.getByRole("region", { name: words.raw.body });
  JSON.parse(await body.innerText());

  // The address is the state.
  await page.reload();
  await expect(coverage.panel).toContainText(words.cell.next);
  await expect(coverage.grid.locator("[aria-selected='true']")).toHaveCount(1);
  await coverage.panel.getByRole("link", { name: words.cell.see_job }).click();
  await expect(page.getByRole("heading", { name: words.jobs.focus })).toBeVisible();
  await expect(page.locator("[data-job]").first()).toContainText("Nora Lindqvist");
});

test("Escape closes the panel and gives the cursor back", async ({ page, product }) => {
  await signIn(page, product.member);
  const id = await ownId(page);
  const coverage = new CoveragePage(page);
  await coverage.openPerson(id, daysAgo(13, "UTC"), daysAgo(0, "UTC"));
  const cell = coverage.cell(words.vm.steps, 3);
  await cell.click();
  await expect(coverage.panel).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(coverage.panel).toHaveCount(0);
  await expect(cell).toBeFocused();
});

test("from everybody's grid over a person's day to a metric", async ({ page, product }) => {
  await signIn(page, product.admin);
  const coverage = new CoveragePage(page);
  await coverage.open();
  await expect(coverage.row("Nora Lindqvist")).toBeVisible();
  await coverage.cell("Nora Lindqvist", 2).click();
  await expect(coverage.panel).toContainText("Nora Lindqvist");
  await coverage.panel.getByRole("link", { name: words.vm.heart_rate, exact: true }).click();
  await expect(coverage.panel).toContainText(words.cell.checked);
  await expect(page).toHaveURL(/\/people\/.*\/coverage\?.*metric=HEART_RATE/);
});

test("one metric of everybody, by the address alone", async ({ page, product }) => {
  await signIn(page, product.admin);
  const coverage = new CoveragePage(page);
  await coverage.open(`/coverage?from=${daysAgo(6, "UTC")}&to=${daysAgo(0, "UTC")}&metric=SLEEP&search=nora`);
  // Other tests may have invited somebody of the same name; nobody of another name is shown.
  await expect(coverage.row("Nora Lindqvist")).toBeVisible();
  const others = coverage.grid.getByRole("rowheader").filter({ hasNotText: "Nora Lindqvist" });
  await expect(others).toHaveCount(0);
  await expect(coverage.row("Nora Lindqvist").getByRole("gridcell")).toHaveCount(7);
  await page.getByRole("button", { name: words.chart.as_table }).click();
  await expect(page.getByRole("table")).toContainText("Nora Lindqvist");
});

test("a member is not shown everybody", async ({ page, product }) => {
  await signIn(page, product.member);
  await page.goto("/coverage");
  await expect(page).toHaveURL(new RegExp(`/people/${encodeURIComponent(await ownId(page))}/coverage`));
});
