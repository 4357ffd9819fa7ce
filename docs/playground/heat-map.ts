/** Numbers over the plane as colours: orange above 0, blue below, the ground's colour at 0. */

type Colour = readonly [red: number, green: number, blue: number];

/** The colours of the present theme. */
export interface Palette {
  readonly ground: Colour;
  readonly plus: Colour;
  readonly minus: Colour;
}

/** The palette as the page's style sheet has it. */
export function currentPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): Colour => {
    const digits = style.getPropertyValue(name).trim().slice(1);
    const full = digits.length === 3 ? digits.replace(/./g, "$&$&") : digits;
    const part = (at: number): number => Number.parseInt(full.slice(at, at + 2), 16);
    return [part(0), part(2), part(4)];
  };
  return {
    ground: colour("--ground"),
    plus: colour("--plus"),
    minus: colour("--minus"),
  };
}

/** How much of a colour the strongest number has: points, which have all of it, stand out. */
const strongest = 0.6;

/** The number at which the colour is full: the largest magnitude, but at least 1, so that what is all but 0 looks so. */
export function fullAt(values: Float32Array): number {
  let most = 1;
  for (const value of values)
    if (Math.abs(value) > most && Number.isFinite(value)) most = Math.abs(value);
  return most;
}

/** Draws size² numbers, from the top left on, over the whole canvas. */
export function drawHeatMap(
  canvas: HTMLCanvasElement,
  values: Float32Array,
  palette: Palette,
): void {
  const size = Math.round(Math.sqrt(values.length));
  const full = fullAt(values);
  const image = new ImageData(size, size);
  for (const [i, value] of values.entries()) {
    const share = Number.isNaN(value) ? 0 : strongest * Math.min(Math.abs(value) / full, 1);
    const towards = value > 0 ? palette.plus : palette.minus;
    for (let c = 0; c < 3; c++)
      image.data[4 * i + c] = palette.ground[c]! + share * (towards[c]! - palette.ground[c]!);
    image.data[4 * i + 3] = 255;
  }
  const small = document.createElement("canvas");
  small.width = size;
  small.height = size;
  small.getContext("2d")!.putImageData(image, 0, 0);
  const context = canvas.getContext("2d")!;
  context.imageSmoothingEnabled = true;
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
}

/** Draws points of [−1, 1]²: class 1 as orange discs, class 0 as blue squares, so that colour is not needed. */
export function drawPoints(
  canvas: HTMLCanvasElement,
  points: readonly (readonly number[])[],
  classes: readonly number[],
  palette: Palette,
  hollow: boolean,
): void {
  const context = canvas.getContext("2d")!;
  const scale = canvas.width / 2;
  const radius = canvas.width / 100;
  for (const [i, [x, y]] of points.entries()) {
    const [red, green, blue] = classes[i] === 1 ? palette.plus : palette.minus;
    const [left, top] = [scale * (1 + x!), scale * (1 - y!)];
    context.beginPath();
    if (classes[i] === 1) context.arc(left, top, radius, 0, 2 * Math.PI);
    else context.rect(left - 0.85 * radius, top - 0.85 * radius, 1.7 * radius, 1.7 * radius);
    context.lineWidth = radius / 2.5;
    context.strokeStyle = hollow
      ? `rgb(${red} ${green} ${blue})`
      : `rgb(${palette.ground.join(" ")})`;
    context.fillStyle = `rgb(${red} ${green} ${blue})`;
    if (!hollow) context.fill();
    context.stroke();
  }
}
