/**
 * The picture of the graph, kept in step.
 */

import { cellLook, heatScale } from "../render/heat.ts";
import { numbersOf } from "../trace/data.ts";
import type { TraceValue } from "../trace/schema.ts";
import type { Group } from "../view/scopes.ts";
import type { View } from "../view/view.ts";
import { valueText } from "../view/words.ts";
import type { Shown } from "./data.ts";
import type { StepEvent, TensorState } from "./steps.ts";

const svgNamespace = "http://www.w3.org/2000/svg";

/** What a step lights up. */
export interface Lit {
  readonly boxes: ReadonlySet<number>;
  readonly edges: ReadonlySet<number>;
}

/** The boxes and edges that a step is about. */
export function litBy({ trace, view }: Shown, event: StepEvent): Lit {
  const boxes = new Set<number>();
  const edges = new Set<number>();
  const { boxOf } = view;
  const light = (node: number, operand: number): void => {
    for (const [i, edge] of view.edges.entries())
      if (edge.uses.some((use) => use.node === node && use.operand === operand)) edges.add(i);
  };
  if (event.kind === "forward") {
    boxes.add(boxOf[event.node - 1]!);
    for (const operand of trace.nodes[event.node - 1]!.operands.keys()) light(event.node, operand);
  } else if (event.kind === "forwardScope" || event.kind === "backwardScope") {
    boxes.add(event.box);
    for (const [i, { from, to }] of view.edges.entries())
      if ((event.kind === "forwardScope" ? to : from) === event.box || to === event.box)
        edges.add(i);
  } else if (event.kind === "seed") {
    boxes.add(boxOf[trace.backward!.seeds[event.seed]!.target.node - 1]!);
  } else if (event.kind === "vjp" || event.kind === "sum") {
    const { node, operand } = trace.backward!.contributions[event.contribution]!;
    boxes.add(boxOf[node - 1]!);
    boxes.add(boxOf[trace.nodes[node - 1]!.operands[operand]!.node - 1]!);
    light(node, operand);
  } else if (event.kind === "update") {
    boxes.add(boxOf[trace.update![event.change]!.target.node - 1]!);
  } else if (event.kind === "error" && trace.error!.node !== null) {
    boxes.add(boxOf[trace.error!.node - 1]!);
    for (const operand of trace.error!.operands) light(trace.error!.node, operand);
  } else if (event.kind === "leaves") {
    for (const node of trace.nodes) if (node.kind === "leaf") boxes.add(boxOf[node.id - 1]!);
  }
  return { boxes, edges };
}

/** Keeps the picture as a step has it. */
export class Picture {
  private readonly svg: SVGSVGElement;
  private readonly view: View;
  private readonly decimalComma: boolean;
  private readonly boxes: SVGGElement[];
  private readonly edges: SVGPathElement[];

  /** @param place has the drawing of the view in it */
  constructor(place: Element, view: View, decimalComma: boolean) {
    this.decimalComma = decimalComma;
    const svg = place.querySelector<SVGSVGElement>("svg.graph")!;
    this.svg = svg;
    this.view = view;
    this.boxes = [...svg.querySelectorAll<SVGGElement>("g.box")];
    this.edges = [...svg.querySelectorAll<SVGPathElement>("path.edge")];
    if (decimalComma) this.localize();
  }

  show(state: ReadonlyMap<string, TensorState>, lit: Lit, backward: boolean): void {
    for (const group of this.boxes) {
      const index = Number(group.dataset.box);
      const { node } = this.view.boxes[index]!;
      group.classList.toggle("lit", lit.boxes.has(index));
      if (node === null) continue;
      const tensor = state.get(`${node.id}.0`);
      const isKnown = tensor?.value != null;
      group.classList.toggle("waiting", !isKnown);
      setText(group, ":scope > text.value", isKnown ? this.numbers(tensor.value) : "…");
      setText(group, ":scope > text.gradient", `∂ ${this.numbers(tensor?.gradient ?? null)}`);
      setCells(group.querySelector("g.cells.value"), tensor?.value ?? null);
      setCells(group.querySelector("g.cells.gradient"), tensor?.gradient ?? null);
    }
    for (const path of this.edges) {
      const isLit = lit.edges.has(Number(path.dataset.edge));
      path.classList.toggle("lit", isLit);
      path.classList.toggle("backward", isLit && backward);
      path.setAttribute("tabindex", isLit ? "0" : "-1");
    }
    this.reveal(lit);
  }

  /** Calls back when an edge is pointed at or focused. */
  onEdge(look: (edge: number | null) => void, label: (edge: number) => string): void {
    for (const path of this.edges) {
      const edge = Number(path.dataset.edge);
      path.setAttribute("role", "img");
      path.setAttribute("aria-label", label(edge));
      // A broad line that cannot be seen makes the edge easy to hit.
      const target = document.createElementNS(svgNamespace, "path");
      target.setAttribute("class", "target");
      target.setAttribute("d", path.getAttribute("d")!);
      path.before(target);
      for (const element of [path, target]) {
        element.addEventListener("pointerenter", () => look(edge));
        element.addEventListener("pointerleave", () => look(null));
      }
      path.addEventListener("focus", () => look(edge));
      path.addEventListener("blur", () => look(null));
    }
  }

