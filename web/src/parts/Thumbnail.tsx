// A small picture of a stored picture, or an icon. Large originals stay icons: there are no small forms of them yet.
import { useSignal } from "@preact/signals";
import { address } from "../api/client";
import { objectPath } from "../api/names";
import type { Object as StoredObject } from "../api/types";
import { Icon, type IconName } from "./Icon";
import "./tiles.css";

const kBytesMax = 12_000_000;
const kShown = /^image\/(jpeg|png|gif|webp|avif|bmp|svg\+xml)$/;
const kEndings = /\.(jpe?g|png|gif|webp|avif|bmp|svg)$/i;

export function Thumbnail({ object, icon, asOf }: { object: StoredObject; icon: IconName; asOf?: string }) {
  const isBroken = useSignal(false);
  const isPicture = object.type === "file" && object.size <= kBytesMax && !object.deleted &&
    (object.content_type && object.content_type !== "application/octet-stream" ? kShown.test(object.content_type) : kEndings.test(object.key));
  if (!isPicture || isBroken.value) return <span class="thumbnail"><Icon name={icon} size={32} /></span>;
  return <span class="thumbnail"><img src={address(objectPath(object.bucket, object), asOf ? { as_of: asOf } : { version: object.version })} alt="" loading="lazy" decoding="async" onError={() => (isBroken.value = true)} /></span>;
}
