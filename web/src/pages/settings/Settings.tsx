// /ui/settings/PART: the account, people, roles, tokens, S3 keys, links, how long things are kept, limits, who finds by meaning,
// what was asked, the server.
import type { ComponentType } from "preact";
import { href, route } from "../../state/route";
import { may } from "../../state/session";
import { t } from "../../text/text";
import { NoPage } from "../../shell/NoPage";
import { Account } from "./Account";
import { Keeping } from "./Keeping";
import { Keys } from "./Keys";
import { Limits } from "./Limits";
import { Links } from "./Links";
import { Meaning } from "./Meaning";
import { People } from "./People";
import { Questions } from "./Questions";
import { Roles } from "./Roles";
import { Server } from "./Server";
import { Tokens } from "./Tokens";
import "./settings.css";

const parts: Array<{ name: string; words: string; part: ComponentType; isOffered?: () => boolean }> = [
  { name: "account", words: t.settings.account, part: Account },
  { name: "tokens", words: t.settings.tokens, part: Tokens },
  { name: "keys", words: t.settings.keys, part: Keys },
  { name: "links", words: t.settings.links, part: Links },
  { name: "people", words: t.settings.people, part: People, isOffered: () => may("account_read") },
  { name: "roles", words: t.settings.roles, part: Roles, isOffered: () => may("account_read") },
  { name: "keeping", words: t.settings.policy, part: Keeping, isOffered: () => may("policy_read") },
  { name: "limits", words: t.limits.title, part: Limits, isOffered: () => may("account_read") },
  { name: "meaning", words: t.meaning.title, part: Meaning, isOffered: () => may("status") },
  { name: "questions", words: t.questions.title, part: Questions, isOffered: () => may("status") },
  { name: "server", words: t.settings.server, part: Server, isOffered: () => may("status") },
];

export default function Settings() {
  const wanted = route.value.rest[0] ?? "account";
  const Part = parts.find((one) => one.name === wanted)?.part;
  return (
    <>
      <div class="page-head"><h1>{t.settings.title}</h1></div>
      <nav class="tabs" aria-label={t.settings.title}>
        {parts.filter((one) => one.isOffered?.() ?? true).map((one) => <a key={one.name} href={href("settings/" + one.name)} aria-current={one.name === wanted ? "page" : undefined}>{one.words}</a>)}
      </nav>
      {Part ? <Part /> : <NoPage />}
    </>
  );
}
