// Where warnings are sent: those addresses, one more, one less, and a test that says whom it reached.
import { useSignal } from "@preact/signals";
import { post, send } from "../../api/client";
import type { AlarmTest, AlarmTold, Settings } from "../../api/types";
import { Dialog } from "../../parts/Dialog";
import { Field } from "../../parts/Field";
import { Icon, type IconName } from "../../parts/Icon";
import { Failure } from "../../parts/States";
import { changed, complain, tell } from "../../state/notices";
import { t } from "../../text/text";

const words = (address: string): string => address.replace(/^(mail|webhook|command):/, "");
const icon = (address: string): IconName => (address.startsWith("mail:") ? "mail" : address.startsWith("webhook:") ? "link" : "settings");

async function set(addresses: string[]): Promise<void> {
  await send("PUT", "api/v1/settings/alarms", { body: { tell: addresses } });
  changed.value++;
}

function NewAddress({ told, onClose }: { told: string[]; onClose: () => void }) {
  const address = useSignal("");
  const error = useSignal<unknown>(null);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const text = address.value.trim();
    try {
      await set([...told, /^https?:/.test(text) ? "webhook:" + text : "mail:" + text]);
      tell(t.told.added(text));
      onClose();
    } catch (problem) {
      error.value = problem;
    }
  };
  return (
    <Dialog title={t.told.add} onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        {error.value !== null && <Failure error={error.value} />}
        <Field label={t.told.address} value={address} help={t.told.help} isNeeded hasFocus />
        <div class="actions"><button type="button" class="button" onClick={onClose}>{t.verbs.cancel}</button><button type="submit" class="button primary">{t.verbs.add}</button></div>
      </form>
    </Dialog>
  );
}

export function Told({ settings }: { settings: Settings }) {
  const isNew = useSignal(false);
  const isTrying = useSignal(false);
  const tried = useSignal<AlarmTold[]>([]);
  const told = settings.alarm_tell;
  const remove = (address: string): void => {
    set(told.filter((one) => one !== address)).then(() => tell(t.told.removed(words(address)), { words: t.undo.verb, run: () => void set(told).catch(complain) }), complain);
  };
  const test = async (): Promise<void> => {
    isTrying.value = true;
    try {
      tried.value = (await post<AlarmTest>("api/v1/alarms/test")).results;
    } catch (problem) {
      complain(problem);
    }
    isTrying.value = false;
  };
  return (
    <div class="stack tight" id="told">
      <h3>{t.told.title}</h3>
      {told.length === 0 ? <p class="soft">{t.told.nobody}</p> : (
        <ul class="stack tight">
          {told.map((one) => {
            const result = tried.value.find((each) => each.address === one);
            return (
              <li key={one} class="line between safety-item">
                <div class="grow"><p class="line"><Icon name={icon(one)} size={18} /><span>{words(one)}</span>
                  {result && <span class={result.is_told ? "chip good" : "chip bad"}>{result.is_told ? t.told.reached : t.told.failed}</span>}</p>
                {result?.trouble && <p class="soft small">{result.trouble}</p>}</div>
                <button type="button" class="button plain icon" aria-label={t.told.remove(words(one))} onClick={() => remove(one)}><Icon name="trash" /></button>
              </li>
            );
          })}
        </ul>
      )}
      <div class="line"><button type="button" class="button" onClick={() => (isNew.value = true)}><Icon name="plus" size={18} />{t.told.add}</button>
        {told.length > 0 && <button type="button" class="button" disabled={isTrying.value} onClick={() => void test()}>{isTrying.value ? t.told.trying : t.told.test}</button>}</div>
      {isNew.value && <NewAddress told={told} onClose={() => (isNew.value = false)} />}
    </div>
  );
}
