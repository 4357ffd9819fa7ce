/**
 * The script of an exercise: fields for the elements of each gradient, marked when asked.
 */
import type { Language } from "../page/data.ts";
import { byId, h } from "../page/dom.ts";
import { numbersOf } from "../trace/data.ts";
import type { Trace, TraceRef } from "../trace/schema.ts";
import { markAnswer } from "./mark.ts";
import { messageOf, positionOf } from "./message.ts";
import { exerciseWords } from "./words.ts";

/** What the page holds. */
export interface ExerciseData {
  readonly language: Language;
  readonly tolerance: number;
  readonly trace: Trace;
  readonly targets: readonly (readonly [name: string, target: TraceRef])[];
}

const data: ExerciseData = JSON.parse(byId("data").textContent ?? "");
const { language, tolerance, trace, targets } = data;
const words = exerciseWords[language];
const solved = new Set<string>();

function showProgress(): void {
  byId("progress").textContent = words.progress(solved.size, targets.length);
}

/** A number as people write it: with a decimal comma, a true minus sign, or neither. */
function readNumber(text: string): number {
  const plain = text.trim().replace("−", "-").replace(",", ".");
  return plain === "" ? Number.NaN : Number(plain);
}

function written(value: number): string {
  const text = String(Number(value.toPrecision(6)));
  return language === "es" ? text.replace(".", ",") : text;
}

function form(name: string, target: TraceRef): HTMLElement {
  const tensor = trace.nodes[target.node - 1]!.outputs[target.output]!;
  const { shape } = tensor;
  const gradient = numbersOf(tensor.grad)!;
  const fields = gradient.map((_, flat) => {
    const position = positionOf(flat, shape);
    const place = position.length === 0 ? "" : ` [${position.join(", ")}]`;
    return h("input", {
      type: "text",
      inputmode: "decimal",
      autocomplete: "off",
      size: "9",
      "aria-label": words.element(name, place),
    });
  });
  const columns = shape.at(-1) ?? 1;
  const rows = Array.from({ length: fields.length / columns }, (_, i) =>
    h("div", { class: "row" }, ...fields.slice(i * columns, (i + 1) * columns)),
  );
  const verdict = h("p", { class: "verdict", role: "status" });
  const section = h(
    "form",
    {
      onsubmit: (event) => {
        event.preventDefault();
        mark();
      },
    },
    h(
      "fieldset",
      {},
      h("legend", {}, `∂/∂${name}${shape.length === 0 ? "" : `  [${shape.join(", ")}]`}`),
      ...rows,
      h("button", { type: "submit" }, words.check),
      h(
        "button",
        {
          type: "button",
          class: "quiet",
          onclick: () => {
            for (const [i, field] of fields.entries()) {
              field.value = written(gradient[i]!);
              field.removeAttribute("aria-invalid");
            }
          },
        },
        words.show,
      ),
      verdict,
    ),
  );

  function mark(): void {
    const values = fields.map((field) => readNumber(field.value));
    for (const field of fields) field.removeAttribute("aria-invalid");
    const unreadable = values.findIndex(Number.isNaN);
    if (unreadable >= 0) {
      fields[unreadable]!.setAttribute("aria-invalid", "true");
      fields[unreadable]!.focus();
      verdict.textContent = words.unreadable(fields[unreadable]!.value);
      return;
    }
    const answer = { shape, data: values };
    const found = markAnswer(trace, target, answer, {
      relative: tolerance,
      absolute: tolerance / 1000,
    });
    for (const flat of found.wrong) fields[flat]!.setAttribute("aria-invalid", "true");
    if (found.isRight) solved.add(name);
    section.classList.toggle("solved", solved.has(name));
    verdict.textContent = messageOf(name, found, answer, language);
    showProgress();
  }

  return section;
}

byId("blanks").append(...targets.map(([name, target]) => form(name, target)));
showProgress();
