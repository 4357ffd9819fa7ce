import { describe, expect, it } from "vitest";
import { siteIn } from "./site.ts";

describe("the user's line in a stack trace", () => {
  const source = "file:///home/x/packages/core/src/graph/site.ts";

  it("is the first outside of the packages", () => {
    const stack = `Error
    at currentSite (file:///home/x/packages/core/src/graph/site.ts:28:31)
    at mul (/home/x/packages/core/src/pointwise.ts:12:3)
    at Linear.forward (file:///home/x/packages/nn/src/linear.ts:12:3)
    at train (file:///home/x/examples/train.ts:7:5)
    at node:internal/main:1:1`;
    expect(siteIn(stack, source)).toBe("file:///home/x/examples/train.ts:7:5");
  });

  it("may be in a folder with a name like ours, and in a test", () => {
    expect(siteIn("at f (/home/x/packages/app/src/a.ts:1:2)", source)).toBe(
      "/home/x/packages/app/src/a.ts:1:2",
    );
    expect(siteIn("at /home/x/packages/core/src/a.test.ts:1:2", source)).toBe(
      "/home/x/packages/core/src/a.test.ts:1:2",
    );
    expect(siteIn("at f (/other/packages/core/src/a.ts:1:2)", source)).toBe(
      "/other/packages/core/src/a.ts:1:2",
    );
  });

  it("is found in installed packages, one folder for all or one for each", () => {
    const own = "file:///p/node_modules/@chainrule/core/dist/index.js";
    const stack = `Error
    at mul (file:///p/node_modules/@chainrule/core/dist/index.js:9:9)
    at forward (file:///p/node_modules/@chainrule/nn/dist/index.js:3:3)
    at file:///p/main.mjs:2:1`;
    expect(siteIn(stack, own)).toBe("file:///p/main.mjs:2:1");
    const apart =
      "at f (/p/.store/nn@1/node_modules/@chainrule/nn/dist/index.js:3:3)\nat /p/main.mjs:4:1";
    expect(siteIn(apart, own)).toBe("/p/main.mjs:4:1");
  });

  it("is read from other engines' traces, too", () => {
    const stack =
      "mul@https://x.org/chainrule/core/dist/index.js:1:2\ntrain@https://x.org/app.js:5:6";
    expect(siteIn(stack, "https://x.org/chainrule/core/dist/index.js")).toBe(
      "https://x.org/app.js:5:6",
    );
  });

  it("may be missing", () => {
    expect(siteIn("Error\n    at Array.map (<anonymous>)", source)).toBeUndefined();
  });
});
