/**
 * One import for everything that a model needs.
 *
 * Tensors, ops and losses are here under their own names: `tensor`, `relu`, `crossEntropy`. Modules are in `nn`,
 * optimizers in `optim`, data and the training loop in `train`: `new nn.Linear(2, 3)`,
 * `new optim.Adam(model.parameters())`, `train.fit(model, data, …)`.
 *
 * @example
 * import { crossEntropy, nn, optim, randn } from "chainrule";
 * const model = new nn.Sequential(new nn.Linear(4, 8), new nn.Tanh(), new nn.Linear(8, 3));
 * const optimizer = new optim.Adam(model.parameters(), { lr: 0.01 });
 * const loss = crossEntropy(model.forward(randn([2, 4])), [0, 2]);
 * loss.backward();
 * optimizer.step();
 *
 * @module
 */
export * from "@chainrule/core";
export * as nn from "@chainrule/nn";
export * as optim from "@chainrule/optim";
export * as train from "@chainrule/train";
