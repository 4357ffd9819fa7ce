/**
 * The expressions of the golden files: a small part of Python's, computed with our ops.
 *
 *     torch.where(x > 0, torch.log(x), x)        F.cross_entropy(torch.tanh(x @ w.t() + b), t)
 *
 * A recursive-descent parser turns the text into a function of the named inputs; functions and methods are looked up
 * among the signatures. No text becomes code.
 *
 *     comparison := sum (("<" | ">") sum)?
 *     sum        := product (("+" | "-") product)*
 *     product    := sign (("*" | "/" | "@") sign)*
 *     sign       := "-" sign | power
 *     power      := postfix ("**" sign)?
 *     postfix    := atom ("." name | "(" arguments ")" | "[" comparison "]")*
 *     atom       := number | text | name | "(" list ")" | "[" list "]"
 */
import { Tensor } from "@chainrule/core";
import { callBy } from "./signature.ts";
import { signatures } from "./signatures/index.ts";

/** Computes an expression from the values of its names. */
export type Expression = (names: Readonly<Record<string, unknown>>) => unknown;

/** An expression uses an op that has no signature yet. */
export class UncoveredError extends Error {
  override readonly name = "UncoveredError";
}

/** `torch.linalg` or `F`: not a value yet, but the way to a function. */
class Module {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }
}

/** A method on its way to be called. */
class Method {
  readonly self: unknown;
  readonly path: string;

  constructor(self: unknown, path: string) {
    this.self = self;
    this.path = path;
  }
}

const constants = new Map<string, unknown>([
  ["torch", new Module("")],
  ["F", new Module("nn.functional.")],
  ["inf", Number.POSITIVE_INFINITY],
  ["nan", Number.NaN],
  ["True", true],
  ["False", false],
  ["None", null],
]);

const tokenPattern =
  /\s*(?:(\d+(?:\.\d*)?(?:e[+-]?\d+)?)|([A-Za-z_]\w*)|'([^']*)'|(\*\*|[-+*/@<>()[\],.=]))/y;

interface Token {
  readonly kind: "number" | "name" | "text" | "sign" | "end";
  readonly text: string;
}

function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  tokenPattern.lastIndex = 0;
  while (source.slice(tokenPattern.lastIndex).trim() !== "") {
    const at = tokenPattern.lastIndex;
    const found = tokenPattern.exec(source);
    if (found === null)
      throw new SyntaxError(`cannot read ${JSON.stringify(source.slice(at))} in ${source}`);
    const [, number, name, text, sign] = found;
    if (number !== undefined) tokens.push({ kind: "number", text: number });
    else if (name !== undefined) tokens.push({ kind: "name", text: name });
    else if (text !== undefined) tokens.push({ kind: "text", text });
    else tokens.push({ kind: "sign", text: sign! });
  }
  tokens.push({ kind: "end", text: "the end" });
  return tokens;
}

/** Reads an expression. */
export function parseExpression(source: string): Expression {
  return new Parser(source).whole();
}

class Parser {
  private readonly source: string;
  private readonly tokens: readonly Token[];
  private at = 0;

  constructor(source: string) {
    this.source = source;
    this.tokens = tokensOf(source);
  }

  whole(): Expression {
    const expression = this.comparison();
    if (this.tokens[this.at]!.kind !== "end") throw this.unexpected();
    return expression;
  }

  private comparison(): Expression {
    return this.chain(["<", ">"], () =>
      this.chain(["+", "-"], () => this.chain(["*", "/", "@"], () => this.sign())),
    );
  }

  /** Operands joined from the left. */
  private chain(operators: readonly string[], operand: () => Expression): Expression {
    let left = operand();
    for (
      let operator = this.accept(...operators);
      operator !== null;
      operator = this.accept(...operators)
    ) {
      left = binary(operator, left, operand());
    }
    return left;
  }

  private sign(): Expression {
    if (this.accept("-") === null) return this.power();
    const operand = this.sign();
    return (names) => {
      const value = operand(names);
      return typeof value === "number" ? -value : callNamed("neg", [value], {});
    };
  }

  private power(): Expression {
    const base = this.postfix();
    return this.accept("**") === null ? base : binary("**", base, this.sign());
  }

  private postfix(): Expression {
    let value = this.atom();
    for (;;) {
      if (this.accept(".") !== null) value = member(value, this.name());
      else if (this.accept("(") !== null) value = this.callOf(value);
      else if (this.accept("[") !== null) {
        value = subscript(value, this.comparison());
        this.expect("]");
      } else return value;
    }
  }

