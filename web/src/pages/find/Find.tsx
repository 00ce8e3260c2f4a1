// /ui/find?q=…: everything by what it says or is called, while it is typed. What an answer does not cover yet is said, and
// asked again until it is covered.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { ApiError, ask, post } from "../../api/client";
import type { FoundObject, SearchCoverage, SearchRequest, SearchResults } from "../../api/types";
import { Icon } from "../../parts/Icon";
import { Empty, Failure, Waiting } from "../../parts/States";
import { useEvery, useLoad } from "../../state/load";
import { changed, complain } from "../../state/notices";
import { go, route } from "../../state/route";
import { t, wordsOf } from "../../text/text";
import { Chips, Facets, timeWords } from "./Facets";
import { addressOf, hasFilters, isEmpty, noFilters, orderNames, orderOf, questionOf, requestOf, type Question } from "./question";
import { Result } from "./Result";
import { Timeline } from "./Timeline";
import "./find.css";

const kTypingMs = 200;
const kPage = 20;
const kAgainSeconds = 2; // while files are being read
const kAgainSlowSeconds = 20; // while so many are that it takes long
const kManyWaiting = 2000;
const kAgainMost = 1000; // results at once, as the server allows

const search = (body: SearchRequest, signal?: AbortSignal): Promise<SearchResults> => ask<SearchResults>("POST", "api/v1/search", { body, ...(signal ? { signal } : {}) });
const nameOf = (one: FoundObject): string => `${one.bucket}/${one.key_b64 ?? one.key}/${one.inside ?? ""}`;
// So that its owner sees which questions lead somewhere. Whatever comes of it, the result opens.
function noteOpened(question: number | undefined, rank: number): void {
  if (question !== undefined) post("api/v1/search/opened", { question, rank }).catch(() => undefined);
}
const isOfTheLine = (error: unknown): error is ApiError => error instanceof ApiError && error.status === 400;

// The server counts columns in what it was sent, which is more than was typed.
const lineProblem = (error: ApiError): string => wordsOf(new ApiError(error.status, error.id, error.message.replace(/^filter, column \d+: /, ""), error.hint, ""));

function Covered({ coverage }: { coverage: SearchCoverage }) {
  const words = coverage.contents_waiting > 0 ? t.find.waiting(coverage.contents_waiting) : coverage.is_complete ? t.find.covered(coverage.objects) : t.find.behind;
  return <p class={coverage.is_complete ? "soft small" : "small find-waiting"}>{!coverage.is_complete && <Icon name="refresh" size={16} />}{words}</p>;
}

// What was found and is not good enough for its bucket is left out unless it is asked for.
function LeftOut({ answer, question }: { answer: SearchResults; question: Question }) {
  const count = answer.quarantined_left_out ?? 0;
  if (count === 0) return null;
  return <p class="small line"><span>{t.find.leftOut(count, answer.is_left_out_exact === false)}</span><a class="chip" href={addressOf(question, { quarantined: "yes" })}>{t.find.showThem}</a></p>;
}

function Start() {
  const blank = questionOf(new URLSearchParams());
  return (
    <Empty icon="search" title={t.find.start}>
      <p>{t.find.startWords}</p>
      <ul class="line find-kinds">{Object.entries(t.find.kinds).map(([type, words]) => <li key={type}><a class="button" href={addressOf(blank, { type })}>{words}</a></li>)}</ul>
      <dl class="facts find-examples">{t.find.examples.map(([q, words]) => <><dt key={q}><a href={addressOf(blank, { q })}><code>{q}</code></a></dt><dd>{words}</dd></>)}</dl>
    </Empty>
  );
}

function Nothing({ question, coverage }: { question: Question; coverage: SearchCoverage | undefined }) {
  return (
    <Empty icon="search" title={t.find.none}>
      <p>{coverage && !coverage.is_complete ? t.find.noneYet : t.find.noneWords}</p>
      {hasFilters(question) && <a class="button" href={addressOf(question, noFilters)}>{t.find.allOff}</a>}
    </Empty>
  );
}

