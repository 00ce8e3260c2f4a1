// Shows what is in a file. Always true: foreign content never runs in the page's own origin: it is text, a picture, a media
// element, or a frame that is closed by `sandbox`; a PDF is a blob whose type the page chose, for the browser's own viewer.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { address } from "../../api/client";
import { lastPart, objectPath, previewPath } from "../../api/names";
import { size } from "../../format/format";
import { useLoad } from "../../state/load";
import { t } from "../../text/text";
import { Icon, iconOf } from "../Icon";
import { Failure, Waiting } from "../States";
import { csvRows } from "./csv";
import { Markdown } from "./Markdown";
import { hasPreview, isModel, isOfWords, isShownByBrowser } from "./formats";
import { UnderstoodText } from "./UnderstoodText";
import "./preview.css";

export interface Previewed {
  key: string;
  key_b64?: string;
  size: number;
  content_type?: string;
}

type Kind = "image" | "video" | "audio" | "pdf" | "markdown" | "csv" | "json" | "html" | "text" | "none";

const kTextMax = 512 * 1024;
const kMaybeTextMax = 64 * 1024;
const kPdfMax = 200_000_000;
const kRowsMax = 1000;

const endings: Array<[RegExp, Kind]> = [
  [/\.(jpe?g|png|gif|webp|avif|bmp|svg|ico)$/i, "image"], [/\.(mp4|m4v|webm|mov|ogv)$/i, "video"], [/\.(mp3|m4a|aac|flac|ogg|oga|opus|wav)$/i, "audio"],
  [/\.pdf$/i, "pdf"], [/\.(md|markdown)$/i, "markdown"], [/\.(csv|tsv)$/i, "csv"], [/\.(json|jsonl|ndjson|geojson|ipynb)$/i, "json"], [/\.(html?|xhtml)$/i, "html"],
  [/(\.(txt|log|c|h|cc|cpp|hpp|rs|go|py|js|mjs|ts|tsx|jsx|css|scss|java|kt|rb|sh|bash|sql|toml|ya?ml|ini|cfg|conf|xml|tex|bib|r|m|lua|pl|php|swift|cmake|proto|diff|patch|srt|vtt|ics|vcf|eml|service|in)|(^|\/)(Makefile|Dockerfile|LICENSE|README|CMakeLists\.txt|\.gitignore))$/i, "text"]];
