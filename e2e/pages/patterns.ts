import { expect, type Locator, type Page } from "@playwright/test";
import { words } from "../support/words";

export type Card = "heat" | "usual" | "periods" | "versus" | "rhythm" | "wear" | "heart-zones" | "zone-minutes";

/** What the days of a person have in common. */
export class PatternsPage {
  constructor(readonly page: Page) {}

  async open(userId: string, query = ""): Promise<void> {
    await this.page.goto(`/people/${userId}/patterns${query}`);
    await expect(this.card("heat")).toBeVisible();
  }

  card(name: Card): Locator {
    return this.page.locator(`[data-metric="${name}"]`);
  }

  get metric(): Locator {
    return this.page.getByLabel(words.patterns.metric);
  }

  async showTable(name: Card): Promise<Locator> {
    await this.card(name).getByRole("button", { name: words.chart.as_table }).click();
    return this.card(name).getByRole("table");
  }
}
