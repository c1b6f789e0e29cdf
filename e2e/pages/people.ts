import { expect, type Page } from "@playwright/test";
import { words } from "../support/words";

export class PeoplePage {
  constructor(private readonly page: Page) {}

  async open(): Promise<void> {
    await this.page.goto("/");
    await expect(this.page.getByRole("heading", { name: words.people.title, level: 1 })).toBeVisible();
  }

  /** Invites somebody and returns the link to hand over. */
  async invite(email: string, name: string): Promise<string> {
    await this.page.getByRole("button", { name: words.people.invite }).click();
    const dialog = this.page.getByRole("dialog", { name: words.invite.title });
    await dialog.getByLabel(words.sign_in.email).fill(email);
    await dialog.getByLabel(words.invite.name).fill(name);
    await dialog.getByRole("button", { name: words.invite.submit }).click();
    const link = await dialog.getByLabel(words.invite.link).inputValue();
    await dialog.getByRole("button", { name: words.common.done }).click();
    return link;
  }
}
