// Where the page is: a path below /ui and its query, kept in the address so that back, forward, reload and bookmarks work.
import { computed, signal } from "@preact/signals";
import { root } from "../api/client";

export interface Route {
  page: string; // "home", "files", ...
  rest: string[]; // what follows, decoded
  query: URLSearchParams;
}

function read(): Route {
  const path = location.pathname.slice(root.length);
  const parts = path.split("/").filter((part) => part !== "").map(decodeURIComponent);
  const query = new URLSearchParams(location.search);
  if (parts[0] === "s") return { page: "shared", rest: parts.slice(1), query };
  if (parts[0] !== "ui") return { page: "home", rest: [], query };
  return { page: parts[1] ?? "home", rest: parts.slice(2), query };
}

export const route = signal<Route>(read());
export const page = computed(() => route.value.page);

window.addEventListener("popstate", () => (route.value = read()));

export type Where = Record<string, string | string[] | undefined>; // of a list: the name once for each

export function href(path: string, query: Where = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined && one !== "") search.append(name, one);
  const text = search.toString();
  return root + (path === "home" ? "" : "ui/" + path.split("/").map(encodeURIComponent).join("/")) + (text ? "?" + text : "");
}

export function go(to: string, replaces = false): void {
  if (to === location.pathname + location.search) return;
  if (replaces) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  route.value = read();
  if (!replaces) window.scrollTo(0, 0);
}

// A plain click on a link of ours changes the page without loading it anew; with Ctrl or the middle button it stays a link.
export function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
  const path = link.pathname.slice(root.length);
  if (path !== "" && !path.startsWith("ui")) return;
  event.preventDefault();
  go(link.pathname + link.search);
}
