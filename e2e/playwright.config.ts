import { defineConfig, type ReporterDescription } from "@playwright/test";

// `cargo xtask test` names the file and counts what is in it.
const report: ReporterDescription[] = process.env["PLAYWRIGHT_JSON_OUTPUT_NAME"] ? [["json"]] : [];

export default defineConfig({
  // One product at a time: its tests share a server, and two of them would fight over two cores.
  workers: 1,
  fullyParallel: false,
  // A test that passes on a second try has found something.
  retries: 0,
  forbidOnly: !!process.env["CI"],
  timeout: 90_000,
  expect: { timeout: 15_000 },
  globalTimeout: 20 * 60_000,
  reporter: [["list"], ...report],
  outputDir: "test-results",
  use: {
    locale: "en-GB",
    timezoneId: "Europe/Paris",
    viewport: { width: 1280, height: 900 },
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
      ],
    },
  },
  projects: [
    { name: "journeys", testDir: "tests" },
    { name: "screenshots", testDir: "screenshots" },
  ],
});
