// Second copies: how far each is, and what can be done with it; a new one in a folder or in an S3 server.
import { useSignal } from "@preact/signals";
import { ask, post, send } from "../../api/client";
import type { Copy, CopyPlan, Job } from "../../api/types";
import { ago, size } from "../../format/format";
import { Dialog } from "../../parts/Dialog";
import { Field } from "../../parts/Field";
import { Icon } from "../../parts/Icon";
import { MainButton } from "../../parts/MainButton";
import { Menu, type Verb } from "../../parts/Menu";
import { Failure } from "../../parts/States";
import { changed, complain, tell } from "../../state/notices";
import { go, href } from "../../state/route";
import { may } from "../../state/session";
import { t } from "../../text/text";

const tellJob = (words: string): void => tell(words, { words: t.shell.pages.jobs, run: () => go(href("jobs")) });
// Only whoever administers the server names places of it; without that an offer would be refused.
export const mayPlace = (): boolean => may("copy_manage") && may("server_admin");

// "s3://bucket/prefix?endpoint=…" without what stands behind.
const shownPlace = (place: string): string => (place.startsWith("s3://") ? (place.split("?")[0] ?? place) : place);

function NewCopy({ onClose }: { onClose: () => void }) {
  const kind = useSignal("folder");
  const folder = useSignal("");
  const [bucket, prefix, endpoint, region, storage, price] = [useSignal(""), useSignal(""), useSignal(""), useSignal(""), useSignal(""), useSignal("")];
  const [keyId, secret] = [useSignal(""), useSignal("")];
  const name = useSignal("");
  const plan = useSignal<CopyPlan | null>(null);
  const error = useSignal<unknown>(null);
  const isBusy = useSignal(false);

  const body = (): Record<string, unknown> => {
    const named = name.value.trim() === "" ? {} : { name: name.value.trim() };
    if (kind.value === "folder") return { ...named, place: folder.value.trim() };
    const path = prefix.value.trim().replace(/^\/+|\/+$/g, "");
    const more = new URLSearchParams();
    for (const [member, field] of [["endpoint", endpoint], ["region", region], ["class", storage], ["price", price]] as const)
      if (field.value.trim() !== "") more.set(member, field.value.trim().replace(/\/+$/, ""));
    return { ...named, place: `s3://${bucket.value.trim()}${path === "" ? "" : "/" + path}${more.size > 0 ? "?" + more.toString() : ""}`, access_key_id: keyId.value.trim(), secret_access_key: secret.value.trim() };
  };
  const run = async (isPlan: boolean): Promise<void> => {
    isBusy.value = true;
    error.value = null;
    try {
      if (isPlan) plan.value = await post<CopyPlan>("api/v1/copies", { ...body(), dry_run: true });
      else {
        await post<Job>("api/v1/copies", body());
        changed.value++;
        tellJob(t.copies.made(plan.value?.name ?? ""));
        onClose();
      }
    } catch (problem) {
      error.value = problem;
    }
    isBusy.value = false;
  };
  return (
    <Dialog title={t.copies.add} onClose={onClose}>
      <form onSubmit={(event) => { event.preventDefault(); void run(true); }}>
        {error.value !== null && <Failure error={error.value} />}
        {plan.value ? (
          <>
            <p>{t.copies.plan(plan.value.name, plan.value.bytes)} {plan.value.cost_per_month !== undefined && t.copies.cost(plan.value.cost_per_month)}</p>
            <p class="soft small">{t.copies.goesOn}</p>
            <div class="actions">
              <button type="button" class="button" onClick={() => (plan.value = null)}>{t.copies.back}</button>
              <MainButton words={t.copies.make} isReady={!isBusy.value} onPress={() => void run(false)} />
            </div>
          </>
        ) : (
          <>
            <Field label={t.copies.where} value={kind} choices={Object.entries(t.copies.kinds)} />
            {kind.value === "folder" ? <Field label={t.copies.folder} value={folder} help={t.copies.folderHelp} placeholder="/mnt/usb/atoll" isNeeded hasFocus />
              : <><Field label={t.copies.bucket} value={bucket} help={t.copies.bucketHelp} isNeeded />
                <Field label={t.copies.prefix} value={prefix} placeholder="homes/mine" />
                <Field label={t.copies.endpoint} value={endpoint} type="url" placeholder="https://s3.example.org" help={t.copies.endpointHelp} />
                <Field label={t.copies.region} value={region} placeholder="us-east-1" />
                <Field label={t.copies.keyId} value={keyId} isNeeded />
                <Field label={t.copies.secret} value={secret} type="password" autocomplete="new-password" help={t.copies.secretHelp} isNeeded />
                <details><summary>{t.copies.costs}</summary><div class="stack">
                  <Field label={t.copies.storage} value={storage} placeholder="STANDARD" help={t.copies.storageHelp} />
                  <Field label={t.copies.price} value={price} placeholder="0.023" /></div></details></>}
            <Field label={t.copies.name} value={name} help={t.copies.nameHelp} max={63} />
            <div class="actions">
              <button type="button" class="button" onClick={onClose}>{t.verbs.cancel}</button>
              <button type="submit" class="button primary" disabled={isBusy.value}>{t.copies.look}</button>
            </div>
          </>
        )}
      </form>
    </Dialog>
  );
}

