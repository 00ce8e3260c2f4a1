// Sends one file. Small ones with one PUT; larger ones as a tus upload (https://tus.io/protocols/resumable-upload) in pieces,
// each of which is durable when it is answered: what was sent is not sent twice, whatever ends in between.
import { ApiError, address, changeHeaders, isReachable } from "../api/client";
import { objectPath } from "../api/names";

export const kSmallBytes = 4 * 1024 * 1024;
const kPieceBytes = 16 * 1024 * 1024;
const kPiecesMax = 5_000; // the server takes 10,000

export interface Sending {
  bucket: string;
  key: string;
  file: File;
  modified: number;
  url?: string;
  onUrl: (url: string) => void;
  onSent: (bytes: number) => void;
  signal: AbortSignal;
}

interface Reply {
  status: number;
  header: (name: string) => string | null;
}

// fetch() does not tell how much of a body was sent.
function request(method: string, url: string, headers: Record<string, string>, body: Blob | null, signal: AbortSignal,
                 onSent?: (bytes: number) => void): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    const stop = (): void => call.abort();
    call.open(method, url);
    for (const [name, value] of Object.entries({ ...headers, ...changeHeaders() })) call.setRequestHeader(name, value);
    if (onSent) call.upload.onprogress = (event) => onSent(event.loaded);
    call.onload = () => {
      isReachable.value = true;
      if (call.status >= 200 && call.status < 300) {
        resolve({ status: call.status, header: (name) => call.getResponseHeader(name) });
        return;
      }
      let problem: { id?: string; detail?: string; hint?: string } = {};
      try {
        problem = JSON.parse(call.responseText) as typeof problem;
      } catch {
        // Something between here and the server answered.
      }
      reject(new ApiError(call.status, problem.id ?? "", problem.detail ?? `${call.status} ${call.statusText}`, problem.hint ?? "", ""));
    };
    call.onerror = () => {
      isReachable.value = false;
      reject(new ApiError(0, "page.unreachable", "", "", ""));
    };
    call.onabort = () => reject(new DOMException("stopped", "AbortError"));
    call.onloadend = () => signal.removeEventListener("abort", stop);
    signal.addEventListener("abort", stop);
    call.send(body);
  });
}

const base64 = (text: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

async function begin(sending: Sending): Promise<string> {
  const reply = await request("POST", address("api/v1/uploads", { bucket: sending.bucket, key: sending.key }),
    { "Tus-Resumable": "1.0.0", "Upload-Length": String(sending.file.size), "Atoll-Modified": new Date(sending.modified).toISOString(),
      ...(sending.file.type ? { "Upload-Metadata": `filetype ${base64(sending.file.type)}` } : {}) }, null, sending.signal);
  const url = reply.header("Location");
  if (!url) throw new Error("the server named no address for the upload");
  // The path counts: behind a proxy the page may be reached by another name than the server believes.
  const place = new URL(url, document.baseURI);
  return place.pathname + place.search;
}

async function offsetOf(url: string, signal: AbortSignal): Promise<number> {
  const reply = await request("HEAD", url, { "Tus-Resumable": "1.0.0" }, null, signal);
  return Number(reply.header("Upload-Offset") ?? 0);
}

export async function send(sending: Sending): Promise<void> {
  const { file, signal } = sending;
  if (file.size <= kSmallBytes) {
    const headers: Record<string, string> = { "Atoll-Modified": new Date(sending.modified).toISOString() };
    if (file.type) headers["Content-Type"] = file.type;
    await request("PUT", address(objectPath(sending.bucket, sending)), headers, file, signal, sending.onSent);
    return;
  }
  let url = sending.url;
  let offset = 0;
  if (url) {
    try {
      offset = await offsetOf(url, signal);
    } catch (error) {
      if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 410)) throw error;
      url = undefined; // finished long ago, or kept for its seven days and gone: from the beginning
    }
  }
  if (!url) {
    url = await begin(sending);
    sending.onUrl(url);
  }
  const piece = Math.max(kPieceBytes, Math.ceil(file.size / kPiecesMax));
  while (offset < file.size) {
    sending.onSent(offset);
    const from = offset;
    const reply = await request("PATCH", url,
      { "Tus-Resumable": "1.0.0", "Upload-Offset": String(from), "Content-Type": "application/offset+octet-stream" },
      file.slice(from, from + piece), signal, (bytes) => sending.onSent(from + bytes));
    offset = Number(reply.header("Upload-Offset") ?? from + piece);
  }
}
