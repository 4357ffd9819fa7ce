/** Running other programs. Uses nothing but Node: it runs before anything is installed. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { readJson, root } from "./workspace.mjs";

/**
 * @typedef {object} Result
 * @property {number} code the exit code; 1 for a program that a signal ended
 * @property {string} output what it wrote to standard output and standard error, together
 * @property {string} stdout what it wrote to standard output
 */

/**
 * Runs a program to its end.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, show?: boolean, shell?: boolean }} [options]
 *   show: its output goes to ours at once, and is not collected
 * @returns {Promise<Result>}
 */
export function execute(program, args, { cwd = root, env = process.env, show, shell } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env,
      shell: shell ?? false,
      stdio: show ? "inherit" : ["ignore", "pipe", "pipe"],
    });
    /** @type {string[]} */ const output = [];
    /** @type {string[]} */ const stdout = [];
    child.stdout?.setEncoding("utf8").on("data", (text) => {
      output.push(text);
      stdout.push(text);
    });
    child.stderr?.setEncoding("utf8").on("data", (text) => output.push(text));
    child.on("error", reject);
    child.on("close", (code) =>
      resolve({ code: code ?? 1, output: output.join(""), stdout: stdout.join("") }),
    );
  });
}

/**
 * Runs a JavaScript file with this Node.
 *
 * @param {readonly string[]} args
 * @param {Parameters<typeof execute>[2]} [options]
 */
export const node = (args, options) => execute(process.execPath, args, options);

/**
 * Runs the npm that started us or, failing that, the one beside this Node.
 *
 * @param {readonly string[]} args
 * @param {Parameters<typeof execute>[2]} [options]
 */
export function npm(args, options) {
  const started = process.env.npm_execpath;
  const beside = [
    join(dirname(process.execPath), "node_modules/npm/bin/npm-cli.js"),
    join(dirname(process.execPath), "../lib/node_modules/npm/bin/npm-cli.js"),
  ];
  const cli = [started, ...beside].find((path) => path?.endsWith("npm-cli.js") && existsSync(path));
  if (cli) return node([cli, ...args], options);
  return execute("npm", args, { ...options, shell: process.platform === "win32" });
}

/** The pnpm that package.json pins, as `pnpm@version`. */
export const pinnedPnpm = () => readJson(join(root, "package.json")).packageManager;

/**
 * Runs the pinned pnpm through npm, which fetches it when it is not in its cache.
 *
 * @param {readonly string[]} args
 * @param {Parameters<typeof execute>[2]} [options]
 */
export const pnpm = (args, options) =>
  npm(["exec", "--yes", `--package=${pinnedPnpm()}`, "--", "pnpm", ...args], options);
