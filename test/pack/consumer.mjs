/**
 * What a user's program does with the published packages, in short: scripts/pack-test.mjs runs this
 * in a project that has nothing but them. It grows with what they export.
 */
import assert from "node:assert/strict";
import { truncate } from "node:fs/promises";
import * as core from "@chainrule/core";
import * as formats from "@chainrule/formats";
import * as files from "@chainrule/formats/node";
import * as nn from "@chainrule/nn";
import * as optim from "@chainrule/optim";
import * as testing from "@chainrule/testing";
import * as train from "@chainrule/train";
import * as chainrule from "chainrule";

const whole = new Map(Object.entries(chainrule));
for (const [name, value] of Object.entries(core)) {
  assert.equal(whole.get(name), value, `chainrule does not export ${name} as core does`);
}
assert.equal(chainrule.nn.Linear, nn.Linear);
assert.equal(chainrule.optim.Adam, optim.Adam);
assert.equal(chainrule.train.fit, train.fit);

if ("tensor" in core) {
  const x = chainrule.tensor([1, 2, 3], { requiresGrad: true });
  x.mul(x).sum().backward();
  assert.deepEqual([...x.grad.toArray()], [2, 4, 6]);
}
const model = new nn.Sequential(new nn.Linear(3, 4), new nn.Tanh(), new nn.Linear(4, 2));
const optimizer = new optim.Adam(model.parameters(), { lr: 0.01 });
const loss = () => chainrule.crossEntropy(model.forward(chainrule.ones([2, 3])), [0, 1]);
const before = loss();
before.backward();
optimizer.step();
assert.ok(loss().item() < before.item());
assert.ok(testing.gradcheck(chainrule.tanh, [chainrule.tensor([0.5, -1])]).ok);

const table = train.readCsv("a,b\n1,0\n2,1\n3,1\n");
const data = [table.tensor(["a"]), table.labels("b").values];
const line = new nn.Linear(1, 2);
const { history } = await train.fit(line, data, {
  loss: chainrule.crossEntropy,
  optimizer: new optim.SGD(line.parameters(), { lr: 0.1 }),
});
assert.equal(history.loss.length, 1);

const checkpoint = formats.saveCheckpoint({ model, optimizer, epoch: 1 });
const other = new nn.Sequential(new nn.Linear(3, 4), new nn.Tanh(), new nn.Linear(4, 2));
assert.deepEqual(Object.keys(formats.loadCheckpoint(checkpoint, { model: other })), [
  "optimizer",
  "epoch",
]);
assert.deepEqual(other.stateDict()["0.weight"].toArray(), model.stateDict()["0.weight"].toArray());
// A class is the same in all exports of a package.
const path = `consumer-${process.pid}.safetensors`;
await files.writeFile(path, checkpoint);
const opened = await files.openFile(path);
await truncate(path, 100);
await assert.rejects(opened.read(0, 200), formats.FormatError);
await opened.close();

// What is internal stays so.
await assert.rejects(import("@chainrule/core/src/index.ts"), {
  code: "ERR_PACKAGE_PATH_NOT_EXPORTED",
});
