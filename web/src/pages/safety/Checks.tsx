// What proved that the data is there: every check and every try to restore, the newest first, and a try now.
import { useSignal } from "@preact/signals";
import { post } from "../../api/client";
import type { Check, Copy, Job } from "../../api/types";
import { count, dateTime, size, span } from "../../format/format";
import { Menu, type Verb } from "../../parts/Menu";
import { complain, tell } from "../../state/notices";
import { go, href } from "../../state/route";
import { may } from "../../state/session";
import { t } from "../../text/text";

const kFirst = 5;

const nameOf = (one: Check): string => (one.kind === "drill" ? (one.name === "restore" ? t.checks.drill : t.checks.drillCopy(one.name.replace(/^copy /, ""))) : t.checks.names[one.name] ?? one.name);

const drill = (copy?: string): void => {
  post<Job>("api/v1/drill", copy ? { copy } : {}).then(() => tell(t.checks.started, { words: t.shell.pages.jobs, run: () => go(href("jobs")) }), complain);
};

export function Checks({ list, copies, hasFiles }: { list: Check[]; copies: Copy[]; hasFiles: boolean }) {
  const isAll = useSignal(false);
  const shown = isAll.value ? list : list.slice(0, kFirst);
  const verbs: Verb[] = [{ words: t.checks.fromHome, icon: "undo", run: () => drill() }, ...copies.map((one): Verb => ({ words: t.checks.fromCopy(one.name), icon: "copy", run: () => drill(one.name) }))];
  return (
    <div class="stack tight" id="checks">
      <h3>{t.checks.title}</h3>
      {list.length === 0 ? <p class="soft">{t.checks.none}</p> : (
        <ul class="stack tight">
          {shown.map((one) => (
            <li key={one.kind + one.name + one.started}><span class={one.is_ok ? "chip good" : "chip bad"}>{one.is_ok ? t.safety.ok : t.checks.problems(one.problems)}</span> {nameOf(one)}
              <span class="soft small"> {[dateTime(one.started), one.bytes > 0 && size(one.bytes), span(one.seconds)].filter(Boolean).join(", ")}</span></li>
          ))}
        </ul>
      )}
      <div class="line">
        {list.length > kFirst && !isAll.value && <button type="button" class="button plain" onClick={() => (isAll.value = true)}>{t.checks.all(count(list.length))}</button>}
        {hasFiles && may("server_admin") && <Menu label={t.checks.tryNow} words={t.checks.tryNow} icon="undo" verbs={verbs} />}
      </div>
    </div>
  );
}
