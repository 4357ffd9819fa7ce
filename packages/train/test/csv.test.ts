/**
 * Tables from text.
 */
import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { CsvError, readCsv, readCsvFile } from "../src/index.ts";

describe("readCsv", () => {
  test("types, quotes, line ends, separators, comments", () => {
    const table = readCsv(
      '\uFEFF# made by hand\r\nname;size;ok\r\n"a; ""b""\r\nc";1.5;true\r\n\r\nd;-2e3;FALSE\r\n',
      { comment: "#" },
    );
    expect(table.columns).toEqual(["name", "size", "ok"]);
    expect(table.column("name")).toEqual(['a; "b"\r\nc', "d"]);
    expect(table.tensor(["size", "ok"]).toArray()).toEqual([
      [1.5, 1],
      [-2000, 0],
    ]);
    expect(table.except("name")).toEqual(["size", "ok"]);
    expect(["name", "size", "ok"].map((name) => table.typeOf(name))).toEqual([
      "string",
      "number",
      "boolean",
    ]);
    expect(table.labels("name").values.toArray()).toEqual([0, 1]);
    const plain = readCsv("1\t2\n3\t4", { header: false, delimiter: "\t" });
    expect(plain.tensor(undefined, { dtype: "float64" }).dtype).toBe("float64");
    expect(plain.columns).toEqual(["0", "1"]);
  });

  test.each([
    ["", {}, /the text is empty/],
    ["a,b\n1,2\n3", {}, /line 3 has 1 entries, but there are 2 columns \(a, b\)/],
    ["a,b\n1,2,3", {}, /line 2 has 3 entries/],
    ["a,a\n1,2", {}, /line 1: there are two columns called "a"/],
    [
      "a,b\n1,2\n\n3,x",
      { types: { b: "number" } },
      /line 4, column 2 \("b"\): "x" is not a number/,
    ],
    ['a,b\n"1\n1",2\n3,x', { types: { b: "number" } }, /line 4, column 2/],
    ["# c\n# c\na,b\n1,2\n# c\n3,x", { types: { b: "number" }, comment: "#" }, /line 6, column 2/],
    [
      "a\n1.5",
      { types: { a: "integer" } },
      /line 2, column 1 \("a"\): "1.5" is not a whole number/,
    ],
    ["a\n0x10", { types: { a: "number" } }, /"0x10" is not a number/],
    ["a\n1e999", { types: { a: "number" } }, /"1e999" is not a number/],
    ["a\nyes", { types: { a: "boolean" } }, /"yes" is not true or false/],
    ["a,b\n1,\n", {}, /line 2, column 2 \("b"\): the entry is empty/],
    ["a,b\n1,NA\n2,3", {}, /"NA" stands for a missing entry/],
    ['a,b\n1,"2\n3,4', {}, /line 2: a quoted entry never ends/],
  ] as const)("%j is refused with line and column", (text, options, message) => {
    expect(() => readCsv(text, options)).toThrow(message);
    expect(() => readCsv(text, options)).toThrow(CsvError);
  });

  test("a table shows what it holds", () => {
    const table = readCsv("kind,size\na,1\nb,2.5\nc,3\nd,4\ne,5\nf,6\n");
    expect(inspect(table)).toBe(
      "Table, 6 rows × 2 columns\n  kind  string   a, b, c, d, e, …\n  size  number   1, 2.5, 3, 4, 5, …",
    );
    const wide = readCsv(
      `${Array.from({ length: 30 }, (_, i) => `c${i}`).join()}\n${"1,".repeat(29)}1`,
    );
    expect(String(wide).split("\n")).toHaveLength(22);
    expect(String(wide)).toMatch(/ {2}… and 10 more$/);
  });

  test("missing entries can be NaN, or leave their line out", () => {
    const text = "a,b\n1,?\n2,3\n,4";
    expect(readCsv(text, { onMissing: "nan" }).tensor().toArray()).toEqual([
      [1, Number.NaN],
      [2, 3],
      [Number.NaN, 4],
    ]);
    expect(readCsv(text, { onMissing: "skip" }).tensor().toArray()).toEqual([[2, 3]]);
    expect(readCsv("a\nNA", { missing: [] }).column("a")).toEqual(["NA"]);
  });

  test("bad options are refused", () => {
    expect(() => readCsv("a\n1", { types: { b: "number" } })).toThrow(/a column "b" that is not/);
    expect(() => readCsv("a\n1", { types: { a: "toString" as never } })).toThrow(/must be number,/);
    expect(() => readCsv("a\n1", { onMissing: "ignore" as never })).toThrow(/must be "error"/);
    expect(() => readCsv("a\n1", { headers: false } as never)).toThrow(/unknown option "headers"/);
    expect(() => readCsv(5 as never)).toThrow(/expected the text itself/);
    const table = readCsv("a,b\nx,1");
    expect(() => table.tensor()).toThrow(/column "a" holds text/);
    expect(() => table.column("c")).toThrow(/no column "c". There are: a, b/);
    expect(() => readCsv("a\n2.5").tensor("a", { dtype: "int32" })).toThrow(
      /does not fit into int32/,
    );
    expect(readCsv("__proto__\n1").tensor("__proto__").toArray()).toEqual([1]);
  });

  test("files", async () => {
    const path = join(import.meta.dirname, "../../../docs/data/wine.csv");
    const table = await readCsvFile(path, { types: { cultivar: "integer" } });
    expect(table.length).toBe(178);
    expect(table.tensor(table.except("cultivar")).shape).toEqual([178, 13]);
    await expect(readCsvFile(`${path}.gone`)).rejects.toThrow(/ENOENT/);
    await expect(readCsvFile(process.execPath)).rejects.toThrow(/is not UTF-8/);
  });
});
