import { expect, type Locator, type Page } from "@playwright/test";

/** The coverage grid, of everybody or of one person. */
export class CoveragePage {
  constructor(readonly page: Page) {}

  async open(address = "/coverage"): Promise<void> {
    await this.page.goto(address);
    await expect(this.grid).toBeVisible();
  }

  async openPerson(userId: string, from: string, to: string): Promise<void> {
    await this.open(`/people/${userId}/coverage?from=${from}&to=${to}`);
  }

  get grid(): Locator {
    return this.page.getByRole("grid");
  }

  /** The row of a metric or a person. */
  row(name: string): Locator {
    const header = this.page.getByRole("rowheader", { name, exact: true });
    // Other tests may have invited somebody of the same name, who stands below.
    return this.grid.getByRole("row").filter({ has: header }).first();
  }

  /** The cell of a row that is so many days before the last one. */
  cell(name: string, daysBack: number): Locator {
    return this.row(name).getByRole("gridcell").nth(-1 - daysBack);
  }

  /** What is behind the open cell. */
  get panel(): Locator {
    return this.page.locator(".panel");
  }
}
