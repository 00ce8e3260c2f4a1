// Where everything of a provenance graph is drawn: sources to the left of what was made from them, each activity between
// the two. Pure: the same graph gives the same picture.
//
// Always true: a column shows at most kColumnMax versions and says how many more there are; every line joins two boxes that
// are shown. The order within a column follows the neighbours nearer to the middle (barycentres, as in Sugiyama, Tagawa and
// Toda, "Methods for visual understanding of hierarchical system structures", 1981), which keeps most lines from crossing.
import type { Provenance, ProvenanceNode } from "../../api/types";

export interface Box {
  id: string;
  kind: "version" | "activity" | "more";
  x: number;
  y: number;
  width: number;
  height: number;
  node: ProvenanceNode | null; // null: stands for `count` more
  count: number;
  isMiddle: boolean;
}
export interface Line {
  from: Box;
  to: Box;
}
export interface Picture {
  boxes: Box[];
  lines: Line[];
  width: number;
  height: number;
}

const kColumnMax = 6;
const kColumnsMax = 6; // to each side
const kVersion = { width: 204, height: 64 };
const kActivity = { width: 132, height: 40 };
const kMore = { width: 204, height: 40 };
const kGap = { across: 44, down: 18 };
const kMargin = 4;

interface Placed {
  id: string;
  node: ProvenanceNode;
  column: number;
  sources: string[];
  derived: string[];
}

const kMiddle = "middle";

// Both directions as one graph, with the version that was asked about in the middle.
function join(upstream: Provenance, downstream: Provenance): Map<string, Placed> {
  const all = new Map<string, Placed>();
  for (const [graph, letter, sign] of [[upstream, "s", -1], [downstream, "d", 1]] as const) {
    const idOf = new Map(graph.nodes.map((node) => [node.id, node.depth === 0 ? kMiddle : letter + node.id]));
    for (const node of graph.nodes) {
      const id = idOf.get(node.id) ?? kMiddle;
      if (!all.has(id)) all.set(id, { id, node, column: sign * node.depth, sources: [], derived: [] });
    }
    for (const edge of graph.edges) {
      const [derived, source] = [idOf.get(edge.derived), idOf.get(edge.source)];
      if (derived === undefined || source === undefined) continue;
      all.get(derived)?.sources.push(source);
      all.get(source)?.derived.push(derived);
    }
  }
  return all;
}

// Each version further from the middle than everything on the way to it, so that no line goes back (longest path). Ends
// also where what was recorded goes in a circle.
function spread(all: Map<string, Placed>): void {
  for (let round = 0, isMoving = true; isMoving && round < kColumnsMax * 2; round++) {
    isMoving = false;
    for (const one of all.values()) {
      const inner = one.column < 0 ? one.derived : one.sources;
      for (const id of inner) {
        const before = all.get(id)?.column ?? 0;
        const least = one.column < 0 ? before - 1 : before + 1;
        const isNear = one.column < 0 ? before <= 0 && one.column > least : before >= 0 && one.column < least;
        if (!isNear || one.id === kMiddle) continue;
        one.column = least;
        isMoving = true;
      }
    }
  }
}

function mean(places: number[]): number {
  return places.length === 0 ? Number.MAX_SAFE_INTEGER : places.reduce((sum, one) => sum + one, 0) / places.length;
}

// Each column's versions from top to bottom, the middle column first.
function order(all: Map<string, Placed>): Map<number, Placed[]> {
  const columns = new Map<number, Placed[]>();
  const rank = new Map<string, number>();
  const wanted = [...new Set([...all.values()].map((one) => one.column))].sort((a, b) => Math.abs(a) - Math.abs(b) || a - b);
  for (const column of wanted) {
    const here = [...all.values()].filter((one) => one.column === column);
    const place = (one: Placed): number => mean([...one.sources, ...one.derived].flatMap((other) => rank.get(other) ?? []));
    here.sort((a, b) => place(a) - place(b) || a.node.name.localeCompare(b.node.name));
    here.forEach((one, i) => rank.set(one.id, i - here.length / 2));
    columns.set(column, here);
  }
  return columns;
}

export function draw(upstream: Provenance, downstream: Provenance): Picture {
  const all = join(upstream, downstream);
  spread(all);
  const columns = order(all);
  const isShown = (column: number): boolean => Math.abs(column) <= kColumnsMax;
  const numbers = [...columns.keys()].filter(isShown).sort((a, b) => a - b);
  const heightOf = (versions: number, hasMore: boolean): number => versions * (kVersion.height + kGap.down) + (hasMore ? kMore.height : -kGap.down);
  const stacks = new Map(numbers.map((column) => {
    const whole = columns.get(column) ?? [];
    return [column, { versions: whole.slice(0, kColumnMax), more: Math.max(0, whole.length - kColumnMax) }];
  }));
  const height = Math.max(...[...stacks.values()].map((one) => heightOf(one.versions.length, one.more > 0)));
  const boxes = new Map<string, Box>();
  const activities = new Map<string, Box>();
  const others: Box[] = [];
  let x = kMargin;
  for (const column of numbers) {
    const stack = stacks.get(column);
    if (!stack) continue;
    // How a version was made stands to its left, behind what it was made from.
    const made = stack.versions.filter((one) => one.node.transformation && column > (numbers[0] ?? 0));
    const activityX = x;
    if (made.length > 0) x += kActivity.width + kGap.across;
    let y = kMargin + (height - heightOf(stack.versions.length, stack.more > 0)) / 2;
    for (const one of stack.versions) {
      boxes.set(one.id, { id: one.id, kind: "version", x, y, ...kVersion, node: one.node, count: 0, isMiddle: one.id === kMiddle });
      if (made.includes(one)) {
        activities.set(one.id, { id: one.id + "-made", kind: "activity", x: activityX, y: y + (kVersion.height - kActivity.height) / 2, ...kActivity, node: one.node, count: 0, isMiddle: false });
      }
      y += kVersion.height + kGap.down;
    }
    if (stack.more > 0) others.push({ id: `more${column}`, kind: "more", x, y, ...kMore, node: null, count: stack.more, isMiddle: false });
    x += kVersion.width + kGap.across;
  }
  const lines: Line[] = [];
  for (const [id, box] of boxes) {
    const activity = activities.get(id);
    if (activity) lines.push({ from: activity, to: box });
    for (const source of all.get(id)?.sources ?? []) {
      const from = boxes.get(source);
      if (from) lines.push({ from, to: activity ?? box });
    }
  }
  return { boxes: [...activities.values(), ...boxes.values(), ...others].sort((a, b) => a.x - b.x || a.y - b.y), lines, width: x - kGap.across + kMargin, height: height + 2 * kMargin };
}

// The box that an arrow key leads to: the nearest whose middle lies that way.
export function next(boxes: Box[], from: Box, key: string): Box | null {
  const away: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const way = away[key];
  if (!way) return null;
  const middle = (box: Box): [number, number] => [box.x + box.width / 2, box.y + box.height / 2];
  const [x, y] = middle(from);
  let best: Box | null = null;
  let least = Infinity;
  for (const box of boxes) {
    const [dx, dy] = [middle(box)[0] - x, middle(box)[1] - y];
    const along = dx * way[0] + dy * way[1];
    const aside = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
    if (box === from || along < 10 || (way[0] === 0 && aside > 10)) continue; // up and down stay in their column
    const distance = along + 2 * aside;
    if (distance < least) [best, least] = [box, distance];
  }
  return best;
}