function OtherKey({ copy, onClose }: { copy: Copy; onClose: () => void }) {
  const [keyId, secret] = [useSignal(""), useSignal("")];
  const error = useSignal<unknown>(null);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    try {
      await ask("PUT", `api/v1/copies/${encodeURIComponent(copy.name)}/key`, { body: { access_key_id: keyId.value.trim(), secret_access_key: secret.value.trim() } });
      tell(t.copies.keyKept);
      onClose();
    } catch (problem) {
      error.value = problem;
    }
  };
  return (
    <Dialog title={t.copies.keyOf(copy.name)} onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        {error.value !== null && <Failure error={error.value} />}
        <Field label={t.copies.keyId} value={keyId} isNeeded hasFocus />
        <Field label={t.copies.secret} value={secret} type="password" autocomplete="new-password" help={t.copies.secretHelp} isNeeded />
        <div class="actions"><button type="button" class="button" onClick={onClose}>{t.verbs.cancel}</button><button type="submit" class="button primary">{t.verbs.save}</button></div>
      </form>
    </Dialog>
  );
}

function RemoveCopy({ copy, onClose }: { copy: Copy; onClose: () => void }) {
  const goesToo = useSignal(false);
  const isBusy = useSignal(false);
  const error = useSignal<unknown>(null);
  const run = async (): Promise<void> => {
    isBusy.value = true;
    try {
      await send("DELETE", `api/v1/copies/${encodeURIComponent(copy.name)}`, { query: { delete_files: goesToo.value } });
      changed.value++;
      tell(t.copies.removed(copy.name));
      onClose();
    } catch (problem) {
      error.value = problem;
      isBusy.value = false;
    }
  };
  return (
    <Dialog title={t.copies.removeTitle(copy.name)} onClose={onClose}>
      {error.value !== null && <Failure error={error.value} />}
      <p>{t.copies.removeWords}</p>
      {may("server_admin") && <label class="choice"><input type="checkbox" checked={goesToo.value} onChange={(event) => (goesToo.value = event.currentTarget.checked)} />{t.copies.deleteFiles}</label>}
      <div class="actions"><button type="button" class="button" onClick={onClose}>{t.verbs.cancel}</button><MainButton words={t.verbs.remove} isReady={!isBusy.value} isBad onPress={() => void run()} /></div>
    </Dialog>
  );
}

export function AddCopy({ isFirst }: { isFirst?: boolean }) {
  const isOpen = useSignal(false);
  return (
    <div>
      <button type="button" class={isFirst ? "button primary" : "button"} onClick={() => (isOpen.value = true)}><Icon name="plus" size={18} />{t.copies.add}</button>
      {isOpen.value && <NewCopy onClose={() => (isOpen.value = false)} />}
    </div>
  );
}

export function Copies({ copies, lastLsn }: { copies: Copy[]; lastLsn: number }) {
  const open = useSignal<{ kind: "remove" | "key"; copy: Copy } | null>(null);
  const start = (copy: Copy, verb: string, words: string, body?: object): void => {
    post(`api/v1/copies/${encodeURIComponent(copy.name)}/${verb}`, body).then(() => tellJob(words), complain);
  };
  const verbsOf = (copy: Copy): Verb[] => [
    { words: t.copies.sync, icon: "upload", run: () => start(copy, "sync", t.copies.started) },
    { words: t.copies.verify, icon: "check", run: () => start(copy, "verify", t.safety.checkStarted, { reads_data: true }) },
    { words: t.copies.repair, icon: "safety", run: () => start(copy, "repair", t.copies.started) },
    ...(copy.kind === "s3" && mayPlace() ? [{ words: t.copies.otherKey, icon: "key" as const, run: () => void (open.value = { kind: "key", copy }) }] : []),
    { words: t.verbs.remove, icon: "trash", isBad: true, run: () => void (open.value = { kind: "remove", copy }) },
  ];
  const shown = open.value;
  const close = (): void => { open.value = null; };
  return (
    <>
      {copies.length === 0 ? <p>{t.safety.noCopies}</p> : (
        <ul class="stack">
          {copies.map((one) => (
            <li key={one.name} class="line between safety-item">
              <div class="stack tight grow">
                <p class="line"><strong>{one.name}</strong><span class="soft">{shownPlace(one.place)}</span>
                  {one.verify_ok === false ? <span class="chip bad">{t.safety.damage}</span> : one.is_same_disk ? <span class="chip warn">{t.safety.sameDisk}</span>
                    : one.verified ? <span class="chip good"><Icon name="check" size={14} />{t.safety.checked}: {ago(one.verified)}</span> : null}</p>
                <p class="soft small">{[one.bytes !== undefined && size(one.bytes), one.shipped_lsn !== undefined && t.safety.behind(Math.max(0, lastLsn - one.shipped_lsn)), one.synced && `${t.safety.synced} ${ago(one.synced)}`, one.bytes_per_second_max > 0 && t.copies.limit(size(one.bytes_per_second_max))].filter(Boolean).join(", ") || t.copies.notYet}</p>
              </div>
              <Menu label={`${t.files.more}: ${one.name}`} verbs={verbsOf(one)} />
            </li>
          ))}
        </ul>
      )}
      {mayPlace() && <AddCopy isFirst={copies.length === 0} />}
      {shown?.kind === "remove" && <RemoveCopy copy={shown.copy} onClose={close} />}
      {shown?.kind === "key" && <OtherKey copy={shown.copy} onClose={close} />}
    </>
  );
}
