import { existsSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tensor } from "@chainrule/core";
import type { CheckpointStore } from "@chainrule/formats";
import { Checkpoints, memoryStore, openSafetensors, saveCheckpoint } from "@chainrule/formats";
import { checkpointFolder, openFile, readFile, writeFile } from "@chainrule/formats/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chainrule-formats-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Something with a state. */
function counter(value: number): {
  value: number;
  stateDict(): number;
  loadStateDict(n: number): void;
} {
  return {
    value,
    stateDict() {
      return this.value;
    },
    loadStateDict(n: number) {
      this.value = n;
    },
  };
}

describe.each([
  ["memory", (): CheckpointStore => memoryStore()],
  ["a folder", (): CheckpointStore => checkpointFolder(join(folder, "deep", "er"))],
])("checkpoints in %s", (_, makeStore) => {
  it("keeps the last ones, and resumes from the last of all", async () => {
    const checkpoints = new Checkpoints(makeStore(), { keep: 2 });
    expect(await checkpoints.resume({})).toBe(null);
    for (const step of [5, 10, 123456789])
      await checkpoints.save(step, { n: counter(step), note: "x" });
    expect(await checkpoints.steps()).toEqual([10, 123456789]);
    const n = counter(0);
    expect(await checkpoints.resume({ n })).toEqual({
      step: 123456789,
      data: { note: "x" },
      damaged: [],
    });
    expect(n.value).toBe(123456789);
  });

  it("saves a step again", async () => {
    const checkpoints = new Checkpoints(makeStore());
    await checkpoints.save(1, { n: counter(1) });
    await checkpoints.save(1, { n: counter(7) });
    const n = counter(0);
    await checkpoints.resume({ n });
    expect(n.value).toBe(7);
  });

  it("refuses to mix two runs", async () => {
    const store = makeStore();
    await new Checkpoints(store).save(9, {});
    await expect(new Checkpoints(store).save(3, {})).rejects.toThrow(
      /later steps than 3: 9\. Resume/,
    );
    expect(await store.steps()).toEqual([9]);
  });

  it("passes over what is damaged, and replaces it then", async () => {
    const store = makeStore();
    const checkpoints = new Checkpoints(store, { keep: 3 });
    for (const step of [1, 2, 3]) await checkpoints.save(step, { n: counter(step) });
    const whole = await store.read(3);
    await store.write(3, whole.subarray(0, whole.length - 1));
    const again = new Checkpoints(store, { keep: 3 });
    const n = counter(0);
    const resumed = await again.resume({ n });
    expect(resumed).toMatchObject({ step: 2, damaged: [{ step: 3 }] });
    expect(n.value).toBe(2);
    await again.save(2, { n });
    expect(await again.steps()).toEqual([1, 2]);
  });

  it("says so when none is whole, or one is of a newer version", async () => {
    const store = makeStore();
    const checkpoints = new Checkpoints(store);
    await store.write(1, new Uint8Array(3));
    await expect(checkpoints.resume({})).rejects.toThrow(
      /none of the 1 checkpoints is whole.*byte 3/,
    );
    const text = new TextDecoder().decode(saveCheckpoint({}));
    await store.write(2, new TextEncoder().encode(text.replace('"version":"1"', '"version":"9"')));
    await expect(checkpoints.resume({})).rejects.toThrow(/of version 9/);
  });
});

it("refuses what is no store, and options it does not know", () => {
  expect(() => new Checkpoints({} as never)).toThrow(/has no steps/);
  expect(() => new Checkpoints(memoryStore(), { keep: 0 })).toThrow(/keep/);
  expect(() => new Checkpoints(memoryStore(), { keeep: 1 } as never)).toThrow(
    /unknown option "keeep"/,
  );
  expect(() => checkpointFolder("")).toThrow(/path/);
});

describe("files", () => {
  it("reads what it wrote, in parts as well", async () => {
    const path = join(folder, "a", "x.safetensors");
    const bytes = saveCheckpoint({ w: tensor([1, 2, 3]) });
    await writeFile(path, bytes);
    expect(await readFile(path)).toEqual(bytes);
    expect(readdirSync(join(folder, "a"))).toEqual(["x.safetensors"]);
    const file = await openFile(path);
    const opened = await openSafetensors(file);
    expect((await opened.tensor("w")).toArray()).toEqual([1, 2, 3]);
    await expect(file.read(0, bytes.length + 1)).rejects.toThrow(/end must be/);
    truncateSync(path, bytes.length - 4);
    await expect(opened.tensor("w")).rejects.toThrow(/ends here/);
    await file.close();
  });

  it("leaves the old file when the new one cannot be written", async () => {
    const path = join(folder, "x");
    await writeFile(path, new Uint8Array([1]));
    await expect(writeFile(path, "text" as never)).rejects.toThrow(/file's bytes/);
    await expect(writeFile(join(path, "below"), new Uint8Array(1))).rejects.toThrow();
    expect([...(await readFile(path))]).toEqual([1]);
    expect(readdirSync(folder)).toEqual(["x"]);
  });

  it("removes what a killed process left behind, and nothing else", async () => {
    const dead = join(folder, ".checkpoint-00000001.safetensors.999999999-1.tmp");
    const own = join(folder, `.checkpoint-00000001.safetensors.${process.pid}-9.tmp`);
    const other = join(folder, ".notes.999999999-1.tmp");
    for (const path of [dead, own, other]) writeFileSync(path, "half");
    writeFileSync(join(folder, "checkpoint-00000007.safetensors.bak"), "");
    const checkpoints = new Checkpoints(checkpointFolder(folder));
    expect(await checkpoints.resume({})).toBe(null);
    await checkpoints.save(1, {});
    expect([dead, own, other].map((path) => existsSync(path))).toEqual([false, true, true]);
  });
});
