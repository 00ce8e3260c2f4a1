// What was asked of the search, and what it did not find: for the owner, who can also have nothing noted.
import { useSignal } from "@preact/signals";
import { ask, get, send } from "../../api/client";
import type { CountedWords, SearchQuestions } from "../../api/types";
import { count, day, percent } from "../../format/format";
import { Dialog } from "../../parts/Dialog";
import { Field } from "../../parts/Field";
import { MainButton } from "../../parts/MainButton";
import { Loaded } from "../../parts/States";
import { useLoad } from "../../state/load";
import { complain, tell } from "../../state/notices";
import { href } from "../../state/route";
import { may } from "../../state/session";
import { t } from "../../text/text";

function Words({ title, list, none }: { title: string; list: CountedWords[]; none: string }) {
  return (
    <section class="card padded stack tight">
      <h2>{title}</h2>
      {list.length === 0 ? <p class="soft">{none}</p>
        : <ol class="stack tight">{list.map((one) => <li key={one.words} class="line between"><a href={href("find", { q: one.words })}>{one.words}</a><span class="soft number">{count(one.count)}</span></li>)}</ol>}
    </section>
  );
}

export function Questions() {
  const range = useSignal("30d");
  const { state, again } = useLoad(() => get<SearchQuestions>("api/v1/search/questions", { since: range.value, limit: 15 }), [range.value]);
  const asked = useSignal<"forget" | "off" | null>(null); // both forget what was noted, so both are asked about first
  const run = (sent: Promise<unknown>, words: string): void => { sent.then(() => { tell(words); again(); }, complain); };
  const noting = (isOn: boolean): void => run(ask("PATCH", "api/v1/search/questions", { body: { is_on: isOn } }), isOn ? t.questions.isOn : t.questions.isOff);
  const confirm = (): void => {
    if (asked.value === "off") noting(false);
    else run(send("DELETE", "api/v1/search/questions"), t.questions.forgotten);
    asked.value = null;
  };
  return (
    <Loaded state={state.value} again={again}>
      {(found) => (
        <div class="stack">
          <section class="card padded stack">
            <p class="soft">{found.is_of_all ? t.questions.words : t.questions.ownWords}</p>
            {may("server_admin") && (
              <div class="line">
                {found.is_on ? <button type="button" class="button" onClick={() => (asked.value = "off")}>{t.questions.noteNothing}</button>
                  : <button type="button" class="button primary" onClick={() => noting(true)}>{t.questions.note}</button>}
                <span class="grow" />
                {found.questions > 0 && <button type="button" class="button bad" onClick={() => (asked.value = "forget")}>{t.questions.forget}</button>}
              </div>
            )}
            {!found.is_on && <p role="status">{t.questions.isOff}.</p>}
          </section>
          <div class="line between"><h2>{t.questions.since(day(found.since))}</h2><Field label={t.monitor.range} value={range} choices={Object.entries(t.questions.ranges)} /></div>
          <dl class="tiles-of-figures">
            <div class="card padded"><dt>{t.questions.asked}</dt><dd>{count(found.questions)}</dd></div>
            <div class="card padded"><dt>{t.questions.opened}</dt><dd>{count(found.with_opened)}</dd></div>
            <div class="card padded"><dt>{t.questions.success}</dt><dd>{found.questions === 0 ? "–" : percent(found.success_rate)}</dd></div>
            <div class="card padded"><dt>{t.questions.speed}</dt><dd>{found.questions === 0 ? "–" : t.questions.milliseconds(found.median_ms, found.p99_ms)}</dd></div>
          </dl>
          <div class="columns">
            <Words title={t.questions.lines} list={found.lines} none={t.questions.none} />
            <Words title={t.questions.terms} list={found.terms} none={t.questions.none} />
            <Words title={t.questions.foundNothing} list={found.found_nothing} none={t.questions.allFound} />
          </div>
          {asked.value && (
            <Dialog title={asked.value === "off" ? t.questions.noteNothing : t.questions.forget} onClose={() => (asked.value = null)}>
              <p>{t.questions.forgetWords}</p>
              <div class="actions"><button type="button" class="button" onClick={() => (asked.value = null)}>{t.verbs.cancel}</button>
                <MainButton words={asked.value === "off" ? t.questions.noteNothing : t.questions.forget} isReady isBad onPress={confirm} /></div>
            </Dialog>
          )}
        </div>
      )}
    </Loaded>
  );
}
