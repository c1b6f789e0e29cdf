import type { Page } from "@playwright/test";

/** Asks the server from within a page, as the web app does: with its web session and its origin. */
export async function graphql<T>(page: Page, query: string, variables: Record<string, unknown> = {}): Promise<T> {
  const answer = await page.evaluate(
    async (body) => {
      const headers = { "content-type": "application/json" };
      const response = await fetch("/graphql", { method: "POST", headers, body });
      return { status: response.status, text: await response.text() };
    },
    JSON.stringify({ query, variables }),
  );
  if (answer.status !== 200) throw new Error(`/graphql answered ${answer.status}: ${answer.text}`);
  const { data, errors } = JSON.parse(answer.text) as { data?: T; errors?: { message: string }[] };
  if (errors?.length || !data) throw new Error(`/graphql: ${JSON.stringify(errors)}`);
  return data;
}
