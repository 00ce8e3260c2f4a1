// Keys for S3 clients, with what to paste into the usual ones.
import { useSignal } from "@preact/signals";
import { all, post, send } from "../../api/client";
import type { MadeS3Key, S3Key, S3KeyList } from "../../api/types";
import { ago } from "../../format/format";
import { CopyText } from "../../parts/CopyText";
import { Dialog } from "../../parts/Dialog";
import { Field } from "../../parts/Field";
import { Icon } from "../../parts/Icon";
import { Empty, Failure, Loaded } from "../../parts/States";
import { useLoad } from "../../state/load";
import { complain, tell } from "../../state/notices";
import { t } from "../../text/text";

function snippets(key: MadeS3Key): Array<[string, string]> {
  const end = location.origin;
  const env = `export AWS_ACCESS_KEY_ID=${key.access_key_id}\nexport AWS_SECRET_ACCESS_KEY=${key.secret_access_key}`;
  return [
    ["aws", `${env}\naws --endpoint-url ${end} s3 ls`],
    ["rclone", `[atoll]\ntype = s3\nprovider = Other\nendpoint = ${end}\naccess_key_id = ${key.access_key_id}\nsecret_access_key = ${key.secret_access_key}\nforce_path_style = true`],
    ["restic", `${env}\nrestic -r s3:${end}/backups init`],
    ["boto3", `import boto3\ns3 = boto3.client("s3", endpoint_url="${end}",\n    aws_access_key_id="${key.access_key_id}",\n    aws_secret_access_key="${key.secret_access_key}")\nprint(s3.list_buckets()["Buckets"])`],
  ];
}

function NewKey({ onClose }: { onClose: () => void }) {
  const label = useSignal("");
  const made = useSignal<MadeS3Key | null>(null);
  const error = useSignal<unknown>(null);
  const client = useSignal("aws");
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    try {
      made.value = await post<MadeS3Key>("api/v1/s3-keys", { label: label.value });
    } catch (problem) {
      error.value = problem;
    }
  };
  const shown = made.value ? snippets(made.value) : [];
  return (
    <Dialog title={t.settings.newKey} onClose={onClose} isWide>
      {made.value ? (
        <>
          <p class="soft">{t.states.shownOnce}</p>
          <dl class="facts"><dt>{t.settings.keyId}</dt><dd class="code">{made.value.access_key_id}</dd><dt>{t.settings.secret}</dt><dd class="code">{made.value.secret_access_key}</dd></dl>
          <Field label={t.settings.snippets} value={client} choices={shown.map(([name]): [string, string] => [name, name])} />
          <CopyText text={shown.find(([name]) => name === client.value)?.[1] ?? ""} />
          <div class="actions"><button type="button" class="button primary" onClick={onClose}>{t.verbs.done}</button></div>
        </>
      ) : (
        <form onSubmit={(event) => void submit(event)}>
          {error.value !== null && <Failure error={error.value} />}
          <Field label={t.settings.tokenFor} value={label} isNeeded hasFocus />
          <div class="actions"><button type="button" class="button" onClick={onClose}>{t.verbs.cancel}</button><button type="submit" class="button primary">{t.verbs.create}</button></div>
        </form>
      )}
    </Dialog>
  );
}

export function Keys() {
  const { state, again } = useLoad(async () => (await all<S3KeyList>("api/v1/s3-keys")).flatMap((page) => page.s3_keys), []);
  const isNew = useSignal(false);
  const end = async (key: S3Key): Promise<void> => {
    try {
      await send("DELETE", `api/v1/s3-keys/${encodeURIComponent(key.access_key_id)}`);
      tell(t.settings.revoked);
      again();
    } catch (error) {
      complain(error);
    }
  };
  return (
    <div class="stack">
      <div><button type="button" class="button primary" onClick={() => (isNew.value = true)}><Icon name="plus" size={18} />{t.settings.newKey}</button></div>
      <Loaded state={state.value} again={again}>
        {(list) => list.length === 0 ? <Empty icon="key" title={t.settings.noKeys}><p>{t.settings.noKeysWords}</p></Empty> : (
          <ul class="card">{list.map((one) => (
            <li key={one.access_key_id} class="setting"><Icon name="key" />
              <div class="grow"><p><strong>{one.label || one.access_key_id}</strong></p><p class="soft small">{[one.access_key_id, one.user, one.last_used ? `${t.settings.lastUsed} ${ago(one.last_used)}` : t.settings.never].join(", ")}</p></div>
              <button type="button" class="button bad" aria-label={`${t.settings.revoke}: ${one.label || one.access_key_id}`} onClick={() => void end(one)}>{t.settings.revoke}</button></li>
          ))}</ul>
        )}
      </Loaded>
      {isNew.value && <NewKey onClose={() => { isNew.value = false; again(); }} />}
    </div>
  );
}
