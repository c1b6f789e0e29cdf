import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type english from "../../frontend/locales/en.json";

/** The web app's English texts: tests name controls as the app does, and break when a text goes missing. */
export const words = JSON.parse(
  readFileSync(resolve(import.meta.dirname, "../../frontend/locales/en.json"), "utf8"),
) as typeof english;

/** Fills the places of a text; those that are not given match anything. */
export function pattern(text: string, places: Record<string, string> = {}): RegExp {
  const escaped = text.replace(/[.*+?^$()|[\]\\]/g, "\\$&");
  return new RegExp(escaped.replace(/\{\{?\s*(\w+)\s*\}?\}/g, (_, name: string) => places[name] ?? ".*"));
}
