/**
 * The colours of pictures, for light and for dark. Text has a contrast of at least 4.5 on its ground.
 */
const light = `--ground:#fff;--ink:#1c2430;--soft:#4d596b;--line:#8793a5;--op:#fff;--leaf:#eef1f5;--param:#e2f2e6;--group:#fdf3d7;--frame:#f6f8fb;--fail:#fde4e4;--bad:#b3261e;--good:#1a6b36;--accent:#1558b0;--lit:#ffe9a8;--plus:#c2410c;--minus:#1d4ed8`;
const dark = `--ground:#12161d;--ink:#e9eef6;--soft:#aab6c6;--line:#6b7a90;--op:#1b222c;--leaf:#252d39;--param:#173325;--group:#3a3216;--frame:#171d26;--fail:#471d1f;--bad:#ff9c94;--good:#7fd79a;--accent:#8ab8ff;--lit:#5a4a12;--plus:#fb8a4c;--minus:#6fa0ff`;

/** Where the variables live: on the root of a page, or on the picture itself. */
export function colorRules(scope: string): string {
  return `${scope}{${light}}@media(prefers-color-scheme:dark){${scope}{${dark}}}`;
}

/** How the graph looks; `colorRules` must stand beside it. */
export const graphRules = [
  ".graph text{font:12px system-ui,sans-serif;fill:var(--ink)}",
  ".graph .title{font-weight:600}",
  ".graph .soft,.graph .edge-label{fill:var(--soft);font-size:11px}",
  // A margin in the colour of the ground keeps the line that passes below from the words.
  ".graph .edge-label{paint-order:stroke;stroke:var(--ground);stroke-width:6px;stroke-linejoin:round}",
  ".graph .gradient{fill:var(--accent)}",
  ".graph .box>rect{stroke:var(--line);fill:var(--op)}",
  ".graph .leaf>rect{fill:var(--leaf)}",
  ".graph .param>rect{fill:var(--param)}",
  ".graph .group>rect{fill:var(--group);stroke-width:2}",
  ".graph .failed>rect{fill:var(--fail);stroke:var(--bad);stroke-width:2}",
  ".graph .frame>rect{fill:var(--frame);stroke:var(--line);stroke-dasharray:4 3}",
  ".graph .frame>text{fill:var(--soft);font-size:11px}",
  ".graph .edge{fill:none;stroke:var(--line);stroke-width:1.4}",
  ".graph .edge.bad{stroke:var(--bad);stroke-width:2.4}",
  ".graph .arrow{fill:var(--line)}.graph .arrow.lit{fill:var(--accent)}",
  ".graph .p{fill:var(--plus)}.graph .n{fill:var(--minus)}.graph .x{fill:var(--bad)}.graph .z{fill:none}",
  ".graph .cells{stroke:var(--line);stroke-width:.4}",
  ".graph .marks{stroke:var(--ink);stroke-width:1.2;fill:none}",
].join("");
