// Makes a recovery kit and saves it as two downloads; only when the person says that both are there it counts as saved.
import { useSignal } from "@preact/signals";
import { ApiError, ask, post } from "../api/client";
import { t } from "../text/text";
import { changed, complain } from "../state/notices";
import { Icon } from "./Icon";

interface Kit { page_name: string; page_text: string; file_name: string; file_b64: string }

function download(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export function RecoveryKit({ isNew }: { isNew?: boolean }) {
  const kit = useSignal<Kit | null>(null);
  const isRefused = useSignal(false);
  const make = async (): Promise<void> => {
    try {
      const made = await post<Kit>("api/v1/kit");
      kit.value = made;
      savePage(made);
      saveFile(made);
    } catch (error) {
      if (error instanceof ApiError && (error.id === "kit.open_way" || error.status === 404)) isRefused.value = true;
      else complain(error);
    }
  };
  const savePage = (made: Kit): void => download(made.page_name, new Blob([made.page_text], { type: "text/plain;charset=utf-8" }));
  const saveFile = (made: Kit): void => download(made.file_name, new Blob([Uint8Array.from(atob(made.file_b64), (c) => c.charCodeAt(0))]));
  const confirm = async (): Promise<void> => {
    try {
      await ask("PUT", "api/v1/kit");
      kit.value = null;
      changed.value++;
    } catch (error) {
      complain(error);
    }
  };
  return (
    <div class="stack tight">
      <p>{t.kit.words}</p>
      <p class="soft small">{t.kit.warning}</p>
      {isRefused.value && <><p>{t.kit.insecure}</p><pre class="snippet">atoll key kit --to /mnt/stick</pre></>}
      {kit.value ? (
        <>
          <div class="line">
            <button type="button" class="button" onClick={() => kit.value && savePage(kit.value)}><Icon name="download" size={18} />{t.kit.page}</button>
            <button type="button" class="button" onClick={() => kit.value && saveFile(kit.value)}><Icon name="download" size={18} />{t.kit.file}</button>
          </div>
          <p>{t.kit.saved}</p>
          <div><button type="button" class="button primary" onClick={() => void confirm()}>{t.kit.confirm}</button></div>
        </>
      ) : !isRefused.value && <div><button type="button" class={isNew ? "button primary" : "button"} onClick={() => void make()}><Icon name="key" size={18} />{isNew ? t.kit.make : t.kit.makeNew}</button></div>}
    </div>
  );
}
