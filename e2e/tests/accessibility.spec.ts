import type { Page } from "@playwright/test";
import { SignInPage, signIn } from "../pages/sign-in";
import { expectNoAxeViolations } from "../support/axe";
import { PAGES } from "../support/sites";
import { expect, test } from "../support/test";

const SCHEMES = ["light", "dark"] as const;
const WIDTHS = [1280, 390];

async function expectNoSidewaysScroll(page: Page, where: string): Promise<void> {
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(overflow, `${where} is wider than the window`).toBeLessThanOrEqual(0);
}

for (const colorScheme of SCHEMES) {
  for (const width of WIDTHS) {
    test.describe(`${colorScheme}, ${width} px`, () => {
      test.use({ colorScheme, viewport: { width, height: 900 } });

      test("sign-in", async ({ page }) => {
        await new SignInPage(page).open();
        await expectNoAxeViolations(page, "sign-in");
        await expectNoSidewaysScroll(page, "sign-in");
      });

      for (const site of PAGES) {
        test(site.name, async ({ page, product }) => {
          await signIn(page, product[site.as]);
          await site.open(page);
          await expectNoAxeViolations(page, site.name);
          await expectNoSidewaysScroll(page, site.name);
        });
      }
    });
  }
}
