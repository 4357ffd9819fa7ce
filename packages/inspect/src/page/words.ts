/**
 * What the page says, in English and Spanish. A key that is missing in one of them is a type error.
 */
import type { Obstacle } from "../trace/obstacle.ts";
import type { Language } from "./data.ts";

export interface Words {
  readonly decimalComma: boolean;
  readonly graph: string;
  readonly step: (step: number, of: number) => string;
  readonly first: string;
  readonly back: string;
  readonly play: string;
  readonly pause: string;
  readonly forward: string;
  readonly last: string;
  readonly slider: string;
  readonly keys: string;
  readonly skip: string;
  readonly oldBrowser: string;
  readonly phase: {
    readonly forward: string;
    readonly seed: string;
    readonly backward: string;
    readonly update: string;
  };
  readonly leavesTitle: string;
  readonly leavesText: string;
  readonly forwardTitle: (op: string, name: string) => string;
  readonly scopeForward: (scope: string, ops: number) => string;
  readonly scopeBackward: (scope: string, contributions: number) => string;
  readonly openScope: (scope: string, ops: number) => string;
  readonly closeScope: (scope: string) => string;
  readonly toggled: (scope: string, isOpen: boolean) => string;
  readonly noOpening: Readonly<Record<"sealed" | "many", (ops: number) => string>>;
  readonly leftOut: (ops: number) => string;
  readonly seedTitle: (name: string) => string;
  readonly seedText: string;
  readonly vjpTitle: (op: string, name: string) => string;
  readonly sumTitle: (name: string) => string;
  readonly sumText: (from: string, to: string) => string;
  readonly updateTitle: (name: string) => string;
  readonly noUpdateTitle: string;
  readonly noUpdate: string;
  readonly errorTitle: string;
  readonly rule: string;
  readonly shapes: string;
  readonly numbers: string;
  readonly localDerivative: string;
  readonly accumulation: string;
  readonly firstContribution: (name: string) => string;
  readonly addsTo: (name: string) => string;
  readonly value: string;
  readonly gradient: string;
  readonly cotangent: string;
  readonly contribution: string;
  readonly before: string;
  readonly after: string;
  readonly total: string;
  readonly element: (index: string) => string;
  readonly choose: string;
  readonly noTerms: string;
  readonly notComputed: string;
  readonly notWhole: (elements: string) => string;
  readonly edit: string;
  readonly editText: string;
  readonly editFor: (name: string, index: string) => string;
  readonly placeFor: (name: string) => string;
  readonly badPlace: (example: string, shape: string) => string;
  readonly reset: string;
  readonly edited: (name: string, output: string, value: string) => string;
  readonly noReplay: Readonly<
    Record<Obstacle["kind"] | "browser" | "part", (what: string) => string>
  >;
  readonly badNumber: string;
  readonly checks: string;
  readonly checkNames: {
    readonly tensor: string;
    readonly index: string;
    readonly analytic: string;
    readonly numeric: string;
    readonly error: string;
    readonly verdict: string;
  };
  readonly verdicts: { readonly ok: string; readonly wrong: string; readonly kink: string };
  readonly edge: (from: string, to: string) => string;
  readonly table: (name: string, shape: string) => string;
  readonly source: string;
}

