import { expect, type Locator, type Page } from "@playwright/test";
import { words } from "../support/words";

type Word = keyof typeof words.job_state;

export class JobsPage {
  constructor(private readonly page: Page) {}

  async open(query = ""): Promise<void> {
    await this.page.goto(`/jobs${query}`);
    await expect(this.page.getByRole("heading", { name: words.jobs.title, level: 1 })).toBeVisible();
  }

  /** The newest job of a person. */
  newest(person: string): Locator {
    return this.page.locator("[data-job]").filter({ has: this.page.getByRole("link", { name: person }) }).first();
  }

  /** The newest batch. */
  get newestBatch(): Locator {
    return this.page.locator("[data-batch]").first();
  }

  /** An account's card. */
  account(person: string): Locator {
    return this.page.locator("[data-account]").filter({ has: this.page.getByRole("link", { name: person }) });
  }

  /** Clicks a button of a job or a batch. */
  async steer(work: Locator, action: "pause" | "resume" | "cancel" | "retry"): Promise<void> {
    await work.getByRole("button", { name: words.jobs[action], exact: true }).click();
  }

  /** The choice of how urgent a job or a batch is. */
  urgency(work: Locator): Locator {
    return work.locator("> .row-actions").getByRole("combobox", { name: words.backfill.priority });
  }

  async expectState(work: Locator, state: Word, timeout = 60_000): Promise<void> {
    await expect(work.locator(".badge").first()).toHaveText(words.job_state[state], { timeout });
  }

  get backfill(): Locator {
    return this.page.locator("details.backfill");
  }

  /** Opens the form and asks for the plan of some days and metrics. */
  async plan({ people, from, to, metrics = [] }: Backfill): Promise<void> {
    const form = this.backfill;
    await form.locator("summary").click();
    if (people === "everybody") {
      await form.getByRole("checkbox", { name: words.backfill.everybody }).check();
    } else {
      // Other tests may have connected somebody of the same name, who stands below.
      for (const person of people) await form.getByRole("checkbox", { name: person, exact: true }).first().check();
    }
    await form.getByLabel(words.range.from).fill(from);
    await form.getByLabel(words.range.to, { exact: true }).fill(to);
    for (const metric of metrics) await form.getByRole("checkbox", { name: metric, exact: true }).check();
    await form.getByRole("button", { name: words.backfill.show_plan }).click();
  }

  async startBackfill(): Promise<void> {
    await this.backfill.getByRole("button", { name: words.backfill.start }).click();
    await expect(this.page.getByText(words.backfill.started)).toBeVisible();
  }
}

interface Backfill {
  /** Whom: names to tick, "everybody", or nobody to tick where only oneself is meant. */
  people: string[] | "everybody";
  from: string;
  to: string;
  metrics?: string[];
}
