import { useSignal } from "@preact/signals";
import { all, ask } from "../../api/client";
import type { BucketList } from "../../api/types";
import { byName, day, size } from "../../format/format";
import { Dialog } from "../../parts/Dialog";
import { Field } from "../../parts/Field";
import { Icon } from "../../parts/Icon";
import { Empty, Failure, Loaded } from "../../parts/States";
import { useLoad } from "../../state/load";
import { changed, tell } from "../../state/notices";
import { go, href } from "../../state/route";
import { mayMaybe } from "../../state/session";
import { t } from "../../text/text";
import { ChooseBoth } from "../../uploads/Choose";
import { storeOrAsk } from "../../uploads/DropZone";

function NewBucket({ onClose }: { onClose: () => void }) {
  const name = useSignal("");
  const error = useSignal<unknown>(null);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    try {
      await ask("PUT", `api/v1/buckets/${encodeURIComponent(name.value)}`);
      tell(t.files.bucketMade(name.value));
      changed.value++;
      onClose();
      go(href("files/" + name.value));
    } catch (problem) {
      error.value = problem;
    }
  };
  return (
    <Dialog title={t.files.newBucket} onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        {error.value !== null && <Failure error={error.value} />}
        <Field label={t.files.bucketName} value={name} help={t.first.bucketHelp} isNeeded hasFocus max={63} />
        <div class="actions">
          <button type="button" class="button" onClick={onClose}>{t.verbs.cancel}</button>
          <button type="submit" class="button primary">{t.verbs.create}</button>
        </div>
      </form>
    </Dialog>
  );
}

export function Buckets() {
  const { state, again } = useLoad(async () => (await all<BucketList>("api/v1/buckets")).flatMap((page) => page.buckets), [changed.value]);
  const isNew = useSignal(false);
  const mayMake = mayMaybe("create_bucket");
  return (
    <>
      <div class="page-head">
        <h1>{t.files.buckets}</h1>
        <a class="button" href={href("duplicates")}><Icon name="copy" size={18} />{t.duplicates.find}</a>
        {mayMake && <button type="button" class="button" onClick={() => (isNew.value = true)}><Icon name="plus" size={18} />{t.files.newBucket}</button>}
      </div>
      <Loaded state={state.value} again={again}>
        {(buckets) => buckets.length === 0
          ? <Empty icon="bucket" title={t.files.noBuckets}><p>{t.files.noBucketsWords}</p>{mayMake && <ChooseBoth onChosen={storeOrAsk} />}</Empty>
          : (
            <ul class="buckets">
              {[...buckets].sort((a, b) => byName.compare(a.name, b.name)).map((one) => (
                <li key={one.id}>
                  <a class="bucket card" href={href("files/" + one.name)}>
                    <span class="bucket-icon"><Icon name="bucket" size={24} /></span>
                    <span class="grow"><strong>{one.name}</strong>
                      <span class="soft small">{t.files.objects(one.objects)}, {size(one.bytes)}</span></span>
                    <span class="soft small">{day(one.created)}</span>
                  </a>
                </li>
              ))}
            </ul>
          )}
      </Loaded>
      {isNew.value && <NewBucket onClose={() => (isNew.value = false)} />}
    </>
  );
}
