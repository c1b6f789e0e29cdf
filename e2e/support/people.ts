import type { Page } from "@playwright/test";
import type { ProviderName } from "../pages/consent";
import { graphql } from "./graphql";
import type { Person, Simulator } from "./simulator";

/**
 * People whose account at a provider the demo leaves alone: it connects each person at one provider only. Those with
 * plain days (worn on all of them, handed over at once) come first.
 */
const LEFT_ALONE: Record<ProviderName, string[]> = {
  "Google Health": ["dana", "haruto", "harriet"],
  Fitbit: ["ilse", "nora", "walter", "arjun", "jack", "colette"],
};

interface Linked {
  users: { nodes: { id: string; linkedAccounts: { provider: string; providerUserId: string }[] }[] };
}

const LINKED = `query Linked { users(first: 100) { nodes { id linkedAccounts { provider providerUserId } } } }`;

const providerKey = (provider: ProviderName) => (provider === "Fitbit" ? "FITBIT" : "GOOGLE_HEALTH");
const idAt = (person: Person, provider: ProviderName) =>
  provider === "Fitbit" ? person.fitbit_id : person.google_id;

/** A simulated person whose account at a provider no test has linked yet; `page` is an admin's. */
export async function freePerson(page: Page, simulator: Simulator, provider: ProviderName): Promise<Person> {
  const { users } = await graphql<Linked>(page, LINKED);
  const taken = users.nodes
    .flatMap((user) => user.linkedAccounts)
    .filter((account) => account.provider === providerKey(provider))
    .map((account) => account.providerUserId);
  const people = await simulator.people();
  const candidates = LEFT_ALONE[provider].map((id) => people.find((person) => person.id === id));
  const free = candidates.find((person) => person && !taken.includes(idAt(person, provider)));
  if (!free) throw new Error(`no ${provider} account is left to link; linked are ${taken.join(", ")}`);
  return free;
}

/** The simulated person behind a user's account, and the user's id. */
export async function linkedPerson(page: Page, simulator: Simulator, userId: string): Promise<Person> {
  const query = `query Own($id: ID!) { user(id: $id) { linkedAccounts { providerUserId } } }`;
  const { user } = await graphql<{ user: { linkedAccounts: { providerUserId: string }[] } }>(page, query, { id: userId });
  const ids = user.linkedAccounts.map((account) => account.providerUserId);
  const person = (await simulator.people()).find(({ google_id, fitbit_id }) => ids.some((id) => id === google_id || id === fitbit_id));
  if (!person) throw new Error("the user has no linked account that the simulator knows");
  return person;
}

/** The signed-in person's own id. */
export async function ownId(page: Page): Promise<string> {
  const { viewer } = await graphql<{ viewer: { user: { id: string } } }>(page, "query Me { viewer { user { id } } }");
  return viewer.user.id;
}

/** A civil date some days back, on the clock of a zone. */
export function daysAgo(days: number, timeZone: string): string {
  const at = new Date(Date.now() - days * 24 * 60 * 60 * 1000);
  return new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short" }).format(at);
}
