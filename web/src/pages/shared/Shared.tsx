// /s/SECRET: what somebody without an account sees of a link.
import { useSignal } from "@preact/signals";
import { ApiError, address, ask, root } from "../../api/client";
import { encodeKey, lastPart } from "../../api/names";
import type { Shared as SharedFacts, SharedFileList } from "../../api/types";
import { dateTime, day, size } from "../../format/format";
import { Icon, iconOf } from "../../parts/Icon";
import { kindOf, Preview } from "../../parts/preview/Preview";
import { Empty, Failure, Loaded, Waiting } from "../../parts/States";
import { useLoad } from "../../state/load";
import { complain, tell } from "../../state/notices";
import { route } from "../../state/route";
import { t } from "../../text/text";
import { Choose } from "../../uploads/Choose";
import { walk, type Source } from "../../uploads/walk";
import { Field } from "../../parts/Field";
import "./shared.css";

const path = (secret: string, rest = ""): string => `api/v1/shared/${encodeURIComponent(secret)}${rest}`;

// A link to media cannot carry a password as a header: with one, content is fetched and handed over as a blob.
async function save(secret: string, password: string, rest: string, query: Record<string, string>, name: string): Promise<void> {
  const link = document.createElement("a");
  if (password === "") link.href = address(path(secret, rest), query);
  else {
    const response = await fetch(address(path(secret, rest), query), { headers: { "Atoll-Link-Password": password } });
    if (!response.ok) throw new Error(`${response.status}`);
    link.href = URL.createObjectURL(await response.blob());
  }
  link.download = name;
  link.click();
}

function Files({ secret, password }: { secret: string; password: string }) {
  const list = useSignal<SharedFileList["files"]>([]);
  const cursor = useSignal<string | undefined>(undefined);
  const load = async (): Promise<boolean> => {
    const page = await ask<SharedFileList>("GET", path(secret, "/files"), { query: { cursor: cursor.value, limit: 500 }, headers: password ? { "Atoll-Link-Password": password } : {} });
    list.value = [...list.value, ...page.files];
    cursor.value = page.next_cursor;
    return true;
  };
  const { state, again } = useLoad(load, []);
  return (
    <Loaded state={state.value} again={again}>
      {() => list.value.length === 0 ? <Empty icon="folder" title={t.files.empty} /> : (
        <>
          <ul class="card">
            {list.value.filter((one) => one.type === "file").map((one) => (
              <li key={one.key} class="shared-file">
                <Icon name={iconOf(one.key, one.type, one.content_type)} /><span class="grow">{one.key}<span class="soft small">{size(one.size)}, {dateTime(one.modified)}</span></span>
                <button type="button" class="button" aria-label={`${t.verbs.download}: ${one.key}`} onClick={() => void save(secret, password, "/content", { key: one.key }, lastPart(one.key)).catch(complain)}><Icon name="download" size={18} /></button>
              </li>
            ))}
          </ul>
          {cursor.value && <button type="button" class="button" onClick={() => void load().catch(complain)}>{t.verbs.showMore}</button>}
        </>
      )}
    </Loaded>
  );
}

function LetterBox({ secret, password }: { secret: string; password: string }) {
  const arrived = useSignal<string[]>([]);
  const leave = async (sources: Source[]): Promise<void> => {
    for await (const { path: name, file } of walk(sources)) {
      await ask("PUT", path(secret, "/files/" + encodeKey({ key: name })), { content: file, headers: {
        ...(password ? { "Atoll-Link-Password": password } : {}), ...(file.type ? { "Content-Type": file.type } : {}) } });
      arrived.value = [...arrived.value, name];
      tell(t.share.leftFile(name));
    }
  };
  return (
    <div class="stack">
      <div class="letter-box" onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => { event.preventDefault(); void leave([...(event.dataTransfer?.files ?? [])].map((file) => ({ kind: "file", path: file.name, file }))).catch(complain); }}>
        <Icon name="upload" size={32} /><p>{t.share.takesWords}</p>
        <Choose words={t.first.chooseFiles} isPrimary onChosen={(sources) => void leave(sources).catch(complain)} />
      </div>
      <ul>{arrived.value.map((one) => <li key={one} class="line"><Icon name="check" size={18} />{one}</li>)}</ul>
    </div>
  );
}

export default function Shared() {
  const secret = route.value.rest[0] ?? "";
  const password = useSignal("");
  const typed = useSignal("");
  const { state, again } = useLoad(() => ask<SharedFacts>("GET", path(secret), password.value ? { headers: { "Atoll-Link-Password": password.value } } : {}), [password.value]);
  const { value, error } = state.value;
  if (error instanceof ApiError && (error.id === "share.not_found" || error.status === 404 || error.status === 410))
    return <Empty isPage icon="link" title={t.share.gone}><p>{t.share.goneWords}</p></Empty>;
  if (error instanceof ApiError && (error.status === 401 || error.status === 403)) {
    return (
      <form class="card padded stack" onSubmit={(event) => { event.preventDefault(); password.value = typed.value; }}>
        <h1>{t.share.needsPassword}</h1>
        {password.value !== "" && <Failure error={error} />}
        <Field label={t.share.password} value={typed} type="password" isNeeded hasFocus />
        <div><button type="submit" class="button primary">{t.share.open}</button></div>
      </form>
    );
  }
  if (error !== null) return <Failure error={error} again={again} />;
  if (!value) return <Waiting />;
  const name = lastPart(value.name);
  const file = { key: value.name, size: value.size ?? 0, ...(value.content_type ? { content_type: value.content_type } : {}) };
  const mayPreview = !value.is_folder && password.value === "" && value.downloads_left === undefined && kindOf(file) !== "none";
  return (
    <div class="stack">
      <p class="soft">{value.takes_uploads ? t.share.takes : value.is_folder ? t.share.folderWords : t.share.fileWords}{value.label && `: ${value.label}`}</p>
      <div class="page-head">
        <div><h1>{name}</h1>
          <p class="soft small">{[value.size !== undefined && size(value.size), value.expires && t.share.until(day(value.expires)), value.downloads_left !== undefined && t.share.left(value.downloads_left)].filter(Boolean).join(", ")}</p></div>
        {!value.takes_uploads && (
          <button type="button" class="button primary" onClick={() => void (value.is_folder ? save(secret, password.value, "/archive", {}, name + ".zip") : save(secret, password.value, "/content", {}, name)).catch(complain)}>
            <Icon name="download" size={18} />{value.is_folder ? t.files.zip : t.verbs.download}</button>
        )}
      </div>
      {value.takes_uploads ? <LetterBox secret={secret} password={password.value} /> : value.is_folder ? <Files secret={secret} password={password.value} />
        : mayPreview && <Preview file={file} url={root + path(secret, "/content")} />}
    </div>
  );
}
