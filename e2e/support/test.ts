import { test as base } from "@playwright/test";
import { Product } from "./product";
import { Simulator } from "./simulator";
import { Watch } from "./watch";

interface TestFixtures {
  watch: Watch;
}

interface WorkerFixtures {
  product: Product;
  simulator: Simulator;
}

/** Playwright's test, with the product running, the simulator at rest, and an eye on what pages complain of. */
export const test = base.extend<TestFixtures, WorkerFixtures>({
  product: [
    async ({}, use) => {
      const product = await Product.start();
      await use(product);
      await product.stop();
    },
    { scope: "worker", timeout: 120_000 },
  ],

  simulator: [async ({ product }, use) => use(new Simulator(product.simulatorUrl)), { scope: "worker" }],

  baseURL: async ({ product }, use) => use(product.url),

  watch: [
    async ({ context, product, simulator }, use, info) => {
      const watch = new Watch(product.url);
      watch.over(context);
      await use(watch);
      await simulator.rest();
      if (info.status !== info.expectedStatus) {
        await info.attach("server log", { body: product.log(), contentType: "text/plain" });
      }
      base.expect(watch.complaints(), "complaints of the page").toEqual([]);
    },
    { auto: true },
  ],
});

export { expect } from "@playwright/test";
