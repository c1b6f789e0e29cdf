import { join } from "node:path";
import { SignInPage, signIn } from "../pages/sign-in";
import { PAGES } from "../support/sites";
import { test } from "../support/test";

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
