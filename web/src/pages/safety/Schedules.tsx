// What runs by the clock: how it went last, a new one out of what is asked for most, and the way to end it.
import { useSignal } from "@preact/signals";
import { post, send } from "../../api/client";
import type { Copy, Schedule } from "../../api/types";
import { ago } from "../../format/format";
import { Dialog } from "../../parts/Dialog";
import { Field } from "../../parts/Field";
import { Icon } from "../../parts/Icon";
import { Menu } from "../../parts/Menu";
import { Failure } from "../../parts/States";
import { changed, complain, tell } from "../../state/notices";
import { go, href } from "../../state/route";
import { may } from "../../state/session";
import { t } from "../../text/text";

const kOther = "other";

function NewSchedule({ copies, onClose }: { copies: Copy[]; onClose: () => void }) {
  const wanted = useSignal("verify --sample 5%");
  const other = useSignal("");
  const rule = useSignal("daily 03:00");
  const otherRule = useSignal("");
  const mail = useSignal("");
  const error = useSignal<unknown>(null);
  const commands: Array<[string, string]> = [...Object.entries(t.schedules.commands), ...copies.map((one): [string, string] => [`copy verify ${one.name} --data`, t.schedules.checkCopy(one.name)]), [kOther, t.schedules.other]];
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const address = mail.value.trim();
    const command = (wanted.value === kOther ? other.value : wanted.value).trim();
    const name = command.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
    try {
      const made = await post<Schedule>("api/v1/schedules", { name, command, rule: rule.value === kOther ? otherRule.value : rule.value,
        ...(address === "" ? {} : { tell: [/^https?:/.test(address) ? "webhook:" + address : "mail:" + address] }) });
      changed.value++;
      tell(t.schedules.made(made.name));
      onClose();
    } catch (problem) {
      error.value = problem;
    }
  };
  return (
    <Dialog title={t.schedules.add} onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        {error.value !== null && <Failure error={error.value} />}
        <Field label={t.schedules.what} value={wanted} choices={commands} />
        {wanted.value === kOther && <Field label={t.schedules.command} value={other} help={t.schedules.commandHelp} placeholder="verify --data" isNeeded />}
        <Field label={t.schedules.when} value={rule} choices={[...Object.entries(t.schedules.rules), [kOther, t.schedules.other]]} />
        {rule.value === kOther && <Field label={t.schedules.rule} value={otherRule} help={t.schedules.ruleHelp} placeholder="weekly sun 03:00" isNeeded />}
        <Field label={t.schedules.tell} value={mail} help={t.schedules.tellHelp} />
        <div class="actions"><button type="button" class="button" onClick={onClose}>{t.verbs.cancel}</button><button type="submit" class="button primary">{t.verbs.add}</button></div>
      </form>
    </Dialog>
  );
}

// Ended schedules come back as they were but for their past runs.
async function end(one: Schedule): Promise<void> {
  const again = async (): Promise<void> => {
    await post("api/v1/schedules", { name: one.name, command: one.command, rule: one.rule, tell: one.tell, tell_success: one.tell_success });
    changed.value++;
  };
  try {
    await send("DELETE", `api/v1/schedules/${encodeURIComponent(one.name)}`);
    changed.value++;
    tell(t.schedules.ended(one.name), may("server_admin") ? { words: t.undo.verb, run: () => void again().catch(complain) } : undefined);
  } catch (error) {
    complain(error);
  }
}

export function Schedules({ list, copies }: { list: Schedule[]; copies: Copy[] }) {
  const isNew = useSignal(false);
  const run = (one: Schedule): void => {
    post(`api/v1/schedules/${encodeURIComponent(one.name)}/run`).then(() => tell(t.schedules.started, { words: t.shell.pages.jobs, run: () => go(href("jobs")) }), complain);
  };
  return (
    <>
      {list.length === 0 ? <p class="soft">{t.safety.noSchedules}</p> : (
        <ul class="stack tight">
          {list.map((one) => {
            const last = one.runs[0];
            return (
              <li key={one.name} class="line between safety-item">
                <div class="grow"><p class="line"><strong>{one.name}</strong> <code>{one.command}</code> {one.is_missed && <span class="chip bad">{t.safety.missed}</span>}
                  {last && <span class={last.exit_code === 0 ? "chip good" : "chip bad"}>{last.exit_code === 0 ? t.safety.went : t.safety.failed}</span>}</p>
                <p class="soft small">{[one.rule, last && `${t.safety.last} ${ago(last.started)}`, `${t.safety.next} ${ago(one.next)}`, one.tell.length > 0 && t.schedules.tells(one.tell.map((each) => each.replace(/^(mail|webhook):/, "")).join(", "))].filter(Boolean).join(", ")}</p></div>
                <Menu label={`${t.files.more}: ${one.name}`} verbs={[{ words: t.schedules.runNow, icon: "jobs", run: () => run(one) }, { words: t.schedules.end, icon: "trash", isBad: true, run: () => void end(one) }]} />
              </li>
            );
          })}
        </ul>
      )}
      {may("server_admin") && <div><button type="button" class="button" onClick={() => (isNew.value = true)}><Icon name="plus" size={18} />{t.schedules.add}</button></div>}
      {isNew.value && <NewSchedule copies={copies} onClose={() => (isNew.value = false)} />}
    </>
  );
}
