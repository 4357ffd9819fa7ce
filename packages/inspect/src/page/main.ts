/**
 * The page: steps, the panel beside the picture, editing.
 */
import { obstacleToReplay } from "../trace/obstacle.ts";
import type { Group } from "../view/scopes.ts";
import type { PageData, Shown } from "./data.ts";
import type { Child } from "./dom.ts";
import { byId, h, replaceChildren } from "./dom.ts";
import { editor } from "./editor.ts";
import { loadEngine } from "./load.ts";
import { Scopes } from "./open.ts";
import { announcementOf, describeEdge, panelFor, titleOfBox } from "./panel.ts";
import { litBy, Picture } from "./picture.ts";
import type { Step } from "./steps.ts";
import { sameMoment, stateAfter, stepsOf } from "./steps.ts";
import { words as allWords } from "./words.ts";

const captured = JSON.parse(byId("data").textContent ?? "") as PageData;
const words = allWords[captured.language];
const place = document.querySelector<HTMLElement>(".picture")!;
const scopes = new Scopes(captured);
let picture = new Picture(place, scopes.view, words.decimalComma);

let data: Shown = { ...captured, view: scopes.view, lostUpdate: false };
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
  const title = announcementOf(data, words, step.event);
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
  const hash = `#step=${at + 1}${scopes.hash()}`;
  // Within a notebook's page there is no address that could be changed.
  if (location.protocol !== "about:" && location.hash !== hash)
    history.replaceState(null, "", hash);
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

/** Goes where the address says, which somebody may have written by hand. */
function followHash(): void {
  const [, step = "1", open] = /^#step=(\d{1,7})(?:&open=([\d.]*))?$/.exec(location.hash) ?? [];
  if (scopes.openAs(open)) redraw();
  show(Number(step) - 1, false);
}

byId("first").addEventListener("click", () => go(0));
byId("back").addEventListener("click", () => go(at - 1));
byId("next").addEventListener("click", () => go(at + 1));
byId("last").addEventListener("click", () => go(steps.length - 1));
byId("play").addEventListener("click", play);
slider.addEventListener("input", () => go(Number(slider.value)));
addEventListener("hashchange", () => {
  if (location.hash === `#step=${at + 1}${scopes.hash()}`) return;
  stop();
  followHash();
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

/** The picture of the scopes that are open now. */
function redraw(): void {
  picture = scopes.draw(place, words.decimalComma);
  data = { ...data, view: scopes.view };
  steps = stepsOf(data);
  attach();
}

function attach(): void {
  picture.onEdge(
    (edge) => hintAt(edge === null ? [words.keys] : describeEdge(data, words, edge)),
    (edge) => {
      const { from, to } = scopes.view.edges[edge]!;
      return words.edge(titleOfBox(data, from), titleOfBox(data, to));
    },
  );
  picture.onScope(toggle, (scope, isOpen) =>
    isOpen ? words.closeScope(scope.name) : words.openScope(scope.name, scope.ops),
  );
  picture.fit();
}

function hintAt(content: readonly Child[]): void {
  replaceChildren(hint, ...content.map((one) => (typeof one === "string" ? h("p", {}, one) : one)));
}

/** Opens a scope or closes it. The reader stays at the same moment, which may have another number then. */
function toggle(scope: Group): void {
  stop();
  const moment = steps[at]!;
  const obstacle = scopes.toggle(scope);
  if (obstacle !== null) {
    const text = words.noOpening[obstacle](scope.ops);
    hintAt([text]);
    byId("live").textContent = text;
    return;
  }
  redraw();
  show(sameMoment(steps, moment), false);
  place.querySelector<SVGElement>(`[data-scope="${scope.key}"]`)?.focus();
  byId("live").textContent = words.toggled(scope.name, scopes.isOpen(scope));
}

attach();
hintAt([words.keys]);

function swap(trace: PageData["trace"], announcement: string | null): void {
  stop();
  const lostUpdate = captured.trace.update !== null && trace.update === null;
  data = { ...data, trace, lostUpdate };
  steps = stepsOf(data);
  show(at, false);
  if (announcement !== null) byId("live").textContent = announcement;
}

async function offerEditing(): Promise<void> {
  const form = byId("edit");
  const engine = await loadEngine();
  const isWhole = Object.keys(captured.sealed).length === 0;
  const obstacle = !isWhole
    ? ({ kind: "part", what: "" } as const)
    : engine === null
      ? ({ kind: "browser", what: "" } as const)
      : obstacleToReplay(captured.trace, (op) => engine.ops.includes(op));
  if (engine !== null && obstacle === null)
    replaceChildren(form, ...editor(captured, words, engine, swap));
  else if (obstacle !== null) {
    const reason = words.noReplay[obstacle.kind](obstacle.what);
    replaceChildren(form, h("h2", {}, words.edit), h("p", {}, reason));
  }
  form.dataset.ready = "true";
}

addEventListener("resize", () => picture.fit());
followHash();
void offerEditing();
