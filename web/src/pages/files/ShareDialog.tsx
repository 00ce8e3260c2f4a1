import { useSignal } from "@preact/signals";
import { post } from "../../api/client";
import { lastPart } from "../../api/names";
import type { MadeShare } from "../../api/types";
import { CopyText } from "../../parts/CopyText";
import { Dialog } from "../../parts/Dialog";
import { Field } from "../../parts/Field";
import { Failure } from "../../parts/States";
import { t } from "../../text/text";
import { entryKey, type Entry } from "./pages";

export function ShareDialog({ bucket, entry, onClose }: { bucket: string; entry: Entry; onClose: () => void }) {
  const expires = useSignal("7d");
  const password = useSignal("");
  const downloads = useSignal("");
  const label = useSignal("");
  const takesUploads = useSignal(false);
  const made = useSignal<MadeShare | null>(null);
  const error = useSignal<unknown>(null);
  const name = lastPart(entryKey(entry)) || bucket;
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const place = { bucket, prefix: entryKey(entry), ...(entry.kind === "object" && entry.object.key_b64 ? { prefix: undefined, prefix_b64: entry.object.key_b64 } : {}) };
    try {
      made.value = await post<MadeShare>("api/v1/shares", {
        place, is_prefix: entry.kind === "folder", label: label.value, ...(takesUploads.value ? { takes_uploads: true } : {}),
        ...(expires.value ? { expires: expires.value } : {}), ...(password.value ? { password: password.value } : {}),
        ...(Number(downloads.value) > 0 ? { downloads_max: Number(downloads.value) } : {}) });
    } catch (problem) {
      error.value = problem;
    }
  };
  return (
    <Dialog title={t.share.title(name)} onClose={onClose}>
      {made.value ? (
        <>
          <CopyText text={made.value.link} label={t.share.made} />
          <p class="soft small">{t.states.shownOnce}</p>
          <div class="actions"><button type="button" class="button primary" onClick={onClose}>{t.verbs.done}</button></div>
        </>
      ) : (
        <form onSubmit={(event) => void submit(event)}>
          {error.value !== null && <Failure error={error.value} />}
          <p>{t.share.words}</p>
          <Field label={t.share.expires} value={expires} choices={Object.entries(t.share.in)} />
          <Field label={t.share.password} value={password} type="password" help={t.share.passwordHelp} autocomplete="new-password" />
          <Field label={t.share.downloads} value={downloads} type="number" help={t.share.downloadsHelp} />
          <Field label={t.share.label} value={label} />
          {entry.kind === "folder" && (
            <label class="choice"><input type="checkbox" checked={takesUploads.value} onChange={(event) => (takesUploads.value = event.currentTarget.checked)} />{t.share.uploads}</label>
          )}
          <div class="actions">
            <button type="button" class="button" onClick={onClose}>{t.verbs.cancel}</button>
            <button type="submit" class="button primary">{t.share.make}</button>
          </div>
        </form>
      )}
    </Dialog>
  );
}
