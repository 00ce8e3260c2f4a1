// Keys are bytes. Where they are UTF-8 they are text; else the server gives them in base64 as well, and that counts.
export interface Key {
  key: string;
  key_b64?: string;
}

// One path segment: slashes are encoded too, or a browser would fold "a/../b" before it asks.
export function encodeKey(name: Key): string {
  if (name.key_b64 === undefined) return encodeURIComponent(name.key);
  const bytes = atob(name.key_b64);
  let out = "";
  for (let i = 0; i < bytes.length; i++) out += "%" + bytes.charCodeAt(i).toString(16).padStart(2, "0");
  return out;
}

export const keyFields = (name: Key): Key => (name.key_b64 === undefined ? { key: name.key } : { key: "", key_b64: name.key_b64 });
export const lastPart = (key: string): string => key.replace(/\/$/, "").split("/").pop() ?? key;
export const folderOf = (key: string): string => key.slice(0, key.replace(/\/$/, "").lastIndexOf("/") + 1);

export const objectPath = (bucket: string, name: Key): string => `api/v1/buckets/${encodeURIComponent(bucket)}/objects/${encodeKey(name)}`;
// Of the current version; the small form of what it shows.
export const previewPath = (bucket: string, name: Key): string => bucketPath(bucket, "preview/" + encodeKey(name));
export const bucketPath = (bucket: string, rest: string): string => `api/v1/buckets/${encodeURIComponent(bucket)}/${rest}`;
