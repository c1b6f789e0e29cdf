import type { BrowserContext, ConsoleMessage, Page, Request } from "@playwright/test";

/** What no page may do: complain on the console, throw, break its content security policy, reach the outside. */
export class Watch {
  private readonly seen: string[] = [];
  private readonly expected: RegExp[] = [];

  /** `origin` is the product's: what the simulated provider's own pages write is not its concern. */
  constructor(private readonly origin: string) {}

  /** Keeps an eye on every page of a browser context. */
  over(context: BrowserContext): void {
    context.on("page", (page) => this.attach(page));
    context.on("request", (request) => this.checkHost(request));
  }

  /** A complaint that this test provokes: an answer of 503, say. */
  expect(pattern: RegExp): void {
    this.expected.push(pattern);
  }

  /** All complaints that no test expects. */
  complaints(): string[] {
    return this.seen.filter((text) => !this.expected.some((pattern) => pattern.test(text)));
  }

  private attach(page: Page): void {
    page.on("console", (message) => this.onConsole(message));
    page.on("pageerror", (error) => this.seen.push(`uncaught: ${error.message}`));
  }

  private onConsole(message: ConsoleMessage): void {
    // Chromium writes policy violations here too, as errors, or as warnings where a policy only reports.
    const violation = /content security policy/i.test(message.text());
    const at = message.location().url;
    const ours = at === "" || at.startsWith(this.origin);
    if (ours && (message.type() === "error" || violation)) {
      this.seen.push(`${message.type()}: ${message.text()} (${at})`);
    }
  }

  private checkHost(request: Request): void {
    const { protocol, hostname } = new URL(request.url());
    const inside = ["data:", "blob:", "about:"].includes(protocol) || ["127.0.0.1", "localhost"].includes(hostname);
    if (!inside) this.seen.push(`request to the outside: ${request.url()}`);
  }
}
