import { DashboardPage } from "../pages/dashboard";
import { signIn } from "../pages/sign-in";
import { daysAgo, linkedPerson, ownId } from "../support/people";
import { expect, test } from "../support/test";
import { words } from "../support/words";

const QUERY = "{ viewer { user { displayName } } }";

test("a token reads by GraphQL until it is revoked", async ({ page, product }) => {
  await signIn(page, product.member);
  await page.goto("/tokens");
  await page.getByRole("button", { name: words.tokens.create }).click();
  const dialog = page.getByRole("dialog", { name: words.tokens.create });
  await dialog.getByLabel(words.tokens.name).fill("a notebook");
  await dialog.getByRole("checkbox", { name: words.scope.read_metrics }).check();
  await dialog.getByRole("button", { name: words.tokens.submit, exact: true }).click();
  const secret = await dialog.getByLabel(words.tokens.secret).inputValue();
  await dialog.getByRole("button", { name: words.common.done }).click();

  const ask = async () => {
    const response = await fetch(`${product.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${secret}` },
      body: JSON.stringify({ query: QUERY }),
    });
    return (await response.json()) as { data?: { viewer: { user: { displayName: string } } }; errors?: { extensions: { code: string } }[] };
  };
  expect((await ask()).data?.viewer.user.displayName).toBeTruthy();

  await page.getByRole("button", { name: `${words.tokens.revoke} a notebook` }).click();
  await page.getByRole("dialog").getByRole("button", { name: words.tokens.revoke_confirm }).click();
  await expect(page.getByText(words.tokens.revoked_now)).toBeVisible();
  const refused = await ask();
  expect(refused.data ?? null).toBeNull();
  expect(refused.errors?.[0]?.extensions.code).toBe("TOKEN_REVOKED");
});

test("the raw documents behind a day are the provider's answers", async ({ page, product, simulator }) => {
  await signIn(page, product.member);
  const userId = await ownId(page);
  const person = await linkedPerson(page, simulator, userId);
  const dashboard = new DashboardPage(page);
  await dashboard.open(userId, daysAgo(2, person.time_zone));
  await page.getByRole("button", { name: words.raw.show }).click();
  await page.getByRole("button", { name: words.raw.body_of }).first().click();
  const body = page.getByRole("region", { name: words.raw.body });
  await expect(body).toContainText(/[{[]/);
  JSON.parse(await body.innerText());
});

test("the playground runs a query, without anybody else's assets", async ({ page, product }) => {
  await signIn(page, product.member);
  await page.goto("/playground");
  // The editor takes its time, and clicks before it is there do nothing.
  const editor = page.getByRole("region", { name: "Operation Editor" });
  await expect(editor.getByText("displayName")).toBeVisible();
  const answer = page.waitForResponse((response) => response.request().postData()?.includes("query Me") ?? false);
  await page.getByRole("button", { name: /execute query/i }).click();
  expect(await (await answer).json()).toMatchObject({ data: { viewer: { user: { displayName: "Nora Lindqvist" } } } });
  await expect(page.getByRole("region", { name: "Result Window" }).getByText("Lindqvist")).toBeVisible();
});
