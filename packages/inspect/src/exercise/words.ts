/**
 * What a learner is told, by language. A missing entry is a type error.
 */
import type { Language } from "../page/data.ts";
import type { Mistake } from "./mark.ts";

/** The words of exercises. */
export interface ExerciseWords {
  readonly right: (name: string) => string;
  readonly wrong: (name: string, places: string) => string;
  readonly mistakes: Readonly<Record<Mistake, string>>;
  readonly factor: (factor: string) => string;
  readonly title: string;
  readonly task: string;
  readonly progress: (solved: number, all: number) => string;
  readonly check: string;
  readonly show: string;
  readonly element: (name: string, place: string) => string;
  readonly unreadable: (text: string) => string;
}

export const exerciseWords: Readonly<Record<Language, ExerciseWords>> = {
  en: {
    right: (name) => `✓ ${name}: right.`,
    wrong: (name, places) => `✗ ${name}: not yet${places === "" ? "" : ` (wrong at ${places})`}.`,
    mistakes: {
      accumulate:
        "That is what comes along one path. It reaches the loss by several: add up what comes along all of them.",
      transposed:
        "Rows and columns are exchanged: a gradient has the shape of its tensor, element by element.",
      broadcast:
        "The tensor was copied by broadcasting. Every copy has its share: sum over the copied dimensions.",
      zeroGrad:
        "Twice the gradient: was an old one still there? Set gradients to zero before each backward pass.",
      sign: "The size is right, the sign is not.",
      factor: "Off by a constant factor.",
      shape: "A gradient has the shape of its tensor.",
      notFinite: "There is a NaN or an infinity in the answer.",
      other: "Multiply the derivative behind it by the local slope, for every path, and add up.",
    },
    factor: (factor) => `Off by the factor ${factor}.`,
    title: "Find the gradients",
    task: "The graph shows what was computed. Work back from the loss and fill in the derivatives.",
    progress: (solved, all) => `${solved} of ${all} found`,
    check: "Check",
    show: "Show the solution",
    element: (name, place) => `Derivative by ${name}${place}`,
    unreadable: (text) => `“${text}” is no number.`,
  },
  es: {
    right: (name) => `✓ ${name}: correcto.`,
    wrong: (name, places) =>
      `✗ ${name}: todavía no${places === "" ? "" : ` (falla en ${places})`}.`,
    mistakes: {
      accumulate:
        "Eso es lo que llega por un camino. A la pérdida llevan varios: suma lo que llega por todos.",
      transposed:
        "Filas y columnas están intercambiadas: un gradiente tiene la forma de su tensor, elemento a elemento.",
      broadcast:
        "El tensor se copió por difusión (broadcasting). Cada copia aporta su parte: suma sobre las dimensiones copiadas.",
      zeroGrad:
        "Es el doble del gradiente: ¿quedaba uno anterior? Pon los gradientes a cero antes de cada propagación.",
      sign: "El tamaño es correcto; el signo, no.",
      factor: "Falla por un factor constante.",
      shape: "Un gradiente tiene la forma de su tensor.",
      notFinite: "Hay un NaN o un infinito en la respuesta.",
      other:
        "Multiplica la derivada que viene detrás por la pendiente local, en cada camino, y suma.",
    },
    factor: (factor) => `Falla por el factor ${factor}.`,
    title: "Encuentra los gradientes",
    task: "El grafo muestra lo calculado. Retrocede desde la pérdida y completa las derivadas.",
    progress: (solved, all) => `${solved} de ${all} encontrados`,
    check: "Comprobar",
    show: "Mostrar la solución",
    element: (name, place) => `Derivada respecto de ${name}${place}`,
    unreadable: (text) => `«${text}» no es un número.`,
  },
};
