/**
 * A worked example written down: plain text, Markdown with TeX, or a page that prints well.
 */

import type { Language } from "../page/data.ts";
import { markup } from "../render/escape.ts";
import { mathML } from "../render/mathml.ts";
import type { Equation, Table, WorkedExample } from "./document.ts";
import type { Notation } from "./notation.ts";
import { write } from "./notation.ts";

/** Lines longer than this are broken before their equals signs. */
const lineLength = 96;

/** TeX that is no longer fits a narrow column. */
const shortLine = 28;

/** For the terminal. */
export function toPlainText({ title, sections }: WorkedExample, notation: Notation): string {
  const lines: string[] = [];
  const underlined = (text: string, sign: string): void => {
    lines.push(text, sign.repeat([...text].length), "");
  };
  if (title !== "") underlined(title, "=");
  for (const { heading, blocks } of sections) {
    underlined(heading, "-");
    for (const block of blocks) {
      if (block.kind === "heading") lines.push(block.text);
      else if (block.kind === "sentence") lines.push(block.text, "");
      else if (block.kind === "equations") {
        for (const equation of block.equations) lines.push(...equationLines(equation, notation));
        lines.push("");
      } else lines.push(...tableLines(block.table, notation), "");
    }
  }
  return `${lines.join("\n").trimEnd()}\n`;
}

function equationLines({ left, right, remark }: Equation, notation: Notation): string[] {
  const start = `  ${write(left, notation)}`;
  const sides = right.map(({ expression, substituted }) =>
    write(expression, notation, substituted),
  );
  const distinct = sides.filter((side, i) => side !== sides[i - 1]);
  const behind = remark === null ? "" : `   (${remark})`;
  const line = `${start} = ${distinct.join(" = ")}${behind}`;
  if ([...line].length <= lineLength) return [line];
  const indent = " ".repeat([...start].length);
  return distinct.map(
    (side, i) => `${i === 0 ? start : indent} = ${side}${i === distinct.length - 1 ? behind : ""}`,
  );
}

function tableLines({ name, formula, rows, remark }: Table, notation: Notation): string[] {
  const head = `  ${[name, ...(formula === null ? [] : [formula])].map((part) => write(part, notation)).join(" = ")}`;
  const behind = remark === null ? "" : `   (${remark})`;
  if (rows === null) return [`${head}${behind}`];
  const cells = rows.map((row) => row.map((value) => notation.number(value)));
  if (cells.length === 1 && cells[0]!.length === 1) return [`${head} = ${cells[0]![0]}${behind}`];
  const widths = (cells[0] ?? []).map((_, column) =>
    cells.reduce((most, row) => Math.max(most, [...row[column]!].length), 0),
  );
  const body = cells.map(
    (row) =>
      `    [ ${row.map((cell, column) => " ".repeat(widths[column]! - [...cell].length) + cell).join("  ")} ]`,
  );
  return [`${head}${behind}`, ...body];
}

/** TeX of an equation, as one line of an aligned block. */
function equationTeX({ left, right, remark }: Equation, notation: Notation): string {
  const sides = right.map(({ expression, substituted }) =>
    write(expression, notation, substituted),
  );
  const distinct = sides.filter((side, i) => side !== sides[i - 1]);
  const behind = remark === null ? "" : ` \\quad \\text{(${texText(remark)})}`;
  return `${write(left, notation)} &= ${distinct.join(" = ")}${behind}`;
}

function tableTeX({ name, formula, rows, remark }: Table, notation: Notation): string {
  const parts = [name, ...(formula === null ? [] : [formula])].map((part) => write(part, notation));
  if (rows !== null) {
    parts.push(
      rows.length === 1 && rows[0]!.length === 1
        ? notation.number(rows[0]![0]!)
        : `\\begin{pmatrix} ${rows.map((row) => row.map((value) => notation.number(value)).join(" & ")).join(" \\\\ ")} \\end{pmatrix}`,
    );
  }
  return `${parts.join(" = ")}${remark === null ? "" : ` \\quad \\text{(${texText(remark)})}`}`;
}

function texText(text: string): string {
  return text.replace(/[\\{}$&#^_%~<>]/g, " ");
}

/** Markdown, with formulas between dollar signs. */
export function toMarkdown({ title, sections }: WorkedExample, notation: Notation): string {
  const lines: string[] = title === "" ? [] : [`# ${markdownText(title)}`, ""];
  for (const { heading, blocks } of sections) {
    lines.push(`## ${heading}`, "");
    for (const block of blocks) {
      if (block.kind === "heading") lines.push(`### ${markdownText(block.text)}`, "");
      else if (block.kind === "sentence") lines.push(markdownText(block.text), "");
      else if (block.kind === "equations") {
        if (block.equations.length === 0) continue;
        const body = block.equations.map((equation) => equationTeX(equation, notation));
        lines.push("$$", `\\begin{aligned}\n${body.join(" \\\\\n")}\n\\end{aligned}`, "$$", "");
      } else lines.push("$$", tableTeX(block.table, notation), "$$", "");
    }
  }
  return `${lines.join("\n").trimEnd()}\n`;
}

function markdownText(text: string): string {
  return text.replace(/[\\`*_{}[\]<>#|]/g, (sign) => `\\${sign}`);
}

const style = `
:root { color-scheme: light dark; }
:root { font-size: 17px; }
@media screen and (min-width: 1700px) { :root { font-size: 25px; } }
body { font: 1rem/1.55 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1.25rem; }
h1 { font-size: 1.6rem; } h2 { margin-top: 2.2rem; border-bottom: 1px solid; padding-bottom: .2rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
.lines { overflow-x: auto; } math { font-size: 1.05rem; }
.lines math { width: max-content; margin: .6rem 0 .6rem 1rem; }
.short { column-width: 11rem; } .short math { break-inside: avoid; margin-top: 0; }
@media print {
  :root { color-scheme: light; } body { max-width: none; margin: 0; font-size: 11pt; }
  h2, h3 { break-after: avoid; } .lines { overflow: visible; } .lines math { break-inside: avoid; }
}
`;

/** One page without scripts and without anything to fetch. */
export function toPage(
  { title, sections }: WorkedExample,
  notation: Notation,
  language: Language,
): string {
  const body: string[] = title === "" ? [] : [`<h1>${markup(title)}</h1>`];
  for (const { heading, blocks } of sections) {
    body.push(`<section><h2>${markup(heading)}</h2>`);
    for (const block of blocks) {
      if (block.kind === "heading") body.push(`<h3>${markup(block.text)}</h3>`);
      else if (block.kind === "sentence") body.push(`<p>${markup(block.text)}</p>`);
      else {
        const formulas =
          block.kind === "table"
            ? [tableTeX(block.table, notation)]
            : block.equations.map((equation) =>
                equationTeX(equation, notation).replace("&= ", "= "),
              );
        // Short lines, such as those of what is given, stand in columns.
        const isShort = formulas.length > 3 && formulas.every((tex) => tex.length <= shortLine);
        body.push(
          `<div class="lines${isShort ? " short" : ""}">${formulas.map(mathML).join("\n")}</div>`,
        );
      }
    }
    body.push("</section>");
  }
  return [
    "<!doctype html>",
    `<html lang="${language}">`,
    "<head>",
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${markup(title === "" ? "Chainrule" : title)}</title>`,
    `<style>${style}</style>`,
    "</head>",
    "<body>",
    ...body,
    "</body>",
    "</html>",
    "",
  ].join("\n");
}
