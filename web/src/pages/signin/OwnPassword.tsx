// After signing in with a password that somebody else gave out: nothing else is possible until there is another one.
import { useSignal } from "@preact/signals";
import { Failure } from "../../parts/States";
import { Field } from "../../parts/Field";
import { changeGivenPassword, hasTypedPassword, signOut } from "../../state/session";
import { t } from "../../text/text";
import "./signin.css";

export function OwnPassword() {
  const given = useSignal("");
  const fresh = useSignal("");
  const isBusy = useSignal(false);
  const error = useSignal<unknown>(null);

  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    isBusy.value = true;
    error.value = null;
    try {
      await changeGivenPassword(given.value, fresh.value);
    } catch (problem) {
      error.value = problem;
    } finally {
      isBusy.value = false;
    }
  };

  return (
    <main class="sign-in">
      <form class="card padded stack" onSubmit={(event) => void submit(event)}>
        <div>
          <p class="sign-in-brand">{t.shell.name}</p>
          <h1>{t.ownPassword.title}</h1>
        </div>
        <p>{t.ownPassword.words}</p>
        {error.value !== null && <Failure error={error.value} />}
        {!hasTypedPassword() && <Field label={t.ownPassword.given} value={given} type="password" autocomplete="current-password" isNeeded hasFocus />}
        <Field label={t.settings.newPassword} value={fresh} type="password" help={t.settings.passwordHelp} autocomplete="new-password" isNeeded hasFocus={hasTypedPassword()} />
        <button type="submit" class="button primary" disabled={isBusy.value}>{t.ownPassword.verb}</button>
        <button type="button" class="link-button" onClick={() => void signOut()}>{t.shell.signOut}</button>
      </form>
    </main>
  );
}
