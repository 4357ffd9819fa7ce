/**
 * The rules of ops that are no pointwise expressions, in mathematics: what each operand gets of the result's cotangent Ȳ.
 */
import type { TraceNode } from "../trace/schema.ts";

/** By op: TeX for each operand; the last holds for all further ones. */
const rules: Readonly<Record<string, readonly string[]>> = {
  matmul: [String.raw`\bar{A} = \bar{C}\,B^{\top}`, String.raw`\bar{B} = A^{\top}\,\bar{C}`],
  linear: [
    String.raw`\bar{x} = \bar{y}\,W`,
    String.raw`\bar{W} = \bar{y}^{\top}\,x`,
    String.raw`\bar{b} = \sum_n \bar{y}_n`,
  ],
  addmm: [
    String.raw`\bar{C} = \beta\,\bar{Y}`,
    String.raw`\bar{A} = \alpha\,\bar{Y}\,B^{\top}`,
    String.raw`\bar{B} = \alpha\,A^{\top}\,\bar{Y}`,
  ],
  sum: [String.raw`\bar{x}_i = \bar{y}`],
  mean: [String.raw`\bar{x}_i = \tfrac{1}{n}\,\bar{y}`],
  reshape: [String.raw`\bar{x} = \operatorname{reshape}(\bar{y})`],
  transpose: [String.raw`\bar{x} = \bar{y}^{\top}`],
  permute: [String.raw`\bar{x} = \operatorname{permute}^{-1}(\bar{y})`],
  expand: [String.raw`\bar{x} = \sum_{\text{copies}} \bar{y}`],
  at: [String.raw`\bar{x}_{\text{part}} = \bar{y}, \quad \bar{x}_{\text{rest}} = 0`],
  split: [String.raw`\bar{x} = [\bar{y}_1, \bar{y}_2, \ldots]`],
  cat: [String.raw`\bar{x}_i = \text{part } i \text{ of } \bar{y}`],
  stack: [String.raw`\bar{x}_i = \bar{y}_i`],
  unbind: [String.raw`\bar{x} = \operatorname{stack}(\bar{y}_1, \bar{y}_2, \ldots)`],
  to: [String.raw`\bar{x} = \bar{y}`],
  softmax: [String.raw`\bar{x}_i = y_i \Bigl(\bar{y}_i - \sum_j \bar{y}_j\,y_j\Bigr)`],
  logSoftmax: [String.raw`\bar{x}_i = \bar{y}_i - e^{y_i} \sum_j \bar{y}_j`],
  logsumexp: [String.raw`\bar{x}_i = \bar{y}\,e^{x_i - y}`],
  crossEntropy: [
    String.raw`\bar{x}_{nc} = \bar{L} \cdot \tfrac{1}{N} \bigl(\operatorname{softmax}(x_n)_c - [c = t_n]\bigr)`,
  ],
  convolution: [
    String.raw`\bar{x} = \bar{y} * \operatorname{flip}(W)`,
    String.raw`\bar{W} = x \star \bar{y}`,
    String.raw`\bar{b}_o = \sum \bar{y}_o`,
  ],
  maxPool: [
    String.raw`\bar{x}_{\operatorname{argmax}} = \bar{y}, \quad \bar{x}_{\text{others}} = 0`,
  ],
  amax: [String.raw`\bar{x}_{\operatorname{argmax}} = \bar{y}, \quad \bar{x}_{\text{others}} = 0`],
  channelAffine: [
    String.raw`\bar{x}_{nc} = \bar{y}_{nc}\,s_c`,
    String.raw`\bar{s}_c = \sum_n \bar{y}_{nc}\,x_{nc}`,
    String.raw`\bar{t}_c = \sum_n \bar{y}_{nc}`,
  ],
  standardize: [
    String.raw`\bar{x} = \tfrac{1}{\sigma} \bigl(\bar{y} - \overline{\bar{y}} - y\,\overline{\bar{y}\,y}\bigr)`,
  ],
  embedding: [String.raw`\bar{W}_{v} = \sum_{i: x_i = v} \bar{y}_i`],
  cumsum: [String.raw`\bar{x}_i = \sum_{j \ge i} \bar{y}_j`],
};

/** A plain step of gradient descent. */
export const descentRule: string = String.raw`\theta \leftarrow \theta - \eta\,\bar{\theta}`;

/** The rule for one operand, in TeX: from the op's own derivative if it is pointwise, else as far as one is written here. */
export function ruleOf(node: TraceNode, operand: number): string {
  const derivative = node.derivatives[operand];
  if (derivative !== undefined) {
    const name = symbolTeX(node.symbols[operand] ?? "x");
    return String.raw`\bar{${name}} = \bar{y} \cdot \frac{\partial y}{\partial ${name}}, \quad \frac{\partial y}{\partial ${name}} = ${derivative}`;
  }
  const written = node.op !== null && Object.hasOwn(rules, node.op) ? rules[node.op]! : null;
  if (written !== null) return written[Math.min(operand, written.length - 1)]!;
  return String.raw`\bar{x}_{${operand + 1}} = \bar{y}^{\top} J_{${operand + 1}}`;
}

/** One letter stays a letter, a word is set upright. */
export function symbolTeX(name: string): string {
  return name.length === 1 ? name : `\\mathrm{${name.replace(/[^\p{L}\p{N}]/gu, "")}}`;
}