  private callOf(callee: Expression): Expression {
    const positional: Expression[] = [];
    const named = new Map<string, Expression>();
    while (this.accept(")") === null) {
      const [token, next] = [this.tokens[this.at]!, this.tokens[this.at + 1]!];
      if (token.kind === "name" && next.text === "=") {
        this.at += 2;
        named.set(token.text, this.comparison());
      } else positional.push(this.comparison());
      if (this.accept(",") === null && this.tokens[this.at]!.text !== ")") throw this.unexpected();
    }
    return (names) => {
      const target = callee(names);
      const args = positional.map((argument) => argument(names));
      const options = Object.fromEntries(
        Array.from(named, ([name, argument]) => [name, argument(names)]),
      );
      if (target instanceof Module) return callNamed(target.path.slice(0, -1), args, options);
      if (target instanceof Method) return callNamed(target.path, [target.self, ...args], options);
      throw new SyntaxError(`${this.source}: what is called is no function`);
    };
  }

  private atom(): Expression {
    const token = this.tokens[this.at++]!;
    if (token.kind === "number") return () => Number(token.text);
    if (token.kind === "text") return () => token.text;
    if (token.kind === "name") {
      // A function of PyTorch that goes without a module: scaled_dot_product_attention(q, k, v).
      if (this.tokens[this.at]!.text === "(") return () => new Module(`${token.text}.`);
      return (names) => {
        if (Object.hasOwn(names, token.text)) return names[token.text];
        if (constants.has(token.text)) return constants.get(token.text);
        throw new SyntaxError(`${this.source}: unknown name ${token.text}`);
      };
    }
    if (token.text === "[") return this.list("]").whole;
    if (token.text === "(") {
      const { whole, items, isTuple } = this.list(")");
      return isTuple ? whole : items[0]!;
    }
    this.at--;
    throw this.unexpected();
  }

  /** Expressions up to a bracket; in round ones a comma makes a tuple. */
  private list(closing: string): {
    whole: Expression;
    items: readonly Expression[];
    isTuple: boolean;
  } {
    const items: Expression[] = [];
    let isTuple = false;
    while (this.accept(closing) === null) {
      items.push(this.comparison());
      if (this.accept(",") !== null) isTuple = true;
      else if (this.tokens[this.at]!.text !== closing) throw this.unexpected();
    }
    return {
      whole: (names) => items.map((item) => item(names)),
      items,
      isTuple: isTuple || items.length === 0,
    };
  }

  private accept(...signs: readonly string[]): string | null {
    const token = this.tokens[this.at]!;
    if (token.kind !== "sign" || !signs.includes(token.text)) return null;
    this.at++;
    return token.text;
  }

  private expect(sign: string): void {
    if (this.accept(sign) === null) throw this.unexpected();
  }

  private name(): string {
    const token = this.tokens[this.at++]!;
    if (token.kind !== "name") throw this.unexpected();
    return token.text;
  }

  private unexpected(): SyntaxError {
    return new SyntaxError(`unexpected ${this.tokens[this.at]!.text} in ${this.source}`);
  }
}

const operators = new Map<string, string>([
  ["+", "add"],
  ["-", "sub"],
  ["*", "mul"],
  ["/", "div"],
  ["**", "pow"],
  ["@", "matmul"],
  ["<", "lt"],
  [">", "gt"],
]);

function binary(operator: string, left: Expression, right: Expression): Expression {
  return (names) => callNamed(operators.get(operator)!, [left(names), right(names)], {});
}

function member(value: Expression, name: string): Expression {
  return (names) => {
    const self = value(names);
    if (self instanceof Module) return new Module(`${self.path}${name}.`);
    if (self instanceof Tensor && name === "dtype") return self.dtype;
    return new Method(self, name);
  };
}

function subscript(value: Expression, index: Expression): Expression {
  return (names) => {
    const self = value(names);
    const at = index(names);
    if (Array.isArray(self) && typeof at === "number") return self[at] as unknown;
    if (self instanceof Tensor) return callNamed("getitem", [self, at], {});
    // Several results with names, such as { sign, logabsdet }, have their places in PyTorch's tuple.
    return self !== null && typeof self === "object"
      ? (Object.values(self)[Number(at)] as unknown)
      : undefined;
  };
}

/** Calls an op by PyTorch's name; what stands in torch.nn.functional may go without its module (`torch.relu`). */
function callNamed(
  name: string,
  positional: readonly unknown[],
  named: Readonly<Record<string, unknown>>,
): unknown {
  const known = [name, `nn.functional.${name}`].find((key) => Object.hasOwn(signatures, key));
  const signature = known === undefined ? undefined : signatures[known];
  if (signature === undefined) throw new UncoveredError(`there is no signature of ${name}`);
  return callBy(signature, positional, named);
}
