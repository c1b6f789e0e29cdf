import { expect, type Browser, type BrowserContext, type Page } from "@playwright/test";
import { ConsentPage, type ProviderName } from "../pages/consent";
import { PeoplePage } from "../pages/people";
import { signIn } from "../pages/sign-in";
import { WelcomePage } from "../pages/welcome";
import { expectNoAxeViolations } from "./axe";
import { freePerson, ownId } from "./people";
import type { Product } from "./product";
import type { Person, Simulator } from "./simulator";
import type { Watch } from "./watch";

/** Somebody who has followed an invitation in a browser of their own. */
export interface Joined {
  context: BrowserContext;
  page: Page;
  userId: string;
  /** Who they are in the simulated world. */
  person: Person;
  /** The invitation that they followed. */
  link: string;
}

interface World {
  browser: Browser;
  page: Page;
  product: Product;
  simulator: Simulator;
  watch: Watch;
}

let joiners = 0;

/** A person from the invitation to the provider's consent page; `page` becomes an admin's. */
export async function invited(world: World, provider: ProviderName): Promise<Joined> {
  const { browser, page, product, simulator, watch } = world;
  await signIn(page, product.admin);
  const person = await freePerson(page, simulator, provider);
  const people = new PeoplePage(page);
  await people.open();
  joiners += 1;
  const link = await people.invite(`${person.id}-${joiners}@example.org`, person.name);
  expect(new URL(link).origin).toBe(product.url);

  const context = await browser.newContext({ baseURL: product.url });
  watch.over(context);
  const own = await context.newPage();
  const welcome = new WelcomePage(own);
  await welcome.open(link);
  // The token of the link leaves the address at once.
  expect(own.url()).not.toContain(link.split("/").at(-1));
  await expectNoAxeViolations(own, "welcome, sign-up");
  await welcome.signUp(person.name, "a sentence that only they would write");
  const userId = await ownId(own);
  await expectNoAxeViolations(own, "welcome, consent");
  await welcome.connect(provider);
  await new ConsentPage(own).expectOpen(provider);
  return { context, page: own, userId, person, link };
}

/** The same, with consent given. */
export async function joined(world: World, provider: ProviderName): Promise<Joined> {
  const who = await invited(world, provider);
  const consent = new ConsentPage(who.page);
  await consent.choose(who.person.name);
  await consent.allow();
  await expect(who.page).toHaveURL(new RegExp(`/people/${encodeURIComponent(who.userId)}`));
  return who;
}
