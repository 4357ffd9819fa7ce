/**
 * Self-organising maps: colours and handwritten digits find their places on a grid, without labels and without gradients.
 *
 * Each unit of the grid is a point among the samples. A sample draws the nearest unit towards itself, and its neighbours on
 * the grid a little less, so that neighbours come to mean similar things: a map. (Kohonen 1982.)
 *
 *     node scripts/run.mjs docs/examples/self-organizing-map.ts
 */
import { strict as assert } from "node:assert";
import { join } from "node:path";
import { manualSeed, nn, rand, type Tensor, train } from "chainrule";

const outputs = join(import.meta.dirname, "out");

/** The units of a map of colours (red, green, blue from 0 to 1) as a picture. */
function colourPicture(weights: Tensor, rows: number, columns: number): train.Plot {
  const bytes = weights.clamp(0, 1).mul(255).round().toTypedArray();
  const squares = Array.from({ length: rows * columns }, (_, unit) => {
    const [x, y] = [24 * (unit % columns), 24 * Math.floor(unit / columns)];
    const colour = bytes.slice(3 * unit, 3 * unit + 3).join(",");
    return `<rect x="${x}" y="${y}" width="24" height="24" fill="rgb(${colour})"/>`;
  });
  const size = `viewBox="0 0 ${24 * columns} ${24 * rows}"`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" ${size}>${squares.join("")}</svg>`;
  // In the terminal: the channel that is strongest, small where the colour is dark.
  const letters = Array.from({ length: rows * columns }, (_, unit) => {
    const channels = [...bytes.slice(3 * unit, 3 * unit + 3)];
    const most = channels.indexOf(channels.reduce((a, b) => Math.max(a, b)));
    return channels[most]! > 150 ? "RGB"[most]! : "rgb"[most]!;
  });
  const lines = Array.from({ length: rows }, (_, i) =>
    letters.slice(i * columns, (i + 1) * columns).join(" "),
  );
  return new train.Plot(svg, lines.join("\n"));
}

export async function main(short = false): Promise<void> {
  manualSeed(0);
  const [rows, columns] = short ? [6, 6] : [12, 18];
  const colours = rand([short ? 200 : 1000, 3]);
  const map = new nn.SelfOrganizingMap(rows, columns, 3);
  const before = { error: map.quantizationError(colours), torn: map.topographicError(colours) };
  await map.fit([colours], { epochs: short ? 4 : 30 });
  const after = { error: map.quantizationError(colours), torn: map.topographicError(colours) };
  const picture = colourPicture(map.weight, rows, columns);
  console.log(`${picture}\n`);
  console.log(
    `colours: distance to the nearest unit ${before.error.toFixed(3)} → ${after.error.toFixed(3)}; second nearest not beside it: ${(100 * before.torn).toFixed(0)} % → ${(100 * after.torn).toFixed(0)} %\n`,
  );

  const table = await train.readCsvFile(join(import.meta.dirname, "../data/digits.csv"));
  const { values: digit } = table.labels("digit");
  const images = table.tensor(table.except("digit")).div(16);
  const split = train.trainTestSplit([images, digit], { stratify: digit });
  const side = short ? 6 : 12;
  const reader = new nn.SelfOrganizingMap(side, side, 64);
  await reader.fit([split.train[0].at(`:${short ? 300 : 1347}`)], { epochs: short ? 3 : 25 });
  const sheet = train.plotImages(reader.weight, {
    columns: side,
    range: [0, 1],
    title: "a map of digits",
  });

  // Only now the labels: each unit is called after the digit that most of its samples show.
  const votes = Array.from({ length: side * side }, () => new Array<number>(10).fill(0));
  const units = reader.predict(split.train[0]).toTypedArray();
  for (const [i, label] of split.train[1].toTypedArray().entries()) votes[units[i]!]![label]!++;
  const names = votes.map((counts) => {
    const most = counts.reduce((a, b) => Math.max(a, b));
    return most === 0 ? "·" : String(counts.indexOf(most));
  });
  for (let i = 0; i < side; i++) console.log(names.slice(i * side, (i + 1) * side).join(" "));
  const found = reader.predict(split.test[0]).toTypedArray();
  const actual = [...split.test[1].toTypedArray()];
  const right = actual.filter((label, i) => names[found[i]!] === String(label)).length;
  const accuracy = right / actual.length;
  console.log(`\ndigits: ${(100 * accuracy).toFixed(1)} % of unseen ones lie where their like do`);
  if (!short) {
    await picture.save(join(outputs, "map-colours.svg"));
    await sheet.save(join(outputs, "map-digits.svg"));
  }
  assert.ok(short || after.error < before.error, "units go where the samples are");
  assert.ok(after.torn < Math.min(before.torn / 2, 0.15), `torn ${after.torn}`);
  assert.ok(accuracy > (short ? 0.5 : 0.88), `accuracy ${accuracy}`);
}

if (import.meta.main) await main();
