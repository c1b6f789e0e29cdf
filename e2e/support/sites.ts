import { expect, type Page } from "@playwright/test";
import { CoveragePage } from "../pages/coverage";
import { DashboardPage } from "../pages/dashboard";
import { JobsPage } from "../pages/jobs";
import { PatternsPage } from "../pages/patterns";
import { ownId } from "./people";
import { words } from "./words";

/** A page behind sign-in, as accessibility tests and screenshots visit it. */
export interface Site {
  name: string;
  as: "admin" | "member";
  /** Opens it and waits until its data are there. */
  open(page: Page): Promise<void>;
}

async function heading(page: Page, text: string): Promise<void> {
  await expect(page.getByRole("heading", { name: text, level: 1 })).toBeVisible();
  await settled(page);
}

/** Nothing is loading any more, and what was drawn has come to rest. */
async function settled(page: Page): Promise<void> {
  await expect(page.locator(".skeleton")).toHaveCount(0);
  await page.waitForLoadState("networkidle");
}

const isoDay = (daysBack: number) => new Date(Date.now() - daysBack * 86_400_000).toISOString().slice(0, 10);

async function dashboard(page: Page, from: string, to: string): Promise<void> {
  await new DashboardPage(page).open(await ownId(page), from, to);
  await expect(page.getByTestId("total-steps")).toHaveAttribute("data-value", /\d/, { timeout: 60_000 });
  await expect(page.locator("canvas").first()).toBeVisible();
  await settled(page);
}

export const PAGES: Site[] = [
  { name: "dashboard-day", as: "member", open: (page) => dashboard(page, isoDay(2), isoDay(2)) },
  { name: "dashboard-month", as: "member", open: (page) => dashboard(page, isoDay(30), isoDay(1)) },
  {
    name: "patterns",
    as: "member",
    open: async (page) => {
      await new PatternsPage(page).open(await ownId(page), `?from=${isoDay(60)}&to=${isoDay(1)}`);
      await expect(page.getByTestId("total-periods")).toHaveAttribute("data-value", /\d/, { timeout: 60_000 });
      await expect(page.locator("canvas").first()).toBeVisible();
      await settled(page);
    },
  },
  {
    name: "accounts",
    as: "member",
    open: async (page) => {
      await page.goto(`/people/${await ownId(page)}/accounts`);
      await heading(page, words.accounts.title);
    },
  },
  {
    name: "jobs",
    as: "admin",
    open: async (page) => {
      await page.goto("/jobs");
      await heading(page, words.jobs.title);
    },
  },
  {
    name: "jobs-member",
    as: "member",
    open: async (page) => {
      await page.goto("/jobs");
      await heading(page, words.jobs.title);
    },
  },
  {
    name: "backfill-plan",
    as: "admin",
    open: async (page) => {
      const jobs = new JobsPage(page);
      await jobs.open();
      await jobs.plan({ people: "everybody", from: isoDay(400), to: isoDay(1) });
      await expect(jobs.backfill.locator(".plan")).toBeVisible();
      await settled(page);
    },
  },
  {
    name: "coverage",
    as: "admin",
    open: async (page) => {
      await new CoveragePage(page).open();
      await settled(page);
    },
  },
  {
    name: "coverage-person",
    as: "member",
    open: async (page) => {
      await new CoveragePage(page).openPerson(await ownId(page), isoDay(89), isoDay(0));
      await settled(page);
    },
  },
  {
    name: "coverage-cell",
    as: "member",
    open: async (page) => {
      const day = isoDay(2);
      const address = `/people/${await ownId(page)}/coverage?from=${isoDay(27)}&to=${isoDay(0)}&metric=STEPS&day=${day}`;
      const coverage = new CoveragePage(page);
      await coverage.open(address);
      await expect(coverage.panel).toContainText(words.cell.next);
      await settled(page);
    },
  },
  {
    name: "people",
    as: "admin",
    open: async (page) => {
      await page.goto("/");
      await heading(page, words.people.title);
    },
  },
  {
    name: "invite",
    as: "admin",
    open: async (page) => {
      await page.goto("/");
      await page.getByRole("button", { name: words.people.invite }).click();
      await expect(page.getByRole("dialog", { name: words.invite.title })).toBeVisible();
    },
  },
  {
    name: "tokens",
    as: "member",
    open: async (page) => {
      await page.goto("/tokens");
      await heading(page, words.tokens.title);
    },
  },
  {
    name: "settings",
    as: "member",
    open: async (page) => {
      await page.goto("/settings");
      await heading(page, words.settings.title);
    },
  },
  {
    name: "connect-failed",
    as: "member",
    open: async (page) => {
      await page.goto("/connect-failed?provider=google_health&reason=denied");
      await expect(page.getByRole("alert")).toBeVisible();
    },
  },
  {
    name: "not-found",
    as: "member",
    open: async (page) => {
      await page.goto("/no-such-page");
      await heading(page, words.not_found.title);
    },
  },
];