  /** Makes buttons of closed scopes, and of the titles of open ones. */
  onScope(toggle: (scope: Group) => void, label: (scope: Group, isOpen: boolean) => string): void {
    const { boxes, frames } = this.view;
    const button = (element: Element, scope: Group, isOpen: boolean): void => {
      element.setAttribute("role", "button");
      element.setAttribute("tabindex", "0");
      element.setAttribute("data-scope", scope.key);
      element.setAttribute("aria-expanded", String(isOpen));
      element.setAttribute("aria-label", label(scope, isOpen));
      element.addEventListener("click", () => toggle(scope));
      element.addEventListener("keydown", (event) => {
        const { key } = event as KeyboardEvent;
        if (key !== "Enter" && key !== " ") return;
        event.preventDefault();
        event.stopPropagation();
        toggle(scope);
      });
    };
    for (const group of this.boxes) {
      const scope = boxes[Number(group.dataset.box)]!.group;
      if (scope !== null) button(group, scope, false);
    }
    for (const [i, title] of [...this.svg.querySelectorAll("g.frame > text")].entries()) {
      title.prepend("▾ ");
      button(title, frames[i]!.group, true);
    }
  }

  /** Constants stand as titles. */
  private localize(): void {
    for (const title of this.svg.querySelectorAll("g.leaf > text.title"))
      title.textContent = (title.textContent ?? "").replace(/^(−?\d+)\.(\d+(?:e-?\d+)?)$/, "$1,$2");
  }

  /** As in the language of the page: where the comma separates decimals, it cannot separate numbers. */
  private numbers(value: TraceValue | null): string {
    const text = valueText(value);
    return this.decimalComma ? text.replaceAll(", ", "; ").replaceAll(".", ",") : text;
  }

  /** Makes the picture as large as its frame allows, and never so small that it cannot be read. */
  fit(): void {
    const { width, height } = this.svg.viewBox.baseVal;
    const { clientWidth, clientHeight } = this.svg.parentElement!;
    const scale = Math.min((clientWidth - 24) / width, (clientHeight - 24) / height);
    // As large as the text beside it.
    const least = (0.95 * Number.parseFloat(getComputedStyle(document.body).fontSize)) / 16;
    const shown = Math.max(least, Math.min(2 * least, scale));
    this.svg.style.width = `${Math.round(width * shown)}px`;
    this.svg.style.height = `${Math.round(height * shown)}px`;
  }

  /** Scrolls what is lit into view, within the picture only. */
  private reveal(lit: Lit): void {
    const frame = this.svg.parentElement!;
    const boxes = this.boxes.filter((group) => lit.boxes.has(Number(group.dataset.box)));
    if (boxes.length === 0 || boxes.length > 6) return;
    const view = frame.getBoundingClientRect();
    const places = boxes.map((group) => group.getBoundingClientRect());
    const left = Math.min(...places.map((place) => place.left));
    const right = Math.max(...places.map((place) => place.right));
    const top = Math.min(...places.map((place) => place.top));
    const bottom = Math.max(...places.map((place) => place.bottom));
    if (left < view.left || right > view.right)
      frame.scrollLeft += (left + right - view.left - view.right) / 2;
    if (top < view.top || bottom > view.bottom)
      frame.scrollTop += (top + bottom - view.top - view.bottom) / 2;
  }
}

function setText(group: Element, selector: string, text: string): void {
  const element = group.querySelector(selector);
  if (element !== null) element.textContent = text.length > 30 ? `${text.slice(0, 29)}…` : text;
}

function setCells(group: Element | null, value: TraceValue | null): void {
  if (group === null) return;
  const numbers = numbersOf(value);
  group.classList.toggle("empty", numbers === null);
  if (numbers === null) return;
  const scale = heatScale(numbers);
  const marks: string[] = [];
  for (const [i, rect] of [...group.querySelectorAll("rect")].entries()) {
    const { sign, strength } = cellLook(numbers[i]!, scale);
    const [x, y] = [Number(rect.getAttribute("x")), Number(rect.getAttribute("y"))];
    rect.setAttribute("class", sign);
    rect.setAttribute("fill-opacity", String(strength));
    if (sign === "n") marks.push(`M${x + 2.5} ${y + 4.5}h4`);
    if (sign === "x") marks.push(`M${x + 2} ${y + 2}l5 5m0-5l-5 5`);
  }
  let path = group.querySelector("path.marks");
  if (path === null) {
    path = document.createElementNS(svgNamespace, "path");
    path.setAttribute("class", "marks");
    group.append(path);
  }
  path.setAttribute("d", marks.join(""));
}
