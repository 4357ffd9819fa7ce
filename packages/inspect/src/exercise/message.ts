/**
 * What a learner is told about an answer; for notebooks and for the page.
 */
import type { Language } from "../page/data.ts";
import type { Answer, Mark } from "./mark.ts";
import { exerciseWords } from "./words.ts";

/** The verdict in words, with the places that are wrong and the mistake that it looks like. */
export function messageOf(name: string, mark: Mark, answer: Answer, language: Language): string {
  const words = exerciseWords[language];
  if (mark.isRight) return words.right(name);
  const places =
    mark.wrong.length === 0 || answer.data.length < 2 || mark.wrong.length === answer.data.length
      ? ""
      : mark.wrong
          .slice(0, 6)
          .map((flat) => `[${positionOf(flat, answer.shape).join(", ")}]`)
          .join(" ") + (mark.wrong.length > 6 ? " …" : "");
  const digits = mark.factor === null ? "" : String(Number(mark.factor.toPrecision(4)));
  const reason =
    mark.factor === null
      ? words.mistakes[mark.mistake ?? "other"]
      : words.factor(language === "es" ? digits.replace(".", ",") : digits);
  return `${words.wrong(name, places)} ${reason}`;
}

/** The index of a flat place along each dimension. */
export function positionOf(flat: number, shape: readonly number[]): number[] {
  const position: number[] = [];
  let rest = flat;
  for (let dim = shape.length - 1; dim >= 0; dim--) {
    position.unshift(rest % shape[dim]!);
    rest = Math.floor(rest / shape[dim]!);
  }
  return position;
}
