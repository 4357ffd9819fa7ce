/** What the scripts know about the repository. Uses nothing but Node: it runs before anything is installed. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the repository. */
export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** Where scripts keep what they can make again. */
export const cache = join(root, "node_modules", ".cache", "chainrule");

/** @param {string} path */
export const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));

/** @param {string} path an absolute path; the result is relative to the repository, with slashes */
export const fromRoot = (path) => relative(root, path).split(sep).join("/");

/**
 * @typedef {object} Package
 * @property {string} name the name it is imported by
 * @property {string} folder its absolute path
 * @property {Record<string, any>} manifest its package.json
 */

/** Every package in packages/, by folder name. */
export function packages() {
  const parent = join(root, "packages");
  return readdirSync(parent)
    .sort()
    .map((name) => join(parent, name))
    .filter((folder) => existsSync(join(folder, "package.json")))
    .map((folder) => {
      const manifest = readJson(join(folder, "package.json"));
      return /** @type {Package} */ ({ name: manifest.name, folder, manifest });
    });
}

/**
 * Every file under a folder whose path passes the test, sorted.
 *
 * @param {string} folder
 * @param {(path: string) => boolean} accept
 * @returns {string[]}
 */
export function files(folder, accept) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return entry.name === "node_modules" ? [] : files(path, accept);
      return accept(path) ? [path] : [];
    });
}

/** @param {string} path */
export const isTest = (path) => /\.test(-d)?\.m?ts$/.test(path);

/** @param {string} path */
export const isSource = (path) => path.endsWith(".ts") && !path.endsWith(".d.ts") && !isTest(path);
