import { expect, type Locator, type Page } from "@playwright/test";
import { words } from "../support/words";

export type Metric =
  | "steps"
  | "distance"
  | "calories"
  | "active-zone-minutes"
  | "heart-rate"
  | "resting-heart-rate"
  | "heart-rate-variability"
  | "sleep";

export class DashboardPage {
  constructor(readonly page: Page) {}

  async open(userId: string, from?: string, to = from): Promise<void> {
    await this.page.goto(`/people/${userId}${from ? `?from=${from}&to=${to}` : ""}`);
  }

  card(metric: Metric): Locator {
    return this.page.locator(`[data-metric="${metric}"]`);
  }

  /** The total of a card, in the catalogue's unit; null while there is none. */
  async total(metric: Metric): Promise<number | null> {
    const value = await this.page.getByTestId(`total-${metric}`).getAttribute("data-value");
    return value === null ? null : Number(value);
  }

  /** Waits for a total; a sync may be bringing it in. Zero and missing are different things. */
  async expectTotal(metric: Metric, wanted: number | null, tolerance = 0): Promise<void> {
    const text = `${metric} is ${wanted}`;
    const shown = async () => {
      const total = await this.total(metric);
      if (total === null || wanted === null) return total === wanted ? text : `${metric} is ${total}`;
      return Math.abs(total - wanted) <= tolerance ? text : `${metric} is ${total}`;
    };
    await expect.poll(shown, { timeout: 60_000 }).toBe(text);
  }

  async showTable(metric: Metric): Promise<Locator> {
    await this.card(metric).getByRole("button", { name: words.chart.as_table }).first().click();
    return this.card(metric).getByRole("table");
  }

  async syncNow(): Promise<void> {
    await this.page.getByRole("button", { name: words.sync.now }).click();
  }
}
