/**
 * Modules as text.
 */
import type { Module } from "./module.ts";
import { nameOf } from "./registry.ts";

/** The module and its children, indented, with what each says of itself. */
export function textOf(module: Module): string {
  return lines(module, new Set()).join("\n");
}

function lines(module: Module, above: ReadonlySet<Module>): string[] {
  const extra = module.extraRepr();
  // A module that holds one it belongs to is named once and not entered again.
  const children = above.has(module) ? [] : module.namedChildren();
  if (children.length === 0) return [`${nameOf(module)}(${extra})`];
  const inner = new Set([...above, module]);
  const body = children.flatMap(([name, child]) => {
    const [first, ...rest] = lines(child, inner);
    return [`  (${name}): ${first}`, ...rest.map((line) => `  ${line}`)];
  });
  return [`${nameOf(module)}(`, ...(extra === "" ? [] : [`  ${extra}`]), ...body, ")"];
}
