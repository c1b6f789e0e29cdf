import { expect, type Locator, type Page } from "@playwright/test";
import { words } from "../support/words";

export class JobsPage {
  constructor(private readonly page: Page) {}

  async open(): Promise<void> {
    await this.page.goto("/jobs");
    await expect(this.page.getByRole("heading", { name: words.jobs.title, level: 1 })).toBeVisible();
  }

  /** The newest job of a person. */
  newest(person: string): Locator {
    return this.page.getByRole("listitem").filter({ has: this.page.getByRole("link", { name: person }) }).first();
  }
}
