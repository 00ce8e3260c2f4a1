// What a page shows while it has nothing to show yet: waiting, nothing there, something went wrong. Each says what can be done.
import type { ComponentChildren } from "preact";
import { t, wordsOf } from "../text/text";
import { Icon, type IconName } from "./Icon";
import "./states.css";

export function Waiting() {
  return <p class="waiting soft" role="status">{t.states.loading}</p>;
}

export function Failure({ error, again }: { error: unknown; again?: () => void }) {
  return (
    <div class="failure" role="alert">
      <Icon name="warning" />
      <p class="grow">{wordsOf(error)}</p>
      {again && <button type="button" class="button" onClick={again}>{t.verbs.again}</button>}
    </div>
  );
}

// `isPage`: it is all there is on the page, and its title the page's own.
export function Empty({ icon, title, children, isPage }: { icon: IconName; title: string; children?: ComponentChildren; isPage?: boolean }) {
  return (
    <div class="empty">
      <span class="empty-icon"><Icon name={icon} size={28} /></span>
      {isPage ? <h1>{title}</h1> : <h2>{title}</h2>}
      {children}
    </div>
  );
}

// The three of them around a list or page that was asked for.
interface Properties<T> {
  state: { value: T | null; error: unknown };
  again: () => void;
  children: (value: T) => ComponentChildren;
}
export function Loaded<T>({ state, again, children }: Properties<T>) {
  if (state.value === null) return state.error ? <Failure error={state.error} again={again} /> : <Waiting />;
  return (
    <>
      {state.error !== null && <Failure error={state.error} again={again} />}
      {children(state.value)}
    </>
  );
}
