/**
 * Changing a leaf.
 */

import { numbersOf, singleNumberOf } from "../trace/data.ts";
import type { Trace, TraceNode, TraceTensor } from "../trace/schema.ts";
import { shapeText } from "../view/words.ts";
import type { PageData, PageEngine } from "./data.ts";
import type { Child } from "./dom.ts";
import { h, replaceChildren } from "./dom.ts";
import { indexText, localNumber } from "./tables.ts";
import type { Words } from "./words.ts";

/** Larger leaves have too many numbers for a field each. */
const mostFields = 36;

/** A field for each number of each small leaf; `swap` shows the trace that follows. */
export function editor(
  data: PageData,
  words: Words,
  engine: PageEngine,
  swap: (trace: Trace, announcement: string | null) => void,
): Child[] {
  const { trace, names } = data;
  const changed: Record<number, number[]> = {};
  const message = h("p", { role: "status" });
  const leaves = trace.nodes.filter((node) => {
    const [tensor] = node.outputs;
    return node.kind === "leaf" && tensor!.value!.data!.length > 0 && tensor!.dtype !== "bool";
  });
  // Parameters and inputs before constants, which have no names.
  const isConstant = ({ outputs: [tensor] }: TraceNode): boolean =>
    tensor!.name === null && !tensor!.requiresGrad;
  leaves.sort((a, b) => Number(isConstant(a)) - Number(isConstant(b)));
  const output = trace.outputs[0]!;
  const change = (id: number, element: number, input: HTMLInputElement): void => {
    const value = Number(input.value.trim().replace(",", "."));
    const isNumber = input.value.trim() !== "" && !Number.isNaN(value);
    input.setAttribute("aria-invalid", String(!isNumber));
    if (!isNumber) {
      message.textContent = words.badNumber;
      return;
    }
    const numbers = changed[id] ?? numbersOf(trace.nodes[id - 1]!.outputs[0]!.value)!;
    numbers[element] = value;
    changed[id] = numbers;
    try {
      const next = engine.replay(trace, changed);
      const result = singleNumberOf(next.nodes[output.node - 1]!.outputs[output.output]!.value);
      const name = names[output.node - 1]![output.output]!;
      message.textContent =
        result === null
          ? ""
          : words.edited(names[id - 1]![0]!, name, localNumber(words, result, 6));
      swap(next, message.textContent);
    } catch (error) {
      message.textContent = error instanceof Error ? error.message : String(error);
    }
  };
  const written = (number: number): string =>
    words.decimalComma ? String(number).replace(".", ",") : String(number);
  const numberField = (label: string, number: number): HTMLInputElement =>
    h("input", {
      type: "text",
      inputmode: "decimal",
      size: "7",
      spellcheck: "false",
      value: written(number),
      "aria-label": label,
    });
  /** Of a larger leaf one element at a time: its place, and its number. */
  const elementFields = (id: number, name: string, { shape, value }: TraceTensor): HTMLElement => {
    let element = 0;
    const first = shape.map(() => 0).join(", ");
    const place = h("input", {
      type: "text",
      size: "7",
      value: first,
      "aria-label": words.placeFor(name),
    });
    const field = numberField(name, numbersOf(value)![0]!);
    place.addEventListener("change", () => {
      const found = elementAt(shape, place.value);
      place.setAttribute("aria-invalid", String(found === null));
      if (found === null) {
        message.textContent = words.badPlace(first, shapeText(shape));
        return;
      }
      element = found;
      field.value = written((changed[id] ?? numbersOf(value)!)[element]!);
    });
    field.addEventListener("change", () => change(id, element, field));
    return h(
      "fieldset",
      {},
      h("legend", {}, `${name} ${shapeText(shape)}`),
      h("div", { class: "row" }, "[", place, "] = ", field),
    );
  };
  const fields = leaves.map(({ id, outputs: [tensor] }) => {
    const name = names[id - 1]![0]!;
    const { shape } = tensor!;
    if (tensor!.value!.data!.length > mostFields) return elementFields(id, name, tensor!);
    const inputs = numbersOf(tensor!.value)!.map((number, element) => {
      const label = words.editFor(name, shape.length === 0 ? "" : indexText(shape, element));
      const field = numberField(label.trim(), number);
      field.addEventListener("change", () => change(id, element, field));
      return field;
    });
    const columns = shape.at(-1) ?? 1;
    const rows: HTMLElement[] = [];
    for (let i = 0; i < inputs.length; i += columns)
      rows.push(h("div", { class: "row" }, ...inputs.slice(i, i + columns)));
    return h("fieldset", {}, h("legend", {}, name), ...rows);
  });
  const reset = h("button", { type: "button" }, words.reset);
  reset.addEventListener("click", () => {
    for (const key of Object.keys(changed)) delete changed[Number(key)];
    // Places go back to the first one, and so do their numbers.
    for (const input of document.querySelectorAll<HTMLInputElement>("#edit input")) {
      input.value = input.defaultValue;
      input.removeAttribute("aria-invalid");
    }
    replaceChildren(message);
    swap(trace, words.reset);
  });
  return [
    h("h2", {}, words.edit),
    h("p", {}, words.editText),
    ...fields,
    h("p", {}, reset),
    message,
  ];
}

/** The element at a place that somebody wrote, `3, 5` or `[3, 5]`; `null` where there is none. */
function elementAt(shape: readonly number[], text: string): number | null {
  const places = text.replace(/[[\]\s]/g, "").split(/[,;]/);
  if (places.length !== shape.length) return null;
  let element = 0;
  for (const [dim, length] of shape.entries()) {
    const place = Number(places[dim]);
    if (places[dim] === "" || !Number.isInteger(place) || place < 0 || place >= length) return null;
    element = element * length + place;
  }
  return element;
}