export default function Find() {
  const question = questionOf(route.value.query);
  const where = route.value.query.toString();
  const words = useSignal(question.q);
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const more = useSignal<FoundObject[]>([]);
  const cursor = useSignal<string | undefined>(undefined);
  const hasWords = useSignal(true); // of what is shown
  const isMoreAsked = useSignal(false);
  const asked = useRef("");

  useEffect(() => input.current?.focus(), []);
  // Changed by a link or by going back, not by typing.
  useEffect(() => { if (question.q !== asked.current) words.value = asked.current = question.q; }, [question.q]);
  const settle = (): void => {
    const now = questionOf(route.value.query);
    asked.current = words.value;
    if (words.value !== now.q) go(addressOf(now, { q: words.value }), true);
  };
  useEffect(() => {
    const timer = window.setTimeout(settle, kTypingMs);
    return () => window.clearTimeout(timer);
  }, [words.value]);

  const shown = useRef("");
  const { state, again } = useLoad(async (signal) => {
    if (isEmpty(question)) return null;
    // Asked anew for the same, as many as are shown stay shown.
    const limit = shown.current === where ? Math.min(kPage + more.value.length, kAgainMost) : kPage;
    let page = await search({ ...requestOf(question, true), limit, explain: true }, signal);
    const isOfWords = page.query !== "";
    if (!isOfWords && orderOf(question, false) !== orderOf(question, true)) page = await search({ ...requestOf(question, false), limit, explain: true }, signal);
    if (signal.aborted) return page;
    hasWords.value = isOfWords;
    shown.current = where;
    more.value = [];
    cursor.value = page.next_cursor;
    return page;
  }, [where, changed.value]);
  const answer = state.value.value;
  const error = state.value.error;

  // Counting looks at everything that was found, so it comes behind the results and never holds them up.
  const { state: counted } = useLoad(async (signal) => {
    if (isEmpty(question) || !answer || answer.results.length === 0) return null;
    const request = requestOf(question, hasWords.value);
    const page = await search({ ...request, limit: 1, facets: ["type", "year", "language", "bucket", "tag"] }, signal);
    if (!question.since && !question.until) return { of: answer, page, years: page };
    const { since: _, until: __, ...always } = request;
    return { of: answer, page, years: await search({ ...always, limit: 1, facets: ["year"] }, signal) };
  }, [answer]);

  const isWaiting = answer?.coverage?.is_complete === false;
  const isLong = (answer?.coverage?.contents_waiting ?? 0) > kManyWaiting;
  useEvery(isLong ? kAgainSlowSeconds : kAgainSeconds, again, isWaiting && !isEmpty(question) && error === null);

  const showMore = (): void => {
    isMoreAsked.value = true;
    search({ ...requestOf(question, hasWords.value), limit: kPage, explain: true, cursor: cursor.value ?? "" }).then((page) => {
      if (shown.current !== route.value.query.toString()) return; // another question was asked meanwhile
      more.value = [...more.value, ...page.results];
      cursor.value = page.next_cursor;
    }).catch(complain).finally(() => (isMoreAsked.value = false));
  };
  const results = [...(answer?.results ?? []), ...more.value];
  const best = Math.max(0, ...results.map((one) => one.score ?? 0));
  const facets = counted.value.value?.page.facets ?? [];
  const years = counted.value.value?.years.facets?.find((one) => one.name === "year");
  const count = counted.value.value?.of === answer ? counted.value.value?.page : answer;
  const total = count?.total ?? results.length;
  const isMore = count?.total === undefined ? cursor.value !== undefined : count.is_total_exact === false;
  const change = (name: "since" | "size" | "order", value: string): void => go(addressOf(question, { [name]: value, ...(name === "since" ? { until: "" } : {}) }));

  // Arrows go from the box through the results and back.
  const move = (event: KeyboardEvent): void => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const links = [...(list.current?.querySelectorAll<HTMLElement>(".found-link") ?? [])];
    const at = links.findIndex((one) => one.closest("li")?.contains(document.activeElement));
    const isInBox = document.activeElement === input.current;
    if (event.key === "Escape" && at >= 0) input.current?.focus();
    else if (step === 0 || links.length === 0 || (at < 0 && !(isInBox && step > 0))) return;
    else if (at + step < 0) input.current?.focus();
    else links[Math.min(at + step, links.length - 1)]?.focus();
    event.preventDefault();
  };

  return (
    <div class="stack" onKeyDown={move}>
      <h1 class="hidden-words">{t.find.title}</h1>
      <form role="search" class="stack tight" onSubmit={(event) => { event.preventDefault(); settle(); }}>
        <div class="find-box">
          <label class="hidden-words" for="find-words">{t.find.words}</label>
          <Icon name="search" />
          <input id="find-words" ref={input} type="search" placeholder={t.home.searchHint} autocomplete="off" spellcheck={false} value={words.value} aria-describedby="find-said" onInput={(event) => (words.value = event.currentTarget.value)} />
        </div>
        <div id="find-said">{isOfTheLine(error) && <p class="small find-said" role="status"><Icon name="warning" size={16} />{lineProblem(error)}</p>}</div>
        {!isEmpty(question) && (
          <div class="find-choices">
            <Choice label={t.find.time} value={question.until ? timeWords(question) : question.since} choices={t.find.when} onChange={(value) => change("since", value)} />
            <Choice label={t.find.size} value={question.size} choices={t.find.sizes} onChange={(value) => change("size", value)} />
            <Choice label={t.find.order} value={orderOf(question, hasWords.value)} choices={Object.fromEntries(orderNames.map((one) => [one, t.find.orders[one]]))} onChange={(value) => change("order", value)} />
          </div>
        )}
      </form>
      <Chips question={question} />
      {answer?.suggestions && answer.suggestions.length > 0 && (
        <p class="line">{t.find.didYouMean}{answer.suggestions.map((one) => (
          <button key={one.word} type="button" class="button" onClick={() => { words.value = replaced(words.value, one.word, one.instead); settle(); input.current?.focus(); }}>{one.instead}</button>))}</p>
      )}
      {error !== null && !isOfTheLine(error) ? <Failure error={error} again={again} />
        : isEmpty(question) ? <Start />
        : answer === null ? (error === null && <Waiting />)
        : results.length === 0 ? <><p class="hidden-words" role="status">{t.find.results(0, false)}</p><Nothing question={question} coverage={answer.coverage} /><LeftOut answer={answer} question={question} />{answer.coverage && <Covered coverage={answer.coverage} />}</>
        : (
          <>
            {years && <Timeline facet={years} question={question} />}
            <div class="find-columns">
              <div class="stack tight grow">
                <p class="small" role="status">{t.find.results(total, isMore)}</p>
                <LeftOut answer={answer} question={question} />
                {answer.coverage?.is_complete === false && <Covered coverage={answer.coverage} />}
                <ul class="card" ref={list} aria-busy={state.value.isLoading}>{results.map((one, i) => <Result key={nameOf(one)} found={one} q={question.q} best={best} onOpen={() => noteOpened(answer.question, i + 1)} />)}</ul>
                {cursor.value && <div><button type="button" class="button" disabled={isMoreAsked.value} onClick={showMore}>{t.verbs.showMore}</button></div>}
                {answer.coverage?.is_complete && <Covered coverage={answer.coverage} />}
              </div>
              {facets.length > 0 && <Facets facets={facets} question={question} total={counted.value.value?.page.total ?? 0} />}
            </div>
          </>
        )}
    </div>
  );
}

function Choice({ label, value, choices, onChange }: { label: string; value: string; choices: Record<string, string>; onChange: (value: string) => void }) {
  return (
    <label class="find-choice small"><span class="soft">{label}</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {Object.entries(choices).map(([name, words]) => <option key={name} value={name}>{words}</option>)}
        {!(value in choices) && <option value={value}>{value}</option>}
      </select></label>
  );
}

// The word as it was typed, whatever its letters.
function replaced(line: string, word: string, instead: string): string {
  const at = line.toLowerCase().indexOf(word.toLowerCase());
  return at < 0 ? instead : line.slice(0, at) + instead + line.slice(at + word.length);
}
