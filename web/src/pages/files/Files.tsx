// /ui/files: the buckets. /ui/files/BUCKET?in=FOLDER: what lies in it.
import { useEffect } from "preact/hooks";
import { route } from "../../state/route";
import { dropTarget } from "../../uploads/DropZone";
import { Buckets } from "./Buckets";
import { Folder } from "./Folder";
import "./files.css";

export default function Files() {
  const { rest, query } = route.value;
  const bucket = rest[0];
  const prefix = query.get("in") ?? "";
  const asOf = query.get("as_of") ?? "";
  useEffect(() => {
    dropTarget.value = bucket && asOf === "" ? { bucket, prefix } : null;
    return () => { dropTarget.value = null; };
  }, [bucket, prefix, asOf]);
  return bucket ? <Folder key={bucket} bucket={bucket} prefix={prefix} asOf={asOf} /> : <Buckets />;
}
