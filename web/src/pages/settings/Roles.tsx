import { get } from "../../api/client";
import type { RoleList } from "../../api/types";
import { Loaded } from "../../parts/States";
import { useLoad } from "../../state/load";
import { t } from "../../text/text";

export function Roles() {
  const { state, again } = useLoad(() => get<RoleList>("api/v1/roles"), []);
  return (
    <Loaded state={state.value} again={again}>
      {({ roles, actions }) => {
        const words = new Map(actions.map((one) => [one.name, one.words]));
        return (
          <div class="columns">{roles.map((one) => (
            <section key={one.name} class="card padded stack tight">
              <h2 class="line">{one.name} <span class="chip">{one.kind === "own" ? t.settings.own : t.settings.preset}</span></h2>
              <p>{one.description}</p>
              <details><summary>{t.settings.roleRules}</summary>
                {one.rules.map((rule, i) => <p key={i} class="small soft">{rule.denies && `${t.object.denied}: `}{rule.actions.map((action) => words.get(action) ?? action).join("; ")}</p>)}</details>
            </section>
          ))}</div>
        );
      }}
    </Loaded>
  );
}
