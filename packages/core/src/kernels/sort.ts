/**
 * Sorting lanes: stable, with NaN as the largest.
 */
import type { TypedArray } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import { forEachLaneAlong, lengthAlong, stepAlong } from "./lanes.ts";
import { MergeSorter } from "./merge-sort.ts";
import { RadixSorter } from "./radix-sort.ts";
import { perDType } from "./specialize.ts";

/**
 * Where the elements to be kept begin in a sorted lane of `length` elements, of which the first
 * `numbers` in rising order, or the last in falling order, are not NaN.
 */
export type FirstKept = (numbers: number, length: number) => number;

/**
 * Sorts each lane of `x` along `dim` and keeps as many elements of it as `values` and `indices` have
 * along `dim`. Either may be left out.
 */
export function sortAlong(
  x: Tensor,
  dim: number,
  descending: boolean,
  firstKept: FirstKept,
  values: Tensor | null,
  indices: Tensor | null,
): void {
  const length = lengthAlong(x, dim);
  const kept = lengthAlong(values ?? indices!, dim);
  const source = x.storage.data;
  const sorter =
    x.dtype === "float64" ? new MergeSorter(source, length) : new RadixSorter(source, length);
  const store = storeFor((values ?? x).storage.data, source);
  const step = stepAlong(x, dim);
  const results = [values ?? indices!, indices ?? values!] as const;
  const [valueStep, indexStep] = results.map((result) => stepAlong(result, dim));
  const valueData = values === null ? null : values.storage.data;
  const indexData = indices === null ? null : indices.storage.data;
  forEachLaneAlong(dim, [x, ...results], (rows, rowSteps, places) => {
    for (let row = 0; row < rows; row++) {
      const start = places[0]! + row * rowSteps[0]!;
      const numbers = sorter.load(start, step, descending);
      const first = firstKept(numbers, length);
      // NaN were put behind the numbers; in falling order they come first.
      const before = descending ? length - numbers : 0;
      const firstNumber = Math.max(first - before, 0);
      const end = Math.min(first + kept - before, numbers);
      if (end > firstNumber) sorter.arrange(numbers, firstNumber, end);
      store(
        valueData,
        places[1]! + row * rowSteps[1]!,
        valueStep!,
        indexData,
        places[2]! + row * rowSteps[2]!,
        indexStep!,
        source,
        start,
        step,
        sorter.places,
        first + (descending ? numbers : 0),
        kept,
        length,
      );
    }
  });
}

const storeFor = perDType(function store(
  values: TypedArray | null,
  valueStart: number,
  valueStep: number,
  indices: TypedArray | null,
  indexStart: number,
  indexStep: number,
  source: TypedArray,
  start: number,
  step: number,
  places: Int32Array,
  first: number,
  kept: number,
  length: number,
): void {
  for (let i = 0; i < kept; i++) {
    const at = first + i;
    const place = places[at < length ? at : at - length]!;
    if (values !== null) values[valueStart + i * valueStep] = source[start + place * step]!;
    if (indices !== null) indices[indexStart + i * indexStep] = place;
  }
});
