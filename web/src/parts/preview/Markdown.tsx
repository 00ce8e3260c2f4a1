// Markdown as elements, never as HTML text: what is not Markdown of this small kind is shown as it is written. Links are
// shown with where they lead and open only on purpose; pictures from elsewhere are not loaded.
import type { ComponentChildren } from "preact";

const inline = /(`+)([\s\S]*?)\1|\*\*([^*]+)\*\*|__([^_]+)__|\*([^*\s][^*]*)\*|\b_([^_]+)_\b|!?\[([^\]]*)\]\(([^)\s]+)[^)]*\)|<(https?:\/\/[^>\s]+)>/g;

function Link({ to, children }: { to: string; children: ComponentChildren }) {
  return /^https?:\/\//i.test(to) ? <a href={to} target="_blank" rel="noopener noreferrer">{children}</a> : <span>{children}</span>;
}

function words(text: string): ComponentChildren[] {
  const out: ComponentChildren[] = [];
  let at = 0;
  for (const found of text.matchAll(inline)) {
    out.push(text.slice(at, found.index));
    at = found.index + found[0].length;
    const [, , code, strong, strong2, soft, soft2, label, to, bare] = found;
    if (code !== undefined) out.push(<code>{code}</code>);
    else if (strong ?? strong2) out.push(<strong>{strong ?? strong2}</strong>);
    else if (soft ?? soft2) out.push(<em>{soft ?? soft2}</em>);
    else if (to !== undefined) out.push(found[0].startsWith("!") ? <em>{label || to}</em> : <Link to={to}>{words(label ?? "")}</Link>);
    else if (bare) out.push(<Link to={bare}>{bare}</Link>);
  }
  out.push(text.slice(at));
  return out;
}

const cells = (line: string): string[] => line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim());

export function Markdown({ text }: { text: string }) {
  const lines = text.replace(/\r\n/g, "\n").split("\n");
  const out: ComponentChildren[] = [];
  let i = 0;
  const take = (while_: (line: string) => boolean): string[] => {
    const some: string[] = [];
    while (i < lines.length && while_(lines[i] ?? "")) some.push(lines[i++] ?? "");
    return some;
  };
  while (i < lines.length) {
    const line = lines[i] ?? "";
    const heading = /^(#{1,6})\s+(.*)$/.exec(line);
    const fence = /^\s*(```+|~~~+)/.exec(line);
    if (line.trim() === "") i++;
    else if (fence) {
      i++;
      const code = take((one) => !one.trim().startsWith(fence[1] ?? "```"));
      i++;
      out.push(<pre class="snippet" tabIndex={0}>{code.join("\n")}</pre>);
    } else if (heading) {
      i++;
      const level = heading[1]?.length ?? 1;
      // The page has a heading of its own above.
      const Tag = (["h2", "h3", "h4", "h5", "h6", "h6"] as const)[level - 1] ?? "h6";
      out.push(<Tag>{words(heading[2] ?? "")}</Tag>);
    } else if (/^(-{3,}|\*{3,}|_{3,})\s*$/.test(line)) {
      i++;
      out.push(<hr />);
    } else if (/^\s*>/.test(line)) out.push(<blockquote>{words(take((one) => /^\s*>/.test(one)).map((one) => one.replace(/^\s*>\s?/, "")).join("\n"))}</blockquote>);
    else if (/^\s*\|.*\|/.test(line) && /^\s*\|?[\s:|-]+\|[\s:|-]*$/.test(lines[i + 1] ?? "")) {
      const rows = take((one) => one.includes("|"));
      out.push(<div class="scrolls-sideways" tabIndex={0} role="region" aria-label={rows[0] ?? ""}><table><thead><tr>{cells(rows[0] ?? "").map((cell) => <th scope="col">{words(cell)}</th>)}</tr></thead>
        <tbody>{rows.slice(2).map((row) => <tr>{cells(row).map((cell) => <td>{words(cell)}</td>)}</tr>)}</tbody></table></div>);
    } else if (/^\s*([-*+]|\d+[.)])\s+/.test(line)) {
      const isOrdered = /^\s*\d/.test(line);
      const items: string[] = [];
      for (const one of take((each) => each.trim() !== "" && (/^\s*([-*+]|\d+[.)])\s+/.test(each) || /^\s{2,}/.test(each))))
        if (/^\s*([-*+]|\d+[.)])\s+/.test(one)) items.push(one.replace(/^\s*([-*+]|\d+[.)])\s+/, ""));
        else items.push((items.pop() ?? "") + " " + one.trim());
      const inside = items.map((one) => <li>{words(one)}</li>);
      out.push(isOrdered ? <ol>{inside}</ol> : <ul>{inside}</ul>);
    } else out.push(<p>{words(take((one) => one.trim() !== "" && !/^(#{1,6}\s|\s*(```|~~~|>))/.test(one)).join("\n"))}</p>);
  }
  return <div class="markdown">{out}</div>;
}
