import { expect, type Page } from "@playwright/test";
import { words } from "../support/words";
import type { ProviderName } from "./consent";

const CONNECT: Record<ProviderName, string> = {
  "Google Health": words.accounts.connect_google_health,
  Fitbit: words.accounts.connect_fitbit,
};

/** The page behind an invitation link: sign-up, then consent. */
export class WelcomePage {
  constructor(private readonly page: Page) {}

  async open(link: string): Promise<void> {
    await this.page.goto(link);
    await expect(this.page.getByRole("heading", { name: words.welcome.title, level: 1 })).toBeVisible();
  }

  async signUp(name: string, password: string): Promise<void> {
    await this.page.getByLabel(words.settings.display_name, { exact: true }).fill(name);
    await this.page.getByLabel(words.sign_in.password).fill(password);
    await this.page.getByRole("button", { name: words.welcome.submit }).click();
    await expect(this.page.getByText(words.welcome.connect)).toBeVisible();
  }

  async connect(provider: ProviderName): Promise<void> {
    await connect(this.page, provider);
  }
}

/** Follows the link that leads to a provider's consent page; it is the same on every page that has one. */
export async function connect(page: Page, provider: ProviderName): Promise<void> {
  await page.getByRole("link", { name: CONNECT[provider] }).click();
}
