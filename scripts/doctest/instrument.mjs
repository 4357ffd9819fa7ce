/** Turns the comments of an example that say what comes out into checks. */
import { parse } from "@babel/parser";

const arrow = /^\s*(?:→|->)/;

/**
 * Puts a check where a comment says what a statement gives:
 *
 *     a + b; // → 3                          the value of the expression, or the text it logs
 *     const c = a + b; // → 3                the value of the constant
 *     risky(); // → throws not a number      an error whose name and message contain the text
 *     for (const x of xs) console.log(x);
 *     // → 1
 *     // 2                                   lines go on while the comments stay in one column
 *
 * `…` stands for any text. Every line stays where it was.
 *
 * @param {string} code
 * @returns {{ code: string, names: Set<string>, hasImports: boolean }} names: the identifiers that
 *   it mentions and does not declare at its top level
 */
export function instrument(code) {
  const file = parse(code, { sourceType: "module", plugins: ["typescript"] });
  const statements = [...statementsIn(file.program)];
  const comments = (file.comments ?? []).filter(({ type }) => type === "CommentLine");

  /** @type {{ at: number, text: string }[]} */
  const edits = [];
  for (const [index, comment] of comments.entries()) {
    if (!arrow.test(comment.value)) continue;
    const expected = JSON.stringify(expectation(comments, index, code));
    const start = Number(comment.start);
    const statement = statements.find(
      ({ end }) => end <= start && /^[;\s]*$/.test(code.slice(end, start)),
    );
    if (!statement) throw wrong(comment, `no statement gives "${comment.value.trim()}"`);
    edits.push(...check(statement, code, expected));
  }

  let text = code;
  for (const { at, text: inserted } of edits.sort((a, b) => b.at - a.at)) {
    text = text.slice(0, at) + inserted + text.slice(at);
  }
  return {
    code: text,
    names: freeNames(file.program),
    hasImports: file.program.body.some(({ type }) => type === "ImportDeclaration"),
  };
}

/**
 * @param {any} node a statement
 * @param {string} code
 * @param {string} expected as a string literal
 * @returns {{ at: number, text: string }[]}
 */
function check(node, code, expected) {
  const { start } = node;
  const end = code[node.end - 1] === ";" ? node.end - 1 : node.end;
  const line = `${node.loc.end.line}`;

  if (/^"throws\b/.test(expected)) {
    const message = `"${expected.slice(1).replace(/^throws:?\s*/, "")}`;
    const [before, after] = awaits(node) ? ["await ", "async () => {"] : ["", "() => {"];
    return [
      { at: start, text: `${before}__doctest.throws(${after} ` },
      { at: node.end, text: ` }, ${message}, ${line});` },
    ];
  }
  if (node.type === "ExpressionStatement") {
    return [
      { at: start, text: "__doctest.gives(__doctest.begin(), (" },
      { at: end, text: `), ${expected}, ${line})` },
    ];
  }
  if (node.type === "VariableDeclaration") {
    const { init } = node.declarations.at(-1);
    if (init) {
      return [
        { at: init.start, text: "__doctest.gives(__doctest.begin(), (" },
        { at: init.end, text: `), ${expected}, ${line})` },
      ];
    }
  }
  if (/Declaration$/.test(node.type)) {
    throw wrong(node, `a ${node.type} gives nothing that could be checked`);
  }
  return [
    { at: start, text: "__doctest.begin(); " },
    { at: node.end, text: `; __doctest.logs(${expected}, ${line});` },
  ];
}

/**
 * @param {any} node what is wrong
 * @param {string} message
 */
const wrong = (node, message) => Object.assign(new SyntaxError(message), { loc: node.loc.end });

/**
 * The text after the arrow, and the comments below it that belong to it: those that start in its
 * column or, when nothing follows the arrow, any that follow at once.
 *
 * @param {any[]} comments
 * @param {number} index
 * @param {string} code
 */
function expectation(comments, index, code) {
  const lines = [comments[index].value.replace(arrow, "").trim()];
  const alone = lines[0] === "";
  const { column } = comments[index].loc.start;
  for (let i = index + 1; i < comments.length; i++) {
    const [previous, next] = [comments[i - 1], comments[i]];
    const follows =
      next.loc.start.line === previous.loc.start.line + 1 &&
      /^\s*$/.test(code.slice(previous.end, next.start)) &&
      (alone || next.loc.start.column === column);
    if (!follows || arrow.test(next.value)) break;
    lines.push(next.value.replace(/^ /, ""));
  }
  return lines.join("\n").trim();
}

/**
 * Every node below this one, and this one, parents first.
 *
 * @param {any} node
 * @returns {Generator<any>}
 */
function* nodesIn(node) {
  if (node === null || typeof node !== "object") return;
  if (typeof node.type === "string") yield node;
  for (const [key, child] of Object.entries(node)) {
    if (key === "loc" || key === "extra" || key.endsWith("Comments")) continue;
    if (Array.isArray(child)) for (const item of child) yield* nodesIn(item);
    else yield* nodesIn(child);
  }
}

/**
 * The statements that stand in a list of statements, so that more can be put beside them.
 *
 * @param {any} program
 */
function* statementsIn(program) {
  for (const { type, body, consequent } of nodesIn(program)) {
    const list = type === "SwitchCase" ? consequent : body;
    if (!Array.isArray(list) || type === "ClassBody") continue;
    for (const statement of list) {
      yield statement.type === "ExportNamedDeclaration" && statement.declaration
        ? statement.declaration
        : statement;
    }
  }
}

/**
 * Whether a statement awaits something itself, not in a function inside it.
 *
 * @param {any} node
 * @returns {boolean}
 */
function awaits(node) {
  if (node === null || typeof node !== "object") return false;
  if (Array.isArray(node)) return node.some(awaits);
  if (node.type === "AwaitExpression") return true;
  if (/Function|ObjectMethod|ClassMethod/.test(node.type ?? "")) return false;
  return Object.entries(node).some(([key, child]) => key !== "loc" && awaits(child));
}

/** @param {any} program */
function freeNames(program) {
  /** @type {Set<string>} */
  const mentioned = new Set();
  for (const node of nodesIn(program)) if (node.type === "Identifier") mentioned.add(node.name);
  for (const statement of program.body) {
    const declared = statement.declaration ?? statement;
    if (declared.id?.name) mentioned.delete(declared.id.name);
    for (const { id } of declared.declarations ?? []) {
      for (const node of nodesIn(id)) if (node.type === "Identifier") mentioned.delete(node.name);
    }
  }
  return mentioned;
}
