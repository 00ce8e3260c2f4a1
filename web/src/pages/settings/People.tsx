import { useSignal } from "@preact/signals";
import { all, ask, get, post, send } from "../../api/client";
import type { Grant, GrantList, RoleList, User, UserList } from "../../api/types";
import { day } from "../../format/format";
import { Dialog } from "../../parts/Dialog";
import { Field } from "../../parts/Field";
import { Icon } from "../../parts/Icon";
import { Menu } from "../../parts/Menu";
import { Failure, Loaded } from "../../parts/States";
import { useLoad } from "../../state/load";
import { complain, tell } from "../../state/notices";
import { may, me } from "../../state/session";
import { t } from "../../text/text";
import { placeOf, placeWords } from "./place";

const useRoles = () => useLoad(() => get<RoleList>("api/v1/roles").then((one) => one.roles.map((each): [string, string] => [each.name, each.name])), []).state;

function NewPerson({ onClose }: { onClose: () => void }) {
  const name = useSignal("");
  const shown = useSignal("");
  const password = useSignal("");
  const kind = useSignal("person");
  const role = useSignal("reader");
  const place = useSignal("");
  const error = useSignal<unknown>(null);
  const roles = useRoles();
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    try {
      await post("api/v1/users", { name: name.value, display_name: shown.value, kind: kind.value, role: role.value, place: placeOf(place.value), ...(password.value ? { password: password.value } : {}) });
      tell(t.settings.personMade(name.value));
      onClose();
    } catch (problem) {
      error.value = problem;
    }
  };
  return (
    <Dialog title={t.settings.addPerson} onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        {error.value !== null && <Failure error={error.value} />}
        <Field label={t.settings.name} value={name} isNeeded hasFocus />
        <Field label={t.settings.displayName} value={shown} />
        <Field label={t.settings.kind} value={kind} choices={Object.entries(t.settings.kinds)} />
        <Field label={t.settings.password} value={password} type="password" help={t.settings.passwordHelp} autocomplete="new-password" isNeeded={kind.value === "person"} />
        <Field label={t.settings.role} value={role} choices={roles.value.value ?? [["reader", "reader"]]} />
        <Field label={t.settings.where} value={place} help={t.settings.bucketOptional} />
        <div class="actions"><button type="button" class="button" onClick={onClose}>{t.verbs.cancel}</button><button type="submit" class="button primary">{t.verbs.add}</button></div>
      </form>
    </Dialog>
  );
}

function NewRight({ user, onClose }: { user: User; onClose: () => void }) {
  const role = useSignal("reader");
  const place = useSignal("");
  const error = useSignal<unknown>(null);
  const roles = useRoles();
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    try {
      await post("api/v1/grants", { subject: user.name, role: role.value, place: placeOf(place.value) });
      onClose();
    } catch (problem) {
      error.value = problem;
    }
  };
  return (
    <Dialog title={`${t.settings.addRight}: ${user.name}`} onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        {error.value !== null && <Failure error={error.value} />}
        <Field label={t.settings.role} value={role} choices={roles.value.value ?? [["reader", "reader"]]} />
        <Field label={t.settings.where} value={place} help={t.settings.bucketOptional} />
        <div class="actions"><button type="button" class="button" onClick={onClose}>{t.verbs.cancel}</button><button type="submit" class="button primary">{t.verbs.add}</button></div>
      </form>
    </Dialog>
  );
}

interface Everybody {
  users: User[];
  grants: Grant[];
}

export function People() {
  const { state, again } = useLoad<Everybody>(async () => ({
    users: (await all<UserList>("api/v1/users")).flatMap((page) => page.users), grants: (await all<GrantList>("api/v1/grants")).flatMap((page) => page.grants) }), []);
  const isNew = useSignal(false);
  const righted = useSignal<User | null>(null);
  const removed = useSignal<User | null>(null);
  const mayManage = may("account_manage");
  const run = (asked: Promise<unknown>): void => { asked.then(again, complain); };
  return (
    <div class="stack">
      {mayManage && <div><button type="button" class="button primary" onClick={() => (isNew.value = true)}><Icon name="plus" size={18} />{t.settings.addPerson}</button></div>}
      <Loaded state={state.value} again={again}>
        {({ users, grants }) => (
          <ul class="card">
            {users.filter((one) => one.kind !== "group").map((one) => {
              const isMe = one.id === me.value?.user?.id; // nobody locks themselves out by a slip
              const rights = grants.filter((grant) => grant.subject === one.name);
              return (
                <li key={one.id} class="setting">
                  <Icon name="person" />
                  <div class="grow">
                    <p class="line"><strong>{one.display_name || one.name}</strong>{one.display_name && one.display_name !== one.name && <span class="soft">{one.name}</span>}
                      {one.kind !== "person" && <span class="chip">{t.settings.kinds[one.kind]}</span>}{one.is_disabled && <span class="chip bad">{t.settings.disabled}</span>}</p>
                    <ul class="soft small">{rights.length === 0 ? <li>{t.settings.noRights}</li> : rights.map((grant) => (
                      <li key={grant.id}>{grant.denies && `${t.object.denied}: `}{grant.role} {placeWords(grant.place)}{grant.expires && `, ${t.object.expires(day(grant.expires))}`}{" "}
                        {mayManage && !isMe && <button type="button" class="link-button" aria-label={`${t.settings.takeBack}: ${grant.role} ${placeWords(grant.place)}`} onClick={() => run(send("DELETE", `api/v1/grants/${grant.id}`))}>{t.settings.takeBack}</button>}</li>
                    ))}</ul>
                  </div>
                  {mayManage && <Menu label={`${t.files.more}: ${one.name}`} verbs={[
                    { words: t.settings.addRight, icon: "plus", run: () => void (righted.value = one) },
                    ...(isMe ? [] : [{ words: one.is_disabled ? t.settings.enable : t.settings.disable, icon: "key" as const, run: () => run(ask("PATCH", `api/v1/users/${one.name}`, { body: { is_disabled: !one.is_disabled } })) },
                    { words: t.verbs.remove, icon: "trash" as const, isBad: true, run: () => void (removed.value = one) }])]} />}
                </li>
              );
            })}
          </ul>
        )}
      </Loaded>
      {isNew.value && <NewPerson onClose={() => { isNew.value = false; again(); }} />}
      {righted.value && <NewRight user={righted.value} onClose={() => { righted.value = null; again(); }} />}
      {removed.value && (
        <Dialog title={t.files.removeTitle} onClose={() => (removed.value = null)}>
          <p>{t.settings.removePerson(removed.value.name)}</p>
          <div class="actions"><button type="button" class="button" onClick={() => (removed.value = null)}>{t.verbs.cancel}</button>
            <button type="button" class="button bad" onClick={() => { const name = removed.value?.name ?? ""; removed.value = null; run(send("DELETE", `api/v1/users/${name}`)); }}>{t.verbs.remove}</button></div>
        </Dialog>
      )}
    </div>
  );
}
