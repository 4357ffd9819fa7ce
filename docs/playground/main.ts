/** The page: settings on the left, the network in the middle, what it has learned on the right. */
import { drawCurves } from "./curves.ts";
import {
  activations,
  Experiment,
  inputs,
  mostLayers,
  mostNeurons,
  optimizers,
  type Settings,
} from "./experiment.ts";
import { currentPalette, drawHeatMap, drawPoints } from "./heat-map.ts";
import { describe, NetworkView, type Place } from "./network-view.ts";
import { problems } from "./problems.ts";
import { settingsFromText, settingsToText } from "./settings.ts";

/** The heat maps are computed on so many points along each axis, and drawn smoothly. */
const gridSize = 40;

function element<Kind extends Element>(
  id: string,
  kind: abstract new (...args: never[]) => Kind,
): Kind {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`The page has no ${kind.name} "${id}".`);
}

const form = element("settings", HTMLFormElement);
const play = element("play", HTMLButtonElement);
const status = element("status", HTMLParagraphElement);
const answer = element("answer", HTMLCanvasElement);
const caption = element("caption", HTMLElement);
const curves = element("curves", SVGSVGElement);
const showTest = element("show-test", HTMLInputElement);

let settings: Settings = settingsFromText(location.hash.slice(1));
let experiment = new Experiment(settings);
let isPlaying = false;
let seen: Place | null = null;

const view = new NetworkView(
  element("columns", HTMLElement),
  element("links", SVGSVGElement),
  (place) => {
    seen = place;
    show();
  },
);

function choices(
  name: keyof Settings,
  values: readonly (readonly [value: string, text: string])[],
): void {
  const select = form.elements.namedItem(name) as HTMLSelectElement;
  select.replaceChildren(...values.map(([value, text]) => new Option(text, value)));
}

const same = (name: string): readonly [string, string] => [name, name];
choices("problem", Object.keys(problems).map(same));
choices("activation", Object.keys(activations).map(same));
choices("optimizer", Object.keys(optimizers).map(same));
choices(
  "rate",
  ["0.0001", "0.001", "0.003", "0.01", "0.03", "0.1", "0.3", "1", "3", "10"].map(same),
);
choices("l1", ["0", "0.0001", "0.001", "0.003", "0.01", "0.03", "0.1"].map(same));
choices("l2", ["0", "0.0001", "0.001", "0.003", "0.01", "0.03", "0.1"].map(same));

/** Makes the form show the settings. */
function fillForm(): void {
  for (const name of [
    "problem",
    "activation",
    "optimizer",
    "rate",
    "l1",
    "l2",
    "noise",
    "batchSize",
    "seed",
  ] as const) {
    const control = form.elements.namedItem(name) as HTMLSelectElement | HTMLInputElement;
    control.value = String(settings[name]);
  }
  const boxes = Object.keys(inputs).map((name) => {
    const label = document.createElement("label");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.value = name;
    box.checked = (settings.inputs as readonly string[]).includes(name);
    label.append(box, ` ${name}`);
    return label;
  });
  const fieldset = element("inputs", HTMLFieldSetElement);
  fieldset.replaceChildren(fieldset.querySelector("legend")!, ...boxes);
  const rows = settings.hidden.map((width, i) =>
    row(`Layer ${i + 1}: ${width} ${width === 1 ? "neuron" : "neurons"}`, [
      [`One neuron fewer in layer ${i + 1}`, "−", width > 1, () => resize(i, width - 1)],
      [`One neuron more in layer ${i + 1}`, "+", width < mostNeurons, () => resize(i, width + 1)],
    ]),
  );
  const count = settings.hidden.length;
  rows.push(
    row(`${count} ${count === 1 ? "layer" : "layers"}`, [
      ["One layer fewer", "−", count > 0, () => change({ hidden: settings.hidden.slice(0, -1) })],
      [
        "One layer more",
        "+",
        count < mostLayers,
        () => change({ hidden: [...settings.hidden, 2] }),
      ],
    ]),
  );
  const layers = element("hidden", HTMLFieldSetElement);
  // The button that was pressed is replaced by one like it: the keyboard stays where it was.
  const focused = document.activeElement?.getAttribute("aria-label");
  layers.replaceChildren(layers.querySelector("legend")!, ...rows);
  if (focused) layers.querySelector<HTMLButtonElement>(`[aria-label="${focused}"]`)?.focus();
}

