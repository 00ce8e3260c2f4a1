// How much accounts may store and buckets may hold, and how much of that is used.
import { useSignal } from "@preact/signals";
import { all, ask } from "../../api/client";
import type { Quota, QuotaList } from "../../api/types";
import { percent, readSize, size } from "../../format/format";
import { Dialog } from "../../parts/Dialog";
import { Field } from "../../parts/Field";
import { Icon } from "../../parts/Icon";
import { Menu } from "../../parts/Menu";
import { Empty, Failure, Loaded } from "../../parts/States";
import { useLoad } from "../../state/load";
import { changed, complain, tell } from "../../state/notices";
import { may } from "../../state/session";
import { t } from "../../text/text";
import { placeOf, placeWords } from "./place";

const ofWhom = (one: Quota): string => (one.user ? t.limits.ofUser(one.user, one.place.bucket ? placeWords(one.place) : "") : placeWords(one.place));
const set = (of: Pick<Quota, "user" | "place">, bytes: number, objects: number): Promise<unknown> =>
  ask("PUT", "api/v1/quotas", { body: { ...(of.user ? { user: of.user } : {}), place: of.place, bytes_max: bytes, objects_max: objects } });

function Limit({ before, onClose }: { before: Quota | null; onClose: () => void }) {
  const user = useSignal(before?.user ?? "");
  const place = useSignal(before?.place.bucket ? placeWords(before.place).replace(/\/$/, "") : "");
  const bytes = useSignal(before && before.bytes_max > 0 ? `${before.bytes_max / 1e6} MB` : "");
  const objects = useSignal(before && before.objects_max > 0 ? String(before.objects_max) : "");
  const error = useSignal<unknown>(null);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const wanted = bytes.value.trim() === "" ? 0 : readSize(bytes.value);
    const number = objects.value.trim() === "" ? 0 : Number(objects.value);
    try {
      if (wanted === null) throw new Error(t.limits.badSize(bytes.value));
      if (!Number.isSafeInteger(number) || number < 0) throw new Error(t.limits.badNumber(objects.value));
      if (wanted + number === 0) throw new Error(t.limits.neither);
      await set({ ...(user.value.trim() ? { user: user.value.trim() } : {}), place: before?.place ?? placeOf(place.value) }, wanted, number);
      changed.value++;
      tell(t.limits.made);
      onClose();
    } catch (problem) {
      error.value = problem;
    }
  };
  return (
    <Dialog title={before ? ofWhom(before) : t.limits.add} onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        {error.value !== null && <Failure error={error.value} />}
        {!before && <><Field label={t.limits.user} value={user} help={t.limits.userHelp} hasFocus /><Field label={t.limits.place} value={place} help={t.limits.placeHelp} /></>}
        <Field label={t.limits.bytes} value={bytes} placeholder="10 GB" help={t.limits.none} />
        <Field label={t.limits.objects} value={objects} placeholder="100000" help={t.limits.none} />
        <div class="actions"><button type="button" class="button" onClick={onClose}>{t.verbs.cancel}</button><button type="submit" class="button primary">{t.verbs.save}</button></div>
      </form>
    </Dialog>
  );
}

function Used({ used, most, format, label }: { used: number; most: number; format: (n: number) => string; label: string }) {
  if (most === 0) return null;
  return (
    <div class="stack tight">
      <p class="soft small">{t.limits.used(format(used), format(most), percent(used / most))}</p>
      <div class="bar" role="meter" aria-label={label} aria-valuemin={0} aria-valuemax={most} aria-valuenow={used}><span style={{ width: `${Math.min(100, (used / most) * 100)}%` }} /></div>
    </div>
  );
}

export function Limits() {
  const { state, again } = useLoad(async () => (await all<QuotaList>("api/v1/quotas")).flatMap((page) => page.quotas), [changed.value]);
  const open = useSignal<{ before: Quota | null } | null>(null);
  const mayManage = may("quota_manage");
  const end = async (one: Quota): Promise<void> => {
    try {
      await set(one, 0, 0);
      changed.value++;
      tell(t.limits.ended, { words: t.undo.verb, run: () => { set(one, one.bytes_max, one.objects_max).then(() => changed.value++, complain); } });
    } catch (error) {
      complain(error);
    }
  };
  return (
    <div class="stack">
      {mayManage && <div><button type="button" class="button primary" onClick={() => (open.value = { before: null })}><Icon name="plus" size={18} />{t.limits.add}</button></div>}
      <Loaded state={state.value} again={again}>
        {(list) => list.length === 0 ? <Empty icon="archive" title={t.limits.noLimits}><p>{t.limits.noLimitsWords}</p></Empty> : (
          <ul class="card">{list.map((one) => (
            <li key={ofWhom(one)} class="setting">
              <Icon name={one.user ? "person" : "bucket"} />
              <div class="grow stack tight"><p><strong>{ofWhom(one)}</strong></p>
                <Used used={one.bytes_used} most={one.bytes_max} format={size} label={`${ofWhom(one)}: ${t.limits.bytes}`} />
                <Used used={one.objects_used} most={one.objects_max} format={(n) => t.limits.files(n)} label={`${ofWhom(one)}: ${t.limits.objects}`} /></div>
              {mayManage && <Menu label={`${t.files.more}: ${ofWhom(one)}`} verbs={[{ words: t.limits.change, icon: "edit", run: () => void (open.value = { before: one }) },
                { words: t.verbs.remove, icon: "trash", isBad: true, run: () => void end(one) }]} />}
            </li>
          ))}</ul>
        )}
      </Loaded>
      {open.value && <Limit before={open.value.before} onClose={() => (open.value = null)} />}
    </div>
  );
}
