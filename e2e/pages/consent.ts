import { expect, type Page } from "@playwright/test";

export type ProviderName = "Google Health" | "Fitbit";

/** The simulated provider's own page, where people say who they are and what they allow. */
export class ConsentPage {
  constructor(private readonly page: Page) {}

  async expectOpen(provider: ProviderName): Promise<void> {
    const heading = this.page.getByRole("heading", { name: `wants to use your ${provider} data` });
    await expect(heading).toBeVisible();
  }

  async choose(person: string): Promise<void> {
    await this.page.getByRole("radio", { name: person }).check();
  }

  async untick(scope: string | RegExp): Promise<void> {
    await this.page.getByRole("checkbox", { name: scope }).uncheck();
  }

  async allow(): Promise<void> {
    await this.page.getByRole("button", { name: "Allow" }).click();
  }

  async deny(): Promise<void> {
    await this.page.getByRole("button", { name: "Deny" }).click();
  }
}