const en: Words = {
  decimalComma: false,
  graph: "Computation graph",
  step: (step, of) => `Step ${step} of ${of}`,
  first: "First step",
  back: "Step back",
  play: "Play",
  pause: "Pause",
  forward: "Step forward",
  last: "Last step",
  slider: "Step",
  keys: "Keys: ← → step, Home and End, space plays.",
  skip: "Skip to the step",
  oldBrowser: "This browser is too old for the steps (it needs DecompressionStream).",
  phase: { forward: "Forward", seed: "Seed", backward: "Backward", update: "Update" },
  leavesTitle: "The leaves",
  leavesText: "Inputs and parameters are given. Everything else follows from them.",
  forwardTitle: (op, name) => `${op} → ${name}`,
  scopeForward: (scope, ops) => `Through ${scope}: ${ops} ops`,
  scopeBackward: (scope, contributions) => `Back through ${scope}: ${contributions} contributions`,
  openScope: (scope, ops) => `Open ${scope}: ${ops} ops`,
  closeScope: (scope) => `Close ${scope}`,
  toggled: (scope, isOpen) => `${scope} is ${isOpen ? "open" : "closed"} now.`,
  noOpening: {
    sealed: (ops) =>
      `These ${ops} ops are not in this page, to keep it small. Make a page with expand to see them.`,
    many: () => "So many boxes could not be read: close another scope first.",
  },
  leftOut: (ops) =>
    `To keep the page small, ${ops} ops are left out: they are in scopes that cannot be opened here.`,
  seedTitle: (name) => `∂${name}/∂${name}`,
  seedText: "The backward pass begins at the output, with its derivative by itself.",
  vjpTitle: (op, name) => `${op} gives to ${name}`,
  sumTitle: (name) => `Sum over the broadcast axes for ${name}`,
  sumText: (from, to) =>
    `The operand was used in several places: what arrived in the shape ${from} is summed to ${to}.`,
  updateTitle: (name) => `New numbers for ${name}`,
  noUpdateTitle: "The update cannot be repeated",
  noUpdate:
    "It was no plain step against the gradient, so with other numbers nobody knows what it would have done.",
  errorTitle: "The program broke off here",
  rule: "Rule",
  shapes: "Shapes",
  numbers: "With the numbers",
  localDerivative: "Local derivative",
  accumulation: "Accumulation",
  firstContribution: (name) => `The first contribution to ${name}.`,
  addsTo: (name) => `Added to what has arrived at ${name} before:`,
  value: "Value",
  gradient: "Gradient",
  cotangent: "Cotangent of the result",
  contribution: "Contribution",
  before: "Before",
  after: "After",
  total: "Gradient so far",
  element: (index) => `Behind element ${index}`,
  choose: "Choose an element to see the sum behind it.",
  noTerms: "The sum behind this element is not written out for this op.",
  notComputed: "not computed",
  notWhole: (elements) => `${elements} elements, summed up`,
  edit: "Change a leaf",
  editText: "Everything is computed anew, by the real engine.",
  editFor: (name, index) => `${name} ${index}`,
  placeFor: (name) => `Place in ${name}`,
  badPlace: (example, shape) => `A place is written like ${example}, and lies within ${shape}.`,
  reset: "As captured",
  edited: (name, output, value) => `${name} changed: ${output} is now ${value}`,
  noReplay: {
    error: () => "A program that broke off cannot be computed anew.",
    outputs: () => "Only a computation with one output can be computed anew here.",
    size: () => "A leaf is too large to be kept whole, so nothing can be computed anew here.",
    op: (op) => `The op ${op} is not in this page, so nothing can be computed anew here.`,
    options: (op) =>
      `The options of ${op} are no plain data, so nothing can be computed anew here.`,
    part: () => "This page holds only a part of the program, so nothing can be computed anew here.",
    vmap: () => "What is inside of vmap, or not in this page, cannot be computed anew here.",
    browser: () => "This browser cannot unpack the engine, so nothing can be computed anew here.",
  },
  badNumber: "A number is needed.",
  checks: "Finite differences",
  checkNames: {
    tensor: "Tensor",
    index: "Element",
    analytic: "Gradient",
    numeric: "Central difference",
    error: "Relative error",
    verdict: "Verdict",
  },
  verdicts: { ok: "✓ agrees", wrong: "✗ differs", kink: "kink" },
  edge: (from, to) => `Edge from ${from} to ${to}`,
  table: (name, shape) => `${name}, shape ${shape}`,
  source: "Line",
};

