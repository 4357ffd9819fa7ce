/**
 * What a user's program does with the published packages, in short: scripts/pack-test.mjs runs this
 * in a project that has nothing but them. It grows with what they export.
 */
import assert from "node:assert/strict";
import * as core from "@chainrule/core";
import * as nn from "@chainrule/nn";
import * as optim from "@chainrule/optim";
import * as testing from "@chainrule/testing";
import * as chainrule from "chainrule";

const whole = new Map(Object.entries(chainrule));
for (const part of [core, nn, optim]) {
  for (const [name, value] of Object.entries(part)) {
    assert.equal(whole.get(name), value, `chainrule does not export ${name} as its part does`);
  }
}

if ("tensor" in core) {
  const x = chainrule.tensor([1, 2, 3], { requiresGrad: true });
  x.mul(x).sum().backward();
  assert.deepEqual([...x.grad.toArray()], [2, 4, 6]);
}
if ("gradcheck" in testing) assert.equal(typeof testing.gradcheck, "function");

// What is internal stays so.
await assert.rejects(import("@chainrule/core/src/index.ts"), {
  code: "ERR_PACKAGE_PATH_NOT_EXPORTED",
});
