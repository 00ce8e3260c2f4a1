// One sentence about how the home is. What is not safe is a red button that leads to what mends it; what is green was tested.
import { ago } from "../../format/format";
import { Icon } from "../../parts/Icon";
import { Failure } from "../../parts/States";
import { href } from "../../state/route";
import { t } from "../../text/text";
import type { HomeFacts } from "./Home";

export function State({ facts, error }: { facts: HomeFacts; error: unknown }) {
  const { status, monthsOfRoom, copies, buckets } = facts;
  if (!status) {
    const objects = buckets.reduce((sum, one) => sum + one.objects, 0);
    const bytes = buckets.reduce((sum, one) => sum + one.bytes, 0);
    return <p class="home-state">{t.home.stored(objects, bytes)}.</p>;
  }
  const isKitOpen = status.findings.some((one) => one.id.startsWith("kit."));
  return (
    <section class="home-state" aria-label={t.safety.title}>
      {error !== null && <Failure error={error} />}
      <p>
        <strong>{t.home.stored(status.files, status.logical_bytes)}</strong>, {t.home.takes(status.pack_bytes + status.journal_bytes + status.derived_bytes)}
        {status.last_change && <>, {t.home.lastStored(ago(status.last_change))}</>}, {t.home.free(status.available_bytes)}{monthsOfRoom !== null && `, ${t.home.months(Math.floor(monthsOfRoom))}`}.
      </p>
      <div class="line">
        {status.findings.map((one) => (
          <a key={one.id} class="finding" href={href("safety", { at: one.id })}><Icon name="warning" size={18} />{one.message.split(/[:;.]/)[0]}</a>
        ))}
        {status.last_data_verify && status.last_verify_ok && <span class="chip good"><Icon name="check" size={16} />{t.home.checked(ago(status.last_data_verify))}</span>}
        {copies.filter((one) => one.verify_ok !== false && one.verified).length > 0 && <span class="chip good"><Icon name="check" size={16} />{t.home.copies(copies.length)}</span>}
        {!isKitOpen && status.encryption !== "none" && <span class="chip good"><Icon name="check" size={16} />{t.home.kitSaved}</span>}
      </div>
    </section>
  );
}
