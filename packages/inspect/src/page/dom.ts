/**
 * Making elements. Text is always set as text; only formulas, which were checked when the page was made, are markup.
 */
export type Child = Node | string | null;

/** An element with attributes, listeners (`onclick`) and children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string | ((event: Event) => void) | null>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value !== null) element.setAttribute(name, value);
  }
  for (const child of children) if (child !== null) element.append(child);
  return element;
}

/** The element with an id; the page has it. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`no #${id}`);
  return found;
}

export function replaceChildren(element: Element, ...children: readonly Child[]): void {
  element.replaceChildren(...children.filter((child) => child !== null));
}

/** A formula, in which symbols may be replaced by numbers. */
export function formula(
  mathml: string | undefined,
  numbers: ReadonlyMap<string, string> = new Map(),
): Element | null {
  if (mathml === undefined) return null;
  const holder = document.createElement("div");
  holder.className = "formula";
  holder.innerHTML = mathml;
  if (numbers.size > 0) {
    for (const name of holder.querySelectorAll("mi")) {
      const number = numbers.get(name.textContent ?? "");
      if (number === undefined) continue;
      const shown = document.createElementNS("http://www.w3.org/1998/Math/MathML", "mn");
      shown.textContent = /^[−(]/.test(number) ? `(${number})` : number;
      name.replaceWith(shown);
    }
  }
  return holder;
}
