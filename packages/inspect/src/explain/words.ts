/**
 * What the worked example says, by language. A missing entry is a type error.
 */

import type { Language } from "../page/data.ts";

/** The words of a worked example. */
export interface Words {
  /** The decimal sign. */
  readonly decimal: "." | ",";
  readonly given: string;
  readonly givenText: string;
  readonly forward: string;
  readonly forwardNeurons: string;
  readonly forwardMatrices: string;
  readonly backward: string;
  readonly backwardNeurons: string;
  readonly backwardMatrices: string;
  readonly update: string;
  readonly updateRate: (rate: string) => string;
  readonly updateOther: string;
  readonly output: (name: string) => string;
  readonly weights: (name: string) => string;
  readonly weightedSum: (name: string) => string;
  readonly activation: (name: string, of: string) => string;
  readonly computed: (name: string) => string;
  readonly gradientOf: (name: string) => string;
  readonly delta: (name: string) => string;
  readonly deltaMeaning: (delta: string, z: string) => string;
  readonly paths: (count: number) => string;
  readonly noPath: string;
  readonly zeroInput: string;
  readonly byRule: (op: string) => string;
  readonly summedOverCopies: string;
  readonly shape: (shape: string) => string;
  readonly norm: string;
  readonly notComputed: string;
  readonly brokeOff: (message: string) => string;
}

export const dictionaries: Readonly<Record<Language, Words>> = {
  en: {
    decimal: ".",
    given: "Given",
    givenText: "The inputs, the targets and the weights before the step.",
    forward: "Forward pass",
    forwardNeurons: "Neuron by neuron: first the weighted sum of its inputs, then its activation.",
    forwardMatrices: "Layer by layer, with matrices.",
    backward: "Backward pass",
    backwardNeurons:
      "From the loss back to the weights. Each derivative is the one behind it times the local slope.",
    backwardMatrices: "From the loss back to the weights, with matrices.",
    update: "Update",
    updateRate: (rate) => `One step against the gradient with learning rate ${rate}.`,
    updateOther: "The weights after the step of the optimizer.",
    output: (name) => `Loss ${name}`,
    weights: (name) => `Weights ${name}`,
    weightedSum: (name) => `Weighted sums ${name}`,
    activation: (name, of) => `Activations ${name} from ${of}`,
    computed: (name) => `Value ${name}`,
    gradientOf: (name) => `Derivatives by ${name}`,
    delta: (name) => `Errors ${name} of the layer`,
    deltaMeaning: (delta, z) => `${delta} is short for the derivative of the loss by ${z}.`,
    paths: (count) => `${count} paths lead from here to the loss: what comes along them adds up.`,
    noPath: "No path leads from here to the loss: the derivative is 0.",
    zeroInput: "A weight whose input is 0 has derivative 0: it does not move.",
    byRule: (op) => `by the rule of ${op}`,
    summedOverCopies: "summed over the copies made by broadcasting",
    shape: (shape) => `shape ${shape}`,
    norm: "norm",
    notComputed: "No backward pass was captured.",
    brokeOff: (message) => `The program broke off here: ${message}`,
  },
  es: {
    decimal: ",",
    given: "Datos",
    givenText: "Las entradas, los objetivos y los pesos antes del paso.",
    forward: "Propagación hacia adelante",
    forwardNeurons:
      "Neurona por neurona: primero la suma ponderada de sus entradas, después su activación.",
    forwardMatrices: "Capa por capa, con matrices.",
    backward: "Propagación hacia atrás",
    backwardNeurons:
      "Desde la pérdida hasta los pesos. Cada derivada es la que viene detrás por la pendiente local.",
    backwardMatrices: "Desde la pérdida hasta los pesos, con matrices.",
    update: "Actualización",
    updateRate: (rate) => `Un paso en contra del gradiente con tasa de aprendizaje ${rate}.`,
    updateOther: "Los pesos después del paso del optimizador.",
    output: (name) => `Pérdida ${name}`,
    weights: (name) => `Pesos ${name}`,
    weightedSum: (name) => `Sumas ponderadas ${name}`,
    activation: (name, of) => `Activaciones ${name} a partir de ${of}`,
    computed: (name) => `Valor ${name}`,
    gradientOf: (name) => `Derivadas respecto de ${name}`,
    delta: (name) => `Errores ${name} de la capa`,
    deltaMeaning: (delta, z) => `${delta} abrevia la derivada de la pérdida respecto de ${z}.`,
    paths: (count) =>
      `${count} caminos llevan de aquí a la pérdida: lo que llega por ellos se suma.`,
    noPath: "Ningún camino lleva de aquí a la pérdida: la derivada es 0.",
    zeroInput: "Un peso cuya entrada es 0 tiene derivada 0: no se mueve.",
    byRule: (op) => `por la regla de ${op}`,
    summedOverCopies: "sumado sobre las copias de la difusión (broadcasting)",
    shape: (shape) => `forma ${shape}`,
    norm: "norma",
    notComputed: "No se capturó ninguna propagación hacia atrás.",
    brokeOff: (message) => `El programa se interrumpió aquí: ${message}`,
  },
};
