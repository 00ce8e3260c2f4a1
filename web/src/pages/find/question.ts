// What is asked on the Find page. It stands in the address, whole, so that back, reload and bookmarks give the same list.
import type { SearchRequest } from "../../api/types";
import { href } from "../../state/route";

export interface Question {
  q: string; // as it was typed: spec/query-line.md
  type: string;
  language: string;
  bucket: string;
  tags: string[]; // "name" or "name=value"
  since: string;
  until: string;
  size: string; // at least
  like: string; // "BUCKET/key" of a thing that others shall be like
  quarantined: string; // "yes": also what does not meet the gate of its bucket
  order: Order | "";
}
export type Order = "rank" | "newest" | "oldest" | "name" | "largest" | "stored";

const orders: Record<Order, Pick<SearchRequest, "sort" | "descending">> = {
  rank: { sort: "rank" }, newest: { sort: "date", descending: true }, oldest: { sort: "date" }, name: { sort: "name" },
  largest: { sort: "size", descending: true }, stored: { sort: "stored", descending: true },
};
export const orderNames = Object.keys(orders) as Order[];

export function questionOf(query: URLSearchParams): Question {
  const one = (name: string): string => query.get(name) ?? "";
  const order = one("order");
  return { q: one("q"), type: one("type"), language: one("language"), bucket: one("bucket"), tags: query.getAll("tag"), since: one("since"),
    until: one("until"), size: one("size"), like: one("like"), quarantined: one("quarantined"), order: order in orders ? (order as Order) : "" };
}

export function addressOf(question: Question, change: Partial<Question> = {}): string {
  const { tags, ...rest } = { ...question, ...change };
  return href("find", { ...rest, tag: tags });
}

export const isEmpty = (question: Question): boolean => question.q.trim() === "" && question.like === "" && !hasFilters(question);
export const hasFilters = (question: Question): boolean =>
  [question.type, question.language, question.bucket, question.since, question.until, question.size].some((one) => one !== "") || question.tags.length > 0;
export const noFilters: Partial<Question> = { type: "", language: "", bucket: "", tags: [], since: "", until: "", size: "" };

// Without words nothing is better than something else. Whether a line of conditions holds words is what the server says.
export const orderOf = (question: Question, hasWords: boolean): Order => question.order || (question.like ? "rank" : question.q.trim() === "" ? "newest" : hasWords ? "rank" : "name");

// While the last word is being typed, what begins so is meant as well. A blank behind it ends it.
const kBegun = /^(.*(?:^|\s))([\p{L}\p{N}]{2,})$/su;
const kConnective = /^(and|or|not)$/i;
export function lineOf(q: string): string {
  const begun = kBegun.exec(q);
  const quotes = q.split('"').length - 1;
  if (!begun || quotes % 2 === 1 || kConnective.test(begun[2] ?? "")) return q.trim();
  return `${begun[1] ?? ""}(${begun[2] ?? ""} OR ${begun[2] ?? ""}*)`;
}

const quoted = (text: string): string => `"${text.replace(/["\\]/g, "\\$&")}"`;
function tagFilter(tag: string): string {
  const at = tag.indexOf("=");
  return at < 0 ? `tag.${quoted(tag)}:*` : `tag.${quoted(tag.slice(0, at))}=${quoted(tag.slice(at + 1))}`;
}

// Folders are found only by whoever asks for them.
const kAsksForFolders = /type:(dir|directory|folder)\b/;

export function requestOf(question: Question, hasWords: boolean): SearchRequest {
  const filter = [...question.tags.map(tagFilter), ...(question.size ? [`size>=${question.size}`] : []),
    ...(kAsksForFolders.test(question.q) ? [] : ["not type:directory"])].join(" ");
  const line = lineOf(question.q);
  // An OR at the end must not reach as far as what is added.
  const chosen = question.language === "" ? line : `${/\bOR\b/.test(question.q) ? `(${line})` : line} language:${question.language}`;
  const at = question.like.indexOf("/");
  return {
    ...(at > 0 ? { like: { bucket: question.like.slice(0, at), key: question.like.slice(at + 1) } } : {}),
    query: chosen.trim(), filter, ...orders[orderOf(question, hasWords)],
    ...(question.type ? { types: [question.type] } : {}), ...(question.bucket ? { bucket: question.bucket } : {}),
    ...(question.quarantined === "yes" ? { quarantined: true } : {}),
    ...(question.since ? { since: question.since } : {}), ...(question.until ? { until: question.until } : {}),
  };
}

export interface Piece {
  text: string;
  isMarked: boolean;
}

// Marks are bytes of the text in UTF-8. What does not fit the text is passed over.
export function piecesOf(text: string, marks: number[][]): Piece[] {
  const bytes = new TextEncoder().encode(text);
  const words = new TextDecoder();
  const out: Piece[] = [];
  const put = (from: number, to: number, isMarked: boolean): void => {
    if (to > from) out.push({ text: words.decode(bytes.subarray(from, to)), isMarked });
  };
  let at = 0;
  for (const [begin = 0, end = 0] of [...marks].sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0))) {
    if (begin < at || end <= begin || end > bytes.length) continue;
    put(at, begin, false);
    put(begin, end, true);
    at = end;
  }
  put(at, bytes.length, false);
  return out;
}

const folded = (text: string): string => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

// The plain words of a line: what names a field, chooses or excludes is none.
export function wordsIn(q: string): string[] {
  return q.split(/\s+/).filter((part) => !/^-|^not$|[:<>=]/i.test(part))
    .flatMap((part) => part.match(/[\p{L}\p{N}_]+/gu) ?? []).filter((word) => !kConnective.test(word));
}
// Which of the words stand in the text, one letter at the end set aside: "invoices" and "invoice".
export function wordsFound(words: string[], text: string): string[] {
  const where = folded(text);
  return words.filter((word) => where.includes(folded(word.length > 4 ? word.slice(0, -1) : word)));
}
