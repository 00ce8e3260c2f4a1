// Who turns texts into vectors, so that things are found by what they mean; another one is chosen after what that takes was
// said.
import { useSignal } from "@preact/signals";
import { ask, get } from "../../api/client";
import type { EmbedderChosen, EmbedderOffers, EmbedderState, SearchCoverage } from "../../api/types";
import { count, percent, size, span } from "../../format/format";
import { Dialog } from "../../parts/Dialog";
import { Field } from "../../parts/Field";
import { MainButton } from "../../parts/MainButton";
import { Failure, Loaded, Waiting } from "../../parts/States";
import { useEvery, useLoad } from "../../state/load";
import { tell } from "../../state/notices";
import { may } from "../../state/session";
import { t } from "../../text/text";

const kBuiltIn = "built-in";
const kOther = "";
const nameOf = (embedder: string): string => (embedder === kBuiltIn || embedder === "learned" ? t.meaning.builtIn : embedder);

function Choose({ now, onClose }: { now: string; onClose: () => void }) {
  const { state: offers } = useLoad(() => get<EmbedderOffers>("api/v1/search/embedder/offers"), []);
  const wanted = useSignal(now);
  const address = useSignal("");
  const plan = useSignal<EmbedderChosen | null>(null);
  const error = useSignal<unknown>(null);
  const isBusy = useSignal(false);
  const run = async (isPlan: boolean): Promise<void> => {
    isBusy.value = true;
    error.value = null;
    try {
      const answer = await ask<EmbedderChosen>("PUT", "api/v1/search/embedder", { body: { embedder: wanted.value === kOther ? address.value.trim() : wanted.value, dry_run: isPlan } });
      if (isPlan) plan.value = answer;
      else {
        tell(t.meaning.chosen);
        onClose();
      }
    } catch (problem) {
      error.value = problem;
    }
    isBusy.value = false;
  };
  const known = [...new Set([kBuiltIn, now, ...(offers.value.value?.embedders ?? [])])];
  const cost = plan.value?.cost;
  return (
    <Dialog title={t.meaning.choose} onClose={onClose}>
      <form onSubmit={(event) => { event.preventDefault(); void run(true); }}>
        {error.value !== null && <Failure error={error.value} />}
        {cost ? (
          <>
            <p><strong>{nameOf(plan.value?.state.embedder ?? "")}</strong></p>
            <p>{t.meaning.takes(cost.passages, span(cost.seconds), cost.is_measured)}</p>
            {cost.bytes_sent > 0 && <p class={cost.leaves_machine ? "describe-trouble" : ""}>{t.meaning.sends(size(cost.bytes_sent), cost.leaves_machine)}</p>}
            <p class="soft small">{t.meaning.meanwhile}</p>
            <div class="actions"><button type="button" class="button" onClick={() => (plan.value = null)}>{t.copies.back}</button><MainButton words={t.meaning.use} isReady={!isBusy.value} onPress={() => void run(false)} /></div>
          </>
        ) : offers.value.isLoading ? <Waiting /> : (
          <>
            <Field label={t.meaning.which} value={wanted} choices={[...known.map((one): [string, string] => [one, nameOf(one)]), [kOther, t.meaning.other]]} help={known.length === 1 ? t.meaning.noOffers : t.meaning.offers} />
            {wanted.value === kOther && <Field label={t.meaning.address} value={address} type="url" placeholder="http://127.0.0.1:11434/api/embed?model=nomic-embed-text" help={t.meaning.addressHelp} isNeeded />}
            <div class="actions"><button type="button" class="button" onClick={onClose}>{t.verbs.cancel}</button><button type="submit" class="button primary" disabled={isBusy.value}>{t.copies.look}</button></div>
          </>
        )}
      </form>
    </Dialog>
  );
}

export function Meaning() {
  const { state, again } = useLoad(async () => ({ now: await get<EmbedderState>("api/v1/search/embedder"), coverage: await get<SearchCoverage>("api/v1/search/coverage") }), []);
  useEvery(5, again);
  const isOpen = useSignal(false);
  return (
    <Loaded state={state.value} again={again}>
      {({ now, coverage }) => {
        const all = now.passages + now.waiting;
        return (
          <section class="card padded stack">
            <p class="soft">{t.meaning.words}</p>
            <dl class="facts">
              <dt>{t.meaning.embedder}</dt><dd>{nameOf(now.embedder)} {now.leaves_machine && <span class="chip warn">{t.meaning.leaves}</span>}</dd>
              <dt>{t.meaning.answers}</dt><dd>{now.answers ? nameOf(now.answers) : t.meaning.nobody}</dd>
              {now.next && <><dt>{t.meaning.next}</dt><dd>{nameOf(now.next)}</dd></>}
              <dt>{t.meaning.passages}</dt><dd>{count(now.passages)}{now.waiting > 0 && `, ${t.meaning.waiting(now.waiting)}`}</dd>
              {now.refused > 0 && <><dt>{t.meaning.refused}</dt><dd>{count(now.refused)}</dd></>}
              <dt>{t.meaning.contents}</dt><dd>{coverage.contents_waiting === 0 ? t.meaning.allRead : t.meaning.stillRead(coverage.contents_waiting)}</dd>
            </dl>
            {now.waiting > 0 && all > 0 && <div class="stack tight"><p class="soft small">{percent(now.passages / all)}</p><div class="bar" role="progressbar" aria-label={t.meaning.passages} aria-valuemin={0} aria-valuemax={all} aria-valuenow={now.passages}><span style={{ width: `${(now.passages / all) * 100}%` }} /></div></div>}
            {now.trouble && <p class="describe-trouble" role="status">{now.trouble}</p>}
            {may("server_admin") && <div><button type="button" class="button" onClick={() => (isOpen.value = true)}>{t.meaning.choose}</button></div>}
            {isOpen.value && <Choose now={now.embedder} onClose={() => { isOpen.value = false; again(); }} />}
          </section>
        );
      }}
    </Loaded>
  );
}
