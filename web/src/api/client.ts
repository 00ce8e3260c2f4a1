// Every request to the server passes here. Always true: a change carries the session's mark, a failure is an ApiError with
// the server's own words, and a 401 outside the sign-in makes the page ask for it.
import { signal } from "@preact/signals";
import type { Problem } from "./types";

// The page may lie below a path of a proxy: the document's base says where the server's root is.
export const root = new URL(".", document.baseURI).pathname;

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly id: string,
    message: string,
    readonly hint: string,
    readonly requestId: string,
  ) {
    super(message);
  }
  // Nothing was answered: the server is not there, or the network is not.
  get isOffline(): boolean {
    return this.status === 0;
  }
  // Worth the same request again a little later.
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status === 503 || this.status === 408 || this.status === 423;
  }
}

export const isReachable = signal(true);
export const isLocked = signal(false); // the server is there, and its home has to be unlocked first
let mark = "";
let vault = "";
let onSignedOut: () => void = () => {};

export function setRequestMark(fresh: string): void {
  mark = fresh;
}
export function setVault(name: string): void {
  vault = name;
}
export function whenSignedOut(run: () => void): void {
  onSignedOut = run;
}

export type Query = Record<string, string | number | boolean | undefined>;

export function address(path: string, query: Query = {}): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === false || value === "") continue;
    parts.push(value === true ? name : `${name}=${encodeURIComponent(String(value))}`);
  }
  if (vault !== "") parts.push(`vault=${encodeURIComponent(vault)}`);
  return root + path.replace(/^\//, "") + (parts.length > 0 ? (path.includes("?") ? "&" : "?") + parts.join("&") : "");
}

export function changeHeaders(): Record<string, string> {
  return mark === "" ? {} : { "Atoll-Request-Mark": mark };
}

export interface Call {
  query?: Query;
  body?: unknown; // sent as JSON
  content?: BodyInit; // sent as it is
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export async function problemOf(response: Response): Promise<ApiError> {
  let problem: Partial<Problem> = {};
  try {
    problem = (await response.json()) as Problem;
  } catch {
    // Not the server's own words: a proxy in between, for one.
  }
  return new ApiError(
    response.status,
    problem.id ?? "",
    problem.detail ?? problem.title ?? `${response.status} ${response.statusText}`,
    problem.hint ?? "",
    problem.request_id ?? response.headers.get("X-Request-Id") ?? "",
  );
}

export async function send(method: string, path: string, call: Call = {}): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json", ...call.headers };
  if (method !== "GET" && method !== "HEAD") Object.assign(headers, changeHeaders());
  let content = call.content;
  if (call.body !== undefined) {
    headers["Content-Type"] = "application/json";
    content = JSON.stringify(call.body);
  }
  let response: Response;
  try {
    response = await fetch(address(path, call.query), {
      method, headers, credentials: "same-origin", ...(content === undefined ? {} : { body: content }),
      ...(call.signal ? { signal: call.signal } : {}),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    isReachable.value = false;
    throw new ApiError(0, "page.unreachable", "", "", "");
  }
  isReachable.value = true;
  if (response.ok || response.status === 304) return response;
  const problem = await problemOf(response);
  if (problem.id === "server.locked") isLocked.value = true;
  if (response.status === 401 && !/\/(session|shared\/|unlock)/.test(path)) onSignedOut();
  throw problem;
}

export async function ask<T>(method: string, path: string, call: Call = {}): Promise<T> {
  const response = await send(method, path, call);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> =>
  ask<T>("GET", path, { ...(query ? { query } : {}), ...(signal ? { signal } : {}) });
export const post = <T>(path: string, body?: unknown, query?: Query): Promise<T> =>
  ask<T>("POST", path, { ...(body === undefined ? {} : { body }), ...(query ? { query } : {}) });

// Every page of a list, to the end or to `most` pages.
export async function all<T extends { next_cursor?: string }>(path: string, query: Query = {}, most = 20): Promise<T[]> {
  const pages: T[] = [];
  let cursor: string | undefined;
  do {
    const page: T = await get<T>(path, { ...query, cursor });
    pages.push(page);
    cursor = page.next_cursor;
  } while (cursor && pages.length < most);
  return pages;
}
