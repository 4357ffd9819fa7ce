/** Added products and quotients against plain numbers. */
import { expect, test } from "vitest";
import { tensor } from "../creation.ts";
import { addcdiv, addcmul } from "./addcmul.ts";

test("addcmul and addcdiv are their formulas", () => {
  const [x, a, b] = [tensor([1, 2]), tensor([[3], [-4]]), tensor([0.5, 8])];
  expect(addcmul(x, a, b, { value: 2 }).toArray()).toEqual([
    [1 + 2 * 3 * 0.5, 2 + 2 * 3 * 8],
    [1 - 2 * 4 * 0.5, 2 - 2 * 4 * 8],
  ]);
  expect(addcdiv(x, a, b, { value: 2 }).toArray()).toEqual([
    [1 + (2 * 3) / 0.5, 2 + (2 * 3) / 8],
    [1 - (2 * 4) / 0.5, 2 - (2 * 4) / 8],
  ]);
});
