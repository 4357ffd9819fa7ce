/**
 * What is said of mistakes, by language. A missing entry is a type error.
 */
import type { Language } from "../page/data.ts";
import type { WrongMode } from "./modes.ts";

export interface MistakeWords {
  readonly decimalComma: boolean;
  readonly title: string;
  readonly intro: string;
  readonly leaf: string;
  readonly right: string;
  readonly names: Readonly<Record<WrongMode, string>>;
  readonly reasons: Readonly<Record<WrongMode, string>>;
  readonly same: string;
  readonly differs: string;
}

export const mistakeWords: Readonly<Record<Language, MistakeWords>> = {
  en: {
    decimalComma: false,
    title: "How backpropagation goes wrong",
    intro: "The gradients of the same graph, right and by three wrong ways.",
    leaf: "leaf",
    right: "right",
    names: {
      naiveRecursion: "naive recursion",
      noAccumulation: "no accumulation",
      forgottenZeroGrad: "forgotten zeroGrad",
    },
    reasons: {
      naiveRecursion:
        "Each node hands on what it has as soon as something arrives, and again when more arrives: without a topological order shares are handed on twice.",
      noAccumulation:
        "What arrives replaces what was there. A tensor that is used several times gets the share of one path only.",
      forgottenZeroGrad:
        "The gradients of the step before are still there, and those of this step are added to them.",
    },
    same: "as it should be",
    differs: "wrong",
  },
  es: {
    decimalComma: true,
    title: "Cómo se equivoca la propagación hacia atrás",
    intro: "Los gradientes del mismo grafo, bien y de tres maneras equivocadas.",
    leaf: "hoja",
    right: "correcto",
    names: {
      naiveRecursion: "recursión ingenua",
      noAccumulation: "sin acumular",
      forgottenZeroGrad: "zeroGrad olvidado",
    },
    reasons: {
      naiveRecursion:
        "Cada nodo entrega lo que tiene en cuanto le llega algo, y otra vez cuando le llega más: sin orden topológico hay partes que se entregan dos veces.",
      noAccumulation:
        "Lo que llega sustituye a lo que había. Un tensor que se usa varias veces recibe solo la parte de un camino.",
      forgottenZeroGrad:
        "Los gradientes del paso anterior siguen ahí, y los de este paso se les suman.",
    },
    same: "como debe ser",
    differs: "mal",
  },
};
