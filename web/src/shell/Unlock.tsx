// A server that was started anew and whose home nothing unlocked: it takes the passphrase, and the page goes on where it was.
import { useSignal } from "@preact/signals";
import { ApiError, ask, isLocked } from "../api/client";
import { Field } from "../parts/Field";
import { Icon } from "../parts/Icon";
import { Failure } from "../parts/States";
import { useEvery } from "../state/load";
import { findSession } from "../state/session";
import { t } from "../text/text";
import "../pages/signin/signin.css";

const kLookSeconds = 3;

export function Unlock() {
  const passphrase = useSignal("");
  const error = useSignal<unknown>(null);
  const isBusy = useSignal(false);
  const isPartly = useSignal(false);
  // Somebody else may have unlocked it: then nothing is locked any more, or there is something else to say.
  useEvery(kLookSeconds, () => {
    if (isBusy.value) return;
    ask("GET", "api/v1/session").then(goOn, (problem: unknown) => { if (problem instanceof ApiError && problem.status === 401) goOn(); });
  });
  const goOn = (): void => {
    isLocked.value = false;
    void findSession();
  };
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    isBusy.value = true;
    error.value = null;
    try {
      const { state } = await ask<{ state: string }>("POST", "api/v1/unlock", { body: { passphrase: passphrase.value } });
      passphrase.value = "";
      isPartly.value = state !== "open";
      if (state === "open") goOn();
    } catch (problem) {
      error.value = problem instanceof ApiError && problem.status === 401 ? new Error(t.locked.wrong) : problem;
    }
    isBusy.value = false;
  };
  return (
    <main class="sign-in">
      <form class="card padded stack" onSubmit={(event) => void submit(event)}>
        <h1 class="line"><Icon name="key" />{t.locked.title}</h1>
        <p>{t.locked.words}</p>
        {error.value !== null && <Failure error={error.value} />}
        {isPartly.value && <p role="status">{t.locked.onePart}</p>}
        <Field label={t.locked.passphrase} value={passphrase} type="password" autocomplete="current-password" isNeeded hasFocus />
        <button type="submit" class="button primary" disabled={isBusy.value}>{isBusy.value ? t.locked.opening : t.locked.verb}</button>
      </form>
    </main>
  );
}
