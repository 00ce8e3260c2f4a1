// What was found, counted: each count is a link that narrows the list, and each choice a chip that widens it again.
import { useSignal } from "@preact/signals";
import type { Facet } from "../../api/types";
import { count, languageName } from "../../format/format";
import { Icon } from "../../parts/Icon";
import { t } from "../../text/text";
import { addressOf, hasFilters, noFilters, type Question } from "./question";

type Name = "type" | "language" | "bucket" | "tag";
const names: Name[] = ["type", "language", "bucket", "tag"];
const kShown = 8;

const wordsFor = (name: Name, value: string): string =>
  name === "language" ? languageName(value) : name === "type" ? (t.find.types[value] ?? value) : value.replace("=", ": ");

function narrowed(question: Question, name: Name, value: string): Partial<Question> {
  return name === "tag" ? { tags: [...question.tags.filter((one) => one !== value), value] } : { [name]: value };
}
const isChosen = (question: Question, name: Name, value: string): boolean =>
  name === "tag" ? question.tags.includes(value) : question[name] === value;

function Counts({ facet, name, question, total }: { facet: Facet; name: Name; question: Question; total: number }) {
  const showsAll = useSignal(false);
  // What all of them have narrows nothing; "other" is the lack of a kind.
  const list = facet.counts.filter((one) => one.count < total && !isChosen(question, name, one.value) && one.value !== "other");
  if (list.length === 0) return null;
  return (
    <section>
      <h2>{t.find.facets[name]}</h2>
      <ul>
        {list.slice(0, showsAll.value ? list.length : kShown).map((one) => (
          <li key={one.value}><a href={addressOf(question, narrowed(question, name, one.value))}><span class="grow">{wordsFor(name, one.value)}</span><span class="soft number">{count(one.count)}</span></a></li>
        ))}
      </ul>
      {list.length > kShown && !showsAll.value && <button type="button" class="link-button small" onClick={() => (showsAll.value = true)}>{t.find.moreOf(list.length - kShown)}</button>}
    </section>
  );
}

export function Facets({ facets, question, total }: { facets: Facet[]; question: Question; total: number }) {
  const isOpen = useSignal(false);
  return (
    <aside class={isOpen.value ? "find-facets is-open" : "find-facets"} aria-label={t.find.narrow}>
      <button type="button" class="button" aria-expanded={isOpen.value} onClick={() => (isOpen.value = !isOpen.value)}><Icon name="down" size={18} />{t.find.narrow}</button>
      <div class="find-counts">
        {names.map((name) => {
          const facet = facets.find((one) => one.name === name);
          return facet && <Counts key={name} facet={facet} name={name} question={question} total={total} />;
        })}
      </div>
    </aside>
  );
}

export function timeWords({ since, until }: Question): string {
  const preset = t.find.when[since];
  if (until === "" && preset) return preset;
  return since === until ? since : until === "" ? t.find.from(since) : since === "" ? t.find.to(until) : `${since} – ${until}`;
}

export function Chips({ question }: { question: Question }) {
  if (!hasFilters(question) && question.like === "" && question.quarantined === "") return null;
  const list: Array<[string, string, Partial<Question>]> = [];
  const put = (label: string, words: string, without: Partial<Question>): void => { list.push([label, words, without]); };
  if (question.like) put(t.find.like, question.like, { like: "" });
  for (const name of ["type", "language", "bucket"] as const) if (question[name]) put(t.find.facets[name], wordsFor(name, question[name]), { [name]: "" });
  for (const tag of question.tags) put(t.find.facets.tag, wordsFor("tag", tag), { tags: question.tags.filter((one) => one !== tag) });
  if (question.since || question.until) put(t.find.time, timeWords(question), { since: "", until: "" });
  if (question.size) put(t.find.size, t.find.sizes[question.size] ?? question.size, { size: "" });
  if (question.quarantined) put(t.find.quarantine, t.find.quarantineShown, { quarantined: "" });
  return (
    <ul class="line find-chips" aria-label={t.find.chosen}>
      {list.map(([label, words, without]) => (
        <li key={label + words}><a class="chip accent" href={addressOf(question, without)} aria-label={t.find.without(label, words)}><span>{label}: {words}</span><Icon name="close" size={14} /></a></li>
      ))}
      {list.length > 1 && <li><a class="small" href={addressOf(question, noFilters)}>{t.find.allOff}</a></li>}
    </ul>
  );
}
