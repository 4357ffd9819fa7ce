/**
 * Tensors as tables of numbers, or as heat maps where they are larger.
 */

import { cellLook, heatScale } from "../render/heat.ts";
import { fromTraceNumber, numbersOf } from "../trace/data.ts";
import type { TraceValue } from "../trace/schema.ts";
import { numberText, shapeText } from "../view/words.ts";
import { h } from "./dom.ts";
import type { Words } from "./words.ts";

/** Up to this many rows and columns the numbers themselves are shown. */
const mostShown = 6;
/** Larger ones are not drawn cell by cell. */
const mostCells = 1024;

export function localNumber(words: Words, value: number, digits = 4): string {
  const text = numberText(value, digits);
  return words.decimalComma ? text.replace(".", ",") : text;
}

/** The place of an element, `[1, 0]`. */
export function indexText(shape: readonly number[], index: number): string {
  const places: number[] = [];
  let rest = index;
  for (let dim = shape.length - 1; dim >= 0; dim--) {
    const length = shape[dim]!;
    places.unshift(rest % length);
    rest = Math.floor(rest / length);
  }
  return shapeText(places);
}

/** Shows a tensor; with `choose`, its elements are buttons. */
export function tensorTable(
  words: Words,
  name: string,
  value: TraceValue | null,
  choose: ((element: number) => void) | null = null,
): HTMLElement {
  if (value === null) return h("p", { class: "none" }, `${name}: — (${words.notComputed})`);
  const numbers = numbersOf(value);
  const label = words.table(name, shapeText(value.shape));
  if (numbers === null || numbers.length > mostCells) {
    const { summary } = value;
    const count = value.shape.reduce((product, length) => product * length, 1);
    const range =
      summary === null
        ? ""
        : `: ${localNumber(words, fromTraceNumber(summary.least))} … ${localNumber(words, fromTraceNumber(summary.most))}, RMS ${localNumber(words, fromTraceNumber(summary.rms))}`;
    return h(
      "p",
      {},
      `${name} ${shapeText(value.shape)}: ${words.notWhole(String(count))}${range}`,
    );
  }
  if (value.shape.length === 0 && choose === null)
    return h("p", {}, `${name}: `, h("strong", {}, localNumber(words, numbers[0]!, 6)));
  const columns = value.shape.at(-1) ?? 1;
  const rows = columns === 0 ? 0 : numbers.length / columns;
  const isHeat = rows > mostShown || columns > mostShown;
  const scale = heatScale(numbers);
  const body = h("tbody");
  for (let row = 0; row < rows; row++) {
    const line = h("tr");
    for (let column = 0; column < columns; column++) {
      const element = row * columns + column;
      line.append(
        cell(
          words,
          numbers[element]!,
          scale,
          isHeat,
          indexText(value.shape, element),
          choose === null ? null : () => choose(element),
        ),
      );
    }
    body.append(line);
  }
  const caption = h("caption", {}, `${name} ${shapeText(value.shape)}`);
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": label },
    h("table", { class: isHeat ? "heat" : "numbers" }, caption, body),
  );
}

function cell(
  words: Words,
  number: number,
  scale: number,
  isHeat: boolean,
  index: string,
  choose: (() => void) | null,
): HTMLElement {
  const { sign, strength } = cellLook(number, scale);
  const text = localNumber(words, number);
  const shown = isHeat ? { p: "", n: "−", x: "×", z: "" }[sign] : text;
  const content =
    choose === null
      ? shown
      : h(
          "button",
          {
            type: "button",
            title: `${index} ${text}`,
            "aria-label": `${index} ${text}`,
            onclick: choose,
          },
          shown,
        );
  const element = h("td", { title: `${index} ${text}` }, content);
  // The numbers stay readable on their colour.
  const share = Math.round(strength * (isHeat ? 100 : 30));
  if (sign === "p" || sign === "n")
    element.style.background = `color-mix(in srgb, var(--${sign === "p" ? "plus" : "minus"}) ${share}%, transparent)`;
  return element;
}
