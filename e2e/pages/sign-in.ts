import { expect, type Page } from "@playwright/test";
import type { SignIn } from "../support/product";
import { words } from "../support/words";

export class SignInPage {
  constructor(private readonly page: Page) {}

  async open(): Promise<void> {
    await this.page.goto("/sign-in");
    await this.expectOpen();
  }

  async expectOpen(): Promise<void> {
    await expect(this.page.getByRole("heading", { name: words.sign_in.title, level: 1 })).toBeVisible();
  }

  async signIn({ email, password }: SignIn): Promise<void> {
    await this.page.getByLabel(words.sign_in.email).fill(email);
    await this.page.getByLabel(words.sign_in.password).fill(password);
    await this.page.getByRole("button", { name: words.sign_in.submit }).click();
  }
}

/** Signs in and waits for the first page behind it. */
export async function signIn(page: Page, who: SignIn): Promise<void> {
  const form = new SignInPage(page);
  await form.open();
  await form.signIn(who);
  await expect(page.getByRole("navigation", { name: words.nav.name })).toBeVisible();
}
