import { useSignal } from "@preact/signals";
import { ask } from "../../api/client";
import { Field } from "../../parts/Field";
import { Failure } from "../../parts/States";
import { tell } from "../../state/notices";
import { me, session } from "../../state/session";
import { t } from "../../text/text";

export function Account() {
  const before = useSignal("");
  const after = useSignal("");
  const error = useSignal<unknown>(null);
  const who = me.value;
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    try {
      await ask("PUT", "api/v1/session/password", { body: { password: before.value, new_password: after.value } });
      session.value = { kind: "none" };
      tell(t.settings.passwordChanged);
    } catch (problem) {
      error.value = problem;
    }
  };
  return (
    <div class="columns">
      <section class="card padded stack tight">
        <h2>{who?.user?.display_name || who?.name}</h2>
        <dl class="facts"><dt>{t.settings.name}</dt><dd>{who?.name}</dd>
          <dt>{t.settings.rights}</dt><dd>{who?.grants.map((one) => <p key={one.id}>{one.role} {one.place.bucket ? `${one.place.bucket}/${one.place.prefix ?? ""}` : t.settings.everywhere}</p>)}</dd></dl>
      </section>
      {who?.user && (
        <form class="card padded stack" onSubmit={(event) => void submit(event)}>
          <h2>{t.settings.changePassword}</h2>
          {error.value !== null && <Failure error={error.value} />}
          <Field label={t.settings.oldPassword} value={before} type="password" autocomplete="current-password" isNeeded />
          <Field label={t.settings.newPassword} value={after} type="password" help={t.settings.passwordHelp} autocomplete="new-password" isNeeded />
          <div><button type="submit" class="button primary">{t.settings.changePassword}</button></div>
        </form>
      )}
    </div>
  );
}
