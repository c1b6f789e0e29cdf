import { join } from "node:path";
import { SignInPage, signIn } from "../pages/sign-in";
import { PAGES } from "../support/sites";
import { expect, test } from "../support/test";

const out = process.env["SCREENSHOTS"] ?? "screenshots-out";

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [1280, 390]) {
    test.describe(`${colorScheme} ${width}`, () => {
      test.use({ colorScheme, viewport: { width, height: 900 } });
      const file = (name: string) => join(out, `${name}-${colorScheme}-${width}.png`);

      test("sign-in", async ({ page }) => {
        await new SignInPage(page).open();
        await page.screenshot({ path: file("sign-in") });
      });

      for (const site of PAGES) {
        test(site.name, async ({ page, product }) => {
          await signIn(page, product[site.as]);
          await site.open(page);
          // Not fullPage where a dialog is open: it would be drawn in the middle of nowhere.
          await page.screenshot({ path: file(site.name), fullPage: site.name !== "invite", animations: "disabled" });
        });
      }
    });
  }
}

test("dashboard for the README", async ({ page, product }) => {
  test.setTimeout(240_000);
  await page.setViewportSize({ width: 1280, height: 1000 });
  await signIn(page, product.member);
  const day = PAGES.find((site) => site.name === "dashboard-day");
  await day!.open(page);
  // Until the first backfill is done, so that the usual ranges are there.
  await expect(page.getByRole("progressbar")).toHaveCount(0, { timeout: 180_000 });
  await day!.open(page);
  await page.screenshot({ path: join(out, "dashboard.png"), animations: "disabled" });
});
