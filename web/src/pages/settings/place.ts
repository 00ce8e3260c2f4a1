// "photos/2024/" as the API names a place: bucket and prefix; empty: everywhere.
import type { Place } from "../../api/types";
import { t } from "../../text/text";

export function placeOf(text: string): Place {
  const [bucket = "", ...rest] = text.trim().replace(/^\/+/, "").split("/");
  if (bucket === "") return {};
  const prefix = rest.join("/");
  return prefix === "" ? { bucket } : { bucket, prefix };
}

export const placeWords = (place: Place | undefined): string => (place?.bucket ? `${place.bucket}/${place.prefix ?? ""}` : t.settings.everywhere);
