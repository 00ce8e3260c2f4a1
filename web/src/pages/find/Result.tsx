// One thing that was found: what it is, where it lies, the words around what matched, and on request why it is here.
import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { get } from "../../api/client";
import { bucketPath, encodeKey, folderOf, lastPart } from "../../api/names";
import type { FoundObject, Snippet, TextPlace, Understood } from "../../api/types";
import { dateTime, languageName, size } from "../../format/format";
import { Icon, iconOf } from "../../parts/Icon";
import { Thumbnail } from "../../parts/Thumbnail";
import { useLoad } from "../../state/load";
import { href } from "../../state/route";
import { t } from "../../text/text";
import { piecesOf, wordsFound, wordsIn } from "./question";

const kFieldsShown = 6;
const kValueShown = 120;

// "a.zip!/b.pdf" lies in the member a.zip.
const stepsInside = (inside: string): string[] => inside.split("!/");

function Around({ snippet }: { snippet: Snippet }) {
  const isSheet = snippet.place.kind === "sheet";
  const shown = (text: string): string => (isSheet ? text.replace(/\t/g, " | ").replace(/\n/g, " · ") : text);
  const place = placeWords(snippet.place);
  return (
    <span class="found-snippet">
      {place && <span class="found-place">{place}</span>}
      {piecesOf(snippet.text.trimEnd(), snippet.marks).map((piece, i) => (piece.isMarked ? <mark key={i}>{piece.text}</mark> : shown(piece.text)))}
    </span>
  );
}

function placeWords(place: TextPlace): string {
  const words = t.find.places[place.kind];
  return words ? words(place.number ?? 0, place.name ?? "", place.line ?? 0) : "";
}

function Why({ found, q, best }: { found: FoundObject; q: string; best: number }) {
  const words = wordsIn(q);
  // Members have no address of their own to be asked about.
  const { state } = useLoad(() => (found.inside ? Promise.resolve(null) : get<Understood>(bucketPath(found.bucket, "understood/" + encodeKey(found))).catch(() => null)), [found.version]);
  const rows: Array<[string, string]> = [];
  const put = (label: string, list: string[]): void => { if (list.length > 0) rows.push([label, [...new Set(list)].join(", ")]); };
  put(t.find.why.text, found.snippet ? piecesOf(found.snippet.text, found.snippet.marks).filter((piece) => piece.isMarked).map((piece) => piece.text) : []);
  put(t.find.why.name, wordsFound(words, lastPart(found.inside ?? found.key)));
  put(t.find.why.folder, wordsFound(words, folderOf(found.key)));
  put(t.find.why.tags, wordsFound(words, Object.entries(found.tags ?? {}).flat().join(" ")));
  put(t.find.why.metadata, wordsFound(words, Object.values(found.metadata ?? {}).join(" ")));
  const said = (state.value.value?.fields ?? []).filter((field) => wordsFound(words, field.value).length > 0);
  const title = found.title && !said.some((field) => field.name === "title") ? [{ name: "title", value: found.title }] : [];
  for (const field of [...title.filter((one) => wordsFound(words, one.value).length > 0), ...said.slice(0, kFieldsShown)])
    rows.push([t.fields[field.name] ?? field.name, field.value.slice(0, kValueShown)]);
  if (found.language) rows.push([t.find.why.language, t.find.why.languageWords(languageName(found.language))]);
  const signals = (found.signals ?? []).map(({ name, score }) => {
    const words = t.find.why.signals[name] ?? name;
    return name === "meaning" ? t.find.why.meaningWords(words, score) : t.find.why.signalWords(words, score);
  });
  put(t.find.why.madeOf, signals);
  rows.push([t.find.why.score, found.score ? t.find.why.scoreWords(found.score, best) : t.find.why.noScore]);
  return <dl class="facts small found-why">{rows.map(([label, value]) => <><dt key={label}>{label}</dt><dd>{value}</dd></>)}</dl>;
}

export function Result({ found, q, best, onOpen }: { found: FoundObject; q: string; best: number; onOpen: () => void }) {
  const showsWhy = useSignal(false);
  const id = useId();
  const path = found.inside === undefined ? [] : stepsInside(found.inside);
  const name = lastPart(path[path.length - 1] ?? found.key);
  const place = found.snippet?.place;
  const to = href("object/" + found.bucket, {
    key: found.key, key64: found.key_b64, tab: found.inside === undefined ? "" : "says", inside: found.inside,
    at: place?.number && found.inside === undefined ? String(place.number) : "",
  });
  const icon = iconOf(path.length > 0 ? name : found.key, found.type, path.length > 0 ? undefined : found.content_type);
  return (
    <li class="found">
      <div class="found-line">
        <a href={to} class="found-link" onClick={onOpen}>
          {path.length > 0 ? <span class="thumbnail"><Icon name={icon} size={32} /></span> : <Thumbnail object={found} icon={icon} />}
          <span class="grow">
            <strong>{found.title || name}</strong>
            <span class="soft small found-path">{found.bucket}/{path.length > 0 || found.title ? found.key : folderOf(found.key)}
              {path.map((step, i) => <span key={i}><span aria-hidden="true"> › </span><span class="hidden-words">{t.find.inIt}</span>{step}</span>)}</span>
            {found.snippet && <Around snippet={found.snippet} />}
            {found.trouble && <span class="small found-trouble"><Icon name="warning" size={16} />{found.trouble}</span>}
            {found.is_quarantined && <span class="small found-trouble"><Icon name="warning" size={16} />{t.find.isQuarantined}</span>}
            {found.tags && <span class="line">{Object.entries(found.tags).map(([tag, value]) => <span key={tag} class="chip">{value ? `${tag}: ${value}` : tag}</span>)}</span>}
          </span>
        </a>
        <span class="found-facts soft small number">
          {path.length === 0 && <><span>{size(found.size)}</span><span>{dateTime(found.modified)}</span></>}
          <button type="button" class="link-button small" aria-expanded={showsWhy.value} aria-controls={id} aria-label={t.find.whyOf(name)} onClick={() => (showsWhy.value = !showsWhy.value)}>{t.find.whyThis}</button>
        </span>
      </div>
      <div id={id}>{showsWhy.value && <Why found={found} q={q} best={best} />}</div>
    </li>
  );
}
