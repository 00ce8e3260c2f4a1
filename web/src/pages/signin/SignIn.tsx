import { useSignal } from "@preact/signals";
import { ApiError } from "../../api/client";
import { Failure } from "../../parts/States";
import { Field } from "../../parts/Field";
import { signIn } from "../../state/session";
import { t } from "../../text/text";
import "./signin.css";

export function SignIn() {
  const name = useSignal("");
  const password = useSignal("");
  const code = useSignal("");
  const asksCode = useSignal(false);
  const isBusy = useSignal(false);
  const error = useSignal<unknown>(null);

  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    isBusy.value = true;
    error.value = null;
    try {
      await signIn(name.value.trim(), password.value, code.value.trim());
    } catch (problem) {
      if (problem instanceof ApiError && problem.status === 401) {
        error.value = new Error(t.signIn.wrong);
        if (problem.id.includes("code")) asksCode.value = true;
      } else if (problem instanceof ApiError && problem.status === 429) error.value = new Error(t.signIn.slow);
      else error.value = problem;
    } finally {
      isBusy.value = false;
    }
  };

  return (
    <main class="sign-in">
      <form class="card padded stack" onSubmit={(event) => void submit(event)}>
        <div>
          <p class="sign-in-brand">{t.shell.name}</p>
          <h1>{t.signIn.title}</h1>
        </div>
        {error.value !== null && <Failure error={error.value} />}
        <Field label={t.signIn.name} value={name} autocomplete="username" isNeeded hasFocus />
        <Field label={t.signIn.password} value={password} type="password" autocomplete="current-password" isNeeded />
        {asksCode.value
          ? <Field label={t.signIn.code} value={code} help={t.signIn.codeHelp} autocomplete="one-time-code" hasFocus />
          : <button type="button" class="link-button" onClick={() => (asksCode.value = true)}>{t.signIn.needsCode}</button>}
        <button type="submit" class="button primary" disabled={isBusy.value}>{t.signIn.verb}</button>
        <p class="small soft">{t.signIn.first}</p>
      </form>
    </main>
  );
}
