// Who uses the page and what they may do. What the session does not allow is not offered.
import { computed, signal } from "@preact/signals";
import { ApiError, ask, get, send, setRequestMark, setVault, whenSignedOut } from "../api/client";
import type { Session } from "../api/types";
import { t } from "../text/text";
import { tell } from "./notices";

export type SessionState = { kind: "asking" } | { kind: "none" } | { kind: "open"; session: Session } | { kind: "unreachable" };
export const session = signal<SessionState>({ kind: "asking" });
export const vaultName = signal("");

export const me = computed(() => (session.value.kind === "open" ? session.value.session : null));
const allowed = computed(() => {
  const now = me.value;
  if (!now) return new Set<string>();
  const here = now.vaults.find((one) => one.name === vaultName.value) ?? now.vaults[0];
  return new Set([...now.may, ...(here?.may ?? [])]);
});
// In the whole vault, or everywhere.
export const may = (action: string): boolean => allowed.value.has(action);

// What the roles that every home has allow of what the page asks for. A home's own roles are not known to everybody.
const kRoles: Record<string, string[]> = {
  owner: ["*"],
  editor: ["search", "create_bucket", "write", "overwrite", "tag", "remove", "restore", "undo", "share_create"],
  reader: ["search"],
  agent: ["search", "write", "overwrite", "tag"],
  auditor: [],
};
// Perhaps in some bucket or folder only: it is offered, and the server decides when asked.
export function mayMaybe(action: string): boolean {
  if (may(action)) return true;
  return (me.value?.grants ?? []).some((one) => {
    const actions = kRoles[one.role];
    return !one.denies && (!actions || actions.includes("*") || actions.includes(action));
  });
}

function open(fresh: Session): void {
  setRequestMark(fresh.request_mark ?? "");
  const names = fresh.vaults.map((one) => one.name);
  const kept = localStorage.getItem("atoll.vault") ?? "";
  vaultName.value = names.includes(kept) ? kept : (names.includes("main") ? "main" : (names[0] ?? ""));
  setVault(names.length > 1 ? vaultName.value : "");
  session.value = { kind: "open", session: fresh };
}

export async function findSession(): Promise<void> {
  try {
    open(await get<Session>("api/v1/session"));
  } catch (error) {
    session.value = { kind: error instanceof ApiError && error.status === 401 ? "none" : "unreachable" };
  }
}

// What was typed at the sign-in, for as long as another one has to be chosen: not asked for a second time.
let typedPassword = "";
export const hasTypedPassword = (): boolean => typedPassword !== "";

export async function signIn(name: string, password: string, code: string): Promise<void> {
  const fresh = await ask<Session>("POST", "api/v1/session", { body: code === "" ? { name, password } : { name, password, code } });
  typedPassword = fresh.user?.must_change_password ? password : "";
  open(fresh);
}

// `given` where nothing was typed on this page. A new password ends the session, so one signs in with it.
export async function changeGivenPassword(given: string, password: string): Promise<void> {
  const name = me.value?.name ?? "";
  await ask("PUT", "api/v1/session/password", { body: { password: given || typedPassword, new_password: password } });
  typedPassword = "";
  try {
    await signIn(name, password, "");
  } catch {
    session.value = { kind: "none" };
    tell(t.ownPassword.changed);
  }
}

export async function signOut(): Promise<void> {
  await send("DELETE", "api/v1/session");
  typedPassword = "";
  session.value = { kind: "none" };
}

export function chooseVault(name: string): void {
  localStorage.setItem("atoll.vault", name);
  location.assign(document.baseURI);
}

whenSignedOut(() => {
  if (session.value.kind === "open") session.value = { kind: "none" };
});
