/** The losses after each epoch as two lines. */
import type { Experiment, Score } from "./experiment.ts";

const namespace = "http://www.w3.org/2000/svg";
const [width, height, margin] = [320, 120, 14];

/** Draws both losses from the first epoch to the present one, from 0 to the largest. */
export function drawCurves(svg: SVGSVGElement, { history }: Experiment): void {
  const losses = [...history.training, ...history.test]
    .map(({ loss }) => loss)
    .filter(Number.isFinite);
  const top = losses.reduce((most, loss) => Math.max(most, loss), 0.1);
  const last = Math.max(1, history.training.length - 1);
  const line = (scores: readonly Score[], name: string): SVGPathElement => {
    // As many points as there are pixels.
    const every = Math.max(1, Math.floor(scores.length / width));
    const places = scores.flatMap(({ loss }, epoch) => {
      if (!Number.isFinite(loss) || (epoch % every !== 0 && epoch !== last)) return [];
      const x = margin + ((width - 2 * margin) * epoch) / last;
      const y = height - margin - ((height - 2 * margin) * loss) / top;
      return `${x.toFixed(1)} ${y.toFixed(1)}`;
    });
    const path = document.createElementNS(namespace, "path");
    path.setAttribute("class", name);
    path.setAttribute("d", places.length > 0 ? `M${places.join("L")}` : "");
    return path;
  };
  const text = (content: string, x: number, y: number, anchor: string): SVGTextElement => {
    const label = document.createElementNS(namespace, "text");
    label.setAttribute("x", String(x));
    label.setAttribute("y", String(y));
    label.setAttribute("text-anchor", anchor);
    label.textContent = content;
    return label;
  };
  svg.replaceChildren(
    line(history.test, "test"),
    line(history.training, "training"),
    text(top.toPrecision(2), 3, 10, "start"),
    text("0", 3, height - 4, "start"),
    text(`epoch ${history.training.length - 1}`, width - 3, height - 4, "end"),
  );
}
