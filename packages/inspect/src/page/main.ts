/**
 * The page: steps, the panel beside the picture, editing.
 */
import { obstacleToReplay } from "../trace/obstacle.ts";
import type { PageData } from "./data.ts";
import { byId, h, replaceChildren } from "./dom.ts";
import { editor } from "./editor.ts";
import { loadEngine } from "./load.ts";
import { describeEdge, panelFor, titleOf } from "./panel.ts";
import { litBy, Picture } from "./picture.ts";
import type { Step } from "./steps.ts";
import { stateAfter, stepsOf } from "./steps.ts";
import { words as allWords } from "./words.ts";

const captured = JSON.parse(byId("data").textContent ?? "") as PageData;
const words = allWords[captured.language];
const svg = document.querySelector<SVGSVGElement>("svg.graph")!;
const picture = new Picture(svg, captured, words.decimalComma);

let data: PageData = captured;
let steps: readonly Step[] = stepsOf(data);
let at = 0;
let playing: ReturnType<typeof setInterval> | undefined;

const slider = byId("slider") as HTMLInputElement;
const hint = byId("hint");

function isBackward(step: Step): boolean {
  return ["seed", "vjp", "sum", "backwardScope"].includes(step.event.kind);
}

function show(target: number, announce = true): void {
  at = Math.max(0, Math.min(steps.length - 1, target));
  const step = steps[at]!;
  picture.show(stateAfter(data, step), litBy(data, step.event), isBackward(step));
  const title = titleOf(data, words, step.event);
  byId("count").textContent = words.step(at + 1, steps.length);
  slider.max = String(steps.length - 1);
  slider.value = String(at);
  slider.setAttribute("aria-valuetext", `${words.step(at + 1, steps.length)}: ${title}`);
  replaceChildren(byId("panel"), ...panelFor(data, words, step));
  if (announce) byId("live").textContent = `${words.step(at + 1, steps.length)}. ${title}`;
  for (const [id, isOff] of [
    ["first", at === 0],
    ["back", at === 0],
    ["next", at === steps.length - 1],
    ["last", at === steps.length - 1],
  ] as const)
    (byId(id) as HTMLButtonElement).setAttribute("aria-disabled", String(isOff));
  const hash = `#step=${at + 1}`;
  if (location.hash !== hash) history.replaceState(null, "", hash);
}

function go(target: number): void {
  stop();
  show(target);
}

function stop(): void {
  clearInterval(playing);
  playing = undefined;
  const button = byId("play");
  button.textContent = "▶";
  button.setAttribute("aria-label", words.play);
}

function play(): void {
  if (playing !== undefined) {
    stop();
    return;
  }
  if (at === steps.length - 1) show(0);
  const button = byId("play");
  button.textContent = "❚❚";
  button.setAttribute("aria-label", words.pause);
  const slow = matchMedia("(prefers-reduced-motion: reduce)").matches;
  playing = setInterval(
    () => {
      show(at + 1);
      if (at === steps.length - 1) stop();
    },
    slow ? 2500 : 1200,
  );
}

function fromHash(): number {
  const found = /^#step=(\d{1,7})$/.exec(location.hash);
  return found === null ? 0 : Number(found[1]) - 1;
}

byId("first").addEventListener("click", () => go(0));
byId("back").addEventListener("click", () => go(at - 1));
byId("next").addEventListener("click", () => go(at + 1));
byId("last").addEventListener("click", () => go(steps.length - 1));
byId("play").addEventListener("click", play);
slider.addEventListener("input", () => go(Number(slider.value)));
addEventListener("hashchange", () => {
  if (fromHash() !== at) go(fromHash());
});
addEventListener("keydown", (event) => {
  const { target } = event;
  const isWriting = target instanceof HTMLInputElement && target !== slider;
  if (isWriting || event.ctrlKey || event.metaKey || event.altKey) return;
  const isButton = target instanceof HTMLButtonElement;
  // The slider moves by itself with the arrow keys.
  const moves: Readonly<Record<string, () => void>> = {
    ArrowRight: () => go(at + 1),
    ArrowLeft: () => go(at - 1),
    Home: () => go(0),
    End: () => go(steps.length - 1),
    ...(isButton ? {} : { " ": play }),
  };
  const move = moves[event.key];
  if (move === undefined) return;
  event.preventDefault();
  move();
});

picture.onEdge(
  (edge) => {
    replaceChildren(
      hint,
      ...(edge === null ? [h("p", {}, words.keys)] : describeEdge(data, words, steps[at]!, edge)),
    );
  },
  (edge) => {
    const { from, to } = captured.edges[edge]!;
    return words.edge(captured.boxes[from]!.title, captured.boxes[to]!.title);
  },
);
replaceChildren(hint, h("p", {}, words.keys));

function swap(trace: PageData["trace"], announcement: string | null): void {
  stop();
  data = { ...captured, trace };
  steps = stepsOf(data);
  show(at, false);
  if (announcement !== null) byId("live").textContent = announcement;
}

async function offerEditing(): Promise<void> {
  const place = byId("edit");
  const engine = await loadEngine();
  const obstacle =
    engine === null
      ? ({ kind: "browser", what: "" } as const)
      : obstacleToReplay(captured.trace, (op) => engine.ops.includes(op));
  if (engine !== null && obstacle === null)
    replaceChildren(place, ...editor(captured, words, engine, swap));
  else if (obstacle !== null) {
    const reason = words.noReplay[obstacle.kind](obstacle.what);
    replaceChildren(place, h("h2", {}, words.edit), h("p", {}, reason));
  }
  place.dataset.ready = "true";
}

picture.fit();
addEventListener("resize", () => picture.fit());
show(fromHash(), false);
void offerEditing();
