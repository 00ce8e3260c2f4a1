import { useSignal } from "@preact/signals";
import { all, post, send } from "../../api/client";
import type { MadeToken, RoleList, Token, TokenList } from "../../api/types";
import { get } from "../../api/client";
import { ago, day } from "../../format/format";
import { CopyText } from "../../parts/CopyText";
import { Dialog } from "../../parts/Dialog";
import { Field } from "../../parts/Field";
import { Icon } from "../../parts/Icon";
import { Empty, Failure, Loaded } from "../../parts/States";
import { useLoad } from "../../state/load";
import { complain, tell } from "../../state/notices";
import { t } from "../../text/text";
import { placeOf, placeWords } from "./place";

function NewToken({ onClose }: { onClose: () => void }) {
  const label = useSignal("");
  const expires = useSignal("365d");
  const role = useSignal("");
  const place = useSignal("");
  const made = useSignal<MadeToken | null>(null);
  const error = useSignal<unknown>(null);
  const { state } = useLoad(() => get<RoleList>("api/v1/roles").then((one) => one.roles.map((each) => each.name), () => ["reader", "editor"]), []);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    try {
      made.value = await post<MadeToken>("api/v1/tokens", { label: label.value, ...(expires.value ? { expires: expires.value } : {}),
        ...(role.value ? { scopes: [{ role: role.value, place: placeOf(place.value) }] } : {}) });
    } catch (problem) {
      error.value = problem;
    }
  };
  return (
    <Dialog title={t.settings.newToken} onClose={onClose}>
      {made.value ? (
        <><CopyText text={made.value.token} label={t.settings.tokenMade} /><p class="soft small">{t.states.shownOnce}</p>
          <div class="actions"><button type="button" class="button primary" onClick={onClose}>{t.verbs.done}</button></div></>
      ) : (
        <form onSubmit={(event) => void submit(event)}>
          {error.value !== null && <Failure error={error.value} />}
          <Field label={t.settings.tokenFor} value={label} isNeeded hasFocus />
          <Field label={t.settings.scope} value={role} choices={[["", t.settings.scopeAll], ...(state.value.value ?? []).map((one): [string, string] => [one, one])]} />
          {role.value && <Field label={t.settings.where} value={place} help={t.settings.bucketOptional} />}
          <Field label={t.settings.expires} value={expires} choices={Object.entries(t.share.in)} />
          <div class="actions"><button type="button" class="button" onClick={onClose}>{t.verbs.cancel}</button><button type="submit" class="button primary">{t.verbs.create}</button></div>
        </form>
      )}
    </Dialog>
  );
}

export function Tokens() {
  const { state, again } = useLoad(async () => (await all<TokenList>("api/v1/tokens")).flatMap((page) => page.tokens), []);
  const isNew = useSignal(false);
  const end = async (token: Token): Promise<void> => {
    try {
      await send("DELETE", `api/v1/tokens/${token.id}`);
      tell(t.settings.revoked);
      again();
    } catch (error) {
      complain(error);
    }
  };
  return (
    <div class="stack">
      <div><button type="button" class="button primary" onClick={() => (isNew.value = true)}><Icon name="plus" size={18} />{t.settings.newToken}</button></div>
      <Loaded state={state.value} again={again}>
        {(list) => list.length === 0 ? <Empty icon="key" title={t.settings.noTokens}><p>{t.settings.noTokensWords}</p></Empty> : (
          <ul class="card">{list.map((one) => (
            <li key={one.id} class="setting">
              <Icon name="key" />
              <div class="grow"><p><strong>{one.label || one.id}</strong></p>
                <p class="soft small">{[one.scopes.length > 0 ? one.scopes.map((scope) => `${scope.role} ${placeWords(scope.place)}`).join(", ") : t.settings.scopeAll, one.expires && `${t.settings.until} ${day(one.expires)}`, one.last_used ? `${t.settings.lastUsed} ${ago(one.last_used)}` : t.settings.never].filter(Boolean).join(", ")}</p></div>
              <button type="button" class="button bad" aria-label={`${t.settings.revoke}: ${one.label || one.id}`} onClick={() => void end(one)}>{t.settings.revoke}</button>
            </li>
          ))}</ul>
        )}
      </Loaded>
      {isNew.value && <NewToken onClose={() => { isNew.value = false; again(); }} />}
    </div>
  );
}