function row(
  text: string,
  buttons: readonly (readonly [label: string, sign: string, enabled: boolean, press: () => void])[],
): HTMLElement {
  const line = document.createElement("div");
  const label = document.createElement("span");
  label.className = "text";
  label.textContent = text;
  line.append(label);
  for (const [name, sign, enabled, press] of buttons) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = sign;
    button.disabled = !enabled;
    button.setAttribute("aria-label", name);
    button.addEventListener("click", press);
    line.append(button);
  }
  return line;
}

function resize(layer: number, width: number): void {
  change({ hidden: settings.hidden.map((old, i) => (i === layer ? width : old)) });
}

/** Other settings are another experiment, from its beginning. */
function change(changes: Partial<Settings>): void {
  settings = { ...settings, ...changes };
  const text = settingsToText(settings);
  history.replaceState(null, "", text === "" ? location.pathname : `#${text}`);
  restart();
}

function restart(): void {
  experiment = new Experiment(settings);
  seen = null;
  fillForm();
  view.build(settings.inputs, experiment.layerViews());
  show();
}

/** Draws everything as it is now. */
function show(): void {
  const palette = currentPalette();
  const maps = experiment.maps(gridSize);
  const layers = experiment.layerViews();
  view.show(maps, layers, palette);
  view.mark(seen);
  const place = seen ?? { layer: maps.length - 1, neuron: 0 };
  drawHeatMap(answer, maps[place.layer]![place.neuron]!, palette);
  const samples = showTest.checked ? [experiment.training, experiment.test] : [experiment.training];
  for (const [i, { points, classes }] of samples.entries())
    drawPoints(
      answer,
      points.toArray() as number[][],
      classes.flatten().toArray() as number[],
      palette,
      i === 1,
    );
  caption.textContent =
    seen === null
      ? "The answer over the plane: orange for discs, blue for squares. Point at a neuron to see what it gives."
      : describe(seen, (one) => view.nameOf(one), layers);
  answer.setAttribute("aria-label", caption.textContent);
  drawCurves(curves, experiment);
  const { training, test } = experiment.history;
  const [now, unseen] = [training.at(-1)!, test.at(-1)!];
  status.textContent = experiment.diverged
    ? `Epoch ${experiment.epoch}: the weights have become too large for numbers. Choose a smaller learning rate.`
    : `Epoch ${experiment.epoch}: loss ${now.loss.toFixed(3)}, on test points ${unseen.loss.toFixed(3)}, of which ${(100 * unseen.accuracy).toFixed(0)} % are right`;
}

function setPlaying(value: boolean): void {
  isPlaying = value;
  play.textContent = value ? "Pause" : "Play";
  // A screen reader would read each epoch out.
  status.setAttribute("aria-live", value ? "off" : "polite");
  if (value) requestAnimationFrame(frame);
}

/** Trains for half of a frame's time, so that the page stays alive, and draws. */
function frame(): void {
  if (!isPlaying) return;
  const until = performance.now() + 8;
  do experiment.runEpoch();
  while (performance.now() < until && !experiment.diverged);
  show();
  if (experiment.diverged) setPlaying(false);
  else requestAnimationFrame(frame);
}

play.addEventListener("click", () => setPlaying(!isPlaying));
element("step", HTMLButtonElement).addEventListener("click", () => {
  setPlaying(false);
  experiment.runEpoch();
  show();
});
element("restart", HTMLButtonElement).addEventListener("click", restart);
showTest.addEventListener("change", show);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("change", () => {
  const fields = new FormData(form);
  const given = Object.fromEntries([...fields].map(([name, value]) => [name, String(value)]));
  const chosen = [...element("inputs", HTMLFieldSetElement).querySelectorAll("input")]
    .filter(({ checked }) => checked)
    .map(({ value }) => value);
  const text = new URLSearchParams({
    ...given,
    inputs: chosen.join(),
    hidden: settings.hidden.join(),
  });
  change(settingsFromText(text.toString()));
});
document.addEventListener("keydown", (event) => {
  const typing =
    event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const button = { p: "play", s: "step", r: "restart" }[event.key];
  if (button !== undefined) document.getElementById(button)?.click();
});
addEventListener("hashchange", () => {
  settings = settingsFromText(location.hash.slice(1));
  restart();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);

restart();
