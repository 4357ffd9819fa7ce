/**
 * Text from a trace may come from anywhere: each kind of picture has its way of making it harmless.
 */

/** Names and messages are cut to what can be read. */
const maxShown = 200;

/** One line without control characters, cut where it is too long: a name must not steer the terminal. */
export function plainLine(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ");
  return line.length > maxShown ? `${line.slice(0, maxShown - 1)}…` : line;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** For SVG and HTML, between tags and in quoted attributes. */
export function markup(text: string): string {
  return loneSurrogatesOut(plainLine(text)).replace(/[&<>"']/g, (sign) => entities[sign]!);
}

/** XML and UTF-8 know no half characters. */
function loneSurrogatesOut(text: string): string {
  return text.replace(
    /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]|[\uFFFE\uFFFF]/g,
    "\uFFFD",
  );
}

/** A quoted string of Graphviz. */
export function dotString(...lines: readonly string[]): string {
  const escaped = lines.map((line) => loneSurrogatesOut(plainLine(line)).replace(/["\\]/g, "\\$&"));
  return `"${escaped.join("\\n")}"`;
}

/** A quoted label of Mermaid: whatever could mean something there stands as its number. */
export function mermaidString(...lines: readonly string[]): string {
  const escaped = lines.map((line) =>
    Array.from(loneSurrogatesOut(plainLine(line)), (sign) =>
      /[\p{L}\p{N} .,:=−∂×…—∞+_/]/u.test(sign) ? sign : `#${sign.codePointAt(0)};`,
    ).join(""),
  );
  return `"${escaped.join("<br>")}"`;
}