const types: Array<[RegExp, Kind]> = [
  [/^image\/(jpeg|png|gif|webp|avif|bmp|svg\+xml|x-icon)/, "image"], [/^video\//, "video"], [/^audio\//, "audio"], [/^application\/pdf/, "pdf"], [/^text\/markdown/, "markdown"],
  [/^text\/(csv|tab-separated)/, "csv"], [/json/, "json"], [/^(text\/html|application\/xhtml)/, "html"], [/^text\/|javascript|xml|yaml|toml/, "text"]];

export function kindOf(file: Previewed): Kind {
  const type = file.content_type ?? "";
  if (isModel(file)) return "none"; // some are text, which nobody wants to read
  if (type !== "" && type !== "application/octet-stream") for (const [pattern, kind] of types) if (pattern.test(type)) return kind;
  for (const [pattern, kind] of endings) if (pattern.test(file.key)) return kind;
  return "none";
}

async function textOf(url: string, bytes: number, signal: AbortSignal): Promise<string> {
  const headers: Record<string, string> = bytes > kTextMax ? { Range: `bytes=0-${kTextMax - 1}` } : {};
  const response = await fetch(url, { headers, signal, credentials: "same-origin" });
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  const content = new Uint8Array(await response.arrayBuffer());
  if (content.subarray(0, 4096).includes(0)) throw new Error(t.preview.binary);
  return new TextDecoder().decode(content);
}

function Json({ text }: { text: string }) {
  try {
    return <pre class="preview-code" tabIndex={0}>{JSON.stringify(JSON.parse(text), null, 2)}</pre>;
  } catch {
    return <pre class="preview-code" tabIndex={0}>{text}</pre>; // cut off, or lines of JSON
  }
}

function Csv({ text, isWhole }: { text: string; isWhole: boolean }) {
  const rows = csvRows(text, kRowsMax + 1);
  const [head = [], ...body] = rows;
  const all = isWhole && rows.length <= kRowsMax;
  return (
    <>
      <p class="soft small">{t.preview.rows(Math.min(body.length, kRowsMax), all)}</p>
      <div class="preview-table scrolls-sideways" tabIndex={0} role="region" aria-label={t.preview.frame("")}>
        <table><thead><tr>{head.map((cell, i) => <th key={i} scope="col">{cell}</th>)}</tr></thead>
          <tbody>{body.map((row, i) => <tr key={i}>{row.map((cell, j) => <td key={j} class={/^-?[\d.,]+$/.test(cell) ? "number" : ""}>{cell}</td>)}</tr>)}</tbody></table>
      </div>
    </>
  );
}

function Text({ file, url, kind }: { file: Previewed; url: string; kind: Kind }) {
  const isPage = useSignal(false);
  const { state, again } = useLoad((signal) => textOf(url, file.size, signal), [url]);
  const { value, error } = state.value;
  if (error !== null) return <Failure error={error} again={again} />;
  if (value === null) return <Waiting />;
  const isWhole = file.size <= kTextMax;
  return (
    <div class="stack tight">
      {kind === "html" && (
        <div class="line"><button type="button" class="button" onClick={() => (isPage.value = !isPage.value)}>{isPage.value ? t.preview.asText : t.preview.asPage}</button>
          {isPage.value && <span class="soft small">{t.preview.safePage}</span>}</div>
      )}
      {isPage.value ? <iframe class="preview-frame" title={t.preview.frame(lastPart(file.key))} sandbox="" referrerpolicy="no-referrer" srcdoc={value} />
        : kind === "markdown" ? <Markdown text={value} />
        : kind === "csv" ? <Csv text={value} isWhole={isWhole} />
        : kind === "json" ? <Json text={value} />
        : <pre class="preview-code" tabIndex={0}>{value}</pre>}
      {!isWhole && <p class="soft small">{t.preview.cutOff(kTextMax)}</p>}
    </div>
  );
}

// Drawn as a picture, in which nothing runs. The type that was stored with it may be another.
function Svg({ file, url, onError }: { file: Previewed; url: string; onError: () => void }) {
  const shown = useBlob(url, "image/svg+xml", onError);
  return shown ? <img class="preview-image" src={shown} alt={lastPart(file.key)} onError={onError} /> : <Waiting />;
}

// The content under an address that only this page knows, as the type that the page says.
function useBlob(url: string, type: string, onError: (problem: unknown) => void): string {
  const shown = useSignal("");
  useEffect(() => {
    const stop = new AbortController();
    let made = "";
    fetch(url, { signal: stop.signal, credentials: "same-origin" }).then(async (response) => {
      if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
      made = URL.createObjectURL(new Blob([await response.arrayBuffer()], { type }));
      shown.value = made;
    }).catch((problem: unknown) => { if (!stop.signal.aborted) onError(problem); });
    return () => { stop.abort(); if (made) URL.revokeObjectURL(made); };
  }, [url]);
  return shown.value;
}

// Chromium shows no PDF in a sandboxed frame. A blob of this type is given to the browser's viewer whatever is in it, and is
// never a page.
function Pdf({ file, url, at }: { file: Previewed; url: string; at?: number | undefined }) {
  const error = useSignal<unknown>(null);
  const shown = useBlob(url, "application/pdf", (problem) => (error.value = problem));
  if (error.value !== null) return <Failure error={error.value} />;
  return shown ? <iframe class="preview-frame" title={t.preview.frame(lastPart(file.key))} src={at === undefined ? shown : `${shown}#page=${at}`} /> : <Waiting />;
}

function None({ file, words }: { file: Previewed; words: string }) {
  return <div class="preview-none"><Icon name={iconOf(file.key, "file", file.content_type)} size={48} /><p>{words}</p></div>;
}

// `bucket`: where its words may be asked for, if nothing else can be shown of it. `at`: the page that is shown first.
interface Properties {
  file: Previewed;
  url: string;
  bucket?: string | undefined;
  at?: number | undefined;
}

export function Preview({ file, url, bucket, at }: Properties) {
  const kind = kindOf(file);
  const isBroken = useSignal(false);
  useEffect(() => { isBroken.value = false; }, [url]);
  if (isBroken.value) return <None file={file} words={t.preview.none} />;
  const broken = (): void => { isBroken.value = true; };
  switch (kind) {
    case "image": return /\.svg$/i.test(file.key) ? <Svg file={file} url={url} onError={broken} /> : <img class="preview-image" src={url} alt={lastPart(file.key)} onError={broken} />;
    case "video": return <video class="preview-video" src={url} controls preload="metadata" onError={broken}
      {...(bucket === undefined ? {} : { poster: address(previewPath(bucket, file), { size: "large" }) })}><track kind="captions" /></video>;
    case "audio": return <audio class="preview-audio" src={url} controls preload="metadata" onError={broken} />;
    case "pdf": return file.size > kPdfMax ? <None file={file} words={t.preview.tooLarge(file.size)} /> : <Pdf file={file} url={url} at={at} />;
    case "none": {
      if (bucket === undefined) return <Unknown file={file} url={url} />;
      const drawn = hasPreview(file) && !isShownByBrowser(file) ? <Drawn key={url} file={file} url={url} bucket={bucket} at={at} /> : null;
      if (drawn !== null && !isOfWords(file)) return drawn;
      return <UnderstoodText bucket={bucket} name={file} at={at} none={drawn ?? <Unknown file={file} url={url} />} />;
    }
    default: return <Text file={file} url={url} kind={kind} />;
  }
}

// What browsers do not show, as the server draws it; else what it says. For each address a new one: an effect that forgets the
// error of the one before would come after the error of this one, where the browser knows already that there is no picture.
function Drawn({ file, url, bucket, at }: Properties & { bucket: string }) {
  const isBroken = useSignal(false);
  if (isBroken.value) return <UnderstoodText bucket={bucket} name={file} at={at} none={<Unknown file={file} url={url} />} />;
  return <img class="preview-image" src={address(previewPath(bucket, file), { size: "large" })} alt={t.preview.drawn(lastPart(file.key))} onError={() => (isBroken.value = true)} />;
}

// Small files of an unknown kind are often text.
function Unknown({ file, url }: { file: Previewed; url: string }) {
  return file.size > 0 && file.size < kMaybeTextMax ? <MaybeText file={file} url={url} /> : <None file={file} words={`${t.preview.none} (${size(file.size)})`} />;
}

function MaybeText({ file, url }: { file: Previewed; url: string }) {
  const { state } = useLoad((signal) => textOf(url, file.size, signal), [url]);
  if (state.value.error !== null) return <None file={file} words={t.preview.none} />;
  return state.value.value === null ? <Waiting /> : <pre class="preview-code" tabIndex={0}>{state.value.value}</pre>;
}

export const contentUrl = (bucket: string, file: Previewed, query: Record<string, string | undefined>): string => address(objectPath(bucket, file), query);
