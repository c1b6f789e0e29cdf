import { DashboardPage } from "../pages/dashboard";
import { SignInPage, signIn } from "../pages/sign-in";
import { graphql } from "../support/graphql";
import { ownId } from "../support/people";
import { expect, test } from "../support/test";
import { words } from "../support/words";

test("a wrong password is refused in words", async ({ page, product }) => {
  const form = new SignInPage(page);
  await form.open();
  await form.signIn({ ...product.member, password: "not their password" });
  await expect(page.getByRole("alert")).toContainText(words.sign_in.wrong);
});

test("what assistive technology is told", async ({ page, product }) => {
  await new SignInPage(page).open();
  await expect(page.getByRole("main")).toMatchAriaSnapshot(`
    - main:
      - heading "Sign in" [level=1]
      - text: E-mail
      - textbox "E-mail"
      - text: Password
      - textbox "Password"
      - button "Sign in"
  `);
  await signIn(page, product.admin);
  await expect(page.getByRole("navigation", { name: words.nav.name })).toMatchAriaSnapshot(`
    - navigation "Main":
      - list:
        - listitem:
          - link "People"
        - listitem:
          - link "Coverage"
        - listitem:
          - link "Sync"
        - listitem:
          - link "API tokens"
        - listitem:
          - link "Settings"
  `);
  await expect(page.getByRole("table")).toMatchAriaSnapshot(`
    - table "Steps, coverage and sync of the last 28 days":
      - rowgroup:
        - row:
          - columnheader "Name"
          - columnheader "Steps, 28 days"
          - columnheader "Last sync"
          - columnheader "Coverage"
          - columnheader "State"
  `);
});

test("a page behind sign-in leads there and back", async ({ page, product }) => {
  const form = new SignInPage(page);
  await page.goto("/settings");
  await form.expectOpen();
  await form.signIn(product.member);
  await expect(page.getByRole("heading", { name: words.settings.title, level: 1 })).toBeVisible();
});

test("after signing out nothing is left to see", async ({ page, product }) => {
  await signIn(page, product.member);
  await page.getByRole("button", { name: words.nav.sign_out }).click();
  await new SignInPage(page).expectOpen();
  await page.goto("/jobs");
  await new SignInPage(page).expectOpen();
});

test("a member does not see other people", async ({ page, product }) => {
  await signIn(page, product.admin);
  const { users } = await graphql<{ users: { nodes: { id: string; displayName: string }[] } }>(
    page,
    "query All { users(first: 100) { nodes { id displayName } } }",
  );
  await page.context().clearCookies();
  await signIn(page, product.member);
  const own = await ownId(page);
  const other = users.nodes.find((user) => user.id !== own);
  await new DashboardPage(page).open(other!.id);
  await expect(page.getByRole("alert")).toContainText(words.error.not_found);
  await expect(page.getByText(other!.displayName)).toHaveCount(0);
  const answer = await graphql<{ user: unknown }>(page, "query Other($id: ID!) { user(id: $id) { id } }", { id: other!.id });
  expect(answer.user).toBeNull();
});

test("signing in by keyboard alone, and past the navigation", async ({ page, product }) => {
  await new SignInPage(page).open();
  await page.getByLabel(words.sign_in.email).focus();
  await page.keyboard.type(product.member.email);
  await page.keyboard.press("Tab");
  await page.keyboard.type(product.member.password);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("navigation", { name: words.nav.name })).toBeVisible();

  await page.goto("/jobs");
  await expect(page.getByRole("heading", { name: words.jobs.title, level: 1 })).toBeVisible();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: words.nav.skip })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.locator("#main")).toBeFocused();
});
