/** The network as a drawing: a column of small heat maps for each layer, and the weights as lines between them. */
import type { LayerView } from "./experiment.ts";
import { drawHeatMap, type Palette } from "./heat-map.ts";

const namespace = "http://www.w3.org/2000/svg";
/** Canvas pixels of a neuron's heat map. */
const pixels = 64;

/** A neuron by layer (0: the inputs) and place. */
export interface Place {
  readonly layer: number;
  readonly neuron: number;
}

export class NetworkView {
  private readonly columns: HTMLElement;
  private readonly links: SVGSVGElement;
  private readonly onSee: (place: Place | null) => void;
  private neurons: HTMLButtonElement[][] = [];
  private lines: SVGPathElement[][][] = [];

  /** @param onSee is told which neuron a reader points at, and `null` when it is none any more. */
  constructor(columns: HTMLElement, links: SVGSVGElement, onSee: (place: Place | null) => void) {
    this.columns = columns;
    this.links = links;
    this.onSee = onSee;
    new ResizeObserver(() => this.placeLines()).observe(columns);
  }

  /** Draws a network of another form. */
  build(inputs: readonly string[], layers: readonly LayerView[]): void {
    const titles = ["inputs", ...layers.slice(0, -1).map((_, i) => `layer ${i + 1}`), "answer"];
    const counts = [inputs.length, ...layers.map(({ biases }) => biases.length)];
    this.neurons = counts.map((count, layer) =>
      Array.from({ length: count }, (_, neuron) => this.makeNeuron({ layer, neuron }, inputs)),
    );
    this.columns.replaceChildren(
      ...this.neurons.map((buttons, layer) => {
        const column = document.createElement("div");
        const title = document.createElement("h2");
        title.textContent = titles[layer]!;
        column.append(title, ...buttons);
        return column;
      }),
    );
    this.lines = layers.map(({ weights }) =>
      weights.map((row) => row.map(() => document.createElementNS(namespace, "path"))),
    );
    this.links.replaceChildren(...this.lines.flat(2));
    this.placeLines();
  }

  /** Shows what neurons give, and how strong the weights are. */
  show(
    maps: readonly (readonly Float32Array[])[],
    layers: readonly LayerView[],
    palette: Palette,
  ): void {
    for (const [layer, neurons] of this.neurons.entries()) {
      for (const [neuron, button] of neurons.entries()) {
        drawHeatMap(button.querySelector("canvas")!, maps[layer]![neuron]!, palette);
        button.setAttribute(
          "aria-label",
          describe({ layer, neuron }, this.nameOf.bind(this), layers),
        );
      }
    }
    for (const [layer, { weights }] of layers.entries()) {
      for (const [to, row] of weights.entries()) {
        for (const [from, weight] of row.entries()) {
          const line = this.lines[layer]![to]![from]!;
          line.setAttribute("class", weight > 0 ? "link plus" : "link");
          // Weights of 4 and more look alike; without the root small ones could not be told apart.
          line.setAttribute(
            "stroke-width",
            (7 * Math.sqrt(Math.min(Math.abs(weight), 4) / 4)).toFixed(2),
          );
        }
      }
    }
  }

  /** Marks the neuron whose map is shown large. */
  mark(place: Place | null): void {
    for (const [layer, neurons] of this.neurons.entries())
      for (const [neuron, button] of neurons.entries())
        button.classList.toggle("seen", place?.layer === layer && place.neuron === neuron);
  }

  /** What a neuron is called. */
  nameOf({ layer, neuron }: Place): string {
    if (layer === 0) return this.neurons[0]![neuron]!.dataset.name!;
    if (layer === this.neurons.length - 1) return "answer";
    return `neuron ${neuron + 1} of layer ${layer}`;
  }

  private makeNeuron(place: Place, inputs: readonly string[]): HTMLButtonElement {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "neuron";
    const canvas = document.createElement("canvas");
    canvas.width = pixels;
    canvas.height = pixels;
    button.append(canvas);
    if (place.layer === 0) {
      button.dataset.name = inputs[place.neuron]!;
      const label = document.createElement("span");
      label.className = "name";
      label.textContent = inputs[place.neuron]!;
      button.append(label);
    }
    const see = (): void => this.onSee(place);
    const leave = (): void => this.onSee(null);
    button.addEventListener("pointerenter", see);
    button.addEventListener("pointerleave", leave);
    button.addEventListener("focus", see);
    button.addEventListener("blur", leave);
    return button;
  }

  /** Lines go from the right of one neuron to the left of the next. */
  private placeLines(): void {
    const origin = this.links.getBoundingClientRect();
    for (const [layer, rows] of this.lines.entries()) {
      for (const [to, row] of rows.entries()) {
        for (const [from, line] of row.entries()) {
          const begin = this.neurons[layer]![from]!.getBoundingClientRect();
          const end = this.neurons[layer + 1]![to]!.getBoundingClientRect();
          const [x0, y0] = [begin.right - origin.left, (begin.top + begin.bottom) / 2 - origin.top];
          const [x1, y1] = [end.left - origin.left, (end.top + end.bottom) / 2 - origin.top];
          const middle = (x0 + x1) / 2;
          line.setAttribute("d", `M${x0} ${y0}C${middle} ${y0} ${middle} ${y1} ${x1} ${y1}`);
        }
      }
    }
  }
}

/** A neuron in words: where its signal is from, with which weights. */
export function describe(
  place: Place,
  nameOf: (place: Place) => string,
  layers: readonly LayerView[],
): string {
  if (place.layer === 0) return `Input ${nameOf(place)}.`;
  const { weights, biases } = layers[place.layer - 1]!;
  const terms = weights[place.neuron]!.map(
    (weight, neuron) => `${weight.toFixed(2)} · ${nameOf({ layer: place.layer - 1, neuron })}`,
  );
  const name = nameOf(place);
  return `${name[0]!.toUpperCase()}${name.slice(1)}: ${terms.join(" + ")} + ${biases[place.neuron]!.toFixed(2)}.`;
}
