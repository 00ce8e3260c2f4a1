// All words of the page come from one table a language. en.ts is the table that every other has to have the form of.
import { ApiError } from "../api/client";
import { en } from "./en";

export type Texts = typeof en;
const tables: Record<string, Texts> = { en };

function choose(): [string, Texts] {
  for (const wanted of navigator.languages ?? []) {
    const table = tables[wanted.split("-")[0] ?? ""];
    if (table) return [wanted, table];
  }
  return ["en", en];
}

const [language, table] = choose();
document.documentElement.lang = language.split("-")[0] ?? "en";
export const t = table;

function sentence(words: string): string {
  const begun = words.charAt(0).toUpperCase() + words.slice(1);
  return /[.!?:`]$/.test(begun) ? begun : begun + ".";
}

// What an error means for a person: the server's own words, and what to do where it says so.
export function wordsOf(error: unknown): string {
  if (error instanceof ApiError) {
    if (error.isOffline) return t.errors.unreachable;
    if (error.id === "access.not_signed_in" || error.status === 401) return t.errors.signedOut;
    return [error.message, error.hint].filter((one) => one !== "").map(sentence).join(" ");
  }
  return error instanceof Error ? error.message : String(error);
}
