// A small picture of what is stored, made by the server, or an icon. Always true: the place it takes is the same before, with
// and without the picture, so that nothing jumps.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { address } from "../api/client";
import { objectPath, previewPath } from "../api/names";
import type { Object as StoredObject } from "../api/types";
import { Icon, type IconName } from "./Icon";
import { hasPreview, isShownByBrowser } from "./preview/formats";
import "./tiles.css";

const kBytesMax = 12_000_000; // of an original that stands in for its small form
const kTriesMax = 4;
const kAgainMs = 1500;

// The small form is that of what is there now. Of an earlier state there is the original alone.
type Source = "small" | "original" | "none";

function firstSource(object: StoredObject, asOf: string | undefined): Source {
  if (object.type !== "file" || object.deleted || object.size === 0) return "none";
  if (asOf) return originalOrNone(object);
  return hasPreview(object) ? "small" : "none";
}
const originalOrNone = (object: StoredObject): Source => (object.size <= kBytesMax && isShownByBrowser(object) ? "original" : "none");

export function Thumbnail({ object, icon, asOf }: { object: StoredObject; icon: IconName; asOf?: string }) {
  const source = useSignal<Source>(firstSource(object, asOf));
  const tries = useSignal(0);
  useEffect(() => { source.value = firstSource(object, asOf); tries.value = 0; }, [object.bucket, object.key, object.version, asOf]);
  const failed = async (): Promise<void> => {
    if (source.value !== "small") { source.value = "none"; return; }
    // An <img> does not tell why: a server that makes others first says so by 503.
    const answer = await fetch(address(previewPath(object.bucket, object)), { method: "HEAD", credentials: "same-origin" }).catch(() => null);
    if (answer?.status === 503 && tries.value < kTriesMax) setTimeout(() => { tries.value++; }, kAgainMs * (tries.value + 1));
    else source.value = originalOrNone(object);
  };
  if (source.value === "none") return <span class="thumbnail"><Icon name={icon} size={32} /></span>;
  const url = source.value === "small" ? address(previewPath(object.bucket, object), { version: object.version }) + (tries.value > 0 ? "#" + tries.value : "")
    : address(objectPath(object.bucket, object), asOf ? { as_of: asOf } : { version: object.version });
  return <span class="thumbnail"><img src={url} alt="" width={256} height={256} loading="lazy" decoding="async" onError={() => void failed()} /></span>;
}
