// How far the storing is: a small panel at the edge that stays while the pages change.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { lastPart } from "../api/names";
import { size, span } from "../format/format";
import { Icon } from "../parts/Icon";
import { t } from "../text/text";
import { Choose } from "./Choose";
import { clear, end, findLeft, forgetLeft, goOnWith, goOnWithHandles, isPaused, isWaiting, left, pause, resume, retry, summary, target, type Summary } from "./queue";
import "./panel.css";

function LeftOver() {
  const rows = left.value;
  if (rows.length === 0) return null;
  const hasHandles = rows.some((one) => one.handle);
  return (
    <div class="stack tight upload-left">
      <p><strong>{t.uploads.needsFiles(rows.length)}</strong></p>
      <p class="small soft">{t.uploads.needsWords}</p>
      <div class="line">
        {hasHandles ? <button type="button" class="button primary" onClick={() => void goOnWithHandles()}>{t.uploads.allow}</button>
          : <><Choose words={t.uploads.again} isPrimary onChosen={(sources) => void goOnWith(sources)} />
            <Choose words={t.first.chooseFolder} isFolder onChosen={(sources) => void goOnWith(sources)} /></>}
        <button type="button" class="button plain" onClick={forgetLeft}>{t.verbs.skip}</button>
      </div>
    </div>
  );
}

function Progress({ now }: { now: Summary }) {
  const isOpen = useSignal(false);
  const isOver = now.done + now.failed === now.total && !now.isReading;
  const ratio = now.bytes > 0 ? now.bytesSent / now.bytes : now.total > 0 ? now.done / now.total : 0;
  const state = isPaused.value ? t.uploads.paused : isWaiting.value ? t.uploads.waiting : now.isReading ? t.uploads.reading
    : now.secondsLeft !== null && !isOver ? t.uploads.left(span(now.secondsLeft)) : "";
  return (
    <>
      <div class="line between">
        <strong>{isOver ? (now.failed > 0 ? t.uploads.failed(now.failed) : t.uploads.allDone(now.done)) : t.uploads.title}</strong>
        <span class="line">
          {!isOver && <button type="button" class="button plain icon" aria-label={isPaused.value ? t.uploads.resume : t.uploads.pause} onClick={isPaused.value ? resume : pause}><Icon name={isPaused.value ? "play" : "pause"} /></button>}
          <button type="button" class="button plain icon" aria-label={isOver ? t.uploads.clear : t.uploads.stop} onClick={isOver ? clear : end}><Icon name="close" /></button>
        </span>
      </div>
      <div class="bar" role="progressbar" aria-label={t.uploads.title} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(ratio * 100)}>
        <span style={{ width: `${ratio * 100}%` }} />
      </div>
      <p class="small soft line between">
        <span>{t.uploads.summary(now.done, now.total)}, {size(now.bytesSent)} / {size(now.bytes)}</span><span>{state}</span>
      </p>
      {(now.active.length > 0 || now.failures.length > 0) && (
        <button type="button" class="link-button small" aria-expanded={isOpen.value} onClick={() => (isOpen.value = !isOpen.value)}>{isOpen.value ? t.uploads.hide : t.uploads.show}</button>
      )}
      {isOpen.value && (
        <ul class="upload-files small">
          <li class="soft">{t.uploads.target(target.value)}</li>
          {now.active.map((one) => <li key={one.id} class="line between"><span class="grow">{lastPart(one.key)}</span><span class="soft">{size(one.sent)} / {size(one.size)}</span></li>)}
          {now.failures.map((one) => <li key={one.id}><strong>{lastPart(one.key)}</strong>: {one.error}</li>)}
          {now.failed > now.failures.length && <li>{t.uploads.rest(now.failed - now.failures.length)}</li>}
        </ul>
      )}
      {now.failed > 0 && <button type="button" class="button" onClick={retry}>{t.uploads.retry}</button>}
    </>
  );
}

export function UploadPanel() {
  useEffect(() => void findLeft(), []);
  const now = summary.value;
  if (!now && left.value.length === 0) return null;
  return (
    <section class="uploads card" aria-label={t.uploads.title}>
      <LeftOver />
      {now && <Progress now={now} />}
    </section>
  );
}
