import { Empty } from "../parts/States";
import { href } from "../state/route";
import { t } from "../text/text";

export function NoPage() {
  return (
    <Empty isPage icon="search" title={t.errors.noPage}>
      <p>{t.errors.noPageWords}</p>
      <a class="button" href={href("home")}>{t.errors.toHome}</a>
    </Empty>
  );
}
