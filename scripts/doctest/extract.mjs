/** Finds the TypeScript code blocks in guides and in docstrings. */

/**
 * @typedef {object} Block
 * @property {number} line the line of the file, from 1, that holds the first line of code
 * @property {string[]} lines the code
 * @property {boolean} continues whether it goes on where the block before it stopped
 */

/**
 * The code blocks of a Markdown text that are marked `ts` (or `typescript`) and not `no-run`.
 *
 * @param {string} text
 * @returns {Block[]}
 */
export function blocksOfMarkdown(text) {
  return blocksOf(text.split("\n").map((line, index) => ({ text: line, line: index + 1 })));
}

/**
 * The code blocks in the docstrings of a TypeScript source: those between fences, and what follows
 * an `@example` up to the next tag where it has no fences of its own, as editors show it.
 *
 * @param {string} text
 * @returns {Block[]}
 */
export function blocksOfSource(text) {
  /** @type {Block[]} */
  const blocks = [];
  for (const { 0: comment, index } of text.matchAll(/^[ \t]*\/\*\*[\s\S]*?\*\//gm)) {
    const first = text.slice(0, index).split("\n").length;
    const lines = comment
      .replace(/\s*\*\/$/, "")
      .split("\n")
      .map((line, i) => ({ text: line.replace(/^\s*\/?\*{1,2} ?/, ""), line: first + i }));
    blocks.push(...blocksOf(withFences(lines)));
  }
  return blocks;
}

/**
 * Puts fences around the examples that have none.
 *
 * @param {{ text: string, line: number }[]} lines
 */
function withFences(lines) {
  /** @type {{ text: string, line: number }[]} */
  const fenced = [];
  for (let i = 0; i < lines.length; i++) {
    const { text, line } = /** @type {{ text: string, line: number }} */ (lines[i]);
    fenced.push({ text, line });
    if (text.trim() !== "@example") continue;
    const rest = lines.slice(i + 1);
    const end = rest.findIndex((next) => /^@\w/.test(next.text));
    const example = end < 0 ? rest : rest.slice(0, end);
    if (example.some((next) => /^\s*[`~]{3}/.test(next.text))) continue;
    fenced.push({ text: "```ts", line }, ...example, { text: "```", line: line + example.length });
    i += example.length;
  }
  return fenced;
}

/**
 * @param {{ text: string, line: number }[]} lines
 * @returns {Block[]}
 */
function blocksOf(lines) {
  /** @type {Block[]} */
  const blocks = [];
  /** @type {{ fence: string, indent: number, block: Block | undefined } | undefined} */
  let open;
  for (const { text, line } of lines) {
    const [, indent = "", fence, language = "", info = ""] =
      /^(\s*)(`{3,}|~{3,})\s*([^\s`]*)\s*([^`]*)$/.exec(text) ?? [];
    if (open) {
      const closes = fence?.startsWith(open.fence) && language === "";
      if (!closes) open.block?.lines.push(text.replace(new RegExp(`^\\s{0,${open.indent}}`), ""));
      if (closes) open = undefined;
    } else if (fence) {
      const words = info.split(/[\s,]+/);
      const runs = /^(ts|typescript)$/.test(language) && !words.includes("no-run");
      const block = runs
        ? { line: line + 1, lines: [], continues: words.includes("continue") }
        : undefined;
      if (block) blocks.push(block);
      open = { fence, indent: indent.length, block };
    }
  }
  return blocks;
}
