/** Checkpoints in several files. */
import { IndexError, tensor } from "@chainrule/core";
import { FormatError, openShardedSafetensors, writeSafetensors } from "@chainrule/formats";
import { describe, expect, test } from "vitest";

const first = writeSafetensors({
  a: tensor([1, 2]),
  ...Object.fromEntries([["__proto__", tensor(7)]]),
});
const second = writeSafetensors({ b: tensor([[3], [4]]) }, { type: "BF16" });
const index = '{"metadata":{"total_size":16},"weight_map":{"a":"1","b":"2","__proto__":"1"}}';

/** Counts how often files are opened, and which parts are read. */
function source() {
  const log: string[] = [];
  const open = (file: string) => {
    log.push(`open ${file}`);
    const bytes = file === "1" ? first : second;
    return {
      size: bytes.length,
      read: async (start: number, end: number) => {
        log.push(`${file}: ${end - start}`);
        return bytes.slice(start, end);
      },
    };
  };
  return { log, open };
}

describe("a checkpoint in several files", () => {
  test("opens a file when it is needed, once, and reads what is asked for", async () => {
    const { log, open } = source();
    const checkpoint = openShardedSafetensors(new TextEncoder().encode(index), open);
    expect(checkpoint.names()).toEqual(["a", "b", "__proto__"]);
    expect(checkpoint.files()).toEqual(["1", "2"]);
    expect(log).toEqual([]);
    expect((await checkpoint.tensor("b")).toArray()).toEqual([[3], [4]]);
    expect(await checkpoint.info("b")).toEqual({ type: "BF16", shape: [2, 1], bytes: 4 });
    expect(log.filter((line) => line.startsWith("open"))).toEqual(["open 2"]);
    expect(log.at(-1)).toBe("2: 4");
    const all = await checkpoint.tensors();
    expect([...all.keys()]).toEqual(["a", "b", "__proto__"]);
    expect(all.get("__proto__")!.item()).toBe(7);
    expect(log.filter((line) => line.startsWith("open"))).toEqual(["open 2", "open 1"]);
  });

  test("a file that could not be opened is tried again", async () => {
    const { open } = source();
    let tries = 0;
    const checkpoint = openShardedSafetensors(index, async (file) => {
      if (++tries === 1) throw new Error("no network");
      return open(file);
    });
    await expect(checkpoint.tensor("a")).rejects.toThrow("no network");
    expect((await checkpoint.tensor("a")).toArray()).toEqual([1, 2]);
  });

  test("says what is missing", async () => {
    const checkpoint = openShardedSafetensors('{"weight_map":{"a":"2"}}', source().open);
    await expect(checkpoint.tensor("a")).rejects.toThrow(
      /the index has "a" in "2", but it is not there\. Are the files of one checkpoint\?/,
    );
    await expect(checkpoint.tensor("c")).rejects.toThrow(IndexError);
    await expect(checkpoint.tensor("a", { wide: 1 } as never)).rejects.toThrow(/unknown option/);
    const broken = openShardedSafetensors(index, () => new Uint8Array(4));
    await expect(broken.info("a")).rejects.toThrow(FormatError);
  });

  test.each([
    ["[", /the index is no JSON/],
    ["[]", /no "weight_map"/],
    ["null", /no "weight_map"/],
    ['{"weight_map":["a"]}', /no "weight_map"/],
    ['{"weight_map":{"a":1}}', /"a" is said to be in 1, which is no name of a file/],
    ['{"weight_map":{"a":"../secret"}}', /no name of a file beside the index/],
    ['{"weight_map":{"a":"c:\\\\x"}}', /no name of a file beside the index/],
    ['{"weight_map":{"a":".."}}', /no name of a file beside the index/],
    ['{"weight_map":{"a":""}}', /no name of a file beside the index/],
  ])("refuses the index %s", (text, message) => {
    expect(() => openShardedSafetensors(text, () => first)).toThrow(FormatError);
    expect(() => openShardedSafetensors(text, () => first)).toThrow(message);
  });

  test("refuses what is no index at all", () => {
    expect(() => openShardedSafetensors(Uint8Array.of(0xff), () => first)).toThrow(/not UTF-8/);
    expect(() => openShardedSafetensors(3 as never, () => first)).toThrow(
      /expected the file's bytes/,
    );
    expect(() => openShardedSafetensors(index, "x" as never)).toThrow(
      /expected a function that opens/,
    );
  });
});