const es: Words = {
  decimalComma: true,
  graph: "Grafo de cálculo",
  step: (step, of) => `Paso ${step} de ${of}`,
  first: "Primer paso",
  back: "Paso atrás",
  play: "Reproducir",
  pause: "Pausa",
  forward: "Paso adelante",
  last: "Último paso",
  slider: "Paso",
  keys: "Teclas: ← → paso, Inicio y Fin, espacio reproduce.",
  skip: "Ir al paso",
  oldBrowser: "Este navegador es demasiado antiguo para los pasos (necesita DecompressionStream).",
  phase: {
    forward: "Hacia delante",
    seed: "Semilla",
    backward: "Hacia atrás",
    update: "Actualización",
  },
  leavesTitle: "Las hojas",
  leavesText: "Las entradas y los parámetros están dados. Todo lo demás se deduce de ellos.",
  forwardTitle: (op, name) => `${op} → ${name}`,
  scopeForward: (scope, ops) => `Por ${scope}: ${ops} operaciones`,
  scopeBackward: (scope, contributions) =>
    `De vuelta por ${scope}: ${contributions} contribuciones`,
  openScope: (scope, ops) => `Abrir ${scope}: ${ops} operaciones`,
  closeScope: (scope) => `Cerrar ${scope}`,
  toggled: (scope, isOpen) => `${scope} está ahora ${isOpen ? "abierto" : "cerrado"}.`,
  noOpening: {
    sealed: (ops) =>
      `Estas ${ops} operaciones no están en la página, para que sea pequeña. Con expand se hace una que las muestre.`,
    many: () => "Tantas cajas no se podrían leer: cierra antes otro ámbito.",
  },
  leftOut: (ops) =>
    `Para que la página sea pequeña faltan ${ops} operaciones: están en ámbitos que aquí no se pueden abrir.`,
  seedTitle: (name) => `∂${name}/∂${name}`,
  seedText: "La pasada hacia atrás empieza en la salida, con su derivada respecto de sí misma.",
  vjpTitle: (op, name) => `${op} aporta a ${name}`,
  sumTitle: (name) => `Suma sobre los ejes difundidos para ${name}`,
  sumText: (from, to) =>
    `El operando se usó en varios lugares: lo que llegó con la forma ${from} se suma hasta ${to}.`,
  updateTitle: (name) => `Números nuevos para ${name}`,
  noUpdateTitle: "La actualización no se puede repetir",
  noUpdate:
    "No fue un simple paso contra el gradiente, así que con otros números no se sabe qué habría hecho.",
  errorTitle: "El programa se interrumpió aquí",
  rule: "Regla",
  shapes: "Formas",
  numbers: "Con los números",
  localDerivative: "Derivada local",
  accumulation: "Acumulación",
  firstContribution: (name) => `La primera contribución a ${name}.`,
  addsTo: (name) => `Se suma a lo que ya había llegado a ${name}:`,
  value: "Valor",
  gradient: "Gradiente",
  cotangent: "Cotangente del resultado",
  contribution: "Contribución",
  before: "Antes",
  after: "Después",
  total: "Gradiente hasta ahora",
  element: (index) => `Detrás del elemento ${index}`,
  choose: "Elige un elemento para ver la suma que hay detrás.",
  noTerms: "La suma que hay detrás de este elemento no está escrita para esta operación.",
  notComputed: "no calculado",
  notWhole: (elements) => `${elements} elementos, resumidos`,
  edit: "Cambiar una hoja",
  editText: "Todo se calcula de nuevo, con el motor de verdad.",
  editFor: (name, index) => `${name} ${index}`,
  placeFor: (name) => `Lugar en ${name}`,
  badPlace: (example, shape) => `Un lugar se escribe como ${example}, y está dentro de ${shape}.`,
  reset: "Como se capturó",
  edited: (name, output, value) => `${name} ha cambiado: ${output} vale ahora ${value}`,
  noReplay: {
    error: () => "Un programa interrumpido no se puede calcular de nuevo.",
    outputs: () => "Aquí solo se puede calcular de nuevo un cálculo con una única salida.",
    size: () =>
      "Una hoja es demasiado grande para guardarla entera, así que aquí no se puede recalcular.",
    op: (op) => `La operación ${op} no está en esta página, así que aquí no se puede recalcular.`,
    options: (op) =>
      `Las opciones de ${op} no son datos simples, así que aquí no se puede recalcular.`,
    part: () =>
      "Esta página solo contiene una parte del programa, así que aquí no se puede recalcular.",
    vmap: () =>
      "Lo que está dentro de vmap, o no está en esta página, no se puede recalcular aquí.",
    browser: () =>
      "Este navegador no puede desempaquetar el motor, así que aquí no se puede recalcular.",
  },
  badNumber: "Hace falta un número.",
  checks: "Diferencias finitas",
  checkNames: {
    tensor: "Tensor",
    index: "Elemento",
    analytic: "Gradiente",
    numeric: "Diferencia central",
    error: "Error relativo",
    verdict: "Resultado",
  },
  verdicts: { ok: "✓ coincide", wrong: "✗ difiere", kink: "pico" },
  edge: (from, to) => `Arista de ${from} a ${to}`,
  table: (name, shape) => `${name}, forma ${shape}`,
  source: "Línea",
};

export const words: Readonly<Record<Language, Words>> = { en, es };
